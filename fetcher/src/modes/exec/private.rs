//! A directory of the command's own in `/dev/shm`.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sealkit_host::audit;
use sealkit_host::text::Escaped;

use crate::failure::Failure;

/// Docker and ECS mount 64 MiB there, Kubernetes too, one for all containers of a pod.
const SHARED_MEMORY: &str = "/dev/shm";
const PREFIX: &str = "seal-fetcher-";

/// A directory that only we may enter. It goes with this value, unless it is [kept](Self::keep).
#[derive(Debug)]
pub(super) struct PrivateDir {
    path: PathBuf,
    is_kept: bool,
}

impl PrivateDir {
    /// Makes one. Whether it is memory is for whoever opens it as a target.
    ///
    /// # Errors
    /// If there is no `/dev/shm`, or we may not write there.
    pub(super) fn make() -> Result<Self, Failure> {
        Self::make_in(Path::new(SHARED_MEMORY))
    }

    fn make_in(parent: &Path) -> Result<Self, Failure> {
        let path = parent.join(random_name().map_err(|error| refused(parent, &error))?);
        // A name that is taken is an error, be it a link or a directory that somebody else chose the rights of.
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| refused(parent, &error))?;
        let dir = Self { path, is_kept: false };
        // Past the umask, which may have taken more.
        std::fs::set_permissions(&dir.path, Permissions::from_mode(0o700)).map_err(|error| refused(parent, &error))?;
        Ok(dir)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it to the command that this process becomes; it goes with the container.
    pub(super) fn keep(&mut self) {
        self.is_kept = true;
    }

    /// It goes after all.
    pub(super) fn give_up(&mut self) {
        self.is_kept = false;
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the private directory can't be removed");
        }
    }
}

/// 64 random bits: others may know that there is such a directory, and not take its name beforehand.
fn random_name() -> io::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(format!("{PREFIX}{}", hex::encode(bytes)))
}

fn refused(parent: &Path, error: &io::Error) -> Failure {
    let message = format!("no private directory can be made in {}: {error}", Escaped::new(parent));
    let hint = "name a directory on a tmpfs (--target), or choose --memfd or --env";
    Failure::other("", audit::Failure::Io, message, hint)
}

/// Makes `path` if only its last part is missing: on `/dev/shm` nobody else could.
///
/// # Errors
/// If it can't be made; that it is there already is none.
pub(super) fn make_if_absent(path: &Path) -> Result<(), Failure> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && std::fs::symlink_metadata(path).is_err() => {
            let message = format!("the target {} can't be made: {error}", Escaped::new(path));
            let hint = "mount a tmpfs there, or leave --target out for a private directory of /dev/shm";
            Err(Failure::other("", audit::Failure::Io, message, hint))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn only_we_may_enter_it_and_it_goes_with_its_value() {
        let parent = tempfile::tempdir().unwrap();
        let dir = PrivateDir::make_in(parent.path()).unwrap();
        let found = std::fs::symlink_metadata(dir.path()).unwrap();
        assert_eq!(found.mode() & 0o7777, 0o700);
        std::fs::create_dir(dir.path().join("..generation")).unwrap();
        let path = dir.path().to_owned();
        drop(dir);
        assert!(!path.exists());
        let mut dir = PrivateDir::make_in(parent.path()).unwrap();
        dir.keep();
        let path = dir.path().to_owned();
        drop(dir);
        assert!(path.exists());
        assert!(PrivateDir::make_in(&path.join("absent")).is_err());
    }

    #[test]
    fn a_target_is_made_where_only_its_last_part_is_missing() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("app");
        make_if_absent(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o077, 0);
        make_if_absent(&path).unwrap();
        make_if_absent(&path.join("a/b")).unwrap_err();
    }
}
