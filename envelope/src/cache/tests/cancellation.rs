//! Many callers, one load: whoever leaves, the others are served.

use std::future::Future;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::oneshot;

use super::*;

type Word = Result<(), String>;
type Load = Box<dyn FnOnce() -> BoxFuture<'static, Result<Canary, String>> + Send>;

/// A load that waits for a word, and where to give it.
fn gated(number: u32, rig: &Rig) -> (Load, oneshot::Sender<Word>) {
    let (gate, word) = oneshot::channel::<Word>();
    let (loads, dropped) = (Arc::clone(&rig.loads), Arc::clone(&rig.dropped));
    let load = move || {
        loads.fetch_add(1, Ordering::SeqCst);
        async move { word.await.unwrap().map(|()| Canary { number, dropped }) }.boxed()
    };
    (Box::new(load), gate)
}

/// Waits until `condition` holds, which another task brings about.
async fn until(condition: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it does not come about");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_at_the_same_time_share_one_load() {
    let rig = Rig::new(NO_LIMITS);
    let (load, gate) = gated(1, &rig);
    let first = tokio::spawn({
        let cache = rig.cache.clone();
        async move { cache.get_or_load(1, 0, load).await.map(|served| served.origin) }
    });
    until(|| rig.loads() == 1).await;
    let others: Vec<_> = (0..50)
        .map(|_| {
            let cache = rig.cache.clone();
            tokio::spawn(async move {
                cache.get_or_load(1, 0, || async { Err("a second load".to_owned()) }).await.map(|served| served.origin)
            })
        })
        .collect();
    until(|| rig.cache.stats().joined == 50).await;
    gate.send(Ok(())).unwrap();
    assert_eq!(first.await.unwrap(), Ok(Origin::Loaded));
    for other in join_all(others).await {
        assert_eq!(other.unwrap(), Ok(Origin::Joined));
    }
    assert_eq!((rig.loads(), rig.cache.stats().entries), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_shared_by_those_in_flight_and_not_kept() {
    let rig = Rig::new(NO_LIMITS);
    let (load, gate) = gated(1, &rig);
    let callers = [rig.cache.clone(), rig.cache.clone()];
    let [first, second] = callers;
    let first = tokio::spawn(async move { first.get_or_load(1, 0, load).await.map(|_| ()) });
    until(|| rig.loads() == 1).await;
    let second = tokio::spawn(async move {
        second.get_or_load(1, 0, || async { Err("a second load".to_owned()) }).await.map(|_| ())
    });
    until(|| rig.cache.stats().joined == 1).await;
    gate.send(Err("KMS is down".to_owned())).unwrap();
    assert_eq!(first.await.unwrap(), Err("KMS is down".to_owned()));
    assert_eq!(second.await.unwrap(), Err("KMS is down".to_owned()));
    assert_eq!(rig.cache.stats().entries, 0);
    tokio::task::spawn_blocking(move || assert_eq!(rig.use_once(1, 0), Origin::Loaded)).await.unwrap();
}

/// Whichever of the callers is aborted, the one who started the load among them, the rest get the value of that load.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_caller_neither_cancels_nor_strands_the_others() {
    for survivors in [1, 2, 7] {
        let rig = Rig::new(NO_LIMITS);
        let (load, gate) = gated(1, &rig);
        let mut callers = vec![tokio::spawn({
            let cache = rig.cache.clone();
            async move { cache.get_or_load(1, 0, load).await.map(|served| served.value.number) }
        })];
        until(|| rig.loads() == 1).await;
        for _ in 0..9 {
            let cache = rig.cache.clone();
            callers.push(tokio::spawn(async move {
                let load = || async { Err("a second load".to_owned()) };
                cache.get_or_load(1, 0, load).await.map(|served| served.value.number)
            }));
        }
        until(|| rig.cache.stats().joined == 9).await;
        let kept = callers.split_off(10 - survivors);
        callers.iter().for_each(|caller| caller.abort());
        for caller in callers {
            assert!(caller.await.unwrap_err().is_cancelled());
        }
        gate.send(Ok(())).unwrap();
        for caller in kept {
            let served = tokio::time::timeout(Duration::from_secs(20), caller).await;
            assert_eq!(served.expect("nobody is stranded").unwrap(), Ok(1));
        }
        assert_eq!((rig.loads(), rig.cache.stats().abandoned), (1, 0));
    }
}

/// As above with chance in place of order: aborts race with the end of the load.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn aborts_that_race_with_the_load_strand_nobody() {
    for round in 0..300_u32 {
        let rig = Rig::new(Limits { max_entries: 0, ..NO_LIMITS });
        let callers: Vec<_> = (0..8)
            .map(|_| {
                let (cache, dropped) = (rig.cache.clone(), Arc::clone(&rig.dropped));
                tokio::spawn(async move {
                    let load = move || async move {
                        for _ in 0..round % 7 {
                            tokio::task::yield_now().await;
                        }
                        Ok(Canary { number: round, dropped })
                    };
                    cache.get_or_load(1, 0, load).await.map(|served| served.value.number)
                })
            })
            .collect();
        callers.iter().step_by(2).for_each(|caller| caller.abort());
        for (index, caller) in callers.into_iter().enumerate() {
            let ended = tokio::time::timeout(Duration::from_secs(20), caller).await.expect("nobody is stranded");
            match ended {
                Ok(served) => assert_eq!(served, Ok(round)),
                Err(aborted) => assert!(aborted.is_cancelled() && index % 2 == 0),
            }
        }
        let stats = rig.cache.stats();
        assert_eq!(stats.in_flight, 0, "no flight is left behind");
        assert_eq!(rig.dropped() as u64, stats.loads - stats.abandoned, "no value is left behind");
    }
}

