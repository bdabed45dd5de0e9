//! What is measured under both allocators: blocks of several sizes, and a vector that grows by doubling.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};

/// Runs all cases under the group `name`.
pub(crate) fn measure(name: &str) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    let mut group = criterion.benchmark_group(name);
    for size in [16, 64, 256, 1 << 10, 4 << 10, 64 << 10, 1 << 20] {
        group.throughput(Throughput::Bytes(size));
        group.bench_with_input(BenchmarkId::new("allocate and free", size), &size, |bencher, &size| {
            let size = usize::try_from(size).expect("sizes are small");
            // Not zeroed and not written: only what the allocator itself costs.
            bencher.iter(|| drop(black_box(Vec::<u8>::with_capacity(black_box(size)))));
        });
    }
    for size in [4 << 10, 1 << 20] {
        group.throughput(Throughput::Bytes(size));
        group.bench_with_input(BenchmarkId::new("grow byte by byte to", size), &size, |bencher, &size| {
            bencher.iter(|| {
                let mut grown = Vec::new();
                (0..size).for_each(|_| grown.push(black_box(0_u8)));
                black_box(grown);
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
