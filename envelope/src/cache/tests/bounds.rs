//! What leaves, when, and that it is dropped then.

use super::*;

#[test]
fn a_value_is_loaded_once_and_then_served() {
    let rig = Rig::new(NO_LIMITS);
    assert_eq!(rig.use_once(1, 0), Origin::Loaded);
    assert_eq!(rig.use_once(1, 0), Origin::Hit);
    assert_eq!(rig.use_once(2, 0), Origin::Loaded);
    let stats = rig.cache.stats();
    assert_eq!((stats.loads, stats.hits, stats.entries, stats.in_flight), (2, 1, 2, 0));
}

#[test]
fn the_least_recently_used_entry_makes_room() {
    let rig = Rig::new(Limits { max_entries: 2, ..NO_LIMITS });
    rig.use_once(1, 0);
    rig.use_once(2, 0);
    rig.use_once(1, 0);
    rig.use_once(3, 0);
    assert_eq!(rig.dropped(), 1, "dropped as it leaves");
    assert_eq!(rig.use_once(1, 0), Origin::Hit);
    assert_eq!(rig.use_once(2, 0), Origin::Loaded);
    assert_eq!(rig.cache.stats().evicted_full, 2);
}

#[test]
fn a_cache_of_no_entries_keeps_nothing() {
    let rig = Rig::new(Limits { max_entries: 0, ..NO_LIMITS });
    assert_eq!(rig.use_once(1, 0), Origin::Loaded);
    assert_eq!(rig.use_once(1, 0), Origin::Loaded);
    assert_eq!(rig.dropped(), 2);
}

#[test]
fn an_entry_that_is_too_old_is_not_served_and_leaves_whoever_is_asked_for() {
    let rig = Rig::new(Limits { max_age: Some(Duration::from_secs(10)), ..NO_LIMITS });
    rig.use_once(1, 0);
    rig.pass(9);
    assert_eq!(rig.use_once(1, 0), Origin::Hit, "use does not prolong the age");
    assert_eq!(rig.cache.next_expiry(), Some(Duration::from_secs(1)));
    rig.pass(1);
    assert_eq!(rig.use_once(2, 0), Origin::Loaded);
    assert_eq!(rig.dropped(), 1, "gone although nobody asked for it");
    assert_eq!(rig.use_once(1, 0), Origin::Loaded);
    assert_eq!(rig.cache.stats().evicted_expired, 1);
}

#[test]
fn an_idle_cache_is_swept_by_its_sweeper() {
    let rig = Rig::new(Limits { max_age: Some(Duration::from_secs(10)), ..NO_LIMITS });
    rig.use_once(1, 0);
    rig.pass(10);
    let cache: Arc<dyn Sweep> = Arc::new(rig.cache.clone());
    let sweeper = Sweeper::spawn(&cache, Duration::from_millis(1)).unwrap();
    let mut tries = 0;
    while rig.dropped() == 0 {
        std::thread::sleep(Duration::from_millis(1));
        tries += 1;
        assert!(tries < 10_000, "the sweeper does not come");
    }
    drop(sweeper);
}

#[test]
fn uses_are_counted_and_the_last_one_evicts() {
    let rig = Rig::new(Limits { max_uses: Some(3), ..NO_LIMITS });
    let origins: Vec<_> = (0..4).map(|_| rig.use_once(1, 0)).collect();
    assert_eq!(origins, [Origin::Loaded, Origin::Hit, Origin::Hit, Origin::Loaded]);
    assert_eq!(rig.dropped(), 1);
    assert_eq!(rig.cache.stats().evicted_spent, 1);
}

#[test]
fn bytes_are_counted_before_they_are_spent() {
    let rig = Rig::new(Limits { max_bytes: Some(100), ..NO_LIMITS });
    assert_eq!(rig.use_once(1, 60), Origin::Loaded);
    assert_eq!(rig.use_once(1, 40), Origin::Hit);
    assert_eq!(rig.use_once(1, 0), Origin::Hit, "no bytes always fit");
    assert_eq!(rig.use_once(1, 1), Origin::Loaded);
    assert_eq!(rig.use_once(1, u64::MAX), Origin::Loaded, "a sum that overflows does not fit");
    assert_eq!(rig.use_once(1, 0), Origin::Loaded, "what was overspent by its own caller is not kept");
}

#[test]
fn eviction_on_request_goes_by_key() {
    let rig = Rig::new(NO_LIMITS);
    for key in 0..10 {
        rig.use_once(key, 0);
    }
    assert_eq!(rig.cache.evict_where(|key| key % 2 == 0), 5);
    assert_eq!((rig.dropped(), rig.cache.stats().entries, rig.cache.stats().evicted_asked), (5, 5, 5));
    assert_eq!(rig.cache.clear(), 5);
    assert_eq!(rig.dropped(), 10);
}

#[test]
fn eviction_on_request_goes_by_value_too() {
    let rig = Rig::new(NO_LIMITS);
    for key in 0..10 {
        rig.use_once(key, 0);
    }
    assert_eq!(rig.cache.evict_values_where(|key, value| *key > 3 && value.number % 2 == 0), 3);
    assert_eq!((rig.dropped(), rig.cache.stats().evicted_asked), (3, 3));
}

#[test]
fn a_cache_takes_over_what_another_holds_within_its_own_limits() {
    let rig = Rig::new(NO_LIMITS);
    for key in 0..10 {
        rig.use_once(key, 0);
    }
    rig.use_once(1, 0);
    let smaller: TestCache = Coalescing::new(Limits { max_entries: 3, ..NO_LIMITS });
    assert_eq!(smaller.adopt(&rig.cache, |key, _| key % 2 == 1), 5);
    assert_eq!([1, 7, 9].map(|key| smaller.get(&key, 0).is_some()), [true; 3], "the latest used stay");
    assert_eq!((smaller.stats().entries, rig.cache.stats().entries, rig.dropped()), (3, 10, 0));
}

#[test]
fn a_value_put_in_by_hand_is_served() {
    let rig = Rig::new(NO_LIMITS);
    assert!(rig.cache.get(&1, 0).is_none());
    rig.cache.insert(1, Canary { number: 1, dropped: Arc::clone(&rig.dropped) });
    assert_eq!(rig.cache.get(&1, 0).unwrap().number, 1);
    assert_eq!(rig.use_once(1, 0), Origin::Hit);
    assert_eq!(rig.loads(), 0);
}

#[test]
fn a_failure_is_told_and_not_kept() {
    let rig = Rig::new(NO_LIMITS);
    let failed = pollster::block_on(rig.cache.get_or_load(1, 0, || async { Err("no".to_owned()) }));
    assert_eq!(failed.err().unwrap(), "no");
    assert_eq!(rig.use_once(1, 0), Origin::Loaded);
    assert_eq!(rig.cache.stats().failures, 1);
}
