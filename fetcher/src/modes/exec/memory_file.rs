//! Files without a name: memfds, which the command inherits.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;
use sealkit_host::audit;

use crate::failure::Failure;
use crate::output::Made;
use crate::spec;

/// The mode of files that name none.
const DEFAULT_MODE: u32 = 0o400;

/// A memory file that can't be changed any more, not even by us. It stays open across `execve`.
#[derive(Debug)]
pub(super) struct MemoryFile {
    handle: OwnedFd,
}

impl MemoryFile {
    /// Makes one with the bytes and the mode of `file`.
    ///
    /// # Errors
    /// If the kernel has no memory files, or no memory for it.
    pub(super) fn make(file: &spec::File, made: &Made) -> Result<Self, Failure> {
        sealed(&file.path, made.bytes.expose_secret(), file.mode.unwrap_or(DEFAULT_MODE)).map_err(|error| {
            let message = format!("no memory file can be made: {error}");
            let hint = "check the container's memory limit and its limit on open files, or choose files in a tmpfs";
            Failure::other(&file.path, audit::Failure::Io, message, hint)
        })
    }

    /// The path by which this process, and whoever inherits the descriptor, opens it for reading.
    pub(super) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.handle.as_raw_fd())
    }
}

fn sealed(name: &str, bytes: &[u8], mode: u32) -> io::Result<MemoryFile> {
    let mut file = File::from(create(name)?);
    file.write_all(bytes)?;
    // Opened anew by its path, it has the position and the rights of its own.
    file.set_permissions(Permissions::from_mode(mode & 0o777))?;
    fcntl_add_seals(&file, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
    rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))?;
    Ok(MemoryFile { handle: file.into() })
}

/// The name only shows in `/proc/PID/fd`; it is cut to what the kernel takes.
fn create(name: &str) -> Result<OwnedFd, Errno> {
    const LONGEST: usize = 249;
    let shown: String = name.chars().filter(char::is_ascii_graphic).take(LONGEST).collect();
    match memfd_create(shown.as_str(), MemfdFlags::ALLOW_SEALING | MemfdFlags::NOEXEC_SEAL) {
        // Before Linux 6.3.
        Err(Errno::INVAL) => memfd_create(shown.as_str(), MemfdFlags::ALLOW_SEALING),
        made => made,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use std::os::unix::fs::MetadataExt as _;

    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;

    #[test]
    fn it_can_be_read_often_and_changed_never() {
        let file = sealed("tls/ü.crt", b"\x00secret\n", 0o440).unwrap();
        for _ in 0..2 {
            assert_eq!(std::fs::read(file.path()).unwrap(), b"\x00secret\n");
        }
        assert_eq!(std::fs::metadata(file.path()).unwrap().mode() & 0o777, 0o440);
        let handle = File::from(file.handle);
        assert_eq!((&handle).write(b"x").unwrap_err().raw_os_error(), Some(Errno::PERM.raw_os_error()));
        assert!(handle.set_len(0).is_err() && handle.set_len(100).is_err());
        assert!(!fcntl_getfd(&handle).unwrap().contains(FdFlags::CLOEXEC));
    }
}
