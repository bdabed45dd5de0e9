//! The process as Prometheus' client libraries describe it: dashboards for any program show these.

use std::fs;

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge};

/// Names and labels are constants.
const VALID: &str = "the name is valid";

/// Ticks a second in `/proc`: 100 on all of Linux' architectures that Rust's AWS SDK runs on, whatever the kernel's own
/// timer.
const TICKS: f64 = 100.0;

/// What `/proc` says; what it does not say is left out.
#[derive(Debug, Default, PartialEq)]
struct Process {
    cpu_seconds: Option<f64>,
    start_time: Option<f64>,
    resident_bytes: Option<f64>,
    open_fds: Option<f64>,
}

/// The families of one reading of `/proc`: CPU time, start, resident memory, descriptors. What it does not say is left out.
///
/// # Panics
///
/// Never: the names are constants.
#[must_use]
pub fn gather() -> Vec<MetricFamily> {
    let process = Process::read();
    let cpu = Counter::new("process_cpu_seconds_total", "CPU time, in user and kernel mode").expect(VALID);
    let mut families = Vec::new();
    if let Some(seconds) = process.cpu_seconds {
        cpu.inc_by(seconds);
        families.extend(cpu.collect());
    }
    for (name, help, value) in [
        ("process_start_time_seconds", "When the process was started", process.start_time),
        ("process_resident_memory_bytes", "Memory in use", process.resident_bytes),
        ("process_open_fds", "Open file descriptors", process.open_fds),
    ] {
        if let Some(value) = value {
            let gauge = Gauge::new(name, help).expect(VALID);
            gauge.set(value);
            families.extend(gauge.collect());
        }
    }
    families
}

impl Process {
    fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let stat = text("/proc/self/stat");
        let field = |number| field(&stat, number);
        let boot = value(&text("/proc/stat"), "btime ");
        Self {
            cpu_seconds: Option::zip(field(14), field(15)).map(|(user, system)| (user + system) / TICKS),
            start_time: Option::zip(boot, field(22)).map(|(boot, start)| boot + start / TICKS),
            resident_bytes: value(&text("/proc/self/status"), "VmRSS:").map(|kib| kib * 1024.0),
            // One of them is that of the directory itself.
            open_fds: fs::read_dir("/proc/self/fd")
                .ok()
                .and_then(|fds| u32::try_from(fds.count()).ok())
                .map(|count| f64::from(count) - 1.0),
        }
    }
}

/// A field of `/proc/PID/stat`, counted from 1 as in proc(5). The second is a name in parentheses that may hold anything.
fn field(stat: &str, number: usize) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(number - 3)?.parse().ok()
}

/// The number behind `name` at the beginning of a line.
fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_described() {
        let process = Process::read();
        assert!(process.resident_bytes.is_some_and(|bytes| bytes > 1_000_000.0), "{process:?}");
        assert!(process.open_fds.is_some_and(|fds| fds >= 3.0), "{process:?}");
        assert!(process.start_time.is_some_and(|start| start > 1_500_000_000.0), "{process:?}");
        assert!(process.cpu_seconds.is_some(), "{process:?}");
        assert_eq!(gather().len(), 4);
    }

    #[test]
    fn a_name_with_parentheses_and_spaces_misleads_nobody() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 12345 0 0";
        assert_eq!((field(stat, 14), field(stat, 15), field(stat, 22)), (Some(250.0), Some(50.0), Some(12345.0)));
        assert_eq!(field("", 14), None);
    }
}
