#!/usr/bin/env bash
# Runs every fuzz target, of all fuzz crates, for the given number of seconds, on the stable compiler; those of the
# fetcher, which are many and read text, for two fifths of them. As many run at once as there are processors.
# Usage: fuzz.sh SECONDS [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=$1
shift
cache="${SEALKIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sealkit}"
fuzz="$cache/tools/bin/cargo-fuzz"
# The sanitizer and coverage flags are unstable; this lets the stable compiler take them.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR="$cache/fuzz"

# Target names are unique among the crates: each is also the name of a program in the one target directory.
declare -A crate_of
known=()
for crate in envelope kms-plugin fetcher; do
    while read -r target; do
        crate_of[$target]=$crate
        known+=("$target")
    done < <(cd "$crate/fuzz" && "$fuzz" list)
done

targets=("$@")
if ((${#targets[@]} == 0)); then targets=("${known[@]}"); fi

for target in "${targets[@]}"; do
    if [[ -z ${crate_of[$target]:-} ]]; then
        printf 'fuzz.sh: there is no target "%s"; there are: %s\n' "$target" "${known[*]}" >&2
        exit 2
    fi
done

# cargo-fuzz with the flags that are the same for building and running a target.
cargo_fuzz() (
    local command=$1 target=$2
    shift 2
    local flags=(--sanitizer address)
    if [[ ${crate_of[$target]} == fetcher ]]; then
        # Its targets run safe code alone, and the AWS SDK, which is compiled with it, would be instrumented for nothing;
        # most of the time goes into compiling it.
        flags=(--sanitizer none --codegen-units 16)
    fi
    cd "${crate_of[$target]}/fuzz" || exit
    "$fuzz" "$command" "${flags[@]}" "$target" "$@"
)

run_target() {
    local target=$1 duration=$seconds log="$cache/fuzz-$1.log"
    if [[ ${crate_of[$target]} == fetcher ]]; then duration=$(((seconds * 2 + 4) / 5)); fi
    # What is found stays in the cache and starts the next run; the seeds in the tree stay as they are.
    local corpus="$cache/corpus/$target"
    mkdir -p "$corpus"
    cargo_fuzz run "$target" "$corpus" "seeds/$target" -- \
        -max_total_time="$duration" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 2>"$log" ||
        { tail -40 "$log"; printf 'fuzz.sh: target %s failed\n' "$target"; return 1; }
    printf '%s: %d s\n%s\n' "$target" "$duration" "$(grep -E 'number_of_executed_units|peak_rss_mb' "$log")"
}

for target in "${targets[@]}"; do
    cargo_fuzz build "$target" 2>"$cache/fuzz-$target.log" || { tail -40 "$cache/fuzz-$target.log"; exit 1; }
done

# A target uses one processor.
lanes=$(nproc) running=0 failed=0
for target in "${targets[@]}"; do
    if ((running == lanes)); then
        wait -n || failed=1
        running=$((running - 1))
    fi
    run_target "$target" &
    running=$((running + 1))
done
for ((; running > 0; running--)); do wait -n || failed=1; done
exit "$failed"
