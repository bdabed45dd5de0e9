//! The file, its page and its schema.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::path::Path;
use std::time::Duration;

use sealkit_host::config::ConfigErrors;

use crate::keys::LocalKekSettings;
use crate::settings::{Layer, LogFormat, LogLevel};

/// The page of the file, and the schema beside it.
const DOCS: &str = include_str!("../../../docs/kms-plugin-config.md");
const SCHEMA: &str = include_str!("../../../docs/kms-plugin-config.schema.json");

fn parse(path: &Path, text: &str) -> Result<Layer, ConfigErrors> {
    let parsed = super::parse(path, text);
    parsed.mistakes.map_or(Ok(parsed.layer), Err)
}

fn mistakes(text: &str) -> Vec<String> {
    let told = parse(Path::new("c.yaml"), text).unwrap_err().to_string();
    told.lines().map(|line| line.strip_prefix("c.yaml:").unwrap_or(line).to_owned()).collect()
}

/// The YAML blocks of the page.
fn examples() -> Vec<&'static str> {
    let blocks: Vec<_> = DOCS.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 2, "{blocks:?}");
    blocks
}

#[test]
fn every_example_of_the_page_is_read() {
    for example in examples() {
        parse(Path::new("example"), example).unwrap_or_else(|errors| panic!("{errors}\n{example}"));
    }
}

#[test]
fn the_first_example_says_everything() {
    let layer = parse(Path::new("example"), examples()[0]).unwrap();
    assert!(layer.audit.is_some() && layer.source_arn.is_some() && layer.retry_tokens.is_some());
    assert_eq!((layer.log_format, layer.log_level), (Some(LogFormat::Json), Some(LogLevel::Info)));
    assert!(layer.health_port.is_some() && layer.deep_healthz.is_some() && layer.kms_endpoint.is_some());
    assert!(layer.healthz_path.is_some() && layer.livez_path.is_some() && layer.region.is_some());
    assert!(layer.profile.is_some());
    let providers = layer.providers.unwrap();
    let (socket, keys) = (&providers[0].socket, &providers[0].keys);
    assert_eq!((socket.mode, socket.owner, socket.group), (0o660, Some(0), Some(65_532)));
    assert!(socket.allowed_uids.is_some());
    assert!(!keys.write.context.is_empty() && !keys.write.replicas.is_empty() && keys.write.encrypt_failover);
    assert!(!keys.read.is_empty() && keys.state_file.is_some());
    assert_eq!(keys.local_kek, Some(LocalKekSettings::default()), "the example states the defaults");
    assert_eq!((keys.cache_entries, keys.flush_after), (20_000, Duration::from_secs(60)));
}

#[test]
fn what_is_left_out_is_as_by_flags() {
    let layer = parse(Path::new("c"), "sockets:\n- path: /run/a\n  key: alias/a\n").unwrap();
    let [provider] = &layer.providers.unwrap()[..] else { panic!("one socket") };
    assert_eq!((provider.socket.mode, provider.socket.owner), (0o600, None));
    assert_eq!((provider.keys.cache_entries, provider.keys.local_kek), (20_000, None));
    let text =
        "sockets:\n- {path: /run/a, key: alias/a, localKek: true}\n- {path: /b, key: alias/a, localKek: false}\n";
    let providers = parse(Path::new("c"), text).unwrap().providers.unwrap();
    assert_eq!(providers[0].keys.local_kek, Some(LocalKekSettings::default()));
    assert_eq!(providers[1].keys.local_kek, None);
}

#[test]
fn every_mistake_has_its_place() {
    let text = "\
sockets:
- path: ''
  mode: 0660
  owner: root
  key: keys/a
  Context: {}
  region: europe
  replicas: [eu-west-1, eu-west-1]
  localKek: {renewAfter: 20d, maxUses: 0}
  cacheEntries: 010
  flushAfter: 2h
- key: alias/b
  encryptFailover: yes
  readKeys: [{context: {n: 1}}]
healthPort: 8080
sourceArn: cluster
logLevel: trace
";
    let found = mistakes(text);
    assert_eq!(found[1], "3:9: `0660` is octal to some readers of YAML and decimal to others: quote it");
    assert_eq!(mistakes(&text.replace("0660", "'888'")).len(), found.len());
    let places: Vec<_> = found.iter().map(|line| line.splitn(3, ':').take(2).collect::<Vec<_>>().join(":")).collect();
    let expected = [
        "2:9", "3:9", "4:10", "5:8", "6:3", "7:11", "8:25", "9:13", "9:40", "10:17", "11:15", "12:3", "13:20", "14:14",
        "14:28", "15:13", "16:12", "17:11",
    ];
    assert_eq!(places, expected, "{found:#?}");
    assert_eq!(
        mistakes("sockets: []\n"),
        ["1:1: `sockets` is empty: give at least one, or leave it out and use flags"]
    );
}

#[test]
fn what_two_sockets_share_is_told_whatever_else_is_wrong_with_them() {
    let text = "\
sockets:
- path: /run/a
  stateFile: /var/s
- path: /run/a
  key: alias/a
  stateFile: /var/s
";
    assert_eq!(
        mistakes(text),
        [
            "2:3: missing field `key`",
            "4:9: `path`: /run/a is another socket's, at 2:9",
            "6:14: `stateFile`: /var/s is another socket's, at 3:14",
        ]
    );
    assert_eq!(mistakes(&text.replacen("/run/a", "/run/a\n  key: alias/a", 1)).len(), 2);
}

#[test]
fn an_empty_list_of_sockets_hides_nothing() {
    let found = mistakes("sockets: []\nlogLevel: trace\nhealthport: ':1'\n");
    assert!(found.len() == 3 && found[1].starts_with("2:11") && found[2].contains("did you mean"), "{found:?}");
}

#[test]
fn limits_of_a_kek_agree_with_each_other() {
    let limits = |limits: &str| mistakes(&format!("sockets:\n- path: /a\n  key: alias/a\n  localKek: {{{limits}}}\n"));
    assert!(
        limits("renewAfter: 20d, maxAge: 19d")[0].contains("`renewAfter` (20d) must not be longer than `maxAge` (19d)")
    );
    assert!(limits("renewAfter: 1s")[0].contains("a minute at least"));
    assert!(limits("renewAfterUses: 9, maxUses: 8")[0].contains("must not be more than `maxUses` (8)"));
    assert!(limits("maxUses: 4194304")[0].contains("must be from 1 to 4194303"));
}

/// The fields that a reader knows are told in the mistake about one that it does not.
fn known(text: &str) -> Vec<String> {
    let found = mistakes(text);
    let told = found.iter().find_map(|line| line.split_once("known here: ")).unwrap().1;
    told.split(", ").map(str::to_owned).collect()
}

#[test]
fn page_and_schema_name_every_field_and_no_other() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let definitions = &schema["$defs"];
    let far = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq: 1";
    for (properties, text) in [
        (&schema["properties"], far.to_owned()),
        (&definitions["socket"]["properties"], format!("sockets: [{{{far}}}]")),
        (&definitions["readKey"]["properties"], format!("sockets: [{{readKeys: [{{{far}}}]}}]")),
        (&definitions["localKekLimits"]["properties"], format!("sockets: [{{localKek: {{{far}}}}}]")),
    ] {
        let mut known = known(&text);
        let mut described: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
        for field in &known {
            assert!(DOCS.contains(&format!("| `{field}` |")), "the page lacks a row for {field}");
        }
        known.sort();
        described.sort();
        assert_eq!(known, described);
    }
}
