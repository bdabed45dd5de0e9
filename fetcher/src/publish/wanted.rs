//! The files of a publication, checked and compared with the generation before.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::time::SystemTime;

use rustix::fs::Stat;
use sealkit_host::text::Escaped;
use zeroize::Zeroizing;

use super::current::Current;
use super::dir::{self, Dir};
use super::layout::first_part;
use super::manifest::{PublishedFile, PublishedUnit};
use super::{Content, NewFile, Publication, PublishError};
use crate::plan::names::{Claims, Clash, check_path};
use crate::spec::File;
use crate::target::{Cost, TmpfsDir};

/// The mode of files that name none.
pub(crate) const DEFAULT_MODE: u32 = 0o400;

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

impl NewFile<'_> {
    /// As it stands in the manifest.
    fn published(&self, rights: Rights) -> PublishedFile {
        PublishedFile {
            path: self.file.path.clone(),
            mode: format!("{:04o}", rights.mode),
            uid: rights.uid,
            gid: rights.gid,
            not_after: self.not_after,
            origins: self.origins.clone(),
        }
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
    /// A file that a refreshed unit no longer brings goes if it would stand in the way of a new one: names move from one
    /// unit to another where a specification or content changes, and no refresh must fail for ever because of that.
    ///
    /// # Errors
    /// If a path can't be published, two collide otherwise, or a unit that is to be kept is not there.
    pub(super) fn new(
        units: &[Publication<'a>],
        current: &Current,
        target: &TmpfsDir,
        now: SystemTime,
    ) -> Result<Self, PublishError> {
        let mut wanted = Self { items: Vec::new(), units: Vec::new() };
        let mut claims = claim_new(units)?;
        for unit in units {
            let published = current.published().and_then(|(_, _, manifest)| manifest.unit(unit.unit));
            let (kept, fetched) = match (&unit.content, published) {
                (Content::New(_), _) | (Content::Refreshed(_), None) => (&[][..], now),
                (Content::Refreshed(_), Some(published)) => (published.files.as_slice(), now),
                (Content::Kept, Some(published)) => (published.files.as_slice(), published.fetched),
                (Content::Kept, None) => return Err(PublishError::NothingKept { unit: unit.unit.to_owned() }),
            };
            let mut files = Vec::new();
            for new in unit.content.files() {
                let rights = Rights::of(new.file, target);
                files.push(new.published(rights));
                wanted.items.push(Item { path: new.file.path.clone(), bytes: Bytes::New(new.bytes), rights });
            }
            let new: BTreeSet<_> = unit.content.files().iter().map(|new| new.file.path.as_str()).collect();
            for file in kept.iter().filter(|file| !new.contains(file.path.as_str())) {
                match (claims.file(&file.path, file.path.as_str()), &unit.content) {
                    (Ok(()), _) => {}
                    (Err(clash), Content::Refreshed(_)) => {
                        let (unit, path) = (Escaped::new(unit.unit), Escaped::new(&file.path));
                        let other = Escaped::new(clash.by());
                        tracing::warn!(%unit, %path, %other, "what is no longer fetched gives way to a new file");
                        continue;
                    }
                    (Err(clash), _) => return Err(collision(clash, &file.path)),
                }
                wanted.items.push(Item::kept(file));
                files.push(file.clone());
            }
            wanted.units.push(PublishedUnit { unit: unit.unit.to_owned(), fetched, files });
        }
        wanted.items.sort_by(|a, b| a.path.cmp(&b.path));
        if let Some((_, dir, _)) = current.published() {
            wanted.compare(dir);
        }
        Ok(wanted)
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

/// The paths of all files that are new, each claimed by itself.
fn claim_new<'p>(units: &'p [Publication<'_>]) -> Result<Claims<&'p str>, PublishError> {
    let mut claims = Claims::default();
    for new in units.iter().flat_map(|unit| unit.content.files()) {
        let path = new.file.path.as_str();
        // The plan, and for names from content the output, has done so: nothing is made without it.
        check_path(path).map_err(|flaw| PublishError::Path { path: path.to_owned(), flaw })?;
        claims.file(path, path).map_err(|clash| collision(clash, path))?;
    }
    Ok(claims)
}

fn collision(clash: Clash<&str>, path: &str) -> PublishError {
    PublishError::Collision { first: clash.by().to_owned(), second: path.to_owned() }
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
