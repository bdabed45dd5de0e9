//! Anonymous pages that stay out of core dumps and, where the process may, out of swap.
#![expect(unsafe_code, reason = "mapping, locking and unmapping memory has no safe interface")]

use std::alloc::{Layout, handle_alloc_error};
use std::ptr::{NonNull, null_mut};
use std::slice;
use std::sync::{Mutex, PoisonError};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mlock, mmap_anonymous, munmap};
use rustix::process::{Resource, getrlimit};

/// The unit in which this module cuts memory, in bytes. The kernel rounds a mapping up to its own page size (up to
/// 64 KiB on aarch64), so a constant costs nothing but the rest of a large page.
pub(super) const PAGE: usize = 4096;

/// Whether keys are kept from being swapped out; see [`memory_lock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryLock {
    /// No key has been made yet, so nothing was locked.
    Unused,
    /// Every page that ever held a key was locked.
    Held,
    /// The kernel refused to lock at least one page, which may be swapped out.
    Refused {
        /// `RLIMIT_MEMLOCK` at that time, in bytes; `u64::MAX` if unlimited (then a sandbox refused).
        limit_bytes: u64,
    },
}

static MEMORY_LOCK: Mutex<MemoryLock> = Mutex::new(MemoryLock::Unused);

/// Tells whether locking keys in memory has succeeded so far in this process.
///
/// A refusal is not an error: a key in swap is a smaller harm than no service. Programs report it once.
#[must_use]
pub fn memory_lock() -> MemoryLock {
    *MEMORY_LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A private, zeroed, writable mapping, unmapped on drop.
pub(super) struct Pages {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: `Pages` owns its mapping as `Box<[u8]>` owns its allocation: no alias exists outside what its methods borrow
// (and `start`, whose users say themselves why they may), and unmapping works from any thread.
unsafe impl Send for Pages {}
// SAFETY: as above; `&Pages` gives out shared slices only.
unsafe impl Sync for Pages {}

impl Pages {
    /// Maps `len` bytes (positive), rounded up to whole pages.
    ///
    /// Aborts like `Vec` if the kernel has no memory left: callers bound `len` before.
    pub(super) fn map(len: usize) -> Self {
        let len = len.next_multiple_of(PAGE);
        let layout = Layout::from_size_align(len, PAGE).expect("lengths of buffers fit into isize");
        // SAFETY: the kernel chooses the address, so no existing memory is touched.
        let mapped = unsafe { mmap_anonymous(null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) };
        let start = mapped.ok().and_then(|start| NonNull::new(start.cast::<u8>()));
        let Some(start) = start else {
            handle_alloc_error(layout);
        };
        let pages = Self { start, len };
        // A kernel built without the advice still gives a working mapping, and the process forbids dumps itself.
        // SAFETY: the range is exactly our mapping; the advice changes no content.
        let _ = unsafe { madvise(pages.start.as_ptr().cast(), len, Advice::LinuxDontDump) };
        pages
    }

    /// Keeps the pages from being swapped out, and records for [`memory_lock`] whether that worked.
    pub(super) fn lock(&self) {
        // SAFETY: the range is exactly our mapping; locking changes no content. Unmapping unlocks.
        let locked = unsafe { mlock(self.start.as_ptr().cast(), self.len) };
        let mut state = MEMORY_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        if locked.is_err() {
            let limit_bytes = getrlimit(Resource::Memlock).current.unwrap_or(u64::MAX);
            *state = MemoryLock::Refused { limit_bytes };
        } else if *state == MemoryLock::Unused {
            *state = MemoryLock::Held;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The first byte, with provenance over the whole mapping.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: `len` mapped bytes, initialised to zero by the kernel, borrowed as long as `self`.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and `&mut self` excludes every other borrow.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the range is exactly our mapping, and nothing borrows it any more. It cannot fail on a valid range;
        // if it did, the pages would leak, zeroed.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.len) };
    }
}
