//! A long mixed load through both APIs, with KMS failing now and then. What must hold: no answer is ever wrong, nothing
//! fails while KMS is well, and memory does not grow.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sealkit_rig::kms_plugin::Plan;
use sealkit_rig::{Effect, FaultRule};

use crate::args::{Api, Args, Soak};
use crate::closed::{self, Until};
use crate::contestant::Contestant;
use crate::list::{foreign, index};
use crate::objects::{Object, WRONG, code};
use crate::report::{counts, mebibytes};
use crate::steady::{call, turn};

/// A cache that is smaller than what is read, so that there is always something to ask KMS.
const CONFIG: &str = "
sockets:
  - path: '{socket}'
    key: '{key}'
    localKek: true
    stateFile: '{dir}/state'
    cacheEntries: 300
healthPort: '{health}'
kmsEndpoint: '{endpoint}'
region: us-east-1
audit: '{dir}/audit.jsonl'
";
/// Objects of each API that were there before.
const OBJECTS: usize = 1000;
/// Those of them that are read most of the time.
const HOT: usize = 100;
/// Callers of each API.
const CALLERS: usize = 4;
/// Pause of a caller after each call: a soak is long rather than hard.
const PAUSE: Duration = Duration::from_millis(5);
/// How much resident memory may grow from the first well spell to the last: caches fill, allocators keep pages.
const GROWTH: f64 = 1.5;

/// What goes wrong, in turn.
fn faults() -> Vec<(&'static str, Effect)> {
    let denied = Effect::Error(400, "AccessDeniedException".to_owned(), "no".to_owned());
    vec![
        ("throttled", Effect::Throttle),
        ("answering 503", Effect::Status(503)),
        ("silent", Effect::Silence),
        ("closing connections", Effect::Close),
        ("denying", denied),
    ]
}

pub(crate) async fn run(args: &Args, options: &Soak) -> Result<bool, Box<dyn Error>> {
    let program = std::path::absolute(&options.program)?;
    let plan = |aws: &sealkit_rig::AwsDouble| Plan::of(&program, &aws.url(), &args.key).with_config(CONFIG);
    let contestant = Contestant::of("soak", args, plan)?;
    let well = Arc::new(AtomicBool::new(true));
    let (mut loads, begin) = (Vec::new(), Instant::now());
    for api in [Api::V1, Api::V2] {
        let objects = Arc::new(foreign(&contestant, api, 0, OBJECTS).await?);
        loads.push(tokio::spawn(load(contestant.client(), api, objects, options.duration, Arc::clone(&well))));
    }
    contestant.measured();

    let (mut memory, mut struck) = (Vec::new(), faults().into_iter().cycle());
    while begin.elapsed() + 2 * options.spell < options.duration {
        tokio::time::sleep(options.spell).await;
        memory.extend(contestant.usage().map(|usage| usage.memory));
        let Some((what, effect)) = struck.next() else { break };
        println!("{:5.0} s: KMS is {what}", begin.elapsed().as_secs_f64());
        well.store(false, Ordering::SeqCst);
        contestant.aws.inject(FaultRule::new(effect));
        tokio::time::sleep(options.spell).await;
        contestant.aws.clear_faults();
        // What was begun under the fault may fail a deadline later.
        tokio::time::sleep(Duration::from_secs(4)).await;
        well.store(true, Ordering::SeqCst);
    }
    let mut errors = BTreeMap::new();
    let mut calls = 0;
    for load in loads {
        let tally = load.await?;
        calls += tally.calls();
        for (name, count) in tally.errors {
            *errors.entry(name).or_default() += count;
        }
    }
    memory.extend(contestant.usage().map(|usage| usage.memory));
    let peak = contestant.usage().map_or(f64::NAN, |usage| mebibytes(usage.peak_memory));
    let (first, last) = (memory.first().copied().unwrap_or(0), memory.last().copied().unwrap_or(0));
    println!("{:.0} s, {calls} calls; errors: {}", begin.elapsed().as_secs_f64(), counts(&errors));
    println!("calls to KMS, probes included: {}", counts(&contestant.kms_calls()));
    println!("memory: {:.1} MiB at the start, {:.1} at the end, peak {peak:.1}", mebibytes(first), mebibytes(last));

    let mut held = true;
    for (name, count) in errors.iter().filter(|(name, _)| name.starts_with(WELL) || name.ends_with(WRONG)) {
        println!("missed: {name}: {count}");
        held = false;
    }
    if last as f64 > first as f64 * GROWTH {
        println!("missed: memory grew by more than {:.0} %", (GROWTH - 1.0) * 100.0);
        held = false;
    }
    Ok(held)
}

/// How errors are named that came while KMS was well.
const WELL: &str = "while KMS was well: ";

async fn load(
    client: sealkit_rig::KmsClient,
    api: Api,
    objects: Arc<Vec<Object>>,
    duration: Duration,
    well: Arc<AtomicBool>,
) -> crate::tally::Tally {
    closed::run(CALLERS, Until::Elapsed(duration), move |number| {
        let (client, objects, well) = (client.clone(), Arc::clone(&objects), Arc::clone(&well));
        async move {
            let was_well = well.load(Ordering::SeqCst);
            let at = if number % 8 == 0 { index(number / 8) % objects.len() } else { index(number) % HOT };
            let object = &objects[at];
            let outcome = match number % 50 {
                // An object that no plugin has seen, written by this one and read once.
                0 => fresh(&client, api, number).await,
                _ => call(&client, api, object, turn(number, 10), number).await,
            };
            tokio::time::sleep(PAUSE).await;
            let is_well = was_well && well.load(Ordering::SeqCst);
            outcome.map_err(|name| if is_well { format!("{WELL}{name}") } else { name })
        }
    })
    .await
}

async fn fresh(client: &sealkit_rig::KmsClient, api: Api, number: u64) -> Result<(), String> {
    let object = Object::through(client, api, number).await.map_err(|status| code(&status))?;
    object.read(client).await
}
