//! The termination message: what `kubectl describe pod` shows of an init container that failed.
//!
//! Kubernetes takes 4,096 bytes of a container (12 KiB of all containers of a pod together) and cuts anywhere. Ours is
//! cut at a line, and says how much is missing.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, OFlags};

use super::{Report, text};

/// As many bytes as Kubernetes takes.
pub const LIMIT: usize = 4_096;

/// So that one cause that happened to many objects leaves room for the others.
const OBJECTS: usize = 5;

/// Where Kubernetes looks unless the container says otherwise.
const DEFAULT: &str = "/dev/termination-log";

/// `/dev/termination-log`, if it is a file that we may write.
#[must_use]
pub fn default_termination_message() -> Option<PathBuf> {
    let path = Path::new(DEFAULT);
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let is_ours = rustix::fs::accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok();
    (is_file && is_ours).then(|| path.to_owned())
}

/// Writes the failures; nothing if there are none.
///
/// In place, for the file is a mount point and can't be replaced.
///
/// # Errors
/// If the file can't be written, or is not one.
pub fn write_termination_message(report: &Report, path: &Path) -> io::Result<()> {
    let message = message(report, LIMIT);
    if message.is_empty() {
        return Ok(());
    }
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let mut file = OpenOptions::new().write(true).create(true).mode(0o644).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        file.set_len(0)?;
    } else if !(kind.is_char_device() || kind.is_fifo()) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    file.write_all(message.as_bytes())
}

/// The failures in at most `limit` bytes.
fn message(report: &Report, limit: usize) -> String {
    let problems = report.problems();
    if problems.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = std::iter::once(format!("seal-fetcher {}", text::summary(report)))
        .chain(problems.iter().map(|problem| problem.abbreviated(OBJECTS)))
        .collect();
    let rest = |left_out: usize| match left_out {
        0 => String::new(),
        1 => "1 line more is in the log\n".to_owned(),
        more => format!("{more} lines more are in the log\n"),
    };
    // The longest of these is kept free, unless all lines fit.
    let total: usize = lines.iter().map(|line| line.len() + 1).sum();
    let room = if total <= limit { limit } else { limit.saturating_sub(rest(lines.len().max(2)).len()) };
    let mut message = String::new();
    let mut taken = 0;
    for line in &lines {
        if message.len() + line.len() + 1 > room {
            break;
        }
        message.push_str(line);
        message.push('\n');
        taken += 1;
    }
    message.push_str(&rest(lines.len() - taken));
    message
}

#[cfg(test)]
mod tests {
    use sealkit_host::audit;

    use super::*;
    use crate::failure::Failure;

    fn report(count: usize, length: usize) -> Report {
        let failures = (0..count).map(|number| {
            let message = format!("{number} {}", "ä".repeat(length / 2));
            Failure::other(format!("object-{number}"), audit::Failure::Denied, message, "allow it")
        });
        Report::new("init", "spec.yaml").failed(failures)
    }

    #[test]
    fn it_is_cut_at_a_line_and_says_what_is_missing() {
        for (count, length) in [(1, 10), (40, 60), (400, 60), (100, 300), (3, 5_000), (1, 5_000)] {
            let report = report(count, length);
            let message = message(&report, LIMIT);
            assert!(message.len() <= LIMIT && message.ends_with('\n'), "{count} {length}: {}", message.len());
            let lines: Vec<_> = message.lines().collect();
            assert!(lines[0].starts_with("seal-fetcher init: nothing was published"), "{}", lines[0]);
            let last = lines[lines.len() - 1];
            if last.contains("in the log") {
                let missing: usize = last.split(' ').next().unwrap_or_default().parse().unwrap_or_default();
                assert_eq!(missing + lines.len() - 2, count);
            } else {
                assert_eq!(lines.len() - 1, count);
            }
            assert!(lines[1..lines.len() - 1].iter().all(|line| line.ends_with("allow it")), "no line is cut");
        }
    }

    #[test]
    fn one_cause_of_many_objects_is_one_line() {
        let same = |number| Failure::other(format!("object-{number}"), audit::Failure::Denied, "no", "allow it");
        let report = Report::new("init", "").failed((0..70).map(same));
        let message = message(&report, LIMIT);
        assert_eq!(message.lines().count(), 2, "{message}");
        assert!(message.contains("object-4 and 65 more: no; allow it"), "{message}");
    }

    #[test]
    fn it_is_written_in_place_and_success_writes_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("termination-log");
        std::fs::write(&path, "x".repeat(9_000)).expect("a file");
        write_termination_message(&Report::new("init", ""), &path).expect("nothing to do");
        assert_eq!(std::fs::metadata(&path).expect("there").len(), 9_000);
        write_termination_message(&report(1, 10), &path).expect("it can be written");
        assert!(std::fs::read_to_string(&path).expect("there").ends_with("allow it\n"));
        write_termination_message(&report(1, 10), dir.path()).expect_err("a directory");
    }
}
