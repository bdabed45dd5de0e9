use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use sealkit_envelope::DecryptError;

use super::*;
use crate::config::trust::{ContentDigest, TrustStore};

/// A user with directories of their own, and a repository that may be hostile.
struct World {
    root: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir_all(root.path().join("repo/.git")).expect("a repository");
        fs::create_dir_all(root.path().join("repo/secrets")).expect("a directory");
        Self { root }
    }

    fn dirs(&self) -> UserDirs {
        UserDirs::below(self.root.path())
    }

    /// A path in the repository.
    fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().expect("a path").join("repo").join(name)
    }

    fn config(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("permissions");
        path
    }

    fn allow(&self, path: &Path) {
        let content = ContentDigest::of(&fs::read(path).expect("the file"));
        TrustStore::new(&self.dirs()).allow(path, &content, Vec::new()).expect("a record");
    }

    fn user_config(&self, text: &str) {
        let path = self.dirs().config_file();
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, text).expect("a write");
    }

    fn session(&self, intent: Intent) -> Session {
        Session::open_in(intent, &self.dirs()).expect("a session")
    }

    fn encrypt(&self, name: &str, intent: Intent) -> Result<Vec<u8>, CliError> {
        let session = self.session(intent);
        let plan = session.encrypt_plan(Some(&self.path(name)))?;
        session
            .block_on(plan.encryptor.encrypt(b"plaintext", &plan.context))
            .map_err(|error| CliError::new(Exit::Internal, name, error.to_string()))
    }

    fn decrypt(&self, name: &str, intent: Intent, message: &[u8]) -> Result<Vec<u8>, CliError> {
        let session = self.session(intent);
        let path = self.path(name);
        let limits = session.limits(Some(&path))?;
        let header = UnverifiedHeader::parse(message, &limits).expect("a header");
        let plan = session.decrypt_plan(Some(&path), &header)?;
        match session.block_on(plan.decryptor.decrypt(message, &plan.context)) {
            Ok((plaintext, _)) => Ok(plaintext.expose_secret().to_vec()),
            Err(DecryptError::Keyring(error)) => Err(crate::error::keyring(name, &error)),
            Err(error) => Err(CliError::new(Exit::Refused, name, error.to_string())),
        }
    }
}

fn quiet() -> Intent {
    Intent { quiet: true, ..Intent::default() }
}

fn with_key(key: &str) -> Intent {
    Intent { keys: vec![key.to_owned()], ..quiet() }
}

fn with_context(intent: Intent, pairs: &[(&str, &str)]) -> Intent {
    let context = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Intent { context, ..intent }
}

#[test]
fn a_local_key_is_made_on_encrypt_and_found_on_decrypt() {
    let world = World::new();
    let message = world.encrypt("a", with_key("local:demo")).expect("a message");
    assert_eq!(world.decrypt("a.sealed", quiet(), &message), Ok(b"plaintext".to_vec()));
    assert_eq!(world.decrypt("a.sealed", with_key("local:demo"), &message), Ok(b"plaintext".to_vec()));
}

#[test]
fn a_dry_run_makes_no_key() {
    let world = World::new();
    let session = world.session(Intent { dry_run: true, ..with_key("local:demo") });
    session.encrypt_plan(Some(&world.path("a"))).expect("a plan");
    assert!(!world.dirs().keys().exists());
}

#[test]
fn several_local_keys_each_decrypt() {
    let world = World::new();
    let keys = vec!["local:one".to_owned(), "local:two".to_owned()];
    let message = world.encrypt("a", Intent { keys, ..quiet() }).expect("a message");
    let store = KeyStore::new(&world.dirs());
    fs::remove_file(store.path_of(&"one".parse().expect("a name"))).expect("a removal");
    assert_eq!(world.decrypt("a", quiet(), &message), Ok(b"plaintext".to_vec()));
    fs::remove_file(store.path_of(&"two".parse().expect("a name"))).expect("a removal");
    let error = world.decrypt("a", quiet(), &message).expect_err("no key");
    assert_eq!((error.exit, error.object.as_str()), (Exit::NotFound, "local:one"));
}

#[test]
fn context_must_be_the_one_that_was_stored() {
    let world = World::new();
    let message = world.encrypt("a", with_context(with_key("local:demo"), &[("app", "demo")])).expect("a message");
    let decrypt = |pairs| world.decrypt("a", with_context(quiet(), pairs), &message);
    assert!(decrypt(&[]).is_ok());
    assert!(decrypt(&[("app", "demo")]).is_ok());
    assert_eq!(decrypt(&[("app", "other")]).map_err(|error| error.exit), Err(Exit::Refused));
    assert_eq!(decrypt(&[("new", "pair")]).map_err(|error| error.exit), Err(Exit::Refused));
    let required = Intent { require_context_keys: vec!["owner".to_owned()], ..quiet() };
    assert_eq!(world.decrypt("a", required, &message).map_err(|error| error.exit), Err(Exit::Refused));
}

