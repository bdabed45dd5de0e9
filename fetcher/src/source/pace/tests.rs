mod herd;

use super::*;

const FIRST: Duration = Duration::from_secs(4);

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

#[tokio::test(start_paused = true)]
async fn without_throttling_nobody_waits() {
    let pace = Pace::new(FIRST);
    let start = Instant::now();
    let turns = [pace.turn(soon()).await, pace.turn(soon()).await];
    pace.answered(&turns[0]);
    assert_eq!(Instant::now(), start);
    assert!(pace.window().is_zero());
}

#[tokio::test(start_paused = true)]
async fn attempts_that_were_refused_together_count_once() {
    let pace = Pace::new(FIRST);
    let turns = [pace.turn(soon()).await, pace.turn(soon()).await, pace.turn(soon()).await];
    turns.iter().for_each(|turn| pace.throttled(turn));
    pace.answered(&turns[0]);
    assert_eq!(pace.window(), FIRST);
}

#[tokio::test(start_paused = true)]
async fn the_window_doubles_with_refusals_to_a_bound_and_closes_with_successes() {
    let pace = Pace::new(FIRST);
    pace.throttled(&pace.turn(soon()).await);
    for seconds in [8, 16, 20, 20] {
        let turn = pace.turn(soon()).await;
        assert!(turn.alone.is_some());
        pace.throttled(&turn);
        assert_eq!(pace.window(), Duration::from_secs(seconds));
    }
    for _ in 0..8 {
        pace.answered(&pace.turn(soon()).await);
    }
    assert!(pace.window().is_zero());
}

#[tokio::test(start_paused = true)]
async fn throttled_calls_are_made_one_at_a_time_and_none_waits_beyond_its_end() {
    let pace = Pace::new(FIRST);
    pace.throttled(&pace.turn(soon()).await);
    let held = pace.turn(soon()).await;
    let until = Instant::now() + Duration::from_secs(3);
    let late = pace.turn(until).await;
    assert!(held.alone.is_some() && late.alone.is_none());
    assert_eq!(Instant::now(), until);
}

#[tokio::test(start_paused = true)]
async fn waits_are_random_grow_to_a_bound_and_end_in_time() {
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        let mut backoff = Backoff::new();
        for _ in 0..10 {
            let start = Instant::now();
            backoff.wait(soon()).await;
            longest = longest.max(start.elapsed());
        }
        assert_eq!(backoff.bound, LONGEST_WAIT);
        let until = Instant::now() + Duration::from_millis(1);
        backoff.wait(until).await;
        assert!(Instant::now() <= until + Duration::from_millis(1));
    }
    assert!(longest > Duration::from_secs(2) && longest <= LONGEST_WAIT + Duration::from_millis(1), "{longest:?}");
}
