//! Directories as they are found.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use sealkit_host::exit::Exit;
use tempfile::TempDir;

use super::{TargetError, TargetSettings, TmpfsDir};
use crate::failure::Failure;
use crate::spec::File;

const STRICT: TargetSettings = TargetSettings { allow_disk: false };

/// A directory in memory: `/dev/shm` is a tmpfs wherever these tests run.
fn memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").expect("/dev/shm can be written to")
}

fn refusal(path: &Path) -> TargetError {
    TmpfsDir::open(path, &STRICT).expect_err("it is to be refused")
}

#[test]
fn a_directory_on_tmpfs_is_taken() {
    let dir = memory();
    let target = TmpfsDir::open(dir.path(), &STRICT).expect("it is memory");
    assert_eq!(target.path(), dir.path());
    assert_eq!(target.group(), rustix::process::getegid().as_raw());
}

#[test]
#[ignore = "needs root, to give a directory away"]
fn the_group_is_the_volumes_where_it_has_setgid() {
    let dir = memory();
    std::os::unix::fs::chown(dir.path(), None, Some(4321)).expect("root may");
    fs::set_permissions(dir.path(), Permissions::from_mode(0o2777)).expect("it is ours");
    let target = TmpfsDir::open(dir.path(), &STRICT).expect("it is memory");
    assert_eq!(target.group(), 4321);
}

#[test]
fn a_directory_on_disk_is_refused_unless_that_is_allowed_loudly() {
    // No file system of a machine's own is memory.
    let found = refusal(Path::new("/proc"));
    assert_eq!(found.to_string(), "the target /proc is not in memory but on proc");
    assert!(found.hint().contains("--allow-disk"), "{}", found.hint());
    let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("sources are on a disk, and ours");
    assert!(matches!(refusal(dir.path()), TargetError::NotMemory { .. }));
    let allowed = TmpfsDir::open(dir.path(), &TargetSettings { allow_disk: true }).expect("it is allowed");
    assert!(allowed.warnings().iter().any(|warning| warning.contains("stay on the disk")), "{:?}", allowed.warnings());
}

#[test]
fn what_is_no_directory_is_told_apart() {
    let dir = memory();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("file"), "").expect("it is ours");
    symlink(dir.path(), at("link")).expect("it is ours");
    assert!(matches!(refusal(&at("absent")), TargetError::Absent { .. }));
    assert!(matches!(refusal(&at("file")), TargetError::NotADirectory { .. }));
    assert!(matches!(refusal(&at("file/below")), TargetError::NotADirectory { .. }));
    for link in ["link", "link/"] {
        assert!(matches!(refusal(&at(link)), TargetError::Link { .. }), "{link}");
    }
    // On the way to the target, links are followed.
    fs::create_dir(at("target")).expect("it is ours");
    TmpfsDir::open(&at("link/target/"), &STRICT).expect("it is memory");
}

#[test]
fn a_refusal_ends_with_the_code_for_input_and_output() {
    let failure = Failure::from(refusal(Path::new("/nonexistent")));
    assert_eq!(failure.exit(), Exit::Io);
    assert!(failure.to_string().starts_with("the target /nonexistent does not exist; mount an emptyDir"), "{failure}");
}

#[test]
fn the_handle_outlives_the_name() {
    let dir = memory();
    let (here, there) = (dir.path().join("here"), dir.path().join("there"));
    fs::create_dir(&here).expect("it is ours");
    let target = TmpfsDir::open(&here, &STRICT).expect("it is memory");
    fs::rename(&here, &there).expect("it is ours");
    symlink("/etc", &here).expect("it is ours");
    rustix::fs::symlinkat("x", &target, "made").expect("it is ours");
    assert!(there.join("made").is_symlink());
}

#[test]
fn rights_are_checked_together() {
    let dir = memory();
    let target = TmpfsDir::open(dir.path(), &STRICT).expect("it is memory");
    let files = [File { path: "a".into(), ..File::default() }];
    target.check_rights(&files).expect("nothing is asked for");
}
