#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::thread;

use rustix::process::Signal;
use tempfile::TempDir;

use super::{AtomicError, NewFile, Overwrite, Place, Target};
use crate::testing;

/// How a new file is made: as the file system allows, or as on one without `O_TMPFILE`.
const WAYS: [fn(Place) -> Result<NewFile, AtomicError>; 2] = [NewFile::create, NewFile::create_named];

fn place(path: &Path) -> Place {
    match Target::classify(path).unwrap() {
        Target::File(place) => place,
        Target::Stream(_) => panic!("{} is a stream", path.display()),
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_new_file_appears_complete_and_private() {
    for create in WAYS {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("f");
        let new = create(place(&path)).unwrap();
        new.file().write_all_at(b"world", 6).unwrap();
        new.file().write_all_at(b"hello ", 0).unwrap();
        assert!(!path.exists());
        new.commit(Overwrite::Refuse).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"hello world");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(names(dir.path()), ["f"]);
    }
}

#[test]
fn an_unnamed_file_has_no_name() {
    let dir = TempDir::new().unwrap();
    let _new = NewFile::create(place(&dir.path().join("f"))).unwrap();
    assert_eq!(names(dir.path()), [""; 0]);
}

#[test]
fn a_file_that_is_dropped_was_never_there() {
    for create in WAYS {
        let dir = TempDir::new().unwrap();
        let new = create(place(&dir.path().join("f"))).unwrap();
        new.file().write_all_at(b"secret", 0).unwrap();
        drop(new);
        assert_eq!(names(dir.path()), [""; 0]);
    }
}

#[test]
fn an_existing_target_is_kept_unless_replacing_was_asked_for() {
    for create in WAYS {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("f");
        // It appears after the work began.
        let new = create(place(&path)).unwrap();
        fs::write(&path, "old").unwrap();
        assert!(matches!(new.commit(Overwrite::Refuse), Err(AtomicError::Exists { path: p }) if p == path));
        assert_eq!(fs::read(&path).unwrap(), b"old");

        assert!(place(&path).is_taken());
        let new = create(place(&path)).unwrap();
        new.file().write_all_at(b"new", 0).unwrap();
        new.commit(Overwrite::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["f"]);
    }
}

#[test]
fn replacing_never_widens_permissions() {
    for (before, after) in [(0o644, 0o600), (0o777, 0o600), (0o400, 0o400), (0o440, 0o400)] {
        for create in WAYS {
            let dir = TempDir::new().unwrap();
            let path = dir.path().join("f");
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(before)).unwrap();
            create(place(&path)).unwrap().commit(Overwrite::Replace).unwrap();
            assert_eq!(mode(&path), after, "{before:o}");
        }
    }
}

#[test]
fn the_longest_name_can_be_made_and_replaced() {
    for create in WAYS {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("n".repeat(255));
        create(place(&path)).unwrap().commit(Overwrite::Refuse).unwrap();
        create(place(&path)).unwrap().commit(Overwrite::Replace).unwrap();
        assert_eq!(names(dir.path()).len(), 1);
    }
}

#[test]
fn one_of_many_that_race_for_a_name_gets_it() {
    for create in WAYS {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("f");
        let won = thread::scope(|scope| {
            let racers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| create(place(&path)).unwrap().commit(Overwrite::Refuse).is_ok()))
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!((won, names(dir.path()).len()), (1, 1));
    }
}

