//! In threads of their own: a ruleset binds the thread that asks for it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;

use super::*;

/// What `test` finds once its thread is confined; absent on a kernel that can't.
fn confined<T: Send>(allowed: &Allowed, test: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| match confine(allowed) {
            Confined::Not(why) => {
                eprintln!("nothing to test: {why}");
                None
            }
            Confined::Fully | Confined::Partly => Some(test()),
        });
        thread.join().unwrap()
    })
}

#[test]
fn what_is_named_can_be_done_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for name in ["target", "token", "reports", "elsewhere"] {
        fs::create_dir(at(name)).unwrap();
    }
    for name in ["token/old", "elsewhere/file", "termination-log"] {
        fs::write(at(name), "x").unwrap();
    }
    let mut allowed = Allowed { publish: vec![at("target")], write: vec![at("termination-log")], ..Allowed::default() };
    allowed.read_file(&at("token/token"));
    allowed.replace_file(&at("reports/report.json"));
    // It is exchanged after the ruleset is there.
    let kubelet = at("token/..data_tmp");
    fs::write(&kubelet, "new").unwrap();
    let found = confined(&allowed, || {
        let denied = |result: std::io::Result<()>| result.unwrap_err().kind() == ErrorKind::PermissionDenied;
        assert!(denied(fs::read(at("elsewhere/file")).map(drop)));
        assert!(denied(fs::write(at("elsewhere/new"), "x")));
        assert!(denied(fs::remove_file(at("elsewhere/file"))));
        assert!(denied(fs::write(at("token/old"), "x")));
        assert!(denied(fs::read_dir(dir.path()).map(drop)));
        assert!(denied(fs::create_dir(at("reports/directory"))));
        assert!(denied(std::process::Command::new("/bin/true").status().map(drop)));

        assert_eq!(fs::read_to_string(at("token/old")).unwrap(), "x");
        fs::write(at("termination-log"), "y").unwrap();
        fs::create_dir(at("target/..new")).unwrap();
        fs::write(at("target/..new/file"), "x").unwrap();
        symlink("..new", at("target/..data_tmp")).unwrap();
        fs::rename(at("target/..data_tmp"), at("target/..data")).unwrap();
        fs::create_dir(at("target/..newer")).unwrap();
        fs::hard_link(at("target/..new/file"), at("target/..newer/file")).unwrap();
        fs::remove_dir_all(at("target/..new")).unwrap();
        let report = crate::report::Report::new("init", "spec");
        for _ in 0..2 {
            crate::report::write_json(&report, &at("reports/report.json")).unwrap();
        }
        assert!(!fs::read("/proc/self/status").unwrap().is_empty());
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    });
    if found.is_some() {
        fs::rename(&kubelet, at("token/token")).unwrap();
    }
}

#[test]
fn a_token_that_is_exchanged_can_still_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let publish = |generation: &str| {
        fs::create_dir(at(generation)).unwrap();
        fs::write(at(generation).join("token"), generation).unwrap();
        symlink(generation, at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
    };
    publish("..1");
    symlink("..data/token", at("token")).unwrap();
    let mut allowed = Allowed::default();
    allowed.read_file(&at("token"));
    let (said, heard) = std::sync::mpsc::channel::<()>();
    let (said_back, heard_back) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (heard, said_back) = (heard, said_back);
            if let Confined::Not(_) = confine(&allowed) {
                return;
            }
            assert_eq!(fs::read_to_string(at("token")).unwrap(), "..1");
            said_back.send(()).unwrap();
            heard.recv().unwrap();
            assert_eq!(fs::read_to_string(at("token")).unwrap(), "..2");
        });
        if heard_back.recv().is_ok() {
            publish("..2");
            said.send(()).unwrap();
        }
        reader.join().unwrap();
    });
}

#[test]
fn this_thread_and_its_children_stay_as_they_were() {
    let _elsewhere = confined(&Allowed::default(), || ());
    assert!(std::process::Command::new("/bin/true").status().unwrap().success());
}
