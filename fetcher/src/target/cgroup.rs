//! The memory that our cgroup still has: pages of tmpfs are charged to whoever writes them first.
//!
//! cgroup v2 throughout, and v1 as far as its files mean the same. What can't be read sets no limit: the file system's
//! own size is checked in any case.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// How much may still be charged, and the directory of the cgroup that sets this limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Headroom {
    pub(super) bytes: u64,
    pub(super) limit: u64,
    pub(super) cgroup: PathBuf,
}

/// Files of one version of cgroups.
struct Names {
    limit: &'static str,
    current: &'static str,
    inactive_file: &'static str,
}

const V2: Names = Names { limit: "memory.max", current: "memory.current", inactive_file: "inactive_file" };
const V1: Names =
    Names { limit: "memory.limit_in_bytes", current: "memory.usage_in_bytes", inactive_file: "total_inactive_file" };

/// The least of all levels from our cgroup up to the top of what this container sees; nothing where none is limited.
pub(super) fn headroom() -> Option<Headroom> {
    let (levels, names) = levels()?;
    levels.iter().filter_map(|level| of_level(level, names)).min_by_key(|headroom| headroom.bytes)
}

/// Whether the kernel never swaps what is charged to us, as kubelet sets it for containers by default.
pub(super) fn forbids_swap() -> bool {
    let Some((levels, _)) = levels() else { return false };
    levels.iter().any(|level| number(&level.join("memory.swap.max")) == Some(0))
}

fn levels() -> Option<(Vec<PathBuf>, &'static Names)> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    // A hybrid machine has a v2 hierarchy without the memory controller beside v1's.
    let v2 = up_from(&mounts, &own, is_v2, "cgroup2", |_| true)
        .filter(|levels| levels.iter().any(|level| level.join(V2.current).exists() || level.join(V2.limit).exists()));
    if let Some(levels) = v2 {
        return Some((levels, &V2));
    }
    let has_memory = |options: &str| options.split(',').any(|option| option == "memory");
    Some((up_from(&mounts, &own, is_v1_memory, "cgroup", has_memory)?, &V1))
}

/// `0::/path`
fn is_v2(line: &str) -> Option<&str> {
    line.strip_prefix("0::")
}

/// `4:memory:/path`, or `4:cpu,memory:/path`
fn is_v1_memory(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(':')?;
    let (controllers, path) = rest.split_once(':')?;
    controllers.split(',').any(|controller| controller == "memory").then_some(path)
}

/// The directories of our cgroup and all above it, up to where the hierarchy is mounted.
///
/// A container sees its own cgroup as `/`, or, without a cgroup namespace, the host's path below a mount whose root
/// is that very path (cgroup_namespaces(7)).
fn up_from(
    mounts: &str,
    own: &str,
    path_of: impl Fn(&str) -> Option<&str>,
    file_system: &str,
    wanted: impl Fn(&str) -> bool,
) -> Option<Vec<PathBuf>> {
    let path = own.lines().find_map(path_of)?;
    let (root, mounted) = mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut kind = kind.split(' ');
        let matches = kind.next() == Some(file_system) && wanted(kind.nth(1)?);
        let mut mount = mount.split(' ').skip(3);
        matches.then_some((mount.next()?, Path::new(mount.next()?)))
    })?;
    // Where the path leads elsewhere (`/..` above a namespace's root), what is mounted is the nearest that we see.
    let below = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
    let parts: Vec<_> = below.components().filter(|part| *part != Component::RootDir).collect();
    let is_below = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    let ours =
        if is_below { parts.iter().fold(mounted.to_owned(), |path, part| path.join(part)) } else { mounted.into() };
    Some(ours.ancestors().take_while(|level| level.starts_with(mounted)).map(Path::to_owned).collect())
}

