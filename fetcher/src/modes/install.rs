//! `install DIR`: copies this binary, for images that have no `cp`.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sealkit_host::atomic::{AtomicError, NewFile, Overwrite, Target};
use sealkit_host::exit::Exit;
use sealkit_host::text::{Escaped, error_chain};

use crate::args::InstallArgs;

/// What the kernel runs as us, also when its file was renamed or removed meanwhile.
const OURSELVES: &str = "/proc/self/exe";

/// The name that the copy has.
const NAME: &str = "seal-fetcher";

/// Runs the mode to its end.
pub async fn run(args: &InstallArgs) -> Exit {
    match install(&args.directory) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            eprintln!("seal-fetcher: {}; check that the volume is mounted and writable", error_chain(&error));
            Exit::Io
        }
    }
}

/// Puts the copy in place complete, with mode 0755, also over an older one that runs; a copy that is equal is left alone.
fn install(directory: &Path) -> Result<(), AtomicError> {
    let path = directory.join(NAME);
    let failed = |action: &'static str| {
        let path = path.clone();
        move |source: io::Error| AtomicError::Failed { action, path, source }
    };
    let mut ourselves = File::open(OURSELVES).map_err(failed("copy this binary to"))?;
    if is_equal(&ourselves, &path) {
        return Ok(());
    }
    let Target::File(place) = Target::classify(&path)? else {
        return Err(failed("replace")(io::Error::other(format!("{} is no regular file", Escaped::new(&path)))));
    };
    // In a volume that others write to, a link would choose what is overwritten.
    if place.is_link() {
        return Err(failed("replace")(io::Error::other(format!("{} is a symbolic link", Escaped::new(&path)))));
    }
    let new = NewFile::create(place)?;
    io::copy(&mut ourselves, &mut new.file()).map_err(failed("write"))?;
    new.file().set_permissions(Permissions::from_mode(0o755)).map_err(failed("set the mode of"))?;
    new.commit(Overwrite::Replace)
}

/// Whether `path` is a copy of `ourselves` already: then several init containers may have it as their first step, and
/// one that can't be read or compared is simply replaced.
fn is_equal(ourselves: &File, path: &Path) -> bool {
    use io::Read as _;
    use std::os::unix::fs::FileExt as _;
    const PIECE: usize = 64 << 10;
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return false };
    let is_candidate = metadata.is_file()
        && metadata.permissions().mode() & 0o7777 == 0o755
        && ourselves.metadata().is_ok_and(|ours| ours.len() == metadata.len());
    if !is_candidate {
        return false;
    }
    let Ok(mut other) = File::open(path) else { return false };
    let (mut theirs, mut ours) = (vec![0; PIECE], vec![0; PIECE]);
    let mut at = 0;
    loop {
        match other.read(&mut theirs) {
            Ok(0) => return true,
            Ok(read) if ourselves.read_exact_at(&mut ours[..read], at).is_ok() && ours[..read] == theirs[..read] => {
                at += read as u64;
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn the_copy_is_complete_executable_and_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join(NAME);
        install(dir.path()).unwrap();
        let first = std::fs::metadata(&copy).unwrap();
        assert_eq!((first.mode() & 0o7777, first.len()), (0o755, std::fs::metadata(OURSELVES).unwrap().len()));
        install(dir.path()).unwrap();
        assert_eq!(std::fs::metadata(&copy).unwrap().ino(), first.ino(), "it was left alone");
        let file = std::fs::OpenOptions::new().write(true).open(&copy).unwrap();
        std::os::unix::fs::FileExt::write_at(&file, b"other", 4096).unwrap();
        drop(file);
        install(dir.path()).unwrap();
        assert_ne!(std::fs::metadata(&copy).unwrap().ino(), first.ino(), "it was replaced");
        assert_eq!(std::fs::read(&copy).unwrap(), std::fs::read(OURSELVES).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_in_the_way_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(install(&dir.path().join("absent")).is_err());
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "theirs").unwrap();
        let path = dir.path().join(NAME);
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(install(dir.path()).is_err(), "a link");
        assert_eq!(std::fs::read(&victim).unwrap(), b"theirs");
        std::fs::remove_file(&path).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).unwrap();
        assert!(install(dir.path()).is_err(), "a pipe that nobody writes to");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(install(dir.path()).is_err());
    }
}
