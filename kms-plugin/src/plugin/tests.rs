//! The plugin in this process, with keys in files, so that there is no KMS.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser as _;
use sealkit_envelope::keyring::local_key::LocalKey;
use sealkit_host::exit::Exit;
use sealkit_rig::KmsClient;
use tempfile::TempDir;

use super::Plugin;
use crate::args::Args;
use crate::metrics::Reload;
use crate::settings::Settings;
use crate::socket::Activated;

const UID: &str = "00000000-0000-4000-8000-000000000001";

/// A directory that a socket may stand in, with a configuration.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o700)).unwrap();
        Self(dir)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The name of a key in a file that is made by this.
    fn key(&self, name: &str) -> String {
        let key = LocalKey::generate(name.parse().unwrap()).ok().unwrap();
        std::fs::write(self.at(name), key.serialize().expose_secret()).unwrap();
        std::fs::set_permissions(self.at(name), PermissionsExt::from_mode(0o600)).unwrap();
        format!("local:{}", self.at(name).display())
    }

    /// Reads a configuration of these sockets and lines.
    fn settings(&self, sockets: &[(&str, &str)], more: &str) -> Settings {
        let sockets: String =
            sockets.iter().map(|(socket, rest)| format!("- path: {}\n  {rest}\n", self.at(socket).display())).collect();
        std::fs::write(self.at("c.yaml"), format!("sockets:\n{sockets}{more}\n")).unwrap();
        let path = self.at("c.yaml");
        let args = ["seal-kms-plugin", "--health-port=127.0.0.1:0", "--config", path.to_str().unwrap()];
        Args::parse_from(args).read().settings.unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }

    fn client(&self, socket: &str) -> KmsClient {
        KmsClient::new(&self.at(socket))
    }
}

async fn start(settings: Settings) -> Plugin {
    Plugin::start(settings, Activated::default()).await.unwrap_or_else(|problems| panic!("{problems}"))
}

#[tokio::test]
async fn each_socket_serves_its_key_until_it_is_drained() {
    let place = Place::new();
    let keys = ["a", "b"].map(|name| place.key(name));
    let rest = keys.each_ref().map(|key| format!("key: {key}"));
    let plugin = start(place.settings(&[("a.sock", &rest[0]), ("b.sock", &rest[1])], "")).await;
    for (socket, key) in ["a.sock", "b.sock"].into_iter().zip(&keys) {
        let client = place.client(socket);
        let sealed = client.encrypt(b"a seed", UID).await.unwrap();
        assert_eq!(sealed.key_id, *key);
        assert_eq!(client.decrypt(&sealed, UID).await.unwrap(), b"a seed");
        let sealed = client.v1_encrypt(b"a DEK").await.unwrap();
        assert_eq!(client.v1_decrypt(&sealed).await.unwrap(), b"a DEK");
    }
    tokio::time::timeout(Duration::from_secs(10), plugin.drain()).await.unwrap();
    assert!(!place.at("a.sock").exists() && !place.at("b.sock").exists());
}

#[tokio::test]
async fn all_that_keeps_it_from_starting_is_told_at_once_and_nothing_is_left_behind() {
    let place = Place::new();
    let key = place.key("key");
    std::fs::write(place.at("file.sock"), "").unwrap();
    let sockets = [
        ("good.sock", format!("key: {key}")),
        ("file.sock", format!("key: local:{}", place.at("missing").display())),
        ("third.sock", format!("key: {key}\n  readKeys: [{{key: '{key}'}}]")),
    ];
    let sockets = sockets.each_ref().map(|(socket, rest)| (*socket, rest.as_str()));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = Settings { audit: Some(place.at("no/such/directory/audit")), ..place.settings(&sockets, "") };
    let mut settings = settings;
    settings.endpoints.address = taken.local_addr().unwrap().to_string().parse().unwrap();
    let problems = Plugin::start(settings, Activated::default()).await.err().unwrap();
    assert_eq!(problems.exit(), Exit::Config, "what must be corrected wins");
    let told = problems.to_string();
    for part in ["file.sock: a regular file", "missing", "third.sock", "--health-port 127.0.0.1", "--audit"] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    assert!(!place.at("good.sock").exists() && place.at("file.sock").exists());
}

#[tokio::test]
async fn a_check_makes_no_kek_and_writes_no_state() {
    let place = Place::new();
    let rest = format!("key: {}\n  localKek: true\n  stateFile: {}", place.key("key"), place.at("state").display());
    Plugin::check(&place.settings(&[("a.sock", &rest)], "")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!place.at("state").exists() && !place.at("a.sock").exists());
}

