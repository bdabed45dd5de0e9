//! Programs of this workspace, built on first use into the target directory that the running test stands in.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds what `selection` names into `target`.
///
/// # Panics
///
/// When it cannot be built.
pub(crate) fn build(selection: &[&str], target: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--locked"])
        .args(selection)
        .arg("--target-dir")
        .arg(target)
        .current_dir(workspace())
        .status()
        .expect("cargo starts");
    assert!(status.success(), "cargo build {}: {status}", selection.join(" "));
}

/// The target directory that the running test was built in: it stands in `debug/deps/` there.
///
/// # Panics
///
/// When the process is no test.
pub(crate) fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its program");
    test.ancestors().nth(3).expect("a test stands in a target directory").to_owned()
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the rig stands in the workspace")
}
