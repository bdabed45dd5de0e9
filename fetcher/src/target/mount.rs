//! What a directory is mounted on.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd as _};

use rustix::io;

/// A file system, by its magic number (statfs(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tmpfs,
    Ramfs,
    Other(u64),
}

/// Of the open directory, not of a path.
pub(super) fn kind(directory: impl AsFd) -> io::Result<Kind> {
    let magic = rustix::fs::fstatfs(directory)?.f_type;
    // The numbers have 32 bits, and the field is a signed word.
    Ok(Kind::of(magic.cast_unsigned() & 0xffff_ffff))
}

impl Kind {
    /// From `linux/magic.h`.
    fn of(magic: u64) -> Self {
        match magic {
            0x0102_1994 => Self::Tmpfs,
            0x8584_58f6 => Self::Ramfs,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Tmpfs => "tmpfs",
            Self::Ramfs => "ramfs",
            // Those that containers meet.
            Self::Other(0x794c_7630) => "overlay",
            Self::Other(0xef53) => "ext4",
            Self::Other(0x5846_5342) => "xfs",
            Self::Other(0x9123_683e) => "btrfs",
            Self::Other(0x6969) => "nfs",
            Self::Other(0x6573_5546) => "fuse",
            Self::Other(0x0102_1997) => "9p",
            Self::Other(0x9fa0) => "proc",
            Self::Other(magic) => return write!(f, "file system {magic:#x}"),
        };
        f.write_str(name)
    }
}

/// Whether pages of this tmpfs can reach a disk: swap is on, and the mount has no `noswap`.
///
/// What can't be read is taken as harmless: this ends in a warning, and one that can't be helped in a sandbox without
/// `/proc` would be noise.
pub(super) fn may_be_swapped(directory: impl AsFd) -> bool {
    let swaps = std::fs::read_to_string("/proc/swaps").unwrap_or_default();
    let descriptor = directory.as_fd().as_raw_fd();
    let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).unwrap_or_default();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    swap_is_on(&swaps) && !mount_id(&about).is_some_and(|id| has_noswap(&mounts, id))
}

/// From `/proc/swaps`: a heading, then a line for each swap area.
fn swap_is_on(swaps: &str) -> bool {
    swaps.lines().skip(1).any(|line| !line.trim().is_empty())
}

/// From `/proc/self/fdinfo/N` (proc(5)).
fn mount_id(about: &str) -> Option<&str> {
    about.lines().find_map(|line| line.strip_prefix("mnt_id:")).map(str::trim)
}

/// From `/proc/self/mountinfo` (proc(5)): the mount's id comes first, the file system's own options last.
fn has_noswap(mounts: &str, id: &str) -> bool {
    let line = mounts.lines().find(|line| line.split(' ').next() == Some(id));
    let options = line.and_then(|line| line.rsplit(' ').next());
    options.is_some_and(|options| options.split(',').any(|option| option == "noswap"))
}

#[cfg(test)]
mod tests {
    use super::{Kind, has_noswap, mount_id, swap_is_on};

    const MOUNTS: &str = "\
        25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24684084k\n\
        31 24 0:28 / /secrets rw,relatime shared:3 - tmpfs tmpfs rw,size=65536k,noswap\n\
        131 24 0:28 / /noswap rw,relatime - tmpfs noswap rw\n";

    #[test]
    fn noswap_is_read_from_the_mount_that_holds_the_target() {
        assert!(has_noswap(MOUNTS, "31"));
        for other in ["25", "131", "3", "1", ""] {
            assert!(!has_noswap(MOUNTS, other), "{other}");
        }
        assert_eq!(mount_id("pos:\t0\nflags:\t02200000\nmnt_id:\t31\nino:\t1\n"), Some("31"));
        assert_eq!(mount_id(""), None);
    }

    #[test]
    fn swap_is_on_if_an_area_is_listed() {
        let heading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
        assert!(!swap_is_on(heading));
        assert!(!swap_is_on(""));
        assert!(swap_is_on(&format!("{heading}/dev/dm-1 partition 8388604 0 -2\n")));
    }

    #[test]
    fn file_systems_are_told_by_their_magic_numbers() {
        assert_eq!(Kind::of(0x0102_1994), Kind::Tmpfs);
        assert_eq!(Kind::of(0x8584_58f6), Kind::Ramfs);
        assert_eq!(Kind::of(0x794c_7630).to_string(), "overlay");
        assert_eq!(Kind::of(0x1234).to_string(), "file system 0x1234");
    }
}
