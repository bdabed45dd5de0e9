//! Failures in the log: each one while they are few, a number where they are many. In an outage kube-apiserver asks
//! hundreds of times a second, a stranger connects thousands of times, and each would be a line.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines in a window.
const LINES: u32 = 5;
const WINDOW: Duration = Duration::from_secs(10);

/// Lets the first few of each window through.
#[derive(Debug, Default)]
pub(crate) struct Quiet(Mutex<Option<Window>>);

#[derive(Debug)]
struct Window {
    began: Instant,
    lines: u32,
    left_out: u64,
}

impl Quiet {
    /// Whether there is room for a line; and how many had none since the last one.
    pub(crate) fn room(&self) -> Option<u64> {
        self.room_at(Instant::now())
    }

    fn room_at(&self, now: Instant) -> Option<u64> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *slot {
            Some(window) if now.saturating_duration_since(window.began) < WINDOW => {
                if window.lines < LINES {
                    window.lines += 1;
                    Some(std::mem::take(&mut window.left_out))
                } else {
                    window.left_out += 1;
                    None
                }
            }
            old => {
                let left_out = old.take().map_or(0, |window| window.left_out);
                *old = Some(Window { began: now, lines: 1, left_out: 0 });
                Some(left_out)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_lines_become_a_number() {
        let (quiet, start) = (Quiet::default(), Instant::now());
        let lines = (0..1_000).filter(|_| quiet.room_at(start).is_some()).count();
        assert_eq!(lines, 5);
        assert_eq!(quiet.room_at(start + WINDOW), Some(995));
        assert_eq!(quiet.room_at(start + WINDOW), Some(0));
    }
}
