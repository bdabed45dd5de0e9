//! A target in memory, and what is in it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::output::Origin;
use crate::publish::{Content, NewFile, Outcome, Publication, PublishError, Published, Publisher};
use crate::spec::File;
use crate::target::{TargetSettings, TmpfsDir};

/// A tmpfs wherever these tests run.
const MEMORY: &str = "/dev/shm";

/// A directory to publish to.
pub(super) struct Target(TempDir);

impl Target {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir_in(MEMORY).unwrap())
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(super) fn open(&self) -> TmpfsDir {
        open(self.path())
    }

    pub(super) fn publisher(&self, keep: Duration) -> Publisher {
        Publisher::new(self.open(), keep).unwrap()
    }

    /// All names in it, sorted; generations are called `GENERATION`.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| if name.starts_with("..2") { "GENERATION".to_owned() } else { name })
            .collect();
        names.sort();
        names
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    pub(super) fn inode(&self, path: &str) -> u64 {
        fs::metadata(self.at(path)).unwrap().ino()
    }

    pub(super) fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.at(path)).unwrap().mode() & 0o7777
    }

    pub(super) fn published(&self) -> Published {
        Published::read(&self.open()).unwrap().unwrap()
    }
}

pub(super) fn open(path: &Path) -> TmpfsDir {
    TmpfsDir::open(path, &TargetSettings { allow_disk: false }).unwrap()
}

/// A unit of the next publication.
#[derive(Clone)]
pub(super) struct Wish {
    unit: String,
    /// None: kept.
    files: Option<Vec<(File, Vec<u8>)>>,
    /// Whether what was published of it stays beside them.
    is_refresh: bool,
}

/// A unit with one file of mode 0400.
pub(super) fn one(path: &str, bytes: impl AsRef<[u8]>) -> Wish {
    of(path, &[(path, bytes.as_ref())])
}

/// A unit with several files.
pub(super) fn of(unit: &str, files: &[(&str, &[u8])]) -> Wish {
    let file = |path: &str| File { path: path.to_owned(), ..File::default() };
    let files = files.iter().map(|(path, bytes)| (file(path), bytes.to_vec())).collect();
    Wish { unit: unit.to_owned(), files: Some(files), is_refresh: false }
}

/// The same as a refresh brings it.
pub(super) fn refreshed(unit: &str, files: &[(&str, &[u8])]) -> Wish {
    Wish { is_refresh: true, ..of(unit, files) }
}

pub(super) fn kept(unit: &str) -> Wish {
    Wish { unit: unit.to_owned(), files: None, is_refresh: false }
}

impl Wish {
    /// With other rights than 0400 of whoever runs the tests.
    pub(super) fn rights(mut self, mode: u32, uid: Option<u32>, gid: Option<u32>) -> Self {
        for (file, _) in self.files.iter_mut().flatten() {
            *file = File { mode: Some(mode), uid, gid, ..file.clone() };
        }
        self
    }

    fn publication(&self) -> Publication<'_> {
        let content = match &self.files {
            None => Content::Kept,
            Some(files) => {
                let files = files.iter().map(|(file, bytes)| new_file(&self.unit, file, bytes)).collect();
                if self.is_refresh { Content::Refreshed(files) } else { Content::New(files) }
            }
        };
        Publication { unit: &self.unit, content }
    }
}

fn new_file<'a>(unit: &str, file: &'a File, bytes: &'a [u8]) -> NewFile<'a> {
    let origin = Origin { object: unit.to_owned(), version: "1".into(), region: None, is_fallback: false };
    NewFile { file, bytes, origins: vec![origin], not_after: None }
}

pub(super) fn publish(publisher: &mut Publisher, wishes: &[Wish]) -> Result<Outcome, PublishError> {
    publish_at(publisher, wishes, SystemTime::now())
}

pub(super) fn publish_at(publisher: &mut Publisher, wishes: &[Wish], now: SystemTime) -> Result<Outcome, PublishError> {
    let publications: Vec<_> = wishes.iter().map(Wish::publication).collect();
    publisher.publish(&publications, now)
}

/// Publishes, and expects a new generation.
pub(super) fn switch(publisher: &mut Publisher, wishes: &[Wish]) {
    let outcome = publish(publisher, wishes).unwrap();
    assert!(matches!(outcome, Outcome::Switched { .. }), "{outcome:?}");
}

/// Everything that is readable by visible names, by path: the way of applications that read whole directories.
pub(super) fn visible(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![PathBuf::new()];
    while let Some(below) = left.pop() {
        for entry in fs::read_dir(path.join(&below)).unwrap() {
            let name = below.join(entry.unwrap().file_name());
            if name.to_str().unwrap().starts_with("..") {
                continue;
            }
            let metadata =
                fs::metadata(path.join(&name)).unwrap_or_else(|error| panic!("{} dangles: {error}", name.display()));
            if metadata.is_dir() {
                left.push(name);
            } else {
                found.insert(name.to_str().unwrap().to_owned(), fs::read(path.join(&name)).unwrap());
            }
        }
    }
    found
}
