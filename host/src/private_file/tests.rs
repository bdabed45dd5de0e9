#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use tempfile::TempDir;

use super::{PrivateFile, PrivateFileError, Readers};

fn file_with_mode(mode: u32) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("it's");
    fs::write(&path, "content").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    (dir, path)
}

#[test]
fn what_only_we_can_write_is_read() {
    for (mode, readers) in [(0o644, Readers::Anyone), (0o400, Readers::Anyone), (0o600, Readers::OwnerOnly)] {
        let (_dir, path) = file_with_mode(mode);
        assert_eq!(PrivateFile::open(&path, readers).unwrap().read_text(7).unwrap(), "content");
    }
}

#[test]
fn what_others_can_write_is_refused_with_the_remedy() {
    for mode in [0o620, 0o602, 0o666, 0o664] {
        let (_dir, path) = file_with_mode(mode);
        let error = PrivateFile::open(&path, Readers::Anyone).unwrap_err();
        assert!(matches!(error, PrivateFileError::WritableByOthers { mode: found, .. } if found == mode));
        let quoted = path.to_str().unwrap().replace('\'', r"'\''");
        assert_eq!(error.remedy().unwrap(), format!("chmod go-w '{quoted}'"));
    }
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    for mode in [0o640, 0o604, 0o610] {
        let (_dir, path) = file_with_mode(mode);
        assert!(matches!(
            PrivateFile::open(&path, Readers::OwnerOnly),
            Err(PrivateFileError::ReadableByOthers { mode: found, .. }) if found == mode
        ));
    }
}

#[test]
fn a_link_is_judged_by_what_it_points_to() {
    let (dir, path) = file_with_mode(0o666);
    symlink(&path, dir.path().join("link")).unwrap();
    assert!(matches!(
        PrivateFile::open(&dir.path().join("link"), Readers::Anyone),
        Err(PrivateFileError::WritableByOthers { .. })
    ));
}

#[test]
fn directories_devices_and_fifos_are_refused_without_waiting() {
    let dir = TempDir::new().unwrap();
    let fifo = dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    for path in [dir.path(), "/dev/null".as_ref(), &fifo] {
        assert!(matches!(PrivateFile::open(path, Readers::Anyone), Err(PrivateFileError::NotRegular { .. })));
    }
}

#[test]
fn a_file_longer_than_the_limit_is_not_read() {
    let (_dir, path) = file_with_mode(0o600);
    let file = PrivateFile::open(&path, Readers::Anyone).unwrap();
    assert!(matches!(file.read_text(6), Err(PrivateFileError::TooLong { max: 6, .. })));
}

#[test]
#[ignore = "needs root, to make a file that belongs to another user"]
fn what_belongs_to_another_user_is_refused() {
    let (_dir, path) = file_with_mode(0o600);
    std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
    let error = PrivateFile::open(&path, Readers::Anyone).unwrap_err();
    assert!(matches!(error, PrivateFileError::ForeignOwner { owner: 65_534, user: 0, .. }));
    assert_eq!(error.remedy(), None);
}
