//! The visible links, and the switch.

use std::collections::BTreeSet;
use std::io;

use rustix::fs::RenameFlags;
use rustix::io::Errno;
use sealkit_host::text::Escaped;

use super::PublishError;
use super::dir::{self, Found};
use super::layout::{DATA, DATA_TMP, Generation, pending_link, visible_link};
use crate::target::{Cost, TmpfsDir};

/// What the visible links lack.
pub(super) struct Links {
    /// Wanted, and not there.
    missing: Vec<String>,
    /// There, ours, and not wanted.
    stale: Vec<String>,
}

impl Links {
    /// Compares what is visible in `target` with the first parts of all paths that are wanted.
    ///
    /// # Errors
    /// If any of these names is taken by what is not ours; all of them in one error.
    pub(super) fn plan(target: &TmpfsDir, wanted: BTreeSet<&str>) -> Result<Self, PublishError> {
        let mut missing = Vec::new();
        let mut foreign = Vec::new();
        for name in &wanted {
            let path = target.path().join(name);
            match dir::look(target, name).map_err(PublishError::failed("look at", &path))? {
                Found::Nothing => missing.push((*name).to_owned()),
                Found::Link(text) if text.to_bytes() == visible_link(name).as_bytes() => {}
                Found::Link(text) => {
                    foreign.push((path, format!("it is a link to {}", Escaped::bytes(text.to_bytes()))));
                }
                Found::Other => foreign.push((path, "it is no link".to_owned())),
            }
        }
        if !foreign.is_empty() {
            return Err(PublishError::Foreign { found: foreign });
        }
        Ok(Self { missing, stale: stale(target, &wanted)? })
    }

    /// What the missing ones take, and the successor of `..data`.
    pub(super) fn cost(&self, page: u64) -> Cost {
        let mut cost = Cost::NAME;
        for name in &self.missing {
            cost += Cost::symlink(visible_link(name).len(), page);
        }
        cost
    }

    /// Makes the visible links what the current generation wants: somebody, or an interrupted run, left them otherwise.
    pub(super) fn repair(&self, target: &TmpfsDir) -> Result<(), PublishError> {
        self.remove_stale(target)?;
        for name in &self.missing {
            link(target, &visible_link(name), name)?;
        }
        Ok(())
    }

    fn remove_stale(&self, target: &TmpfsDir) -> Result<(), PublishError> {
        for name in &self.stale {
            dir::remove(target, name).map_err(PublishError::failed("remove", target.path().join(name)))?;
        }
        Ok(())
    }

    /// Makes `generation`, which is complete, what readers see. Where this fails before the switch everything is undone;
    /// after it, only where it `is_first`: others read the new generation already.
    pub(super) fn switch(
        &self,
        target: &TmpfsDir,
        generation: &Generation,
        is_first: bool,
    ) -> Result<(), PublishError> {
        let switched = self.prepare(target, generation).and_then(|()| {
            rustix::fs::renameat(target, DATA_TMP, target, DATA)
                .map_err(PublishError::failed("switch", target.path().join(DATA)))
        });
        if switched.is_err() {
            self.undo(target);
            return switched;
        }
        let shown = self.show(target);
        if shown.is_err() && is_first {
            for name in &self.missing {
                if matches!(is_visible_link(target, name), Ok(true)) {
                    let _ = dir::remove(target, name);
                }
            }
            let _ = dir::remove(target, DATA);
            self.undo(target);
        }
        shown
    }

    /// Everything that can fail for want of room, and then, just before the switch, the removal of what would dangle
    /// after it.
    fn prepare(&self, target: &TmpfsDir, generation: &Generation) -> Result<(), PublishError> {
        link(target, generation.as_str(), DATA_TMP)?;
        for (number, name) in self.missing.iter().enumerate() {
            link(target, &visible_link(name), &pending_link(number))?;
        }
        self.remove_stale(target)
    }

    /// Gives the new links their names. Never over something that appeared there meanwhile.
    fn show(&self, target: &TmpfsDir) -> Result<(), PublishError> {
        for (number, name) in self.missing.iter().enumerate() {
            let pending = pending_link(number);
            rustix::fs::renameat_with(target, &pending, target, name, RenameFlags::NOREPLACE).map_err(|errno| {
                let path = target.path().join(name);
                match errno {
                    Errno::EXIST => PublishError::foreign(path, "it appeared while we published"),
                    errno => PublishError::failed("make the link", path)(errno),
                }
            })?;
        }
        Ok(())
    }

    /// As far as it can be: the error that is told is the one that led here, and the next run sweeps the rest.
    fn undo(&self, target: &TmpfsDir) {
        let _ = dir::remove(target, DATA_TMP);
        for number in 0..self.missing.len() {
            let _ = dir::remove(target, pending_link(number));
        }
        for name in &self.stale {
            let _ = link(target, &visible_link(name), name);
        }
    }
}

/// Visible links of ours that are not wanted.
fn stale(target: &TmpfsDir, wanted: &BTreeSet<&str>) -> Result<Vec<String>, PublishError> {
    let mut stale = Vec::new();
    for name in dir::names(target).map_err(PublishError::failed("list", target.path()))? {
        // Whatever we publish has a name that is text.
        let Ok(name) = String::from_utf8(name) else { continue };
        if name.starts_with("..") || wanted.contains(name.as_str()) {
            continue;
        }
        // What can't be looked at might be ours, and would dangle after the switch.
        if is_visible_link(target, &name).map_err(PublishError::failed("look at", target.path().join(&name)))? {
            stale.push(name);
        }
    }
    Ok(stale)
}

/// Whether `name` is a link that we made: no other leads to its own name below `..data`.
fn is_visible_link(target: &TmpfsDir, name: &str) -> io::Result<bool> {
    Ok(matches!(dir::look(target, name)?, Found::Link(text) if text.to_bytes() == visible_link(name).as_bytes()))
}

fn link(target: &TmpfsDir, text: &str, name: &str) -> Result<(), PublishError> {
    rustix::fs::symlinkat(text, target, name).map_err(PublishError::failed("make the link", target.path().join(name)))
}
