//! An open loop: calls are due at a fixed rate, whatever became of earlier ones, and latencies count from when a call
//! was due. Each plugin takes turns with the bare SDK at the same KMS.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::unbounded_channel;

use crate::args::{Args, Open};
use crate::contestant::{Contestant, KmsCalls};
use crate::list::{foreign, index, list};
use crate::report::{Phase, Report};
use crate::tally::Tally;

pub(crate) async fn run(args: &Args, options: &Open, report: &mut Report) -> Result<(), Box<dyn Error>> {
    for contestant in &Contestant::all(args)? {
        for phase in beside_bare(contestant, options).await? {
            report.add(phase);
        }
    }
    Ok(())
}

/// Bare SDK and plugin in turns. The plugin's phase tells the median of the differences between their p99s.
pub(crate) async fn beside_bare(contestant: &Contestant, options: &Open) -> Result<[Phase; 2], Box<dyn Error>> {
    let calls = (options.duration.as_secs_f64() * f64::from(options.rate)).ceil().max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and positive")]
    let calls = calls as usize;
    let name = if options.cached { "open, cached" } else { "open, uncached" };
    let (kms, client) = (contestant.bare(), contestant.client());
    let (mut bare, mut plugin) = (Side::default(), Side::default());
    let mut added = Vec::new();
    // The turn before the first opens connections and is dropped.
    for turn in 0..=options.turns.max(1) {
        // The same objects for both: the bare SDK caches nothing.
        let from = if options.cached { 0 } else { (turn * calls) as u64 };
        let objects = Arc::new(foreign(contestant, options.api, from, calls).await?);
        if options.cached {
            list(contestant, &objects, 8, "warm-up").await;
        }
        let (kms, of_bare) = (kms.clone(), Arc::clone(&objects));
        let bare_p99 = bare.turn(contestant, options.rate, calls, turn > 0, move |number| {
            let (kms, objects) = (kms.clone(), Arc::clone(&of_bare));
            async move { objects[index(number)].read_bare(&kms).await }
        });
        let bare_p99 = bare_p99.await;
        let client = client.clone();
        let plugin_p99 = plugin.turn(contestant, options.rate, calls, turn > 0, move |number| {
            let (client, objects) = (client.clone(), Arc::clone(&objects));
            async move { objects[index(number)].read(&client).await }
        });
        let difference = milliseconds(plugin_p99.await) - milliseconds(bare_p99);
        if turn > 0 {
            added.push(difference);
        }
    }
    let beside = format!("bare SDK beside {}", contestant.name);
    let median = median(&mut added);
    let plugin = Phase::new(&contestant.name, name, &plugin.tally, plugin.calls).with_process(contestant, plugin.cpu);
    Ok([Phase::new(&beside, name, &bare.tally, bare.calls), plugin.with_added(median, &added)])
}

/// All turns of one side.
#[derive(Default)]
struct Side {
    tally: Tally,
    calls: KmsCalls,
    cpu: Option<Duration>,
}

impl Side {
    /// Takes a turn and returns its p99.
    async fn turn<F, R>(&mut self, contestant: &Contestant, rate: u32, calls: usize, counts: bool, call: F) -> Duration
    where
        F: Fn(u64) -> R + Send + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        contestant.measured();
        let before = contestant.usage();
        let tally = paced(rate, calls, call).await;
        let p99 = tally.p99();
        if counts {
            self.tally.merge(tally);
            for (operation, count) in contestant.kms_calls() {
                *self.calls.entry(operation).or_default() += count;
            }
            let cpu = contestant.usage().zip(before).map(|(after, before)| after.cpu.saturating_sub(before.cpu));
            self.cpu = cpu.map(|cpu| cpu + self.cpu.unwrap_or_default());
        }
        p99
    }
}

/// Makes `calls` calls at `rate` a second.
async fn paced<F, R>(rate: u32, calls: usize, call: F) -> Tally
where
    F: Fn(u64) -> R + Send + 'static,
    R: Future<Output = Result<(), String>> + Send + 'static,
{
    let (sender, mut receiver) = unbounded_channel();
    let runtime = tokio::runtime::Handle::current();
    let begin = Instant::now();
    // A thread paces, because the runtime's timer has steps of a millisecond.
    let pacer = std::thread::spawn(move || {
        for number in 0..calls as u64 {
            let due = begin + Duration::from_secs_f64(number as f64 / f64::from(rate.max(1)));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let (sender, call) = (sender.clone(), call(number));
            runtime.spawn(async move {
                let outcome = call.await;
                // The receiver waits for all senders.
                _ = sender.send((due.elapsed(), outcome));
            });
        }
    });
    let mut tally = Tally::default();
    while let Some((latency, outcome)) = receiver.recv().await {
        tally.record(latency, outcome);
    }
    tally.wall = begin.elapsed();
    pacer.join().expect("the pacing thread does not panic");
    tally
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The middle one; of an even number, the lower of the two.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() - 1) / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stall_counts_from_when_calls_were_due() {
        let tally = paced(100, 10, |number| async move {
            if number == 0 {
                // Holds up the whole runtime of this test, as a plugin that stalls holds up its callers.
                std::thread::sleep(Duration::from_millis(150));
            }
            Ok(())
        })
        .await;
        assert_eq!(tally.calls(), 10);
        let [early] = tally.quantiles([0.5]);
        assert!(early >= Duration::from_millis(50), "calls due during the stall waited: {early:?}");
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0]), 1.0);
    }
}
