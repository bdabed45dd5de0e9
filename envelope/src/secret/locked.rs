//! A box on locked pages, for key schedules and other values that contain a key.
#![expect(unsafe_code, reason = "a value is placed into, and dropped out of, memory that no allocator of Rust owns")]

use std::marker::PhantomData;
use std::mem::{align_of, size_of};
use std::ops::Deref;

use super::slab::{Slab, Slot};

const SLOT: usize = 2048;

static VALUES: Slab<SLOT> = Slab::new();

/// Owns a `T` (at most 2 KiB) as `Box` does, in memory that is locked where the process may lock it, stays out of core
/// dumps, and is zeroed after the value's own drop.
pub(crate) struct Locked<T> {
    slot: Slot<SLOT>,
    value: PhantomData<T>,
}

impl<T> Locked<T> {
    /// Boxes what `make` returns. The copy that `make` leaves on the stack is the caller's to wipe.
    #[inline]
    pub(crate) fn new(make: impl FnOnce() -> T) -> Self {
        const { assert!(size_of::<T>() <= SLOT && align_of::<T>() <= SLOT, "the value fits into one slot") };
        let slot = VALUES.take();
        // SAFETY: the slot is `SLOT` bytes, aligned to `SLOT`, ours alone, and holds no value yet. Should `make` panic,
        // the slot is given back without one.
        unsafe { slot.start().cast::<T>().write(make()) };
        Self { slot, value: PhantomData }
    }
}

impl<T> Deref for Locked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `new` placed a valid `T` here, which lives until `drop`.
        unsafe { self.slot.start().cast::<T>().as_ref() }
    }
}

impl<T> Drop for Locked<T> {
    fn drop(&mut self) {
        // SAFETY: the value is valid and is not used again; the slot's own drop then zeroes its bytes.
        unsafe { self.slot.start().cast::<T>().drop_in_place() };
    }
}