#[test]
fn without_a_terminal_nothing_chooses_a_key() {
    // Tests have no terminal on standard error when they run in CI; with one, the default key is used.
    let world = World::new();
    if !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        let error = world.encrypt("a", quiet()).expect_err("no key");
        assert_eq!(error.exit, Exit::Usage);
        let hint = error.hint.expect("three choices");
        for choice in ["local:NAME", "AWS KMS", "sealctl.toml"] {
            assert!(hint.contains(choice), "{hint}");
        }
    }
}

#[test]
fn keys_of_a_repository_are_used_once_they_are_allowed() {
    let world = World::new();
    let config = world.config("sealctl.toml", "[[rule]]\npaths = ['secrets/**']\nkeys = ['local:team']\n");
    let error = world.encrypt("secrets/a", quiet()).expect_err("not allowed");
    assert_eq!(error.exit, Exit::Config);
    assert!(error.hint.is_some_and(|hint| hint.starts_with("sealctl config allow ")));

    world.allow(&config);
    let error = world.encrypt("secrets/a", quiet()).expect_err("no such key, and none is made");
    assert_eq!(error.exit, Exit::NotFound);
    KeyStore::new(&world.dirs()).create(&"team".parse().expect("a name")).expect("a key");
    let message = world.encrypt("secrets/a", quiet()).expect("a message");
    assert_eq!(world.decrypt("secrets/a.sealed", quiet(), &message), Ok(b"plaintext".to_vec()));

    world.config("sealctl.toml", "[[rule]]\npaths = ['**']\nkeys = ['local:other']\n");
    let error = world.encrypt("secrets/a", quiet()).expect_err("changed");
    assert!(error.message.contains("has changed"), "{error}");
}

#[test]
fn a_rule_narrows_what_is_typed() {
    let world = World::new();
    world.config("sealctl.toml", "[[rule]]\npaths = ['secrets/**']\nkeys = ['local:team']\n");
    let error = world.encrypt("secrets/a", with_key("local:mine")).expect_err("not among the rule's keys");
    assert_eq!(error.exit, Exit::Refused);
    assert!(error.message.contains("sealctl.toml:1"), "{error}");
    assert!(world.encrypt("secrets/a", with_key("local:team")).is_ok());
    assert!(world.encrypt("other", with_key("local:mine")).is_ok());
}

#[test]
fn a_rule_narrows_what_decrypts() {
    let world = World::new();
    let message = world.encrypt("secrets/a", with_key("local:mine")).expect("a message");
    assert!(world.decrypt("secrets/a", quiet(), &message).is_ok());
    let config = world.config("sealctl.toml", "[[rule]]\npaths = ['secrets/**']\nkeys = ['local:team']\n");
    world.allow(&config);
    KeyStore::new(&world.dirs()).create(&"team".parse().expect("a name")).expect("a key");
    assert_eq!(world.decrypt("secrets/a", quiet(), &message).map_err(|error| error.exit), Err(Exit::Refused));
    assert_eq!(
        world.decrypt("secrets/a", with_key("local:mine"), &message).map_err(|error| error.exit),
        Err(Exit::Refused)
    );
}

#[test]
fn a_nested_file_cannot_hide_the_demands_of_the_one_above() {
    let world = World::new();
    world.config("sealctl.toml", "[[rule]]\npaths = ['**']\nkeys = ['local:team']\nrequire_context_keys = ['app']\n");
    let nested = world.config(
        "secrets/sealctl.toml",
        "[[rule]]\npaths = ['**']\nkeys = ['local:evil']\nmax_encrypted_data_keys = 1000\n",
    );
    world.allow(&nested);
    let error = world.encrypt("secrets/a", quiet()).expect_err("a key that the outer file does not name");
    assert_eq!(error.exit, Exit::Refused);
    let error = world.encrypt("secrets/a", with_key("local:team")).expect_err("nor the inner one");
    assert_eq!(error.exit, Exit::Refused);
    let session = world.session(quiet());
    let limits = session.limits(Some(&world.path("secrets/a"))).expect("limits");
    assert_eq!(limits.max_encrypted_data_keys, 16);
}

#[test]
fn context_of_a_rule_is_added_on_encrypt_and_demanded_on_decrypt() {
    let world = World::new();
    let without = world.encrypt("a", with_key("local:k")).expect("a message");
    let config = world.config("sealctl.toml", "[[rule]]\npaths = ['**']\ncontext = { app = 'demo' }\n");
    let error = world.encrypt("a", with_key("local:k")).expect_err("not allowed yet");
    assert_eq!(error.exit, Exit::Config);
    world.allow(&config);
    let message = world.encrypt("a", with_key("local:k")).expect("a message");
    assert!(world.decrypt("a", quiet(), &message).is_ok());
    assert_eq!(world.decrypt("a", quiet(), &without).map_err(|error| error.exit), Err(Exit::Refused));
    let contradicting = with_context(with_key("local:k"), &[("app", "other")]);
    assert_eq!(world.encrypt("a", contradicting).map_err(|error| error.exit), Err(Exit::Refused));
}

