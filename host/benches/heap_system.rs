//! The system's allocator: the baseline of `heap_zeroing`.

#[path = "heap/cases.rs"]
mod cases;

fn main() {
    cases::measure("system");
}
