//! The modes that ask nobody, as they are typed: help, answers, errors and exit codes.
#![cfg(target_os = "linux")]

use std::process::Command;

/// Each case is a shell session with what it prints; see `tests/cmd/`.
#[test]
fn cases_pin_output_and_exit_codes() {
    let cases = trycmd::TestCases::new();
    cases.case("tests/cmd/*.trycmd");
}

fn seal_fetcher(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_seal-fetcher")).args(args).env_clear().output();
    let output = output.expect("it starts");
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).expect("pages are text")
}

#[test]
fn every_shell_gets_a_script_and_every_mode_a_page() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(seal_fetcher(&["completions", shell]).contains("seal-fetcher"), "{shell}");
    }
    let page = seal_fetcher(&["man"]).replace("\\-", "-");
    assert!(page.contains(".SH EXAMPLES\n.nf\n") && page.contains("seal-fetcher-watch(1)"), "{page}");
    let directory = tempfile::tempdir().expect("tests have a temporary directory");
    let path = directory.path().display().to_string();
    assert_eq!(seal_fetcher(&["man", &path]), "");
    for mode in ["init", "watch", "exec", "plan", "lint", "convert", "install", "probe", "completions", "man"] {
        assert!(directory.path().join(format!("seal-fetcher-{mode}.1")).exists(), "{mode}");
    }
}
