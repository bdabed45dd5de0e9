//! Wiping what a computation left on the stack.
//!
//! Best effort, as everything about the stack is in a compiled language. `tests::no_key_stays_on_the_stack` looks for
//! the keys of a frame after each step; it is how the depth that a cipher needs was found.

use zeroize::zeroize_stack;

/// Deriving a key and expanding it, in bytes. Wiping so much takes some 50 ns.
pub(super) const DERIVATION: usize = 4 << 10;

/// Arithmetic on the curve, generously: it takes a thousand times longer than wiping.
pub(super) const SIGNATURE: usize = 32 << 10;

/// Runs `compute` in a frame of its own, then zeroes `DEPTH` bytes of the stack below, where its keys and intermediates
/// were.
#[inline]
pub(super) fn on_wiped_stack<const DEPTH: usize, T>(compute: impl FnOnce() -> T) -> T {
    #[inline(never)]
    fn run<T>(compute: impl FnOnce() -> T) -> T {
        compute()
    }
    let result = run(compute);
    zeroize_stack::<DEPTH>();
    result
}