#[test]
fn a_link_stays_and_what_it_points_to_is_replaced() {
    for create in WAYS {
        let dir = TempDir::new().unwrap();
        let (link, real) = (dir.path().join("link"), dir.path().join("sub/real"));
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(&real, "old").unwrap();
        symlink("sub/real", &link).unwrap();

        assert!(place(&link).is_taken());
        assert!(matches!(create(place(&link)).unwrap().commit(Overwrite::Refuse), Err(AtomicError::Exists { .. })));
        let new = create(place(&link)).unwrap();
        new.file().write_all_at(b"new", 0).unwrap();
        new.commit(Overwrite::Replace).unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

#[test]
fn a_link_to_nothing_is_taken_but_can_be_filled() {
    let dir = TempDir::new().unwrap();
    let link = dir.path().join("link");
    symlink("later", &link).unwrap();
    assert!(place(&link).is_taken());
    assert!(matches!(
        NewFile::create(place(&link)).unwrap().commit(Overwrite::Refuse),
        Err(AtomicError::Exists { .. })
    ));
    assert_eq!(names(dir.path()), ["link"]);
    NewFile::create(place(&link)).unwrap().commit(Overwrite::Replace).unwrap();
    assert_eq!(names(dir.path()), ["later", "link"]);
}

#[test]
fn directories_and_endless_links_are_errors() {
    let dir = TempDir::new().unwrap();
    symlink("loop", dir.path().join("loop")).unwrap();
    for name in ["", ".", "..", "new/", "new/.", "/"] {
        let path = dir.path().join(name);
        assert!(matches!(Target::classify(&path), Err(AtomicError::IsADirectory { .. })), "{name:?}");
    }
    for name in ["loop", "missing/f"] {
        assert!(matches!(Target::classify(&dir.path().join(name)), Err(AtomicError::Failed { .. })), "{name:?}");
    }
}

#[test]
fn devices_are_written_and_survive() {
    for path in ["/dev/null", "/dev/full"].map(Path::new) {
        let Target::Stream(stream) = Target::classify(path).unwrap() else { panic!("a device is a stream") };
        let written = stream.open().unwrap().write_all(b"x");
        assert_eq!(written.is_err(), path.ends_with("full"));
        assert!(fs::symlink_metadata(path).unwrap().file_type().is_char_device());
    }
}

#[test]
fn a_fifo_is_written_to_its_reader() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let Target::Stream(stream) = Target::classify(&path).unwrap() else { panic!("a FIFO is a stream") };
    let reader = thread::spawn({
        let path = path.clone();
        move || {
            let mut read = String::new();
            fs::File::open(path).unwrap().read_to_string(&mut read).unwrap();
            read
        }
    });
    stream.open().unwrap().write_all(b"through").unwrap();
    assert_eq!(reader.join().unwrap(), "through");
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
}

#[test]
fn what_was_a_device_and_became_a_file_is_not_written() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("x");
    symlink("/dev/null", &path).unwrap();
    let Target::Stream(stream) = Target::classify(&path).unwrap() else { panic!("a link to a device is a stream") };
    fs::remove_file(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    assert!(stream.open().is_err());
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

#[test]
fn kill_9_in_the_middle_leaves_the_old_file_and_nothing_else() {
    if let Some(dir) = testing::argument() {
        let new = NewFile::create(place(&dir.join("f"))).unwrap();
        new.file().write_all_at(&[b'p'; 1 << 20], 0).unwrap();
        testing::ready();
        testing::hang();
    }
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("f"), "old").unwrap();
    let name = "atomic::tests::kill_9_in_the_middle_leaves_the_old_file_and_nothing_else";
    let mut child = testing::start(testing::rerun(name, dir.path()));
    testing::send(&child, Signal::KILL);
    child.wait().unwrap();
    assert_eq!(names(dir.path()), ["f"]);
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"old");
}

/// Naming goes by way of `/proc/self`, which belongs to root once a process is not dumpable.
#[test]
fn a_hardened_process_without_privilege_can_name_its_files() {
    if let Some(home) = testing::argument() {
        assert!(crate::hardening::harden().is_complete());
        let path = home.join("f");
        let new = NewFile::create(place(&path)).unwrap();
        assert_eq!(names(&home), ["tests"], "it has no name yet");
        new.commit(Overwrite::Refuse).unwrap();
        NewFile::create(place(&path)).unwrap().commit(Overwrite::Replace).unwrap();
        testing::ready();
        testing::hang();
    }
    let user = testing::Unprivileged::new();
    let name = "atomic::tests::a_hardened_process_without_privilege_can_name_its_files";
    let mut child = testing::start(user.rerun(name, user.home()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(names(user.home()), ["f", "tests"]);
}

#[test]
#[ignore = "needs root, to mount a small file system"]
fn a_full_disk_leaves_the_old_file_and_nothing_else() {
    for create in WAYS {
        let disk = testing::SmallDisk::mount();
        let path = disk.path().join("f");
        fs::write(&path, "old").unwrap();
        let new = create(place(&path)).unwrap();
        let error = new.file().write_all_at(&[0; 2 << 20], 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        drop(new);
        assert_eq!(names(disk.path()), ["f"]);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        // And its space is free again.
        let new = create(place(&path)).unwrap();
        new.file().write_all_at(&[0; 512 << 10], 0).unwrap();
        new.commit(Overwrite::Replace).unwrap();
    }
}

#[test]
#[ignore = "needs root, to make a link that belongs to another user"]
fn a_link_that_another_user_put_into_a_directory_open_to_all_is_refused() {
    let dir = TempDir::new().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o1777)).unwrap();
    let link = dir.path().join("link");
    for to in ["/dev/null", "/etc/passwd", "nothing"] {
        symlink(to, &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(65_534), None).unwrap();
        assert!(
            matches!(
                Target::classify(&link),
                Err(AtomicError::ForeignLink { owner: 65_534, .. } | AtomicError::Failed { .. })
            ),
            "{to}"
        );
        fs::remove_file(&link).unwrap();
    }
}
