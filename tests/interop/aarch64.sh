#!/usr/bin/env bash
# Runs the envelope crate's tests and vectors on aarch64 under emulation, and proves that AES and GHASH take the
# hardware path there without special flags: the emulator logs the instructions that it runs.
#
# Compiler: Debian's rustc-web, for its standard library comes as libstd-rust-web-dev:arm64 too, from any Debian mirror.
# Both are unpacked in the cache, not installed: apt would refuse the foreign one beside another rustc.
# Linker and emulator are Debian packages that ./check tools installs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cache="${SEALKIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sealkit}/aarch64"
target=aarch64-unknown-linux-gnu

for command in aarch64-linux-gnu-gcc qemu-aarch64-static dpkg-deb; do
    command -v "$command" >/dev/null || {
        printf 'error: %s not found: run ./check tools first\n' "$command" >&2
        exit 1
    }
done

# The packages, whose names carry versions, in directories of our own: the system's apt learns of no foreign
# architecture, and root is not needed.
unpack_compiler() {
    local apt=(-o "Dir::State::lists=$cache/lists" -o "Dir::Cache=$cache/apt" -o APT::Sandbox::User=root
        -o "APT::Architectures::=$(dpkg --print-architecture)" -o APT::Architectures::=arm64)
    depends_on() { apt-cache "${apt[@]}" depends "$1" | sed -n "s/^ *Depends: \($2[0-9.]*\)\$/\1/p" | head -n 1; }
    rm -rf "$cache/debs" "$cache/rust"
    mkdir -p "$cache"/{lists/partial,apt/archives/partial,debs}
    apt-get "${apt[@]}" -q update
    local driver llvm
    driver=$(depends_on libstd-rust-web-dev libstd-rust-web-)
    llvm=$(depends_on "$driver" libllvm)
    (cd "$cache/debs" && apt-get "${apt[@]}" -q download \
        rustc-web "$driver" "$llvm" libstd-rust-web-dev libstd-rust-web-dev:arm64)
    for package in "$cache"/debs/*.deb; do dpkg-deb --extract "$package" "$cache/rust"; done
    printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' \
        "$cache/rust/usr/lib/$(uname -m)-linux-gnu" "$cache/rust/usr/bin/rustc" >"$cache/rustc"
    chmod +x "$cache/rustc"
    "$cache/rustc" --version >"$cache/version"
    rm -rf "$cache/debs" "$cache/lists" "$cache/apt"
}

if [[ ! -s $cache/version ]]; then unpack_compiler; fi
printf '%s for %s\n' "$(<"$cache/version")" "$target"

emulator=(qemu-aarch64-static -L /usr/aarch64-linux-gnu)
export RUSTC="$cache/rustc" CARGO_TARGET_DIR="$cache/target"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
tests=$(cargo test --locked --package sealkit-envelope --lib --target "$target" --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')

# The skipped ones ask the kernel about a mapping, or run a child: the emulator answers the first itself, and wrongly,
# and the kernel here cannot run an aarch64 child. Both hold for any architecture.
"${emulator[@]}" "$tests" \
    --skip secret::tests::a_key_lies_on_a_locked_page_outside_dumps \
    --skip secret::tests::plaintext_lies_outside_dumps_and_is_not_locked \
    --skip secret::tests::a_refused_lock_is_recorded_and_keys_still_work

# An ARMv8.0 core with the cryptography extension, as every server has.
executed="$cache/executed.log"
"${emulator[@]}" -cpu cortex-a72 -d in_asm -D "$executed" "$tests" --quiet nist_gcm_test_case_16
for instruction in aese pmull; do
    found=$(grep -cw "$instruction" "$executed" || true)
    printf '%s: %d places executed\n' "$instruction" "$found"
    ((found > 0)) || {
        printf 'error: AES-256-GCM ran without %s: the hardware path is gone\n' "$instruction" >&2
        exit 1
    }
done
rm -f "$executed"