fn of_level(level: &Path, names: &Names) -> Option<Headroom> {
    // "max" is no number, and v1 says "no limit" with a number that no machine has.
    let limit = number(&level.join(names.limit)).filter(|limit| *limit < 1 << 62)?;
    let current = number(&level.join(names.current))?;
    let stat = fs::read_to_string(level.join("memory.stat")).unwrap_or_default();
    // Clean pages of files, which the kernel drops before it would kill anybody. Pages of tmpfs are not among them.
    let reclaimable = statistic(&stat, names.inactive_file).unwrap_or(0).min(current);
    let bytes = limit.saturating_sub(current - reclaimable);
    Some(Headroom { bytes, limit, cgroup: level.to_owned() })
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn statistic(stat: &str, name: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{V1, V2, is_v1_memory, is_v2, of_level, statistic, up_from};

    fn paths(levels: Option<Vec<std::path::PathBuf>>) -> Vec<String> {
        levels.unwrap_or_default().iter().map(|level| level.display().to_string()).collect()
    }

    #[test]
    fn a_container_with_a_namespace_sees_itself_as_the_root() {
        let mounts = "29 23 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n";
        assert_eq!(paths(up_from(mounts, "0::/\n", is_v2, "cgroup2", |_| true)), ["/sys/fs/cgroup"]);
        // A process that was moved out of its namespace's root.
        assert_eq!(paths(up_from(mounts, "0::/../other\n", is_v2, "cgroup2", |_| true)), ["/sys/fs/cgroup"]);
    }

    #[test]
    fn all_levels_above_ours_count() {
        let mounts = "29 23 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n";
        let found = up_from(mounts, "0::/kubepods/pod1/app\n", is_v2, "cgroup2", |_| true);
        assert_eq!(
            paths(found),
            [
                "/sys/fs/cgroup/kubepods/pod1/app",
                "/sys/fs/cgroup/kubepods/pod1",
                "/sys/fs/cgroup/kubepods",
                "/sys/fs/cgroup",
            ]
        );
    }

    #[test]
    fn without_a_namespace_the_mount_shows_only_what_is_ours() {
        let mounts = "\
            40 23 0:26 /kubepods/pod1/app /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n\
            41 23 0:27 /kubepods/pod1/app /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
        let own = "5:devices:/x\n4:hugetlb,memory:/kubepods/pod1/app\n0::/\n";
        let has_memory = |options: &str| options.contains("memory");
        assert_eq!(paths(up_from(mounts, own, is_v1_memory, "cgroup", has_memory)), ["/sys/fs/cgroup/memory"]);
    }

    fn level(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory can be made");
        for (name, text) in files {
            fs::write(dir.path().join(name), text).expect("it is ours");
        }
        dir
    }

    #[test]
    fn what_the_kernel_would_drop_counts_as_free() {
        let stat = "anon 4096\ninactive_anon 999\ninactive_file 300\nactive_file 100\n";
        let dir = level(&[("memory.max", "1000\n"), ("memory.current", "900\n"), ("memory.stat", stat)]);
        assert_eq!(of_level(dir.path(), &V2).map(|headroom| headroom.bytes), Some(400));
        let stat = "inactive_file 1\ntotal_inactive_file 50\n";
        let files = [("memory.limit_in_bytes", "1000\n"), ("memory.usage_in_bytes", "1200\n"), ("memory.stat", stat)];
        let dir = level(&files);
        assert_eq!(of_level(dir.path(), &V1).map(|headroom| headroom.bytes), Some(0));
    }

    #[test]
    fn no_limit_is_no_limit() {
        for limit in ["max\n", "9223372036854771712\n", "", "x"] {
            let dir = level(&[("memory.max", limit), ("memory.current", "900\n")]);
            assert_eq!(of_level(dir.path(), &V2), None, "{limit}");
        }
        assert_eq!(of_level(Path::new("/nonexistent"), &V2), None);
        assert_eq!(statistic("inactive_file_x 3\n", "inactive_file"), None);
    }
}
