//! A target in memory, what is wished into it, and what readers see of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use sealkit_fetcher::publish::{Content, NewFile, Outcome, Publication, PublishError, Publisher};
use sealkit_fetcher::spec::File;
use sealkit_fetcher::target::{TargetSettings, TmpfsDir};
use tempfile::TempDir;

/// A tmpfs wherever these tests run.
const MEMORY: &str = "/dev/shm";

/// Long enough for no generation to be swept while a test looks.
const KEEP: Duration = Duration::from_secs(30);

/// Files by their paths, with what is in them.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A unit of the next publication: its name, and its files' paths with the one text that is in all of them; without
/// files those of before are kept.
#[derive(Clone, Copy)]
pub(crate) struct Wish(pub(crate) &'static str, pub(crate) &'static [&'static str], pub(crate) &'static str);

/// A directory to publish to.
pub(crate) struct Target(TempDir);

impl Target {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir_in(MEMORY).unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// All names in it that begin with two dots, sorted; generations are called `GENERATION`.
    pub(crate) fn hidden(&self) -> Vec<String> {
        let names = self.names().into_iter().filter(|name| name.starts_with(".."));
        let mut names: Vec<_> =
            names.map(|name| if name.starts_with("..2") { "GENERATION".to_owned() } else { name }).collect();
        names.sort();
        names
    }

    /// All names in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Everything that is readable by visible names: the way of applications that read whole directories.
    ///
    /// # Panics
    /// If a link dangles.
    pub(crate) fn visible(&self) -> Files {
        let mut found = Files::new();
        let mut left: Vec<_> = self.names().into_iter().filter(|name| !name.starts_with("..")).collect();
        while let Some(path) = left.pop() {
            match fs::read(self.at(&path)) {
                Ok(bytes) => _ = found.insert(path, bytes),
                Err(error) if error.kind() == ErrorKind::IsADirectory => {
                    let inside = fs::read_dir(self.at(&path)).unwrap();
                    left.extend(inside.map(|entry| format!("{path}/{}", entry.unwrap().file_name().to_str().unwrap())));
                }
                Err(error) => panic!("{path} dangles: {error}"),
            }
        }
        found
    }

    /// All files of the generation, by the protocol for readers: everything is opened below one handle.
    pub(crate) fn by_protocol(&self) -> Files {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut found = Files::new();
        let Ok(top) = rustix::fs::open(self.at("..data"), flags, Mode::empty()) else { return found };
        let mut left: Vec<(String, OwnedFd)> = vec![(String::new(), top)];
        while let Some((below, dir)) = left.pop() {
            for entry in rustix::fs::Dir::read_from(&dir).unwrap() {
                let name = entry.unwrap().file_name().to_str().unwrap().to_owned();
                if name.starts_with('.') {
                    continue;
                }
                let stat = rustix::fs::statat(&dir, &name, AtFlags::SYMLINK_NOFOLLOW).unwrap();
                let opened = rustix::fs::openat(&dir, &name, OFlags::RDONLY | OFlags::NOFOLLOW, Mode::empty()).unwrap();
                if FileType::from_raw_mode(stat.st_mode).is_dir() {
                    left.push((format!("{below}{name}/"), opened));
                } else {
                    let mut bytes = Vec::new();
                    fs::File::from(opened).read_to_end(&mut bytes).unwrap();
                    found.insert(format!("{below}{name}"), bytes);
                }
            }
        }
        found
    }

    /// Publishes as a run of its own.
    pub(crate) fn publish(&self, wishes: &[Wish]) -> Result<Outcome, PublishError> {
        let _alone = alone();
        publish(open(self.path()), wishes)
    }
}

/// Held while this process publishes or starts another: between fork(2) and execve(2) a child shares the lock on a target,
/// which would be in use for that moment.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a target.
pub(crate) fn open(path: &Path) -> TmpfsDir {
    TmpfsDir::open(path, &TargetSettings::default()).unwrap()
}

/// A run: locks the target, sweeps it and publishes.
pub(crate) fn publish(target: TmpfsDir, wishes: &[Wish]) -> Result<Outcome, PublishError> {
    let file = |path: &&str| File { path: (*path).to_owned(), ..File::default() };
    let files: Vec<Vec<File>> = wishes.iter().map(|Wish(_, paths, _)| paths.iter().map(file).collect()).collect();
    let mut publications = Vec::new();
    for (Wish(unit, _, text), files) in wishes.iter().zip(&files) {
        let new = |file| NewFile { file, bytes: text.as_bytes(), origins: Vec::new(), not_after: None };
        let content = if files.is_empty() { Content::Kept } else { Content::New(files.iter().map(new).collect()) };
        publications.push(Publication { unit, content });
    }
    Publisher::new(target, KEEP)?.publish(&publications, SystemTime::now())
}
