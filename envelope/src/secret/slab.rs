//! Fixed-size slots on locked pages, so that thousands of keys need few of the pages that `RLIMIT_MEMLOCK` allows.
#![expect(unsafe_code, reason = "slots of one page are owned by different keys, which the borrow checker cannot see")]

use std::ptr::NonNull;
use std::slice;
use std::sync::{Mutex, PoisonError};

use zeroize::optimization_barrier;

use super::pages::{PAGE, Pages};

/// An allocator of `SLOT`-byte slots, aligned to `SLOT`, a power of two of at least 64.
pub(super) struct Slab<const SLOT: usize> {
    pages: Mutex<Vec<Page>>,
}

struct Page {
    pages: Pages,
    /// Bit `i` is set while slot `i` is taken.
    taken: u64,
}

impl<const SLOT: usize> Slab<SLOT> {
    const SLOTS: u32 = {
        assert!(SLOT.is_power_of_two() && SLOT >= 64 && SLOT <= PAGE, "a page has 1 to 64 slots");
        #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
        let slots = (PAGE / SLOT) as u32;
        slots
    };

    pub(super) const fn new() -> Self {
        Self { pages: Mutex::new(Vec::new()) }
    }

    /// Takes a zeroed slot.
    pub(super) fn take(&'static self) -> Slot<SLOT> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let page = match pages.iter().position(|page| page.taken.count_ones() < Self::SLOTS) {
            Some(index) => &mut pages[index],
            None => {
                let fresh = Pages::map(PAGE);
                fresh.lock();
                pages.push_mut(Page { pages: fresh, taken: 0 })
            }
        };
        let index = page.taken.trailing_ones();
        page.taken |= 1 << index;
        // SAFETY: `index < SLOTS`, so the slot lies within the page.
        let start = unsafe { page.pages.start().add(index as usize * SLOT) };
        Slot { start, slab: self }
    }

    /// Gives a zeroed slot back. One empty page is kept, for the next key is never far; others are unmapped.
    fn put_back(&self, start: NonNull<u8>) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let offset_in = |page: &Page| start.addr().get().wrapping_sub(page.pages.start().addr().get());
        let index = pages.iter().position(|page| offset_in(page) < PAGE).expect("a slot's page outlives it");
        let slot = offset_in(&pages[index]) / SLOT;
        pages[index].taken &= !(1 << slot);
        if pages[index].taken == 0 && pages.iter().filter(|page| page.taken == 0).count() > 1 {
            pages.swap_remove(index);
        }
    }
}

/// One slot, zeroed again and given back on drop.
pub(super) struct Slot<const SLOT: usize> {
    start: NonNull<u8>,
    slab: &'static Slab<SLOT>,
}

// SAFETY: a slot is the only owner of its `SLOT` bytes: `take` marked them as taken, and only its drop undoes that.
unsafe impl<const SLOT: usize> Send for Slot<SLOT> {}
// SAFETY: as above; `&Slot` gives out shared slices only.
unsafe impl<const SLOT: usize> Sync for Slot<SLOT> {}

impl<const SLOT: usize> Slot<SLOT> {
    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: `SLOT` initialised bytes owned by this slot; its page stays mapped while a slot of it is taken.
        unsafe { slice::from_raw_parts(self.start().as_ptr(), SLOT) }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and `&mut self` excludes every other borrow.
        unsafe { slice::from_raw_parts_mut(self.start().as_ptr(), SLOT) }
    }
}

impl<const SLOT: usize> Drop for Slot<SLOT> {
    fn drop(&mut self) {
        // SAFETY: `SLOT` bytes owned by this slot. Written without a reference, for a value that was placed here may have
        // left padding, which is not initialised.
        unsafe { self.start.as_ptr().write_bytes(0, SLOT) };
        optimization_barrier(self.bytes());
        self.slab.put_back(self.start);
    }
}
