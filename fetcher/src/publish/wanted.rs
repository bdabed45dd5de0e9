//! The files of a publication, checked and compared with the generation before.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::time::SystemTime;

use rustix::fs::Stat;
use zeroize::Zeroizing;

use super::current::Current;
use super::dir::{self, Dir};
use super::layout::first_part;
use super::manifest::{PublishedFile, PublishedUnit};
use super::{Content, Publication, PublishError};
use crate::plan::names::check_path;
use crate::spec::File;
use crate::target::{Cost, TmpfsDir};

/// The mode of files that name none.
const DEFAULT_MODE: u32 = 0o400;

/// Mode, owner and group of a file, all of them known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Rights {
    fn of(file: &File, target: &TmpfsDir) -> Self {
        Self {
            mode: file.mode.unwrap_or(DEFAULT_MODE) & 0o777,
            uid: file.uid.unwrap_or_else(|| rustix::process::geteuid().as_raw()),
            gid: file.gid.unwrap_or_else(|| target.group()),
        }
    }

    pub(super) fn of_stat(found: &Stat) -> Self {
        Self { mode: found.st_mode & 0o7777, uid: found.st_uid, gid: found.st_gid }
    }
}

/// Where the bytes of a file are.
pub(super) enum Bytes<'a> {
    /// With us only.
    New(&'a [u8]),
    /// With us, and in the current generation with the same rights, in the file of this device and inode.
    Same(&'a [u8], (u64, u64)),
    /// In the current generation only.
    Kept,
}

/// A file of the generation to be.
pub(super) struct Item<'a> {
    pub(super) path: String,
    pub(super) bytes: Bytes<'a>,
    pub(super) rights: Rights,
}

impl Item<'_> {
    fn kept(file: &PublishedFile) -> Self {
        // Only used where the file can't be linked, so what it was meant to be does.
        let mode = u32::from_str_radix(&file.mode, 8).unwrap_or(DEFAULT_MODE) & 0o777;
        let rights = Rights { mode, uid: file.uid, gid: file.gid };
        Self { path: file.path.clone(), bytes: Bytes::Kept, rights }
    }
}

/// All that is to be published.
pub(super) struct Wanted<'a> {
    items: Vec<Item<'a>>,
    units: Vec<PublishedUnit>,
}

