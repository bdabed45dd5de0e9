# The steps of --all that need more than cargo. Sourced by ./check after cargo.sh and tools.sh.

host_target=$(rustc -vV | sed -n 's/^host: //p')
# RUSTFLAGS recompile every crate, so the distribution binaries have a target directory of their
# own, and every step that runs binaries outside cargo's tests shares them.
dist_target="$SEALKIT_CACHE/dist"
dist_bin="$dist_target/$host_target/dist"
# The fetcher is built for size.
small_bin="$dist_target/$host_target/dist-small"

# Advisories need a database from the network: see CONTRIBUTING.md.
step_licences() {
    "$tools/bin/cargo-deny" --locked check bans licenses sources
}

# The README's first command, word for word, from an empty target directory, with crates fetched: 90
# seconds on two cores. The CPU time beside it tells a slow build from a machine that did other work.
step_first_minute() {
    local command limit=90
    command=$(sed -n '/<!-- first command -->/,/^```$/ { /^cargo install/p }' README.md)
    [[ -n $command ]] || die 'README.md no longer marks its first command'
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    git ls-files -z | xargs -0 cp --parents --no-dereference --target-directory "$scratch"
    cargo fetch --locked
    printf '+ %s\n' "$command"
    (
        cd "$scratch"
        # Away from the user's own binaries and keys. cargo keeps its registry where it is.
        export CARGO_TARGET_DIR="$scratch/target" CARGO_INSTALL_ROOT="$scratch/root"
        export XDG_DATA_HOME="$scratch/data" XDG_CONFIG_HOME="$scratch/config"
        export PATH="$scratch/root/bin:$PATH"
        local TIMEFORMAT='%0R %0U %0S' wall user system
        { time bash -c "set -o pipefail; $command" >&3 2>&4; } 3>&1 4>&2 2>"$scratch/time"
        read -r wall user system <"$scratch/time"
        printf 'first minute: %d s (at most %d), %d s of CPU\n' "$wall" "$limit" $((user + system))
        ((wall <= limit)) || die "the README's first command took $wall s, more than $limit"
    )
}

# Static binaries of profile `dist`, built once. The plugin is held to 15 MiB, the fetcher to 20, and to 15 without
# the Kubernetes client. The fetcher is built apart, so that its features do not grow the others, and with packed
# relocations: they save a tenth of its size, all of which would be read at the start.
step_distribution() {
    local flags=(--locked --target "$host_target" --target-dir "$dist_target")
    local fetcher=(--profile dist-small --package sealkit-fetcher --bin seal-fetcher)
    local packed=(-- -C link-arg=-Wl,-z,pack-relative-relocs)
    export RUSTFLAGS='-C target-feature=+crt-static'
    cargo build "${flags[@]}" --profile dist --package sealctl --package sealkit-kms-plugin
    cargo rustc "${flags[@]}" "${fetcher[@]}" --no-default-features "${packed[@]}"
    # Beside the default build, which takes its name.
    cp "$small_bin/seal-fetcher" "$small_bin/seal-fetcher-without-kube"
    cargo rustc "${flags[@]}" "${fetcher[@]}" "${packed[@]}"
    judge_binary "$dist_bin/sealctl"
    judge_binary "$dist_bin/seal-kms-plugin" 15
    judge_binary "$small_bin/seal-fetcher-without-kube" 15
    judge_binary "$small_bin/seal-fetcher" 20
}

# Static, and of at most $2 MiB if that is given.
judge_binary() {
    local binary=$1 limit=${2:-} bytes
    if readelf --program-headers "$binary" | grep -q INTERP; then
        die "$binary asks for a dynamic loader"
    fi
    bytes=$(stat -c %s "$binary")
    printf '%s: %d bytes, static\n' "$binary" "$bytes"
    [[ -z $limit ]] || ((bytes <= limit << 20)) || die "$1 has $bytes bytes, more than $limit MiB"
}

# The distribution binaries, each alone in an image, hardened as they should be run.
step_container() {
    local debug="${CARGO_TARGET_DIR:-target}/debug"
    build_programs
    bash tests/ci/container.sh "$dist_bin/sealctl" "$dist_bin/seal-kms-plugin" "$debug/sealkit-kms-load" \
        "$small_bin/seal-fetcher" "$debug/sealkit-aws-double"
    # The stories of the fetcher once more, on the static binary: it has another libc beneath it under Landlock.
    SEALKIT_FETCHER="$small_bin/seal-fetcher" cargo test --locked --workspace --test fetcher
}

# What cargo ignores by default: the official SDKs, live, in both directions; stories that take a minute; and what needs
# root, to mount a small file system or own files as another. Herds of five hundred are in --long; small ones are among
# the tests.
step_ignored() {
    cargo test --locked --workspace -- --ignored --skip five_hundred
}

# The envelope crate on aarch64: its vectors under emulation, on the hardware path.
step_aarch64() {
    bash tests/interop/aarch64.sh
}

step_fuzz_smoke() {
    bash tests/ci/fuzz.sh 25
}

# Benchmarks compile and run. Their figures mean nothing here: docs/performance.md has real ones.
step_bench_smoke() {
    cargo bench --locked --package sealkit-envelope --package sealkit-host --bench '*' \
        --features sealkit-envelope/bench,sealkit-envelope/aws-lc -- --test
    build_programs
    python3 tests/bench/speed.py --smoke --sealctl "$dist_bin/sealctl" \
        --kms-double "${CARGO_TARGET_DIR:-target}/debug/sealkit-aws-double"
    python3 tests/bench/fetcher.py --smoke --fetcher "$small_bin/seal-fetcher" \
        --fetcher-without-kube "$small_bin/seal-fetcher-without-kube" \
        --double "${CARGO_TARGET_DIR:-target}/debug/sealkit-aws-double"
    local load="${CARGO_TARGET_DIR:-target}/debug/sealkit-kms-load"
    "$load" targets --smoke "$dist_bin/seal-kms-plugin"
    "$load" --plugin "ours=$dist_bin/seal-kms-plugin" list --objects 200
    "$load" --plugin "ours=$dist_bin/seal-kms-plugin" steady --duration 2s
    # Two faults, briefly: what a soak demands holds at any length.
    "$load" soak --duration 30s --spell 5s "$dist_bin/seal-kms-plugin"
}
