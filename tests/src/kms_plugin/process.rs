//! What a process used, as the kernel tells it.

use std::time::Duration;

/// Clock ticks a second in `/proc`: a constant of the kernel's interface on all architectures that are supported.
const TICKS: u64 = 100;

/// Memory and time of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The most memory that was resident so far (`VmHWM`), in bytes.
    pub peak_memory: u64,
    /// What is resident now (`VmRSS`), in bytes.
    pub memory: u64,
    /// User and system time of all threads, those that ended too; in steps of 10 ms.
    pub cpu: Duration,
}

impl Usage {
    /// The usage of the process `pid`; none once it is gone.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(Self {
            peak_memory: kibibytes(&status, "VmHWM:")? * 1024,
            memory: kibibytes(&status, "VmRSS:")? * 1024,
            cpu: cpu(&stat)?,
        })
    }
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse().ok()
}

fn cpu(stat: &str) -> Option<Duration> {
    // The program's name, in parentheses, may hold anything: fields are counted from the last parenthesis.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1000 / TICKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_found_behind_any_program_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 12 30 0 0 20 0 1 0 1 1 1";
        assert_eq!(cpu(stat), Some(Duration::from_millis(420)));
    }

    #[test]
    fn this_process_uses_memory() {
        let usage = Usage::of(std::process::id()).expect("it runs");
        assert!(usage.memory > 0 && usage.peak_memory >= usage.memory, "{usage:?}");
        assert_eq!(Usage::of(u32::MAX), None);
    }
}
