//! Removing what nobody reads any more, and what an interrupted run left.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::PublishError;
use super::current::Current;
use super::dir;
use super::layout::{Generation, is_left_over};
use crate::target::TmpfsDir;

/// No generation is kept for longer than this, so a time beyond it is none that we have set since the machine started.
const LONGEST_KEEP: u64 = 24 * 3600;

/// Seconds since the machine started, sleep included: a clock that all containers of a pod share, and nobody sets.
pub(super) fn uptime() -> u64 {
    u64::try_from(rustix::system::sysinfo().uptime).unwrap_or(0)
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
        assert!(!is_retained(1_000_000, 10));
        assert!(!is_retained(u64::MAX, 0));
    }
}
