//! Many pieces of work on a few threads; one that fails stops no other.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// How many workers, and how many threads each of them may use for one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// Files worked on at once.
    pub(crate) workers: NonZeroUsize,
    /// Threads for each.
    pub(crate) threads: NonZeroUsize,
}

impl Share {
    /// One file gets all cores; several share them.
    pub(crate) fn of(files: usize, jobs: Option<NonZeroUsize>) -> Self {
        let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let files = NonZeroUsize::new(files).unwrap_or(NonZeroUsize::MIN);
        let workers = jobs.unwrap_or(cores).min(files);
        Self { workers, threads: NonZeroUsize::new(cores.get() / workers.get()).unwrap_or(NonZeroUsize::MIN) }
    }
}

/// Runs `work` on each job and hands each result, as it comes, to `report`, one at a time.
///
/// `report` ends the batch by [`ControlFlow::Break`]: jobs in flight finish and are still reported, no
/// other begins. One worker means this thread, and none is started.
pub(crate) fn run<J: Sync, R: Send>(
    jobs: &[J],
    workers: NonZeroUsize,
    work: impl Fn(&J) -> R + Sync,
    report: impl FnMut(&J, R) -> ControlFlow<()> + Send,
) {
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let report = Mutex::new(report);
    let worker = || {
        while !stopped.load(Ordering::Relaxed)
            && let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let result = work(job);
            let mut report = report.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if report(job, result).is_break() {
                stopped.store(true, Ordering::Relaxed);
            }
        }
    };
    if workers.get() == 1 {
        return worker();
    }
    thread::scope(|scope| {
        for _ in 1..workers.get() {
            scope.spawn(worker);
        }
        worker();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(jobs: &[u32], workers: usize, stop_at: u32) -> Vec<u32> {
        let mut seen = Vec::new();
        let workers = NonZeroUsize::new(workers).expect("tests ask for workers");
        run(
            jobs,
            workers,
            |job| job * 2,
            |job, result| {
                seen.push(result);
                if *job == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        seen
    }

    #[test]
    fn each_job_is_done_once() {
        for workers in [1, 2, 5] {
            let jobs: Vec<u32> = (0..100).collect();
            let mut seen = collect(&jobs, workers, 1000);
            seen.sort_unstable();
            assert_eq!(seen, (0..100).map(|job| job * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_stop_lets_those_in_flight_finish() {
        assert_eq!(collect(&[1, 2, 3, 4], 1, 2), [2, 4]);
        assert!(collect(&(0..1000).collect::<Vec<_>>(), 3, 0).len() < 1000);
    }

    #[test]
    fn one_file_gets_all_cores() {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        assert_eq!(Share::of(1, None).threads.get(), cores);
        assert_eq!(Share::of(1000, None).workers.get(), cores);
        assert_eq!(Share::of(1000, None).threads.get(), 1);
        assert_eq!(Share::of(2, NonZeroUsize::new(8)).workers.get(), 2);
    }
}
