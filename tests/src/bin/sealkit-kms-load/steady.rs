//! A mix of calls on objects that are read again and again.

use std::error::Error;
use std::sync::Arc;

use crate::args::{Api, Args, Steady};
use crate::closed::{self, Until};
use crate::contestant::Contestant;
use crate::list::{index, written};
use crate::objects::{Object, code, uid};
use crate::report::{Phase, Report};

pub(crate) async fn run(args: &Args, options: &Steady, report: &mut Report) -> Result<(), Box<dyn Error>> {
    for contestant in &Contestant::all(args)? {
        let objects = Arc::new(written(contestant, options.api, options.objects.max(1)).await?);
        contestant.measured();
        let (phase, client) = (Phase::begin(contestant, "steady mix"), contestant.client());
        let (api, percent) = (options.api, options.encrypt_percent);
        let tally = closed::run(options.concurrency, Until::Elapsed(options.duration), move |number| {
            let (client, objects) = (client.clone(), Arc::clone(&objects));
            async move {
                let object = &objects[index(number) % objects.len()];
                call(&client, api, object, turn(number, percent), number).await
            }
        });
        report.add(phase.end(contestant, &tally.await));
    }
    Ok(())
}

/// One kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Encrypt,
    Decrypt,
    Status,
}

/// Which call the number is, spread evenly: each hundred has `percent` Encrypts, and of the rest each 20th is Status.
pub(crate) fn turn(number: u64, percent: u32) -> Turn {
    // 37 and 100 have no factor in common, so each remainder comes once in a hundred, in a mixed order.
    let place = number.wrapping_mul(37) % 100;
    if place < u64::from(percent) {
        Turn::Encrypt
    } else if place % 20 == 19 {
        Turn::Status
    } else {
        Turn::Decrypt
    }
}

/// Makes the call.
pub(crate) async fn call(
    client: &sealkit_rig::KmsClient,
    api: Api,
    object: &Object,
    turn: Turn,
    number: u64,
) -> Result<(), String> {
    match (turn, api) {
        (Turn::Decrypt, _) => return object.read(client).await,
        (Turn::Encrypt, Api::V1) => client.v1_encrypt(uid(number).as_bytes()).await.map(drop),
        (Turn::Encrypt, Api::V2) => client.encrypt(uid(number).as_bytes(), &uid(number)).await.map(drop),
        (Turn::Status, Api::V1) => client.v1_version().await.map(drop),
        (Turn::Status, Api::V2) => client.status().await.map(drop),
    }
    .map_err(|status| code(&status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_calls_are_mixed_as_asked() {
        let count = |turn_, percent| (0..100).filter(|number| turn(*number, percent) == turn_).count();
        assert_eq!([Turn::Encrypt, Turn::Decrypt, Turn::Status].map(|turn| count(turn, 10)), [10, 85, 5]);
        assert_eq!(count(Turn::Encrypt, 0), 0);
        assert_eq!(count(Turn::Encrypt, 100), 100);
    }
}
