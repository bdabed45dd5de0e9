#!/usr/bin/env bash
# Runs every fuzz target for the given number of seconds, on the stable compiler.
# Usage: fuzz.sh SECONDS [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../envelope/fuzz"

seconds=$1
shift
cache="${SEALKIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sealkit}"
fuzz="$cache/tools/bin/cargo-fuzz"
# The sanitizer and coverage flags are unstable; this lets the stable compiler take them.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR="$cache/fuzz"

targets=("$@")
if ((${#targets[@]} == 0)); then mapfile -t targets < <("$fuzz" list); fi

for target in "${targets[@]}"; do
    # What is found stays in the cache and starts the next run; the seeds in the tree stay as they are.
    corpus="$cache/corpus/$target"
    mkdir -p "$corpus"
    printf '%s: %d s\n' "$target" "$seconds"
    "$fuzz" run "$target" "$corpus" "seeds/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 2>"$cache/fuzz-$target.log" ||
        { tail -40 "$cache/fuzz-$target.log"; exit 1; }
    grep -E 'number_of_executed_units|peak_rss_mb' "$cache/fuzz-$target.log"
done
