//! A hostile repository, as far as configuration goes; `keys/session/tests.rs` has what it tries with keys.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

struct Repository {
    root: tempfile::TempDir,
}

impl Repository {
    fn with(config: &str) -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir_all(root.path().join("repo/.git")).expect("a repository");
        fs::create_dir_all(root.path().join("repo/a/b")).expect("directories");
        let this = Self { root };
        fs::write(this.path("sealctl.toml"), config).expect("a write");
        fs::set_permissions(this.path("sealctl.toml"), fs::Permissions::from_mode(0o644)).expect("permissions");
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().expect("a path").join("repo").join(name)
    }

    fn configuration(&self) -> Configuration {
        Configuration::load(&UserDirs::below(self.root.path()), true).expect("a configuration")
    }

    fn applied(&self, name: &str) -> Result<Applied, CliError> {
        self.configuration().applied(Some(&self.path(name)))
    }

    fn error(&self) -> CliError {
        self.applied("x").expect_err("an error")
    }
}

const RULE: &str = "[[rule]]\npaths = ['**']\nkeys = ['local:a']\n";

#[test]
fn the_first_rule_that_matches_counts() {
    let repository = Repository::with("[[rule]]\npaths = ['a/*']\n[[rule]]\npaths = ['**']\n");
    let line =
        |name| repository.applied(name).expect("valid").rules().map(|applied| applied.rule.line).collect::<Vec<_>>();
    assert_eq!(line("a/x"), [1]);
    assert_eq!(line("a/b/x"), [3]);
}

#[test]
fn standard_input_is_governed_as_an_unnamed_file_of_the_working_directory() {
    let location = Location { directory: PathBuf::from("/repo/a"), name: None };
    assert!(pattern::PathPattern::parse("**").expect("a pattern").matches(&location.relative_to(Path::new("/repo/a"))));
    assert!(pattern::PathPattern::parse("a/**").expect("a pattern").matches(&location.relative_to(Path::new("/repo"))));
    assert!(
        !pattern::PathPattern::parse("*.env").expect("a pattern").matches(&location.relative_to(Path::new("/repo/a")))
    );
}

#[test]
fn all_mistakes_are_told_at_once_with_line_and_column() {
    let repository = Repository::with(
        "[[rule]]\npaths = ['../**', '/etc/*']\nkeys = ['local:../../x', 'alias/app']\nlimit = 3\n\
         [[rule]]\ncontext = { 'aws-crypto-x' = 'y' }\n[aws]\nprofile = 'theirs'\n",
    );
    let error = repository.error();
    assert_eq!(error.exit, Exit::Config);
    for place in [":2:10:", ":2:19:", ":3:9:", ":3:26:", ":4:1:", ":5:1:", ":6:11:", ":7:"] {
        assert!(error.message.contains(place), "{place} in {}", error.message);
    }
}

#[test]
fn what_only_the_user_may_say_is_unknown_here() {
    for line in [
        "profile = 'x'",
        "region = 'x'",
        "endpoint_url = 'http://x'",
        "role_arn = 'x'",
        "audit = '/tmp/x'",
        "encrypt_failover = true",
        "discovery_accounts = ['1']",
        "allowed_accounts = ['111122223333']",
    ] {
        for text in [format!("{line}\n{RULE}"), format!("{RULE}{line}\n")] {
            let error = Repository::with(&text).error();
            assert!(error.message.contains("unknown field"), "{error}");
            assert!(error.hint.is_some_and(|hint| hint.contains("your own configuration")));
        }
    }
}

#[test]
fn a_file_that_others_can_write_is_refused() {
    let repository = Repository::with(RULE);
    fs::set_permissions(repository.path("sealctl.toml"), fs::Permissions::from_mode(0o666)).expect("permissions");
    let error = repository.error();
    assert_eq!(error.exit, Exit::Config);
    assert!(error.hint.is_some_and(|hint| hint.starts_with("chmod go-w ")));
}