impl<'a> Wanted<'a> {
    /// Puts `units` together with what they keep of the `current` generation.
    ///
    /// # Errors
    /// If a path can't be published, two collide, or a unit that is to be kept is not there.
    pub(super) fn new(
        units: &[Publication<'a>],
        current: &Current,
        target: &TmpfsDir,
        now: SystemTime,
    ) -> Result<Self, PublishError> {
        let mut wanted = Self { items: Vec::new(), units: Vec::new() };
        for unit in units {
            match &unit.content {
                Content::New(files) | Content::Refreshed(files) => {
                    let mut published = Vec::new();
                    for new in files {
                        let rights = Rights::of(new.file, target);
                        published.push(PublishedFile {
                            path: new.file.path.clone(),
                            mode: format!("{:04o}", rights.mode),
                            uid: rights.uid,
                            gid: rights.gid,
                            not_after: new.not_after,
                            origins: new.origins.clone(),
                        });
                        wanted.items.push(Item { path: new.file.path.clone(), bytes: Bytes::New(new.bytes), rights });
                    }
                    if matches!(unit.content, Content::Refreshed(_)) {
                        wanted.keep_others(unit.unit, current, &mut published);
                    }
                    wanted.units.push(PublishedUnit { unit: unit.unit.to_owned(), fetched: now, files: published });
                }
                Content::Kept => wanted.keep(unit.unit, current)?,
            }
        }
        wanted.check_paths()?;
        wanted.items.sort_by(|a, b| a.path.cmp(&b.path));
        if let Some((_, dir, _)) = current.published() {
            wanted.compare(dir);
        }
        Ok(wanted)
    }

    fn keep(&mut self, unit: &str, current: &Current) -> Result<(), PublishError> {
        let nothing = || PublishError::NothingKept { unit: unit.to_owned() };
        let (_, _, manifest) = current.published().ok_or_else(nothing)?;
        let kept = manifest.units.iter().find(|published| published.unit == unit).ok_or_else(nothing)?;
        self.items.extend(kept.files.iter().map(Item::kept));
        self.units.push(kept.clone());
        Ok(())
    }

    /// Keeps the files of `unit` that are not among those which it is `published` with.
    fn keep_others(&mut self, unit: &str, current: &Current, published: &mut Vec<PublishedFile>) {
        let Some((_, _, manifest)) = current.published() else { return };
        let Some(kept) = manifest.units.iter().find(|known| known.unit == unit) else { return };
        let new: BTreeSet<_> = published.iter().map(|file| file.path.clone()).collect();
        for file in kept.files.iter().filter(|file| !new.contains(&file.path)) {
            self.items.push(Item::kept(file));
            published.push(file.clone());
        }
    }

    fn check_paths(&self) -> Result<(), PublishError> {
        let mut seen = BTreeSet::new();
        for item in &self.items {
            // The plan, and for names from content the output, has done so: nothing is made without it.
            check_path(&item.path).map_err(|flaw| PublishError::Path { path: item.path.clone(), flaw })?;
            if !seen.insert(item.path.as_str()) {
                return Err(PublishError::Collision { first: item.path.clone(), second: item.path.clone() });
            }
        }
        for path in &seen {
            let mut above = *path;
            while let Some((parent, _)) = above.rsplit_once('/') {
                if seen.contains(parent) {
                    return Err(PublishError::Collision { first: parent.to_owned(), second: (*path).to_owned() });
                }
                above = parent;
            }
        }
        Ok(())
    }

    /// Finds the files that the current generation has already.
    fn compare(&mut self, current: &Dir) {
        for item in &mut self.items {
            if let Bytes::New(bytes) = item.bytes
                // What can't be read is written anew.
                && let Ok(Some(inode)) = same(current, &item.path, bytes, item.rights)
            {
                item.bytes = Bytes::Same(bytes, inode);
            }
        }
    }

    /// Whether `current` has these files and no others.
    pub(super) fn is_unchanged(&self, current: &Current) -> bool {
        let Some((_, _, manifest)) = current.published() else { return false };
        let published: BTreeSet<_> =
            manifest.units.iter().flat_map(|unit| &unit.files).map(|file| file.path.as_str()).collect();
        self.items.len() == published.len()
            && self
                .items
                .iter()
                .all(|item| !matches!(item.bytes, Bytes::New(_)) && published.contains(item.path.as_str()))
    }

    /// The first parts of all paths: what is visible in the target.
    pub(super) fn first_parts(&self) -> BTreeSet<&str> {
        self.items.iter().map(|item| first_part(&item.path)).collect()
    }

    /// The files, in the order of their paths.
    pub(super) fn items(&self) -> &[Item<'a>] {
        &self.items
    }

    /// As they stand in the manifest.
    pub(super) fn units(&self) -> Vec<PublishedUnit> {
        self.units.clone()
    }

    /// What a generation of them takes.
    pub(super) fn cost(&self, page: u64) -> Cost {
        let mut cost = Cost::NAME;
        let mut directories = BTreeMap::new();
        for item in &self.items {
            cost += match item.bytes {
                Bytes::New(bytes) => Cost::file(bytes.len(), page),
                Bytes::Same(..) | Bytes::Kept => Cost::NAME,
            };
            let mut above = item.path.as_str();
            while let Some((parent, _)) = above.rsplit_once('/')
                && directories.insert(parent, ()).is_none()
            {
                cost += Cost::NAME;
                above = parent;
            }
        }
        cost
    }
}

/// The device and inode of the file at `path` if it has these bytes and rights.
fn same(current: &Dir, path: &str, bytes: &[u8], rights: Rights) -> io::Result<Option<(u64, u64)>> {
    let (parent, name) = dir::open_parent(current, path)?;
    let (mut file, found) = dir::open_file(parent.as_ref().unwrap_or(current), name)?;
    let length = u64::try_from(found.st_size).unwrap_or_default();
    if Rights::of_stat(&found) != rights || length != bytes.len() as u64 {
        return Ok(None);
    }
    // A piece at a time: the file is not to be held in memory a second time.
    let mut piece = Zeroizing::new([0; 4096]);
    let mut rest = bytes;
    loop {
        let read = match file.read(&mut piece[..]) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match rest.split_at_checked(read) {
            Some((expected, after)) if *expected == piece[..read] => rest = after,
            _ => return Ok(None),
        }
    }
    Ok(rest.is_empty().then_some((found.st_dev, found.st_ino)))
}
