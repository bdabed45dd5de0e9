//! Pins what `cargo install --path cli --no-default-features` compiles: the README's first command
//! promises a build in a minute with cargo alone, so no AWS crate and nothing that needs a C compiler.

use std::collections::BTreeSet;
use std::process::Command;

/// Crates in the tree, our own included. A new one costs every new user compile time: raise this
/// only with the reason in the commit.
const CEILING: usize = 110;

/// Build dependencies that mean: a C compiler, CMake or a system library is needed.
const NATIVE_BUILD: [&str; 6] = ["autotools", "bindgen", "cc", "cmake", "pkg-config", "vcpkg"];

#[test]
fn without_aws_no_aws_crate_is_compiled() {
    let aws: Vec<_> = portable_tree()
        .into_iter()
        .filter(|name| name.starts_with("aws-") || name == "sealkit-aws" || name == "tokio")
        .collect();
    assert!(aws.is_empty(), "compiled without the feature `aws`: {aws:?}");
}

#[test]
fn without_aws_no_c_compiler_is_needed() {
    let tree = portable_tree();
    let tools: Vec<_> = NATIVE_BUILD.iter().filter(|name| tree.contains(**name)).collect();
    assert!(tools.is_empty(), "build dependencies on native tools: {tools:?}");

    let native: Vec<_> = crates_with_native_library().intersection(&tree).cloned().collect();
    assert!(native.is_empty(), "crates with a `links` key: {native:?}");
}

#[test]
fn without_aws_the_tree_stays_small() {
    let tree = portable_tree();
    assert!(tree.len() <= CEILING, "{} crates, at most {CEILING}: {tree:?}", tree.len());
}

/// The names of all crates that the build without AWS compiles, build dependencies included.
fn portable_tree() -> BTreeSet<String> {
    let listing = cargo(&[
        "tree",
        "--package=sealctl",
        "--no-default-features",
        "--edges=normal,build",
        "--prefix=none",
        "--format={p}",
    ]);
    let tree: BTreeSet<_> =
        listing.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    assert!(tree.contains("sealctl"), "not a tree: {listing}");
    tree
}

/// The names of all crates of the lockfile that link a native library.
fn crates_with_native_library() -> BTreeSet<String> {
    // Only this platform's crates: those of other systems may never have been downloaded.
    let platform = format!("--filter-platform={}", host());
    let metadata = cargo(&["metadata", "--format-version=1", &platform]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).expect("cargo writes JSON");
    let native: BTreeSet<_> = metadata["packages"]
        .as_array()
        .expect("metadata lists packages")
        .iter()
        .filter(|package| package["links"].is_string())
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .collect();
    assert!(native.contains("aws-lc-sys"), "the AWS build links aws-lc");
    native
}

/// The target triple of the machine that runs this test.
fn host() -> String {
    cargo(&["--version", "--verbose"])
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("cargo names its host")
        .to_owned()
}

/// Runs the cargo that compiled this test, without network, and returns what it printed.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--locked", "--color=never"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}
