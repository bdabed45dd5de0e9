# The steps of --long: what takes too long for every submission. Sourced by ./check.

step_fuzz_long() {
    bash tests/ci/fuzz.sh 1200
}

# 10 GiB through pipes in bounded memory, and every ratio of docs/performance.md.
step_speed_long() {
    cargo build --locked --release --package sealctl
    build_programs
    python3 tests/bench/speed.py --markdown --sealctl "${CARGO_TARGET_DIR:-target}/release/sealctl" \
        --kms-double "${CARGO_TARGET_DIR:-target}/debug/sealkit-aws-double"
}

# The KMS plugin's figures beside their targets, half an hour of mixed load with faults, and its stories at their
# full length.
step_plugin_long() {
    local load="${CARGO_TARGET_DIR:-target}/release/sealkit-kms-load" plugin="$dist_bin/seal-kms-plugin"
    step_distribution
    cargo build --locked --release --package sealkit-rig --bin sealkit-kms-load
    "$load" targets --markdown "$plugin"
    "$load" soak --duration 30m "$plugin"
    SEALKIT_LONG=1 SEALKIT_KMS_PLUGIN="$plugin" \
        cargo test --locked --workspace --test kms_plugin -- --include-ignored
}

# Five hundred pods that start together, against the quotas of an account, over HTTP. A release build and a machine that
# does little else: what is slow for want of CPU looks like an outage.
step_fetcher_long() {
    ulimit -n "$(ulimit -Hn)"
    cargo test --locked --release --package sealkit-fetcher --test source five_hundred -- \
        --ignored --nocapture --test-threads=1
}
