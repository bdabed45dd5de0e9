//! The allocator that the binaries install, beside `heap_system`.

use sealkit_host::allocator::{self, ZeroOnFree};

#[path = "heap/cases.rs"]
mod cases;

#[global_allocator]
static ALLOCATOR: ZeroOnFree = allocator::zero_on_free();

fn main() {
    cases::measure("zero on free");
}