#[test]
fn only_the_user_raises_limits() {
    let world = World::new();
    world.config(
        "sealctl.toml",
        "[[rule]]\npaths = ['**']\nmax_encrypted_data_keys = 2\nmax_frame_length = 4294967295\n",
    );
    let limits = |intent| world.session(intent).limits(Some(&world.path("a"))).expect("limits");
    assert_eq!(limits(quiet()).max_encrypted_data_keys, 2);
    assert_eq!(limits(quiet()).max_frame_length, Limits::default().max_frame_length);
    let raised = Intent { max_frame_length: Some(1 << 30), max_encrypted_data_keys: Some(100), ..quiet() };
    assert_eq!(limits(raised.clone()).max_frame_length, 1 << 30);
    assert_eq!(limits(raised).max_encrypted_data_keys, 2);
    world.user_config("max_frame_length = 33554432\n");
    assert_eq!(limits(quiet()).max_frame_length, 32 << 20);
}

#[test]
fn a_wrong_configuration_is_an_error_even_with_a_key() {
    let world = World::new();
    world.config("sealctl.toml", "[[rule]]\npaths = ['**']\nprofile = 'theirs'\nendpoint_url = 'http://evil'\n");
    let error = world.encrypt("a", with_key("local:demo")).expect_err("mistakes");
    assert_eq!(error.exit, Exit::Config);
    assert!(error.message.contains(":3:1:") && error.message.contains(":4:1:"), "{error}");
    assert!(error.hint.is_some_and(|hint| hint.contains("your own configuration")));
}

#[test]
fn plans_are_shared_by_all_inputs_under_one_rule() {
    let world = World::new();
    world.config("sealctl.toml", "[[rule]]\npaths = ['secrets/**']\nrefuse_signed = true\n");
    let session = world.session(with_key("local:demo"));
    let plan = |name: &str| session.encrypt_plan(Some(&world.path(name))).expect("a plan");
    assert!(Arc::ptr_eq(&plan("secrets/a"), &plan("secrets/b")));
    assert!(!Arc::ptr_eq(&plan("secrets/a"), &plan("other")));
}

#[test]
fn the_users_own_configuration_names_keys_for_everything_else() {
    let world = World::new();
    world.user_config("keys = ['local:mine']\n");
    let message = world.encrypt("a", quiet()).expect("a message");
    assert_eq!(world.decrypt("a", quiet(), &message), Ok(b"plaintext".to_vec()));
    let other = world.encrypt("a", with_key("local:other")).expect("a message");
    assert_eq!(world.decrypt("a", quiet(), &other), Ok(b"plaintext".to_vec()), "found from the header all the same");
}

#[test]
fn a_typed_key_that_is_none_says_what_is() {
    let world = World::new();
    let error = Session::open_in(with_key("demo"), &world.dirs()).err().expect("an error");
    assert_eq!(error.hint.as_deref(), Some("for a local key: --key local:demo"));
    let error = Session::open_in(with_key("local:../../x"), &world.dirs()).err();
    assert_eq!(error.map(|error| error.exit), Some(Exit::Usage));
    let error = Session::open_in(with_key("\u{1b}[2J"), &world.dirs()).err().expect("an error");
    assert!(!error.to_string().contains('\u{1b}'));
}

#[cfg(not(feature = "aws"))]
#[test]
fn a_build_without_aws_says_how_to_get_one_with_it() {
    let world = World::new();
    for key in ["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", "alias/app"] {
        let error = world.encrypt("a", with_key(key)).expect_err("no KMS");
        assert_eq!((error.exit, error.object.as_str()), (Exit::Usage, key));
        assert!(error.hint.is_some_and(|hint| hint.contains("cargo install --locked --path cli")));
    }
}

/// A header that names one KMS key; nothing in it is authentic.
fn header_of_kms(key_id: &str) -> Vec<u8> {
    let field = |bytes: &[u8]| [&u16::try_from(bytes.len()).expect("short").to_be_bytes()[..], bytes].concat();
    [
        &[0x02, 0x04, 0x78][..],
        &[7; 32],
        &[0, 0, 0, 1],
        &field(b"aws-kms"),
        &field(key_id.as_bytes()),
        &field(&[9; 184]),
        &[0x02, 0, 0, 0x10, 0],
        &[7; 32 + 16],
    ]
    .concat()
}

#[cfg(not(feature = "aws"))]
#[test]
fn a_build_without_aws_that_meets_a_kms_message_says_how_to_get_one_with_it() {
    let world = World::new();
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let error = world.decrypt("a.sealed", quiet(), &header_of_kms(key)).expect_err("no KMS");
    assert_eq!((error.exit, error.object.as_str()), (Exit::Usage, key));
    assert!(error.hint.is_some_and(|hint| hint.contains("cargo install --locked --path cli")));
}

#[test]
fn a_header_cannot_put_a_command_of_its_own_into_the_error() {
    let world = World::new();
    for key in ["arn:aws:kms:eu-west-1:111122223333:key/x; rm -rf ~", "\u{1b}[2J", "$(id)"] {
        let error = world.decrypt("a.sealed", quiet(), &header_of_kms(key)).expect_err("no key");
        assert!(!error.hint.unwrap_or_default().contains(key) && !error.message.contains('\u{1b}'), "{key:?}");
        assert!(!error.object.contains('\u{1b}'), "{key:?}");
    }
}
