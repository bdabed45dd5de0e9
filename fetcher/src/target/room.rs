//! Whether a new generation fits, asked before it is written.

use std::fmt;
use std::os::fd::AsFd;
use std::path::PathBuf;

use sealkit_host::text::Escaped;

use super::cgroup;

/// What the kernel keeps for each inode and its name besides the content, roughly: `shmem_inode_cache` and `dentry`
/// in `/proc/slabinfo`. It is charged to the cgroup, not to the file system.
const PER_INODE: u64 = 1024;

/// What new files take: bytes of whole pages, and inodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    bytes: u64,
    inodes: u64,
}

impl Cost {
    /// Of a directory, or a hard link: tmpfs counts each name as an inode.
    pub const NAME: Self = Self { bytes: 0, inodes: 1 };

    /// Of a file of `length` bytes, which is kept in whole pages of `page` bytes.
    #[must_use]
    pub fn file(length: usize, page: u64) -> Self {
        Self { bytes: (length as u64).next_multiple_of(page.max(1)), inodes: 1 }
    }

    /// Of a symbolic link that holds `length` bytes: tmpfs keeps a short text in the inode, and a page for others
    /// (`SHORT_SYMLINK_LEN` in mm/shmem.c).
    #[must_use]
    pub fn symlink(length: usize, page: u64) -> Self {
        if length < 128 { Self::NAME } else { Self::file(length, page) }
    }
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.inodes = self.inodes.saturating_add(other.inodes);
    }
}

/// Where room is short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file system's bytes.
    FileSystem,
    /// The file system's inodes.
    Inodes,
    /// The memory of a cgroup.
    Cgroup(PathBuf),
}

/// How much is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Where.
    pub place: Place,
    /// What is needed: bytes, or inodes.
    pub needed: u64,
    /// What is there of it.
    pub available: u64,
    /// The size or limit as it is now.
    pub limit: u64,
}

impl Shortage {
    /// What is missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.needed.saturating_sub(self.available)
    }

    /// What to do next.
    pub(super) fn hint(&self) -> String {
        let enough = self.limit.saturating_add(self.missing());
        match self.place {
            Place::FileSystem => {
                let safe = kib(enough.saturating_add(self.needed));
                format!(
                    "raise the volume's sizeLimit (or the size of the tmpfs) to {} at least; to {safe} if this is the \
                     first generation, for the next one stands beside it",
                    kib(enough)
                )
            }
            Place::Inodes => format!("mount the tmpfs with nr_inodes={enough} at least"),
            Place::Cgroup(_) => format!("raise the container's memory limit to {} at least", kib(enough)),
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (needed, available, missing) = (self.needed, self.available, self.missing());
        match &self.place {
            Place::FileSystem => write!(
                f,
                "a new generation takes {}, the file system has {} free: {} are missing",
                kib(needed),
                kib(available),
                kib(missing)
            ),
            Place::Inodes => write!(
                f,
                "a new generation takes {needed} inodes, the file system has {available} free: {missing} are missing"
            ),
            Place::Cgroup(path) => write!(
                f,
                "a new generation takes {}, the memory limit of {} leaves {}: {} are missing",
                kib(needed),
                Escaped::new(path),
                kib(available),
                kib(missing)
            ),
        }
    }
}

/// Rounded up: this names what is needed.
fn kib(bytes: u64) -> String {
    format!("{}Ki", bytes.div_ceil(1024))
}

/// A cost against what there is.
pub(super) fn check(directory: impl AsFd, cost: Cost) -> Result<(), Shortage> {
    // A file system that can't be asked says no when it is written to, which undoes everything too.
    if let Ok(found) = rustix::fs::fstatvfs(directory) {
        // A tmpfs without a size has no blocks at all, and one with nr_inodes=0 no inodes.
        if found.f_blocks > 0 {
            let available = found.f_bavail.saturating_mul(found.f_frsize);
            let limit = found.f_blocks.saturating_mul(found.f_frsize);
            enough(Place::FileSystem, cost.bytes, available, limit)?;
        }
        if found.f_files > 0 {
            enough(Place::Inodes, cost.inodes, found.f_favail, found.f_files)?;
        }
    }
    if let Some(cgroup) = cgroup::headroom() {
        let charged = cost.bytes.saturating_add(cost.inodes.saturating_mul(PER_INODE));
        enough(Place::Cgroup(cgroup.cgroup), charged, cgroup.bytes, cgroup.limit)?;
    }
    Ok(())
}

fn enough(place: Place, needed: u64, available: u64, limit: u64) -> Result<(), Shortage> {
    if needed <= available { Ok(()) } else { Err(Shortage { place, needed, available, limit }) }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Place, Shortage, enough};

    #[test]
    fn files_take_whole_pages() {
        assert_eq!(Cost::file(0, 4096), Cost { bytes: 0, inodes: 1 });
        assert_eq!(Cost::file(1, 4096), Cost { bytes: 4096, inodes: 1 });
        assert_eq!(Cost::file(4096, 4096), Cost { bytes: 4096, inodes: 1 });
        assert_eq!(Cost::file(4097, 65_536), Cost { bytes: 65_536, inodes: 1 });
        let mut sum = Cost::NAME;
        sum += Cost::symlink(20, 4096);
        sum += Cost::symlink(263, 4096);
        assert_eq!(sum, Cost { bytes: 4096, inodes: 3 });
    }

    #[test]
    fn a_shortage_says_how_much_is_missing_and_what_would_be_enough() {
        let short = enough(Place::FileSystem, 40_960, 4096, 65_536).expect_err("it does not fit");
        assert_eq!(short.to_string(), "a new generation takes 40Ki, the file system has 4Ki free: 36Ki are missing");
        assert_eq!(
            short.hint(),
            "raise the volume's sizeLimit (or the size of the tmpfs) to 100Ki at least; to 140Ki if this is the \
                   first generation, for the next one stands beside it"
        );
        let short = Shortage { place: Place::Cgroup("/sys/fs/cgroup".into()), ..short };
        assert_eq!(
            short.to_string(),
            "a new generation takes 40Ki, the memory limit of /sys/fs/cgroup leaves 4Ki: 36Ki are missing"
        );
        assert_eq!(short.hint(), "raise the container's memory limit to 100Ki at least");
        assert_eq!(enough(Place::Inodes, 7, 7, 7), Ok(()));
    }
}