#[tokio::test]
async fn new_keys_take_over_and_old_ones_still_read() {
    let place = Place::new();
    let [old, new] = ["old", "new"].map(|name| place.key(name));
    let mut plugin = start(place.settings(&[("a.sock", &format!("key: {old}"))], "")).await;
    let client = place.client("a.sock");
    let before = client.encrypt(b"before", UID).await.unwrap();
    let rest = format!("key: {new}\n  readKeys: [{{key: '{old}'}}]\n  cacheEntries: 0");
    let settings = place.settings(&[("a.sock", &rest)], "");
    assert_eq!(plugin.reload(settings.clone()).await.unwrap(), Reload::Applied);
    assert_eq!(plugin.reload(settings).await.unwrap(), Reload::Unchanged);
    let after = client.encrypt(b"after", UID).await.unwrap();
    assert_eq!(after.key_id, new);
    assert_eq!(client.decrypt(&before, UID).await.unwrap(), b"before");
    assert_eq!(client.decrypt(&after, UID).await.unwrap(), b"after");
}

#[tokio::test]
async fn a_configuration_with_a_mistake_changes_nothing() {
    let place = Place::new();
    let [a, b, other] = ["a", "b", "other"].map(|name| place.key(name));
    let sockets =
        |a: &str, b: &str| place.settings(&[("a.sock", &format!("key: {a}")), ("b.sock", &format!("key: {b}"))], "");
    let mut plugin = start(sockets(&a, &b)).await;
    let missing = format!("local:{}", place.at("missing").display());
    let refused = plugin.reload(sockets(&other, &missing)).await.unwrap_err();
    assert!(refused.lines().len() == 1 && refused.to_string().contains("missing: No such file"), "{refused}");
    assert_eq!(place.client("a.sock").encrypt(b"x", UID).await.unwrap().key_id, a, "the right half is not used either");
    assert_eq!(plugin.reload(sockets(&other, &b)).await.unwrap(), Reload::Applied);
    assert_eq!(place.client("a.sock").encrypt(b"x", UID).await.unwrap().key_id, other);
}

#[tokio::test]
async fn what_only_a_start_can_change_is_named() {
    let place = Place::new();
    let key = format!("key: {}", place.key("key"));
    let mut plugin = start(place.settings(&[("a.sock", &key)], "")).await;
    let changed = format!("{key}\n  mode: '0660'");
    let settings = place.settings(&[("a.sock", &changed)], "logLevel: debug\nregion: eu-west-1\n");
    let refused = plugin.reload(settings).await.unwrap_err();
    let fields: Vec<_> = refused.lines().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(fields, ["`region`", "`logLevel`", "socket"]);
    assert!(refused.lines().iter().all(|line| line.ends_with("this needs a restart")), "{refused}");
}

#[tokio::test]
async fn sockets_come_and_go() {
    let place = Place::new();
    let key = place.key("key");
    let rest = format!("key: {key}");
    let mut plugin = start(place.settings(&[("a.sock", &rest), ("b.sock", &rest)], "")).await;
    let sealed = place.client("a.sock").encrypt(b"x", UID).await.unwrap();
    let settings = place.settings(&[("c.sock", &rest), ("b.sock", &rest)], "");
    assert_eq!(plugin.reload(settings.clone()).await.unwrap(), Reload::Applied);
    for socket in ["b.sock", "c.sock"] {
        assert_eq!(place.client(socket).decrypt(&sealed, UID).await.unwrap(), b"x", "{socket}");
    }
    let ended = tokio::time::timeout(Duration::from_secs(10), async {
        while place.at("a.sock").exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    ended.await.unwrap();
    // With the last call, its series.
    let text = |plugin: &Plugin| String::from_utf8(plugin.metrics().render([], None)).unwrap();
    let series =
        |plugin: &Plugin, socket: &str| text(plugin).contains(&format!("socket=\"{}\"", place.at(socket).display()));
    let gone = async |plugin: &Plugin, socket: &str| {
        let began = std::time::Instant::now();
        while series(plugin, socket) {
            assert!(began.elapsed() < Duration::from_secs(10), "{}", text(plugin));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    gone(&plugin, "a.sock").await;
    assert!(series(&plugin, "b.sock") && series(&plugin, "c.sock"));
    assert!(!plugin.health_address().ends_with(":0"), "{}", plugin.health_address());
    let failure = tokio::time::timeout(Duration::from_millis(100), plugin.failed());
    assert!(failure.await.is_err(), "a socket that was told to go is no failure");

    // One that cannot be had leaves all others as they were.
    std::fs::write(place.at("file.sock"), "").unwrap();
    let refused = plugin.reload(place.settings(&[("d.sock", &rest), ("file.sock", &rest)], "")).await.unwrap_err();
    assert!(refused.lines().len() == 1 && refused.to_string().contains("file.sock: a regular file"), "{refused}");
    assert!(!place.at("d.sock").exists());
    gone(&plugin, "d.sock").await;
    assert_eq!(plugin.reload(settings).await.unwrap(), Reload::Unchanged);
    assert_eq!(place.client("b.sock").decrypt(&sealed, UID).await.unwrap(), b"x");
    plugin.drain().await;
}
