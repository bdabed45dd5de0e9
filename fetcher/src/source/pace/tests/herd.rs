//! 500 processes that start together, against a quota, in a time of our own: what is seen is the pace alone, not how
//! fast the machine that runs the tests is.

use std::rc::Rc;

use futures_util::future::join_all;

use super::*;
use crate::source::lane::{BATCHES_WINDOW, PARAMETERS_WINDOW, SECRETS_WINDOW, SINGLES_AT_ONCE};

const CLIENTS: u32 = 500;

/// From a request to its answer.
const LATENCY: Duration = Duration::from_millis(40);

/// A quota with bursts of a second, and how often it was asked.
struct Service {
    per_second: f64,
    state: Mutex<(f64, Instant, u32)>,
}

impl Service {
    fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, state: Mutex::new((per_second, Instant::now(), 0)) }
    }

    async fn ask(&self) -> bool {
        sleep(LATENCY / 2).await;
        let is_admitted = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let (tokens, filled, asked) = *state;
            let tokens = (tokens + filled.elapsed().as_secs_f64() * self.per_second).min(self.per_second);
            let is_admitted = tokens >= 1.0;
            *state = (if is_admitted { tokens - 1.0 } else { tokens }, Instant::now(), asked + 1);
            is_admitted
        };
        sleep(LATENCY / 2).await;
        is_admitted
    }
}

async fn call(pace: &Pace, service: &Service) {
    loop {
        let turn = pace.turn(soon()).await;
        if service.ask().await {
            return pace.answered(&turn);
        }
        pace.throttled(&turn);
    }
}

/// Each client makes `calls`: `ahead` of them first, then all others, `at_once`. How long that takes, and how many
/// attempts each success.
async fn herd(first: Duration, per_second: u32, calls: u32, ahead: u32, at_once: usize) -> (Duration, f64) {
    use futures_util::StreamExt;
    let (service, start) = (Rc::new(Service::new(per_second)), Instant::now());
    let client = |_| {
        let service = Rc::clone(&service);
        async move {
            let pace = Pace::new(first);
            for calls in [0..ahead, ahead..calls] {
                let calls = futures_util::stream::iter(calls.map(|_| call(&pace, &service)));
                calls.buffer_unordered(at_once).collect::<Vec<()>>().await;
            }
        }
    };
    join_all((0..CLIENTS).map(client)).await;
    let asked = service.state.lock().unwrap_or_else(PoisonError::into_inner).2;
    (start.elapsed(), f64::from(asked) / f64::from(CLIENTS * calls))
}

#[tokio::test(start_paused = true)]
async fn all_get_through_before_the_deadline_and_few_attempts_are_in_vain() {
    let herds = [
        ("23 parameters", herd(PARAMETERS_WINDOW, 40, 3, 1, 4).await),
        ("47 secrets by batch", herd(BATCHES_WINDOW, 100, 3, 1, 8).await),
        ("47 secrets one by one", herd(SECRETS_WINDOW, 10_000, 47, 0, SINGLES_AT_ONCE).await),
    ];
    for (what, (took, per_success)) in herds {
        println!("{what}: {took:.1?}, {per_success:.2} attempts per success");
        assert!(took < Duration::from_secs(120), "{what}: {took:?}");
        assert!(per_success <= 3.0, "{what}: {per_success}");
    }
}
