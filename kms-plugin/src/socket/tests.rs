#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, geteuid, kill_process};
use sealkit_rig::SetOnDrop;
use tempfile::TempDir;

use super::directory::TEMPORARY;
use super::{Activated, Bound, Occupant, SocketError, SocketSettings, bind_all};

/// A directory that only we can change, below one that is sticky.
fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn bind(path: &Path) -> Result<Bound, SocketError> {
    Bound::bind(&SocketSettings::at(path))
}

/// Whether somebody listens there.
fn is_live(path: &Path) -> bool {
    UnixStream::connect(path).is_ok()
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Leaves a socket that nobody serves.
fn leave_dead(path: &Path) -> u64 {
    drop(UnixListener::bind(path).unwrap());
    // A child that another test forked meanwhile holds a copy of it until it execs.
    until("a closed socket is dead", || !is_live(path));
    fs::symlink_metadata(path).unwrap().ino()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never came true: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_socket_appears_and_goes_and_leaves_nothing_behind() {
    let directory = directory();
    let path = directory.path().join("kms.sock");
    let bound = bind(&path).unwrap();
    assert_eq!(names(directory.path()), ["kms.sock"]);
    assert!(is_live(&path));
    drop(bound);
    assert_eq!(names(directory.path()), [""; 0]);
}

#[test]
fn what_follows_is_not_removed_by_what_went_before() {
    let directory = directory();
    let path = directory.path().join("kms.sock");
    let bound = bind(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    drop(bound);
    assert!(is_live(&path), "only its own inode is unlinked");
    drop(other);
}

#[test]
fn rights_are_those_asked_for_whatever_the_umask() {
    // The umask is of the process: this needs one of its own.
    let directory = directory();
    for (umask, mode) in [("000", 0o600), ("000", 0o660), ("777", 0o660), ("077", 0o666)] {
        let path = directory.path().join(format!("{umask}-{mode:o}"));
        let status = child("bind_as_told", &path)
            .env("SOCKET_TEST_UMASK", umask)
            .env("SOCKET_TEST_MODE", mode.to_string())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        let found = fs::symlink_metadata(&path).unwrap();
        assert!(found.file_type().is_socket());
        assert_eq!(found.mode() & 0o7777, mode, "under umask {umask}");
        assert_eq!(found.uid(), geteuid().as_raw());
    }
}

#[test]
fn owner_and_group_are_set_or_the_error_says_so() {
    let directory = directory();
    let path = directory.path().join("kms.sock");
    let settings =
        SocketSettings { owner: Some(12_345), group: Some(54_321), mode: 0o660, ..SocketSettings::at(&path) };
    if geteuid().is_root() {
        let _bound = Bound::bind(&settings).unwrap();
        let found = fs::symlink_metadata(&path).unwrap();
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o7777), (12_345, 54_321, 0o660));
    } else {
        let error = Bound::bind(&settings).unwrap_err();
        assert!(error.to_string().contains("cannot give it to uid 12345 and gid 54321"), "{error}");
        assert_eq!(names(directory.path()), [""; 0]);
    }
}

#[test]
fn a_dead_socket_is_replaced_and_a_client_never_finds_nothing() {
    const NONE: u32 = 0;
    let directory = directory();
    let path = directory.path().join("kms.sock");
    let watched = path.clone();
    // The round in which the file has to be there, or none.
    let (over, round) = (&AtomicBool::new(false), &AtomicU32::new(NONE));
    thread::scope(|scope| {
        let gaps = scope.spawn(move || {
            let mut gaps = 0;
            while !over.load(Ordering::Relaxed) {
                let before = round.load(Ordering::SeqCst);
                if before != NONE && fs::symlink_metadata(&watched).is_err() {
                    // Only a gap if the file was not there while it should have been.
                    gaps += u32::from(round.load(Ordering::SeqCst) == before);
                }
            }
            gaps
        });
        let ends = SetOnDrop(over);
        for number in 1..=200 {
            let dead = leave_dead(&path);
            round.store(number, Ordering::SeqCst);
            let bound = bind(&path).unwrap();
            round.store(NONE, Ordering::SeqCst);
            assert_ne!(fs::symlink_metadata(&path).unwrap().ino(), dead);
            assert!(is_live(&path));
            drop(bound);
        }
        drop(ends);
        assert_eq!(gaps.join().unwrap(), 0);
    });
    assert_eq!(names(directory.path()), [""; 0]);
}

#[test]
fn what_a_killed_process_leaves_is_replaced() {
    let directory = directory();
    let path = directory.path().join("kms.sock");
    let mut victim = child("bind_and_wait", &path).stdout(Stdio::null()).spawn().unwrap();
    until("the child serves", || is_live(&path));
    let error = bind(&path).unwrap_err();
    assert!(matches!(error, SocketError::Live { .. }), "{error}");
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert_eq!(names(directory.path()), ["kms.sock"], "nobody was there to remove it");
    let _bound = bind(&path).unwrap();
    assert!(is_live(&path));
}

#[test]
fn an_unfinished_socket_of_a_killed_process_is_replaced() {
    let directory = directory();
    leave_dead(&directory.path().join(TEMPORARY));
    let _bound = bind(&directory.path().join("kms.sock")).unwrap();
    assert_eq!(names(directory.path()), ["kms.sock"]);
}

#[test]
fn a_socket_that_is_served_is_refused_at_once_also_if_its_peer_accepts_nothing() {
    let directory = directory();
    let path = directory.path().join("kms.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut waiting = Vec::new();
    rustix::net::listen(&listener, 0).unwrap();
    let start = Instant::now();
    for round in 0..3 {
        let error = bind(&path).unwrap_err();
        assert!(matches!(error, SocketError::Live { .. }), "round {round}: {error}");
        // Fill the queue; the last one finds it full.
        let socket = rustix::net::socket_with(
            rustix::net::AddressFamily::UNIX,
            rustix::net::SocketType::STREAM,
            rustix::net::SocketFlags::NONBLOCK,
            None,
        )
        .unwrap();
        let _ = rustix::net::connect(&socket, &rustix::net::SocketAddrUnix::new(&path).unwrap());
        waiting.push(socket);
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(is_socket(&path));

    let datagrams = directory.path().join("datagrams.sock");
    let _listener = UnixDatagram::bind(&datagrams).unwrap();
    assert!(matches!(bind(&datagrams), Err(SocketError::Live { .. })));
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().file_type().is_socket()
}

#[test]
fn a_stopped_peer_is_still_a_live_one() {
    let directory = directory();
    let path = directory.path().join("kms.sock");
    let mut peer = child("bind_and_wait", &path).stdout(Stdio::null()).spawn().unwrap();
    until("the child serves", || is_live(&path));
    let id = rustix::process::Pid::from_child(&peer);
    kill_process(id, Signal::STOP).unwrap();
    let start = Instant::now();
    let error = bind(&path).unwrap_err();
    assert!(matches!(error, SocketError::Live { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2));
    peer.kill().unwrap();
    peer.wait().unwrap();
}

#[test]
fn what_is_no_socket_is_never_deleted() {
    let directory = directory();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("file"), "precious").unwrap();
    fs::create_dir(at("directory")).unwrap();
    leave_dead(&at("dead"));
    symlink("dead", at("link-to-dead")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let before = names(directory.path());
    for (name, expected) in [
        ("file", Occupant::File),
        ("directory", Occupant::Directory),
        ("link-to-dead", Occupant::Symlink),
        ("dangling", Occupant::Symlink),
        ("pipe", Occupant::Other),
    ] {
        match bind(&at(name)).unwrap_err() {
            SocketError::Occupied { path, occupant } => assert_eq!((path, occupant), (at(name), expected)),
            other => panic!("{name}: {other}"),
        }
    }
    // Nor under the temporary name.
    fs::write(at(TEMPORARY), "precious").unwrap();
    assert!(matches!(bind(&at("kms.sock")), Err(SocketError::Occupied { occupant: Occupant::File, .. })));
    fs::remove_file(at(TEMPORARY)).unwrap();
    assert_eq!(names(directory.path()), before);
    assert_eq!(fs::read(at("file")).unwrap(), b"precious");
}

#[test]
fn a_directory_that_others_can_change_is_refused() {
    let directory = directory();
    let parent = directory.path().join("open");
    fs::create_dir(&parent).unwrap();
    let below = parent.join("closed");
    fs::create_dir(&below).unwrap();
    for (mode, is_fine) in [(0o777, false), (0o702, false), (0o1777, true), (0o775, true), (0o755, true)] {
        fs::set_permissions(&parent, Permissions::from_mode(mode)).unwrap();
        for path in [parent.join("kms.sock"), below.join("kms.sock"), parent.join("closed/../kms.sock")] {
            match bind(&path) {
                Ok(_) => assert!(is_fine, "{mode:o}"),
                Err(SocketError::DirectoryWritable { directory, mode: found, .. }) => {
                    assert!(!is_fine, "{mode:o}");
                    assert_eq!((directory, found), (parent.clone(), mode));
                }
                Err(other) => panic!("{mode:o}: {other}"),
            }
        }
    }
}

#[test]
fn a_directory_or_link_of_another_user_is_refused() {
    if !geteuid().is_root() {
        return;
    }
    let directory = directory();
    let parent = directory.path().join("theirs");
    fs::create_dir(&parent).unwrap();
    fs::create_dir(parent.join("ours")).unwrap();
    std::os::unix::fs::chown(&parent, Some(12_345), None).unwrap();
    let link = directory.path().join("link");
    fs::create_dir(directory.path().join("good")).unwrap();
    symlink("good", &link).unwrap();
    drop(bind(&link.join("kms.sock")).unwrap());
    std::os::unix::fs::lchown(&link, Some(12_345), None).unwrap();
    for (path, culprit) in
        [(parent.join("kms.sock"), &parent), (parent.join("ours/kms.sock"), &parent), (link.join("kms.sock"), &link)]
    {
        match bind(&path).unwrap_err() {
            SocketError::DirectoryOwner { directory, uid: 12_345, .. } => assert_eq!(directory, *culprit),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn paths_that_cannot_be_are_told_apart() {
    let directory = directory();
    let long = directory.path().join("x".repeat(107 - directory.path().as_os_str().len() - 1));
    assert_eq!(long.as_os_str().len(), 107);
    let bound = bind(&long).unwrap();
    assert!(is_live(&long), "the longest path is one that clients can use");
    drop(bound);
    let longer = PathBuf::from(format!("{}x", long.display()));
    assert!(matches!(bind(&longer), Err(SocketError::PathTooLong { bytes: 108, .. })));
    for path in ["", "/", "..", "/tmp/", "/tmp/x/."] {
        assert!(matches!(bind(Path::new(path)), Err(SocketError::NoFileName { .. })), "{path:?}");
    }
    assert!(matches!(bind(&directory.path().join("none/kms.sock")), Err(SocketError::Directory { .. })));
}

#[test]
fn each_error_is_one_line_that_names_the_path() {
    let directory = directory();
    let path = directory.path().join("kms.sock");
    let _bound = bind(&path).unwrap();
    let text = bind(&path).unwrap_err().to_string();
    assert!(text.starts_with(&format!("socket {}: another process serves it: ", path.display())), "{text}");
    assert!(!text.contains('\n') && !text.contains("  "), "{text:?}");
}

#[test]
fn of_many_sockets_every_mistake_is_told_and_none_is_left() {
    let directory = directory();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("file"), "").unwrap();
    let settings = ["one", "file", "two", "none/three"].map(|name| SocketSettings::at(at(name)));
    let errors = bind_all(&settings, Activated::default()).unwrap_err();
    assert_eq!(errors.len(), 2);
    assert_eq!(names(directory.path()), ["file"]);
    let bound = bind_all(&[settings[0].clone(), settings[2].clone()], Activated::default()).unwrap();
    assert_eq!(bound.iter().map(Bound::path).collect::<Vec<_>>(), [at("one"), at("two")]);
    assert!(is_live(&at("one")) && is_live(&at("two")));
}

#[test]
fn of_two_that_start_at_once_one_serves() {
    let directory = directory();
    let path = directory.path().join("kms.sock");
    for _ in 0..50 {
        leave_dead(&path);
        let bound: Vec<_> = thread::scope(|scope| {
            let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| bind(&path))).collect();
            starts.into_iter().filter_map(|start| start.join().unwrap().ok()).collect()
        });
        assert_eq!(bound.len(), 1);
        assert!(is_live(&path));
    }
}

#[test]
fn an_activated_socket_is_taken_and_left_where_it_is() {
    let directory = directory();
    let path = directory.path().join("kms.sock");
    let listener = UnixListener::bind(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o622)).unwrap();

    let told = |child: &mut Command| {
        // LISTEN_PID is the child's own, so a shell sets it.
        let output =
            child.stdin(Stdio::from(std::os::fd::OwnedFd::from(listener.try_clone().unwrap()))).output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let shell = |test: &str, path: &Path| {
        let mut shell = Command::new("sh");
        let script = "exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$@\"";
        shell.args(["-c", script, "sh"]).arg(std::env::current_exe().unwrap()).args(child_arguments(test));
        shell.env("SOCKET_TEST_PATH", path);
        shell
    };
    let output = told(&mut shell("activate", &path));
    assert!(output.contains("1 passed"), "{output}");
    assert_eq!(fs::symlink_metadata(&path).unwrap().mode() & 0o777, 0o622);

    let output = told(&mut shell("activate", &directory.path().join("other.sock")));
    let expected = format!("socket {}: systemd passes it (LISTEN_FDS), but it is not configured", path.display());
    assert!(output.contains(&expected), "{output}");
    assert_eq!(names(directory.path()), ["kms.sock"]);
    drop(listener);
}

/// This test binary again, to run one of the tests below in a process of its own; by themselves they do nothing.
fn child(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(child_arguments(test)).env("SOCKET_TEST_PATH", path);
    command
}

fn child_arguments(test: &str) -> [String; 4] {
    let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    [name, "--exact".into(), "--nocapture".into(), "--test-threads=1".into()]
}

fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn bind_and_wait() {
    let Some(path) = told("SOCKET_TEST_PATH") else { return };
    let _bound = bind(Path::new(&path)).unwrap();
    thread::sleep(Duration::from_secs(60));
}

#[test]
fn bind_as_told() {
    let Some(path) = told("SOCKET_TEST_PATH") else { return };
    let umask = u32::from_str_radix(&told("SOCKET_TEST_UMASK").unwrap(), 8).unwrap();
    rustix::process::umask(umask.into());
    let mode = told("SOCKET_TEST_MODE").unwrap().parse().unwrap();
    let bound = Bound::bind(&SocketSettings { mode, ..SocketSettings::at(path) }).unwrap();
    std::mem::forget(bound);
}

#[test]
fn activate() {
    let Some(path) = told("SOCKET_TEST_PATH") else { return };
    let activated = Activated::from_env().unwrap();
    match bind_all(&[SocketSettings::at(&path)], activated) {
        Ok(bound) => assert!(is_live(bound[0].path())),
        Err(errors) => {
            for error in errors {
                writeln!(std::io::stderr(), "{error}").unwrap();
            }
            panic!("not activated");
        }
    }
}
