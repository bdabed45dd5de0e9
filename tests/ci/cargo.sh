# The steps that need cargo alone. Sourced by ./check.
# Two feature sets matter: everything, and sealctl without AWS (the README's first command).

without_aws=(-p sealctl -p sealkit-envelope -p sealkit-host --no-default-features --features sealctl/kube)

# Builds the workspace's programs for a step that runs them. A test among the targets gives what they share the features
# of `cargo test --workspace`: with others, all that stands on the AWS SDK would be compiled again. For the same reason
# steps that run single tests select these, and not their package.
build_programs() {
    cargo build --locked --workspace --bins --test e2e
}

step_format() {
    cargo fmt --all --check
    cargo fmt --manifest-path envelope/fuzz/Cargo.toml --check
    cargo fmt --manifest-path fetcher/fuzz/Cargo.toml --check
    cargo fmt --manifest-path kms-plugin/fuzz/Cargo.toml --check
}

step_lints() {
    cargo clippy --locked --workspace --all-targets -- -D warnings
    cargo clippy --locked "${without_aws[@]}" --all-targets -- -D warnings
}

# Dev profile: the ciphers are optimised there too (see the root Cargo.toml).
step_tests() {
    cargo test --locked --workspace
    cargo test --locked "${without_aws[@]}"
}

step_docs() {
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps
}
