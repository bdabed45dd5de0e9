# The steps of --long: what takes too long for every submission. Sourced by ./check.

step_fuzz_long() {
    bash tests/ci/fuzz.sh 1200
}

# 10 GiB through pipes in bounded memory, and every ratio of docs/performance.md.
step_speed_long() {
    cargo build --locked --release --package sealctl
    cargo build --locked --package sealkit-rig --bins
    python3 tests/bench/speed.py --markdown --sealctl "${CARGO_TARGET_DIR:-target}/release/sealctl" \
        --kms-double "${CARGO_TARGET_DIR:-target}/debug/sealkit-aws-double"
}
