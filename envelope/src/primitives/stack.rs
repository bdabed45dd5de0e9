//! Wiping what a computation left on the stack.

use zeroize::zeroize_stack;

/// More than key schedules and two SHA-512 states take, optimised or not; little enough to cost some 50 ns.
const DEPTH: usize = 4096;

/// Runs `compute` in a frame of its own, then zeroes the stack below, where its keys and intermediates were.
///
/// Best effort, as everything about the stack is in a compiled language; the memory test of the binaries looks.
#[inline]
pub(super) fn on_wiped_stack<T>(compute: impl FnOnce() -> T) -> T {
    #[inline(never)]
    fn run<T>(compute: impl FnOnce() -> T) -> T {
        compute()
    }
    let result = run(compute);
    zeroize_stack::<DEPTH>();
    result
}
