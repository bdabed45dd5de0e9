//! What a publisher finds, what it is to make of it, and what must hold whatever happens to it.

use std::fs;
use std::os::unix::fs::symlink;

use crate::target::{Files, Target, Wish};

/// What is published, and what was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    /// Into an empty target.
    First,
    /// Files that stay, change, come, go and become directories.
    Change,
    /// What is there already.
    Unchanged,
}

const BEFORE: &[Wish] = &[
    Wish("same", &["same"], "same"),
    Wish("changed", &["changed"], "before"),
    Wish("gone", &["gone"], "gone"),
    Wish("kept", &["kept", "d/kept"], "kept"),
    Wish("becomes", &["becomes"], "a file"),
];

/// What an interrupted run leaves: a draft, and links that had no name yet.
const TRACES: [&str; 3] = ["..2020_01_01_00_00_00.000000000", "..data_tmp", "..link_0"];

impl Story {
    pub(crate) fn of(name: &str) -> Self {
        let found = [Self::First, Self::Change, Self::Unchanged].into_iter().find(|known| known.name() == name);
        found.unwrap_or_else(|| panic!("there is no story {name:?}"))
    }

    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }

    fn before(self) -> &'static [Wish] {
        match self {
            Self::First => &[],
            Self::Change | Self::Unchanged => BEFORE,
        }
    }

    pub(crate) fn after(self) -> &'static [Wish] {
        match self {
            Self::First => &[Wish("a", &["a"], "a"), Wish("b", &["b/c", "b/d/e"], "b")],
            Self::Change => &[
                Wish("same", &["same"], "same"),
                Wish("changed", &["changed"], "after"),
                Wish("kept", &[], ""),
                Wish("new", &["new"], "new"),
                Wish("becomes", &["becomes/a/directory"], "with a file"),
            ],
            Self::Unchanged => BEFORE,
        }
    }

    /// A target as the publisher finds it: what was before is published, and an interrupted run has left its traces.
    pub(crate) fn target(self) -> Target {
        let target = Target::new();
        if !self.before().is_empty() {
            target.publish(self.before()).unwrap();
        }
        let [draft, data, link] = TRACES.map(|name| target.at(name));
        fs::create_dir_all(draft.join("with")).unwrap();
        fs::write(draft.join("with/a file"), "left").unwrap();
        symlink("nowhere", data).unwrap();
        symlink("..data/nothing", link).unwrap();
        target
    }

    /// What readers see before, and what they see after.
    fn states(self) -> (Files, Files) {
        let files = |wishes: &[Wish]| -> Files {
            let kept = BEFORE.iter().filter(|kept| wishes.iter().any(|wish| wish.0 == kept.0 && wish.1.is_empty()));
            let all = wishes.iter().chain(kept);
            all.flat_map(|Wish(_, paths, text)| paths.iter().map(|path| ((*path).to_owned(), text.as_bytes().to_vec())))
                .collect()
        };
        (files(self.before()), files(self.after()))
    }

    /// Asserts that readers see all of one version: the state before, or the state after.
    pub(crate) fn assert_whole(self, target: &Target, when: &str) {
        let (before, after) = self.states();
        let seen = target.by_protocol();
        assert!(seen == before || seen == after, "{when}: neither the state before nor after: {seen:?}");
        // By their visible names files may be missing for a moment, but never dangle, nor be another version's.
        for (path, bytes) in target.visible() {
            assert_eq!(seen.get(&path), Some(&bytes), "{when}: {path} is not the current generation's");
        }
    }

    /// Asserts that a failed first run left nothing. What an earlier run left may be there, if it was sweeping that which
    /// failed.
    pub(crate) fn assert_untouched(self, target: &Target, when: &str) {
        let left: Vec<_> = target.names().into_iter().filter(|name| !TRACES.contains(&name.as_str())).collect();
        assert!(left.is_empty(), "{when}: {left:?}");
    }

    /// Asserts that readers see what was to be published, by either way.
    pub(crate) fn assert_done(self, target: &Target, when: &str) {
        let (_, after) = self.states();
        assert_eq!(target.by_protocol(), after, "{when}");
        assert_eq!(target.visible(), after, "{when}");
    }

    /// Asserts that the next run gets where this one was to get, and that nothing is left of it.
    pub(crate) fn assert_recovers(self, target: &Target, when: &str) {
        // What was to be kept is there to be kept in any case: nothing is lost.
        target.publish(self.after()).unwrap_or_else(|error| panic!("{when}: {error}"));
        self.assert_done(target, when);
        let hidden = target.hidden();
        let generations = hidden.iter().filter(|name| *name == "GENERATION").count();
        assert!((1..=2).contains(&generations) && hidden.len() == generations + 1, "{when}: {hidden:?}");
    }
}
