#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::fs;
use std::process::{Child, Stdio};

use super::harden;
use crate::testing::{self, Unprivileged};

const NAME: &str = "hardening::tests::another_process_of_the_same_user_cannot_look_in";

#[test]
fn another_process_of_the_same_user_cannot_look_in() {
    if let Some(argument) = testing::argument() {
        if argument.as_os_str() == "hardened" {
            assert!(harden().is_complete());
        }
        testing::ready();
        testing::hang();
    }
    let user = Unprivileged::new();
    let start = |role| testing::start(user.rerun(NAME, role));
    let open = start("open");
    let hardened = start("hardened");

    // The control: without hardening the same look succeeds, so it is hardening that stops it.
    // Where Yama confines ptrace to parents, `mem` is closed in any case.
    let yama = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").is_ok_and(|scope| scope.trim() != "0");
    assert!(can_open(&user, &open, "environ") && can_open(&user, &open, "maps"));
    assert!(yama || can_open(&user, &open, "mem"));
    for file in ["environ", "maps", "mem"] {
        assert!(!can_open(&user, &hardened, file), "{file}");
    }
    let limits = fs::read_to_string(format!("/proc/{}/limits", hardened.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);

    for mut child in [open, hardened] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Whether another process of the same user can open `/proc/PID/file`, which is where the kernel decides.
fn can_open(user: &Unprivileged, process: &Child, file: &str) -> bool {
    let path = format!("/proc/{}/{file}", process.id());
    let status = user.command("sh").args(["-c", r#": < "$1""#, "sh", &path]).stderr(Stdio::null()).status();
    status.unwrap().success()
}
