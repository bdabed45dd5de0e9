//! Files that are there completely or not at all.
//!
//! A new file has no name while it is written (`O_TMPFILE`), so an error, a full disk or `kill -9` leaves nothing
//! behind. [`NewFile::commit`] syncs it, gives it its name in one step and syncs the directory. To replace a file,
//! it is linked under a temporary name and renamed over the old one at once: `kill -9` between these two
//! system calls is the only way to leave something, a complete file named `.sealkit-*.tmp`.
//!
//! Where the file system has no `O_TMPFILE` (vfat, NFS, most of FUSE) or `/proc` is not mounted, the temporary lies
//! beside the target from the start, mode 0600; `kill -9` or a power cut may leave it.
//!
//! | Target | What happens |
//! |---|---|
//! | absent | made, mode 0600 |
//! | regular file | replaced if asked; 0600, or stricter if it was; a new inode, so other hard links keep the old content, and the owner is who runs us |
//! | symbolic link | stays; what it points to is made or replaced. A link that another user put into a sticky directory such as `/tmp` is refused |
//! | device, FIFO, socket | written directly, never unlinked nor renamed over |
//! | directory | an error |
//!
//! ```no_run
//! use std::io::Write as _;
//!
//! use sealkit_host::atomic::{NewFile, Overwrite, Target};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! match Target::classify("report.sealed".as_ref())? {
//!     Target::File(place) => {
//!         let new = NewFile::create(place)?;
//!         new.file().write_all(b"...")?;
//!         new.commit(Overwrite::Refuse)?;
//!     }
//!     Target::Stream(stream) => stream.open()?.write_all(b"...")?,
//! }
//! # Ok(())
//! # }
//! ```

mod error;
mod new_file;
mod target;
mod temporary;

pub use error::AtomicError;
pub use new_file::{NewFile, Overwrite};
pub use target::{Place, Stream, Target};
pub(crate) use temporary::abandon;

#[cfg(test)]
mod tests;
