//! The bounded store against a model that is too simple to be wrong.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Get(u8, u64),
    Insert(u8),
    Pass(u64),
    EvictAbove(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..8_u8, 0..40_u64).prop_map(|(key, bytes)| Step::Get(key, bytes)),
        3 => (0..8_u8).prop_map(Step::Insert),
        2 => (0..6_u64).prop_map(Step::Pass),
        1 => (0..8_u8).prop_map(Step::EvictAbove),
    ];
    proptest::collection::vec(step, 0..80)
}

fn limits() -> impl Strategy<Value = Limits> {
    let age = proptest::option::of((0..8_u64).prop_map(Duration::from_secs));
    (0..5_usize, age, proptest::option::of(1..5_u64), proptest::option::of(0..100_u64))
        .prop_map(|(max_entries, max_age, max_uses, max_bytes)| Limits { max_entries, max_age, max_uses, max_bytes })
}

/// Entries from the least to the most recently used.
#[derive(Default)]
struct Model(Vec<Modelled>);

#[derive(Clone)]
struct Modelled {
    key: u8,
    value: u32,
    born: Duration,
    uses: u64,
    bytes: u64,
}

impl Model {
    fn expire(&mut self, limits: &Limits, now: Duration) {
        self.0.retain(|entry| limits.max_age.is_none_or(|max| now - entry.born < max));
    }

    fn get(&mut self, key: u8, bytes: u64, limits: &Limits, now: Duration) -> Option<u32> {
        self.expire(limits, now);
        let at = self.0.iter().position(|entry| entry.key == key)?;
        let mut entry = self.0.remove(at);
        entry.uses += 1;
        entry.bytes += bytes;
        let over = limits.max_uses.is_some_and(|max| entry.uses > max)
            || limits.max_bytes.is_some_and(|max| entry.bytes > max);
        if over {
            return None;
        }
        let value = entry.value;
        if limits.max_uses.is_none_or(|max| entry.uses < max) {
            self.0.push(entry);
        }
        Some(value)
    }

    fn insert(&mut self, key: u8, value: u32, limits: &Limits, now: Duration) {
        self.expire(limits, now);
        self.0.retain(|entry| entry.key != key);
        self.0.push(Modelled { key, value, born: now, uses: 0, bytes: 0 });
        while self.0.len() > limits.max_entries {
            self.0.remove(0);
        }
    }
}

proptest! {
    #[test]
    fn the_store_does_as_the_model(limits in limits(), steps in steps()) {
        let (mut store, mut model) = (Bounded::new(limits), Model::default());
        let (mut now, mut value) = (Duration::ZERO, 0);
        for step in steps {
            match step {
                Step::Get(key, bytes) => {
                    let served = store.get(&key, bytes, now).map(|value| *value);
                    prop_assert_eq!(served, model.get(key, bytes, &limits, now));
                }
                Step::Insert(key) => {
                    value += 1;
                    store.insert(key, Arc::new(value), now);
                    model.insert(key, value, &limits, now);
                }
                Step::Pass(seconds) => {
                    now += Duration::from_secs(seconds);
                    store.sweep(now);
                    model.expire(&limits, now);
                }
                Step::EvictAbove(bound) => {
                    store.evict_where(|key| *key > bound);
                    model.0.retain(|entry| entry.key <= bound);
                }
            }
            prop_assert_eq!(store.len(), model.0.len());
            let oldest = model.0.iter().map(|entry| entry.born).min();
            prop_assert_eq!(store.next_expiry(), limits.max_age.and_then(|max| Some(oldest? + max)));
        }
    }
}
