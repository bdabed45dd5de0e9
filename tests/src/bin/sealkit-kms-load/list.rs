//! Objects written, the plugin restarted, and all read: what a LIST costs cold, and what a restart of the apiserver
//! alone costs after it.

use std::error::Error;
use std::sync::Arc;

use crate::args::{Api, Args, List};
use crate::closed::{self, Until};
use crate::contestant::Contestant;
use crate::objects::{Object, code};
use crate::report::{Phase, Report};
use crate::tally::Tally;

/// Writers at one time: an apiserver has many.
const WRITERS: usize = 16;

pub(crate) async fn run(args: &Args, options: &List, report: &mut Report) -> Result<(), Box<dyn Error>> {
    for contestant in &mut Contestant::all(args)? {
        let objects = if options.foreign {
            foreign(contestant, options.api, 0, options.objects).await?
        } else {
            written(contestant, options.api, options.objects).await?
        };
        let objects = Arc::new(objects);
        let first = if contestant.restart() { "cold list" } else { "first list" };
        for phase in [first, "list again"] {
            report.add(list(contestant, &objects, options.concurrency, phase).await);
        }
    }
    Ok(())
}

/// Reads all objects once.
pub(crate) async fn list(contestant: &Contestant, objects: &Arc<Vec<Object>>, readers: usize, name: &str) -> Phase {
    contestant.measured();
    let (phase, client) = (Phase::begin(contestant, name), contestant.client());
    let objects = Arc::clone(objects);
    let count = objects.len() as u64;
    let tally = closed::run(readers, Until::Calls(count), move |number| {
        let (client, objects) = (client.clone(), Arc::clone(&objects));
        async move { objects[index(number)].read(&client).await }
    });
    phase.end(contestant, &tally.await)
}

/// Objects written through the plugin, while KMS answers at once.
pub(crate) async fn written(contestant: &Contestant, api: Api, objects: usize) -> Result<Vec<Object>, Box<dyn Error>> {
    contestant.unmeasured();
    let client = contestant.client();
    made(objects, move |number| {
        let client = client.clone();
        async move { Object::through(&client, api, number).await.map_err(|status| code(&status)) }
    })
    .await
}

/// Objects in aws-encryption-provider's form, from KMS itself; numbers begin at `from`.
pub(crate) async fn foreign(
    contestant: &Contestant,
    api: Api,
    from: u64,
    objects: usize,
) -> Result<Vec<Object>, Box<dyn Error>> {
    contestant.unmeasured();
    let (kms, key) = (contestant.patient(), contestant.key.clone());
    made(objects, move |number| {
        let (kms, key) = (kms.clone(), key.clone());
        async move { Object::foreign(&kms, &key, api, from + number).await.map_err(|error| error.to_string()) }
    })
    .await
}

async fn made<F, R>(objects: usize, make: F) -> Result<Vec<Object>, Box<dyn Error>>
where
    F: Fn(u64) -> R + Clone + Send + 'static,
    R: Future<Output = Result<Object, String>> + Send,
{
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let tally: Tally = closed::run(WRITERS, Until::Calls(objects as u64), move |number| {
        let (sender, made) = (sender.clone(), make(number));
        async move { sender.send(made.await?).map_err(|_| "the receiver waits".to_owned()) }
    })
    .await;
    if tally.failed() > 0 {
        return Err(format!("objects could not be written: {:?}", tally.errors).into());
    }
    let mut objects = Vec::with_capacity(objects);
    while let Ok(object) = receiver.try_recv() {
        objects.push(object);
    }
    Ok(objects)
}

/// A loop's number as an index.
pub(crate) fn index(number: u64) -> usize {
    usize::try_from(number).expect("no more numbers than objects in memory")
}
