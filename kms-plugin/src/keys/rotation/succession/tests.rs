use super::*;
use crate::keys::Malformed;
use crate::keys::rotation::order::Listed;

const A: &str = "arn:aws:kms:eu-west-1:111122223333:key/a";
const B: &str = "arn:aws:kms:eu-west-1:111122223333:key/b";

fn material(key: &str, number: u32) -> Material {
    Material { key: key.to_owned(), id: format!("m{number}") }
}

/// A list up to this material.
fn list(newest: u32) -> Order {
    let listed = |number| Listed { id: format!("m{number}"), rotated: (number > 0).then_some(i64::from(number)) };
    Order::of((0..=newest).map(listed).collect())
}

/// A succession, its time, and what it remembers.
struct Story {
    succession: Succession,
    now: Instant,
    record: Option<Record>,
}

impl Story {
    fn new() -> Self {
        let now = Instant::now() + 2 * SETTLED;
        Self { succession: Succession::resume("alias/app".into(), None, now, unix(now)), now, record: None }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// Sees a material; with the list up to `newest` if it is wanted. Whether a step was made.
    fn see(&mut self, key: &str, number: u32, newest: u32) -> bool {
        self.succession.sighted(&material(key, number), self.now);
        if let Some(of) = self.succession.wants_list() {
            self.succession.listed(&of, list(newest));
        }
        self.step()
    }

    fn see_unlisted(&mut self, key: &str, number: u32) -> bool {
        self.succession.sighted(&material(key, number), self.now);
        if self.succession.wants_list().is_some() {
            self.succession.list_failed(&Refusal::Malformed(Malformed::EmptyPlaintext));
        }
        self.step()
    }

    fn step(&mut self) -> bool {
        let Some(step) = self.succession.due(self.now) else { return false };
        self.record = Some(self.succession.record_after(&step, self.now, unix(self.now)));
        self.succession.make(step, self.now);
        true
    }

    fn restart(&mut self) {
        let record = self.record.clone();
        self.succession = Succession::resume("alias/app".into(), record, self.now, unix(self.now));
    }

    fn announced(&self) -> Option<String> {
        self.succession.announced().map(|material| {
            let key = material.key.rsplit('/').next().expect("an ARN has a resource");
            format!("{key}#{}", material.id)
        })
    }
}

/// Any monotone time in seconds will do.
fn unix(now: Instant) -> u64 {
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    1_000_000 + now.saturating_duration_since(*ORIGIN.get_or_init(Instant::now)).as_secs()
}

#[test]
fn the_first_material_is_announced_once_two_sightings_agree() {
    let mut story = Story::new();
    assert!(!story.see(A, 1, 1));
    assert_eq!(story.announced(), None);
    assert!(story.succession.wants_sighting());
    assert!(story.see(A, 1, 1));
    assert_eq!(story.announced().as_deref(), Some("a#m1"));
}

#[test]
fn newer_material_waits_for_a_second_sighting_and_the_list() {
    let mut story = Story::new();
    story.see(A, 0, 0);
    story.see(A, 0, 0);
    assert!(!story.see(A, 1, 0), "not listed yet");
    assert!(!story.see(A, 1, 0), "not listed yet");
    assert!(story.see(A, 1, 1), "the list has it");
    assert_eq!(story.announced().as_deref(), Some("a#m1"));
    // One sighting is not two in a row.
    assert!(!story.see(A, 2, 2));
    assert!(!story.see(A, 1, 2));
    assert!(!story.see(A, 2, 2));
    assert!(story.see(A, 2, 2));
}

#[test]
fn older_material_is_never_announced_again() {
    let mut story = Story::new();
    for number in [0, 0, 1, 1] {
        story.see(A, number, 1);
    }
    for _ in 0..100 {
        story.pass(Duration::from_secs(30));
        assert!(!story.see(A, 0, 1));
    }
    assert_eq!(story.succession.standing(&material(A, 0)), Standing::Older);
    story.restart();
    for _ in 0..100 {
        assert!(!story.see(A, 0, 1));
    }
    assert_eq!(story.announced().as_deref(), Some("a#m1"));
}

#[test]
fn a_late_list_does_not_turn_the_order_back() {
    let mut story = Story::new();
    for number in [0, 0, 1, 1] {
        story.see(A, number, 1);
    }
    story.succession.listed(A, list(0));
    assert_eq!(story.succession.standing(&material(A, 0)), Standing::Older);
    assert_eq!(story.succession.announced_is_unlisted(A), None);
}

#[test]
fn a_first_start_waits_a_while_for_the_newest_in_the_list() {
    let mut story = Story::new();
    story.see(A, 0, 1);
    assert!(!story.see(A, 0, 1), "the list has a newer one");
    story.pass(PATIENCE / 2);
    assert!(!story.see(A, 0, 1));
    story.pass(PATIENCE / 2);
    assert!(story.see(A, 0, 1), "nothing else is seen");
    let mut story = Story::new();
    story.see(A, 0, 1);
    story.see(A, 1, 1);
    assert!(story.see(A, 1, 1));
}

#[test]
fn without_the_list_what_is_announced_stays() {
    let mut story = Story::new();
    story.see_unlisted(A, 0);
    assert!(story.see_unlisted(A, 0), "there is no order to wait for");
    for _ in 0..100 {
        story.pass(Duration::from_secs(30));
        assert!(!story.see_unlisted(A, 1));
    }
    assert_eq!(story.succession.standing(&material(A, 1)), Standing::Unlisted);
    assert_eq!(story.succession.list(), List::Fails);
    assert!(story.see(A, 1, 1), "the list is there");
}

#[test]
fn an_alias_is_followed_to_another_key_and_not_back_while_hosts_may_be_late() {
    let mut story = Story::new();
    story.see(A, 0, 0);
    story.see(A, 0, 0);
    assert!(!story.see(B, 3, 3));
    assert!(story.see(B, 3, 3));
    assert_eq!(story.announced().as_deref(), Some("b#m3"));
    for _ in 0..10 {
        story.pass(Duration::from_secs(30));
        assert!(!story.see(A, 0, 0));
    }
    assert_eq!(story.succession.standing(&material(A, 0)), Standing::LeftKey);
    assert!(!story.see(B, 3, 3));
    story.restart();
    assert_eq!(story.announced().as_deref(), Some("b#m3"));
    for _ in 0..10 {
        assert!(!story.see(A, 0, 0));
    }
}

#[test]
fn an_alias_that_was_moved_back_is_followed_once_all_hosts_agree() {
    let mut story = Story::new();
    for key in [A, A, B, B] {
        story.see(key, 0, 0);
    }
    story.pass(SETTLED);
    story.see(A, 0, 0);
    story.pass(SETTLED - Duration::from_secs(1));
    assert!(!story.see(A, 0, 0));
    story.pass(Duration::from_secs(1));
    assert!(story.see(A, 0, 0));
    assert_eq!(story.announced().as_deref(), Some("a#m0"));
    assert_eq!(story.record.as_ref().expect("a step was made").left, [B]);
}

#[test]
fn a_second_move_soon_after_the_first_waits_for_agreement() {
    const C: &str = "arn:aws:kms:eu-west-1:111122223333:key/c";
    let mut story = Story::new();
    for key in [A, A, C, C] {
        story.see(key, 0, 0);
    }
    assert_eq!(story.announced().as_deref(), Some("c#m0"));
    // B may be where the alias was between A and C, and a late host still has it there.
    story.pass(Duration::from_secs(60));
    story.see(B, 0, 0);
    assert!(!story.see(B, 0, 0));
    story.restart();
    story.see(B, 0, 0);
    assert!(!story.see(B, 0, 0), "the move is remembered");
    story.pass(SETTLED);
    assert!(story.see(B, 0, 0));
}

#[test]
fn another_write_key_starts_anew() {
    let mut story = Story::new();
    story.see(A, 0, 0);
    story.see(A, 0, 0);
    let record = story.record.clone();
    let succession = Succession::resume("alias/other".into(), record, story.now, unix(story.now));
    assert_eq!(succession.announced(), None);
}

/// Whatever is seen in whatever order, and wherever it restarts: materials of one key are announced in their order.
#[test]
fn what_is_announced_of_a_key_never_goes_back() {
    use proptest::prelude::*;
    let seen = || (0..4_u32, 0..4_u32, proptest::bool::weighted(0.1), proptest::bool::weighted(0.2));
    proptest!(|(events in proptest::collection::vec(seen(), 1..200))| {
        let mut story = Story::new();
        let (mut newest, mut last) = (0, 0);
        for (number, lists, restarts, list_fails) in events {
            newest = newest.max(number);
            if restarts {
                story.restart();
            }
            // A first start without the list cannot know better.
            if list_fails && story.announced().is_some() {
                story.see_unlisted(A, number);
            } else {
                story.see(A, number, lists.min(newest));
            }
            if let Some(announced) = story.succession.announced() {
                let number: u32 = announced.id[1..].parse().expect("a number");
                prop_assert!(number >= last, "{last} was followed by {number}");
                last = number;
            }
        }
    });
}
