//! A closed loop: so many callers, each making its next call when its last has ended.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::tally::Tally;

/// When a loop ends.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// After so many calls.
    Calls(u64),
    /// After this time.
    Elapsed(Duration),
}

/// Makes the calls 0, 1, 2, … by `callers` at one time.
pub(crate) async fn run<F, R>(callers: usize, until: Until, call: F) -> Tally
where
    F: Fn(u64) -> R + Clone + Send + 'static,
    R: Future<Output = Result<(), String>> + Send,
{
    let next = Arc::new(AtomicU64::new(0));
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (next, call) = (Arc::clone(&next), call.clone());
        tasks.spawn(async move {
            let mut tally = Tally::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let over = match until {
                    Until::Calls(calls) => number >= calls,
                    Until::Elapsed(duration) => begin.elapsed() >= duration,
                };
                if over {
                    return tally;
                }
                let asked = Instant::now();
                let outcome = call(number).await;
                tally.record(asked.elapsed(), outcome);
            }
        });
    }
    let mut whole = Tally::default();
    while let Some(tally) = tasks.join_next().await {
        whole.merge(tally.expect("a caller does not panic"));
    }
    whole.wall = begin.elapsed();
    whole
}
