//! Flags to settings.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use clap::{CommandFactory as _, Parser as _};
use tempfile::TempDir;

use super::{Args, Reading};
use crate::settings::{LogFormat, LogLevel, Settings, key_name};

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn reading(flags: &[&str]) -> Reading {
    let args = [&["seal-kms-plugin"], flags].concat();
    Args::try_parse_from(args).unwrap_or_else(|error| panic!("{error}")).read()
}

fn settings(flags: &[&str]) -> Settings {
    reading(flags).settings.unwrap()
}

fn mistakes(flags: &[&str]) -> Vec<String> {
    reading(flags).settings.unwrap_err().mistakes().to_vec()
}

/// A file that only its owner can write.
fn file(text: &str) -> (TempDir, String) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("c.yaml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

#[test]
fn the_definition_of_flags_holds_together() {
    Args::command().debug_assert();
}

#[test]
fn a_key_alone_gives_the_defaults_of_aep() {
    let settings = settings(&["--key", KEY]);
    let [provider] = &settings.providers[..] else { panic!("{settings:?}") };
    assert_eq!(provider.socket.path.to_str(), Some("/var/run/kmsplugin/socket.sock"));
    assert_eq!((provider.socket.mode, provider.socket.owner, provider.socket.group), (0o600, None, None));
    assert_eq!(provider.keys.write.name, KEY);
    assert!(provider.keys.write.context.is_empty() && provider.keys.read.is_empty());
    assert_eq!((provider.keys.cache_entries, provider.keys.flush_after.as_secs()), (20_000, 60));
    assert_eq!(settings.endpoints.address.to_string(), ":8080");
    assert_eq!((&*settings.endpoints.healthz_path, &*settings.endpoints.livez_path), ("/healthz", "/livez"));
    assert!(!settings.endpoints.deep_healthz);
    assert_eq!((settings.log.format, settings.log.level), (None, LogLevel::Info));
    let aws = settings.aws_options();
    assert_eq!((aws.fallback_region.as_deref(), aws.region_of_instance), (Some("eu-west-1"), false));
}

#[test]
fn every_flag_of_aep_is_taken() {
    let flags = [
        "--health-port=127.0.0.1:8083",
        "--healthz-path",
        "/h",
        "--livez-path=/l",
        "--listen=/run/a.sock,/run/b.sock",
        "--listen",
        "/run/c.sock",
        "--key",
        KEY,
        "--key=alias/b,alias/c",
        "--encryption-context=a=b,c=d",
        "--encryption-context",
        "\"quoted=x,y\",z=",
        "--health-kms-version=v2",
        "--region=eu-west-2",
        "--kms-endpoint=http://127.0.0.1:9000",
        "--source-arn=arn:aws:eks:eu-west-1:111122223333:cluster/blue",
        "--retry-token-capacity=20",
        "--qps-limit=5",
        "--burst-limit",
        "0",
        "--debug",
    ];
    let reading = reading(&flags);
    assert_eq!(reading.warnings, ["--qps-limit is deprecated and has no effect: use --retry-token-capacity"]);
    let settings = reading.settings.unwrap();
    let each: Vec<_> = settings
        .providers
        .iter()
        .map(|it| (it.socket.path.to_str().unwrap(), &*it.keys.write.name, it.keys.write.context.clone()))
        .collect();
    let context = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    assert_eq!(
        each,
        [
            ("/run/a.sock", KEY, context(&[("a", "b"), ("c", "d")])),
            ("/run/b.sock", "alias/b", context(&[("quoted", "x,y"), ("z", "")])),
            ("/run/c.sock", "alias/c", context(&[])),
        ]
    );
    assert_eq!(settings.endpoints.address.to_string(), "127.0.0.1:8083");
    assert_eq!((&*settings.endpoints.healthz_path, &*settings.endpoints.livez_path), ("/h", "/l"));
    assert_eq!(settings.log.level, LogLevel::Debug);
    let aws = settings.aws_options();
    assert_eq!(aws.region.as_deref(), Some("eu-west-2"));
    assert_eq!(aws.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    assert_eq!(aws.source_arn.unwrap().account(), "111122223333");
    assert_eq!(aws.retry_tokens, Some(20));
    assert!(aws.region_of_instance, "an alias has no Region of its own");
}

#[test]
fn what_aep_takes_for_nothing_is_nothing() {
    let flags = ["--region=", "--kms-endpoint=", "--source-arn=", "--retry-token-capacity=0", "--debug=false"];
    assert_eq!(settings(&[&["--key", KEY], &flags[..]].concat()), settings(&["--key", KEY]));
}

#[test]
fn the_last_of_a_repeated_value_counts_as_in_pflag() {
    let settings = settings(&["--key", KEY, "--region=eu-west-1", "--region=eu-west-2", "--debug", "--debug=f"]);
    assert_eq!(settings.aws.region.as_deref(), Some("eu-west-2"));
    assert_eq!(settings.log.level, LogLevel::Info);
}

#[test]
fn our_own_flags_hold_for_every_socket() {
    let flags = [
        "--key=local:/a,local:/b",
        "--listen=/run/a,/run/b",
        "--local-kek",
        "--follow-key-material=true",
        "--cache-entries=0",
        "--flush-after=5m",
        "--socket-mode=0660",
        "--socket-owner=1",
        "--socket-group=2",
        "--allowed-uids=0,3",
        "--audit=/var/log/audit",
        "--deep-healthz",
        "--log-format=text",
        "--log-level=warn",
    ];
    let settings = settings(&flags);
    for provider in &settings.providers {
        let socket = &provider.socket;
        assert_eq!((socket.mode, socket.owner, socket.group), (0o660, Some(1), Some(2)));
        assert_eq!(socket.allowed_uids.as_deref(), Some(&[0, 3][..]));
        let keys = &provider.keys;
        assert_eq!((keys.cache_entries, keys.flush_after.as_secs()), (0, 300));
        assert_eq!((keys.local_kek, keys.follow_key_material), (Some(Default::default()), true));
    }
    assert_eq!(settings.audit.as_deref().and_then(|it| it.to_str()), Some("/var/log/audit"));
    assert!(settings.endpoints.deep_healthz);
    assert_eq!((settings.log.format, settings.log.level), (Some(LogFormat::Text), LogLevel::Warn));
    assert!(!settings.aws_options().region_of_instance, "local keys need no Region");
}

#[test]
fn every_mistake_is_told_at_once() {
    let (_dir, path) = file("sockts: []\nregion: 7\n");
    let found = mistakes(&[
        "--key=alias/a,aliass/b",
        "--listen=/run/a,/run/a",
        "--encryption-context=a",
        "--health-port=8080",
        "--livez-path=/metrics",
        "--region=europe",
        "--kms-endpoint=kms",
        "--source-arn=cluster",
        "--retry-token-capacity=-1",
        "--health-kms-version=v3",
        "--debug=yes",
        "--cache-entries=many",
        "--socket-mode=999",
        "--allowed-uids=root",
        "--log-level=trace",
        "--config",
        &path,
    ]);
    let file = |rest: &str| format!("{path}:{rest}");
    let expected = [
        "--health-kms-version: it must be v1 or v2, not \"v3\"".to_owned(),
        "--retry-token-capacity: invalid value \"-1\": it must be a number from 0 to 500000000".to_owned(),
        "--health-port: invalid value \"8080\": a port is written with a colon: `:8080`, or `127.0.0.1:8080` for this \
         machine alone"
            .to_owned(),
        "--region: invalid value \"europe\": it is not like eu-west-1".to_owned(),
        "--kms-endpoint: invalid value \"kms\": an endpoint is a URL, as in \
         https://vpce-1a2b.kms.eu-west-1.vpce.amazonaws.com"
            .to_owned(),
        "--source-arn: invalid value \"cluster\": not like arn:aws:eks:eu-west-1:111122223333:cluster/NAME".to_owned(),
        "--log-level: invalid value \"trace\": it must be one of error, warn, info, debug".to_owned(),
        "--debug: invalid value \"yes\": it must be true or false".to_owned(),
        "--allowed-uids: invalid value \"root\": it must be a number from 0 to 4294967294".to_owned(),
        "--socket-mode: invalid value \"999\": permission bits are three octal digits, with or without a 0 before \
         them, as in 0660"
            .to_owned(),
        "--cache-entries: invalid value \"many\": it must be a number from 0 to 10000000".to_owned(),
        "--encryption-context: item 1 is not like name=value".to_owned(),
        format!("--key: invalid value \"aliass/b\": {}", key_name("aliass/b").unwrap_err()),
        "--listen: /run/a is given twice".to_owned(),
        file("1:1: unknown field `sockts`, did you mean `sockets`?"),
        file("2:9: `region`: invalid value `7`: it is not like eu-west-1"),
        "--livez-path: /metrics is another endpoint's".to_owned(),
    ];
    assert_eq!(found, expected);
}

#[test]
fn mistakes_of_lists_are_told() {
    let found = mistakes(&["--key=alias/a,aliass/b", "--listen=/run/a,/run/a"]);
    assert!(found.len() == 2 && found[0].starts_with("--key: invalid value \"aliass/b\":"), "{found:?}");
    assert_eq!(found[1], "--listen: /run/a is given twice");
    let found = mistakes(&["--key=foo", "--key=alias/a", "--listen=rel", "--socket-mode=9"]);
    let starts =
        ["--socket-mode: ", "--key: invalid value \"foo\"", "--listen: invalid value \"rel\"", "--key and --listen"];
    assert_eq!(found.len(), starts.len(), "{found:?}");
    assert!(found.iter().zip(starts).all(|(found, start)| found.starts_with(start)), "{found:?}");
    let found = mistakes(&["--key=alias/a,alias/b"]);
    assert!(found[0].starts_with("--key and --listen: they name 2 and 1,"), "{found:?}");
    assert!(mistakes(&["--key=alias/a,alias/b", "--listen=/a,/b", "--state-file=/s"])[0].starts_with("--state-file"));
    assert!(mistakes(&["--listen=/a"])[0].starts_with("--key: no key is named"));
    assert_eq!(mistakes(&[]).len(), 1);
    assert!(mistakes(&["--key="])[0].starts_with("--key: no key is named"));
}

#[test]
fn a_value_has_one_place() {
    let (_dir, path) = file("sockets: [{path: /run/a, key: alias/a}]\nhealthPort: ':1'\nregion: eu-west-1\n");
    let with = |flags: &[&str]| reading(&[&["--config", &path], flags].concat()).settings;
    assert_eq!(with(&["--livez-path=/alive"]).unwrap().endpoints.livez_path, "/alive");
    let error = with(&["--key=alias/b", "--region=eu-west-1", "--health-port=:2", "--socket-mode=0600"]).unwrap_err();
    let fields = ["`sockets`", "`region`", "`healthPort`"];
    assert_eq!(error.mistakes().len(), fields.len(), "{error}");
    for (mistake, field) in error.mistakes().iter().zip(fields) {
        assert!(mistake.contains(&format!("{path} says it too, as {field}; say it in one place")), "{mistake}");
    }
}

#[test]
fn a_flag_of_a_socket_is_told_where_the_file_says_it() {
    let (_dir, path) = file("sockets: [{path: /run/a, key: alias/a}]\n");
    let line = |flag: &str, field: &str| {
        format!("{flag}: the sockets are named by {path}: say it there, as `{field}` of each")
    };
    assert_eq!(
        mistakes(&["--config", &path, "--socket-mode=0660", "--local-kek"]),
        [line("--local-kek", "localKek"), line("--socket-mode", "mode")]
    );
    // What is wrong in the file hides it not.
    let (_dir, path) = file("sockets: [{path: /run/a}]\nregion: eu-west-1\n");
    let found = mistakes(&["--config", &path, "--socket-mode=0660", "--region=eu-west-1"]);
    assert!(found.len() == 3 && found[0].contains("missing field `key`"), "{found:?}");
    assert!(found[1].starts_with("--socket-mode: the sockets are named by"), "{found:?}");
    assert!(found[2].starts_with("--region: ") && found[2].contains("says it too"), "{found:?}");
}

#[test]
fn a_key_file_that_is_missing_is_told_with_the_mistakes() {
    let (_dir, path) = file("sockets:\n- path: /run/a\n  key: local:/nonexistent\n- path: /run/a\n  key: alias/a\n");
    let found = mistakes(&["--config", &path]);
    assert!(found.len() == 2 && found[0].starts_with(&format!("{path}:4:9: `path`: /run/a")), "{found:?}");
    assert!(found[1].starts_with(&format!("{path}:3:8: `key`: ")) && found[1].contains("/nonexistent"), "{found:?}");
    let found = mistakes(&["--key=local:/nonexistent", "--listen=rel"]);
    assert!(found.len() == 2 && found[1].starts_with("--key: ") && found[1].contains("/nonexistent"), "{found:?}");
}

#[test]
fn what_is_logged_is_known_beside_mistakes() {
    let (_dir, path) = file("logLevel: warn\nmode: 0660\n");
    let reading = reading(&["--log-format=text", "--key=foo", "--config", &path]);
    assert!(reading.settings.is_err());
    assert_eq!((reading.log.format, reading.log.level), (Some(LogFormat::Text), LogLevel::Warn));
}

#[test]
fn a_file_that_others_can_change_is_refused_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_dir, path) = file("sockets: []\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let found = mistakes(&["--config", &path]);
    assert!(
        found[0].contains("can be written by others") && found[1].contains(&format!("chmod go-w {path}")),
        "{found:?}"
    );
    let found = mistakes(&["--config", "/nonexistent.yaml"]);
    assert!(found[0].contains("/nonexistent.yaml") && found[0].contains("No such file"), "{found:?}");
}

#[test]
fn the_static_pod_that_is_shipped_starts_it() {
    let pod = include_str!("../../../deploy/kms-plugin/kubeadm/seal-kms-plugin.yaml");
    let flags: Vec<_> = pod.lines().filter_map(|line| line.trim_start().strip_prefix("- --")).collect();
    let flags: Vec<_> = flags.iter().map(|flag| format!("--{flag}")).collect();
    assert!(flags.len() >= 3, "{flags:?}");
    let settings = settings(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(settings.endpoints.address.to_string(), "127.0.0.1:8080");
    assert!(settings.providers[0].keys.state_file.is_some());
}
