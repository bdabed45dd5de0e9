//! Help, completions and manual pages.

use crate::rig::Dir;

#[test]
fn cases_pin_help_output_and_exit_codes() {
    let home = tempfile::tempdir().expect("tests have a temporary directory");
    let cases = trycmd::TestCases::new();
    cases.insert_var("[HOME]", home.path().display().to_string()).expect("it is a valid name");
    cases
        .env("HOME", home.path().display().to_string())
        .env("XDG_DATA_HOME", home.path().join("data").display().to_string())
        .env("XDG_CONFIG_HOME", home.path().join("config").display().to_string())
        .case("tests/cmd/*.trycmd");
    if !cfg!(feature = "kube") {
        // One says which commands there are, the others what the missing one does.
        cases.skip("tests/cmd/help.trycmd").skip("tests/cmd/*kube.trycmd");
    }
}

#[test]
fn every_shell_gets_a_script() {
    let dir = Dir::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(String::from_utf8_lossy(&dir.run(["completions", shell]).ok().stdout).contains("sealctl"));
    }
}

#[test]
fn every_command_gets_a_page() {
    let dir = Dir::new();
    dir.run(["man", "man1"]).ok();
    let names = dir.names();
    for page in ["sealctl.1", "sealctl-encrypt.1", "sealctl-decrypt.1", "sealctl-keygen.1"] {
        assert!(names.contains(&format!("man1/{page}")), "{names:?}");
    }
    assert!(String::from_utf8_lossy(&dir.run(["man"]).ok().stdout).contains(".TH sealctl 1"));
}

#[test]
fn examples_keep_their_lines_in_the_pages() {
    let dir = Dir::new();
    dir.run(["man", "man1"]).ok();
    let kube = cfg!(feature = "kube").then_some("sealctl-kube-encryption-config");
    let names = ["sealctl", "sealctl-encrypt", "sealctl-decrypt", "sealctl-config", "sealctl-man"];
    for name in names.into_iter().chain(kube) {
        let page = String::from_utf8(dir.read(&format!("man1/{name}.1"))).expect("text");
        let (_, examples) = page.split_once(".SH EXAMPLES\n.nf\n  sealctl ").expect(name);
        let (examples, _) = examples.split_once("\n.fi\n").expect(name);
        assert!(!examples.contains(".SH") && !examples.contains("\n\n"), "{examples}");
        assert!(!page.contains(".SH EXTRA"), "{name}");
    }
    let page = String::from_utf8(dir.run(["man"]).ok().stdout).expect("text");
    assert!(page.contains("\n.fi\n.PP\nFiles are messages"), "{page}");
}