#[test]
fn a_file_that_belongs_to_another_is_refused() {
    let repository = Repository::with(RULE);
    // Only root can give a file away; elsewhere the check of the open file is tested in the crate `host`.
    if std::os::unix::fs::chown(repository.path("sealctl.toml"), Some(12_345), None).is_ok() {
        assert!(repository.error().message.contains("belongs to user 12345"));
    }
}

#[test]
fn links_devices_and_huge_files_are_refused() {
    let repository = Repository::with(RULE);
    let path = repository.path("sealctl.toml");
    for target in ["/dev/zero", "/etc/passwd", "/nonexistent"] {
        fs::remove_file(&path).expect("a removal");
        symlink(target, &path).expect("a link");
        assert!(repository.error().message.contains("symbolic link"), "{target}");
    }
    fs::remove_file(&path).expect("a removal");
    fs::create_dir(&path).expect("a directory");
    assert!(repository.error().message.contains("not a regular file"));
    fs::remove_dir(&path).expect("a removal");
    fs::write(&path, "#".repeat(65 * 1024)).expect("a write");
    assert!(repository.error().message.contains("longer than 65536 bytes"));
}

#[test]
fn nothing_that_a_repository_writes_reaches_the_terminal_raw() {
    let escape = "\\u001b[2J";
    let repository = Repository::with(&format!(
        "\"{escape}\" = 1\n[[rule]]\npaths = [\"{escape}\"]\nkeys = [\"local:{escape}\", \"arn:{escape}\"]\n\
         context = {{ \"aws-crypto-{escape}\" = 'x' }}\nfailover_regions = [\"{escape}\"]\n"
    ));
    let error = repository.error();
    assert!(!error.message.contains('\u{1b}') && !error.object.contains('\u{1b}'), "{error:?}");
}

#[test]
fn files_above_the_repository_do_not_count() {
    let repository = Repository::with(RULE);
    fs::write(repository.root.path().join("sealctl.toml"), "nonsense").expect("a write");
    assert_eq!(repository.applied("a/x").expect("valid").layers.len(), 1);
}

#[test]
fn a_broken_file_in_the_way_is_an_error_for_all_below_and_for_none_beside() {
    let repository = Repository::with(RULE);
    fs::write(repository.path("a/sealctl.toml"), "nonsense").expect("a write");
    assert!(repository.applied("a/b/x").is_err());
    assert!(repository.applied("x").is_ok());
}

#[test]
fn what_was_allowed_here_is_not_allowed_in_a_copy() {
    let repository = Repository::with(RULE);
    let configuration = repository.configuration();
    let applied = repository.applied("x").expect("valid");
    let rule = applied.rule_with_keys().expect("a rule");
    assert!(configuration.check_allowed(rule).is_err());
    configuration.trust().allow(&rule.file.path, &rule.file.content, rule.file.keys()).expect("a record");
    assert_eq!(configuration.check_allowed(rule), Ok(()));
    fs::create_dir(repository.path("copy")).expect("a directory");
    fs::copy(repository.path("sealctl.toml"), repository.path("copy/sealctl.toml")).expect("a copy");
    let applied = repository.applied("copy/x").expect("valid");
    assert!(configuration.check_allowed(applied.rule_with_keys().expect("a rule")).is_err());
}

#[test]
fn no_change_of_a_byte_makes_the_reader_panic() {
    let valid =
        "[[rule]]\npaths = ['a/**']\nkeys = ['local:a']\ncontext = { a = 'b' }\nmax_header_bytes = 9\nsign = true\n";
    for position in 0..valid.len() {
        for byte in ["\n", "[", "=", "\"", "'", "0", "-", "*", "\\", "\u{1b}", "ü"] {
            let text = format!("{}{byte}{}", &valid[..position], &valid[position + 1..]);
            if let Err(error) = RepositoryConfig::parse(Path::new("sealctl.toml"), &text) {
                assert!(error.exit == Exit::Config && !error.message.contains('\u{1b}'), "{text:?}");
            }
        }
    }
}