#[tokio::test]
async fn a_load_that_all_gave_up_is_cancelled_and_the_next_caller_starts_anew() {
    let rig = Rig::new(NO_LIMITS);
    let (load, gate) = gated(1, &rig);
    assert!(rig.cache.get_or_load(1, 0, load).now_or_never().is_none());
    assert!(gate.is_closed(), "the load is gone");
    assert_eq!((rig.cache.stats().abandoned, rig.cache.stats().in_flight), (1, 0));
    let (load, gate) = gated(1, &rig);
    gate.send(Ok(())).unwrap();
    assert_eq!(rig.cache.get_or_load(1, 0, load).await.unwrap().origin, Origin::Loaded);
}

#[tokio::test]
async fn with_a_spawner_a_load_that_all_gave_up_is_stored() {
    let rig = Rig::new(NO_LIMITS);
    let cache = rig.cache.clone().with_spawner(Arc::new(|load| drop(tokio::spawn(load))));
    let (load, gate) = gated(1, &rig);
    assert!(cache.get_or_load(1, 0, load).now_or_never().is_none());
    gate.send(Ok(())).unwrap();
    until(|| rig.cache.stats().entries == 1).await;
    assert_eq!(cache.get(&1, 0).unwrap().number, 1);
}

/// No runtime at all: threads that each block on their own call.
#[test]
fn threads_without_a_runtime_share_a_load() {
    let rig = Rig::new(Limits { max_entries: 0, ..NO_LIMITS });
    let (load, gate) = gated(1, &rig);
    let mut starter = Box::pin(rig.cache.get_or_load(1, 0, load));
    assert!(starter.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let barrier = Barrier::new(9);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut call = Box::pin(rig.cache.get_or_load(1, 0, || async { Err("a second load".to_owned()) }));
                    let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    assert!(polled.is_pending());
                    barrier.wait();
                    pollster::block_on(call).map(|served| served.value.number)
                })
            })
            .collect();
        barrier.wait();
        drop(starter);
        gate.send(Ok(())).unwrap();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(1));
        }
    });
    assert_eq!(rig.loads(), 1);
}

#[test]
fn a_load_with_no_room_left_is_not_joined() {
    let rig = Rig::new(Limits { max_uses: Some(2), ..NO_LIMITS });
    let mut cx = Context::from_waker(Waker::noop());
    let (load, first_gate) = gated(1, &rig);
    let mut first = pin!(rig.cache.get_or_load(1, 0, load));
    assert!(first.as_mut().poll(&mut cx).is_pending());
    let mut second = pin!(rig.cache.get_or_load(1, 0, || async { Err("a second load".to_owned()) }));
    assert!(second.as_mut().poll(&mut cx).is_pending());
    let (load, second_gate) = gated(1, &rig);
    let mut third = pin!(rig.cache.get_or_load(1, 0, load));
    assert!(third.as_mut().poll(&mut cx).is_pending());
    assert_eq!(rig.loads(), 2);
    first_gate.send(Ok(())).unwrap();
    second_gate.send(Ok(())).unwrap();
    let origins = [first.poll(&mut cx), second.poll(&mut cx), third.poll(&mut cx)].map(|polled| match polled {
        Poll::Ready(served) => served.unwrap().origin,
        Poll::Pending => panic!("the word was given"),
    });
    assert_eq!(origins, [Origin::Loaded, Origin::Joined, Origin::Loaded]);
    assert_eq!(rig.use_once(1, 0), Origin::Hit, "the second load has one use left");
}

#[test]
fn what_is_evicted_while_it_loads_is_delivered_and_not_kept() {
    let rig = Rig::new(NO_LIMITS);
    let (load, gate) = gated(1, &rig);
    let mut call = pin!(rig.cache.get_or_load(1, 0, load));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    rig.cache.evict_where(|key| *key == 1);
    gate.send(Ok(())).unwrap();
    assert_eq!(pollster::block_on(call).unwrap().value.number, 1);
    assert_eq!(rig.cache.stats().entries, 0);
}

#[test]
fn what_loads_while_values_are_evicted_is_delivered_and_not_kept() {
    let rig = Rig::new(NO_LIMITS);
    let (load, gate) = gated(1, &rig);
    let mut call = pin!(rig.cache.get_or_load(1, 0, load));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    rig.cache.evict_values_where(|_, _| false);
    gate.send(Ok(())).unwrap();
    assert_eq!(pollster::block_on(call).unwrap().value.number, 1);
    assert_eq!(rig.cache.stats().entries, 0, "its value was not known when it was judged");
}
