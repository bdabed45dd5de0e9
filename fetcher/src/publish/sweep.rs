//! Removing what nobody reads any more, and what an interrupted run left.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use rustix::time::ClockId;

use super::PublishError;
use super::current::Current;
use super::dir;
use super::layout::{Generation, is_left_over};
use crate::target::TmpfsDir;

/// No generation is kept for longer than this, so a time beyond it is none that we have set since the machine started.
const LONGEST_KEEP: u64 = 24 * 3600 * 1000;

/// Milliseconds since the machine started, sleep included: a clock that all containers of a pod share, and nobody sets.
pub(super) fn uptime() -> u64 {
    let now = rustix::time::clock_gettime(ClockId::Boottime);
    let millis = now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000);
    u64::try_from(millis).unwrap_or(0)
}

/// When a generation may go that is replaced now.
pub(super) fn until(keep: Duration) -> u64 {
    let keep = u64::try_from(keep.as_millis()).map_or(LONGEST_KEEP, |keep| keep.min(LONGEST_KEEP));
    uptime().saturating_add(keep)
}

/// Whether a generation that may go at `until` has to stay at `now`.
pub(super) fn is_retained(until: u64, now: u64) -> bool {
    until > now && until - now <= LONGEST_KEEP
}

/// Removes all generations but the current one and those retained, and the names that an interrupted publication leaves.
/// Everything else is somebody else's.
///
/// Goes on after a failure, and tells the first.
pub(super) fn sweep(target: &TmpfsDir, current: &Current) -> Result<(), PublishError> {
    let mut stay: Vec<_> = current.retained().filter_map(super::Replaced::generation).collect();
    stay.extend(current.generation().cloned());
    let names = dir::names(target).map_err(PublishError::failed("list", target.path()))?;
    let mut first = Ok(());
    for name in names {
        let os_name = OsStr::from_bytes(&name);
        let removed = match Generation::parse(&name) {
            Some(generation) if !stay.contains(&generation) => dir::remove_tree(target, os_name),
            None if is_left_over(&name) => dir::remove(target, os_name),
            _ => continue,
        };
        // A link, or a file, of such a name is none of ours.
        if removed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotADirectory) {
            continue;
        }
        first = first.and(removed.map_err(PublishError::failed("remove", target.path().join(os_name))));
    }
    first
}

#[cfg(test)]
mod tests {
    use super::is_retained;

    #[test]
    fn a_time_from_before_the_machine_started_retains_nothing() {
        assert!(is_retained(131, 130));
        assert!(!is_retained(130, 130));
        assert!(!is_retained(100_000_000, 10));
        assert!(!is_retained(u64::MAX, 0));
    }
}
