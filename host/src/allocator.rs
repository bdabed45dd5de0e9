//! A global allocator that zeroes every block when it is freed.
//!
//! Keys and plaintext live in types that erase themselves. This catches the rest: what a library copied into a
//! `Vec` of its own, the old block of a `String` that grew, a path or a header. Growing never happens in
//! place, because the default `realloc` allocates, copies and frees, and so leaves no tail behind. The stack and
//! registers are out of its reach.
//!
//! What it costs is in `docs/performance.md`, measured by `cargo bench -p sealkit-host`.
//!
//! ```
//! use sealkit_host::allocator::{self, ZeroOnFree};
//!
//! #[global_allocator]
//! static ALLOCATOR: ZeroOnFree = allocator::zero_on_free();
//! ```

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// The system's allocator, wiping on free.
pub type ZeroOnFree = ZeroAlloc<System>;

/// The one allocator each binary installs.
#[must_use]
pub const fn zero_on_free() -> ZeroOnFree {
    ZeroAlloc(System)
}
