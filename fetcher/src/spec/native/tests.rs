//! Our own form, its page and its mistakes.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

mod mistakes;
mod schema;

use super::read;
use crate::spec::{
    Batch, Content, Decode, Destination, Entry, File, Form, Object, Output, Pair, ParameterPath, ParameterRef, Part,
    SealedFile, SecretRef, Select, Spec,
};

const PAGE: &str = include_str!("../../../../docs/fetcher.md");

/// The example of the page, which shows every field.
pub(super) fn example() -> &'static str {
    let section = PAGE.split("### Our own form").nth(1).unwrap();
    section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap()
}

pub(super) fn spec(text: &str) -> Spec {
    read("s.yaml", text).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

fn entry<'s>(spec: &'s Spec, label: &str) -> &'s Entry {
    spec.entries.iter().find(|entry| entry.label == label).unwrap()
}

fn file(path: &str, mode: u32, gid: u32) -> File {
    File { path: path.to_owned(), mode: Some(mode), uid: None, gid: Some(gid) }
}

/// What an output is, without where it stands.
fn outputs(entry: &Entry) -> Vec<(Select, Option<Decode>, Destination)> {
    let without_place = |output: &Output| (output.select.clone(), output.decode, output.to.clone());
    entry.outputs.iter().map(without_place).collect()
}

#[test]
fn the_page_is_read_as_a_whole() {
    let spec = spec(example());
    assert_eq!((spec.form, spec.batch, spec.origin.as_str()), (Form::Native, Some(Batch::Auto), "s.yaml"));
    assert_eq!(spec.place.region.as_deref(), Some("eu-central-1"));
    assert_eq!(spec.place.failover_regions, ["eu-west-1"]);
    assert_eq!(spec.place.role.as_deref(), Some("arn:aws:iam::111122223333:role/app"));
    let labels: Vec<_> = spec.entries.iter().map(|entry| entry.label.as_str()).collect();
    assert_eq!(labels, ["db", "db-previous", "token", "app", "team", "all", "licence", "api"]);

    let db = entry(&spec, "db");
    let id = SecretRef { id: "prod/db".into(), version_id: None, version_stage: Some("AWSCURRENT".into()) };
    assert_eq!(db.object, Object::Secret(id));
    assert_eq!(
        outputs(db),
        [
            (Select::Whole, None, Destination::File(file("db.json", 0o400, 2000))),
            (Select::Key("password".into()), None, Destination::File(file("db/password", 0o440, 2000))),
            (Select::JmesPath("to_string(port)".into()), None, Destination::File(file("db/port", 0o400, 2000))),
            (Select::Key("password".into()), None, Destination::Variable("DB_PASSWORD".into())),
        ]
    );
    let previous = entry(&spec, "db-previous");
    assert!(previous.optional);
    assert_eq!(outputs(previous), [(Select::Whole, None, Destination::File(file("db-previous", 0o400, 2000)))]);

    let token = entry(&spec, "token");
    assert_eq!(
        token.object,
        Object::Parameter(ParameterRef { name: "/prod/token".into(), selector: Some("3".into()) })
    );
    assert!(token.outputs.is_empty(), "composites use it");

    let Object::Parameters(ParameterPath { path, recursive: false }) = &entry(&spec, "app").object else { panic!() };
    assert_eq!(path, "/prod/app");
    let Object::Secrets(filter) = &entry(&spec, "team").object else { panic!() };
    assert_eq!((filter.name_prefix.as_deref(), filter.tags["team"].as_str()), (Some("prod/"), "blue"));
    let expected = Destination::Files { directory: file("team", 0o400, 2000), strip_prefix: Some("prod/".into()) };
    assert_eq!(outputs(entry(&spec, "team")), [(Select::Whole, None, expected)]);
    assert_eq!(entry(&spec, "all").outputs[0].select, Select::AllKeys);
    let Object::Sealed(SealedFile { path, context, keys }) = &entry(&spec, "licence").object else { panic!() };
    assert_eq!((path.to_str(), context["app"].as_str(), keys.len()), (Some("/etc/sealed/licence.sealed"), "shop", 1));
    assert!(entry(&spec, "api").fallback.is_some());
}

#[test]
fn composites_name_parts_of_entries() {
    let spec = spec(example());
    let paths: Vec<_> = spec.composites.iter().map(|composite| composite.file.path.as_str()).collect();
    assert_eq!(paths, ["app.env", "app.properties", "app.json", "app.yaml", "app.toml", "tls"]);
    let part = |entry: &str, key: &str| Part { entry: entry.into(), select: Select::Key(key.into()), decode: None };
    let Content::Dotenv(pairs) = &spec.composites[0].content else { panic!() };
    assert_eq!(
        *pairs,
        [
            Pair::One { name: "DB_PASSWORD".into(), part: part("db", "password") },
            Pair::All { entry: "all".into(), prefix: String::new() },
        ]
    );
    let Content::Json(pairs) = &spec.composites[2].content else { panic!() };
    let Pair::One { part: token, .. } = &pairs[0] else { panic!() };
    assert_eq!(token.decode, Some(Decode::Base64), "an entry's decoding is that of its parts");
    let Content::Tls(pair) = &spec.composites[5].content else { panic!() };
    assert_eq!((&pair.certificate.part, pair.certificate.file.as_str()), (&part("db", "crt"), "tls.crt"));
    assert_eq!((&pair.key.part, pair.key.file.as_str()), (&part("db", "key"), "tls.key"));
    assert!(pair.authority.is_none());
}

#[test]
fn entries_that_say_nothing_are_files_or_directories_named_after_their_labels() {
    let spec =
        spec("secrets:\n  a/b: {secret: x}\n  p: {parametersByPath: /p}\n  s: {parameter: y, decode: base64url}\n");
    let plain = |path: &str| File { path: path.into(), ..File::default() };
    assert_eq!(outputs(&spec.entries[0]), [(Select::Whole, None, Destination::File(plain("a/b")))]);
    let expected = Destination::Files { directory: plain("p"), strip_prefix: None };
    assert_eq!(outputs(&spec.entries[1]), [(Select::Whole, None, expected)]);
    let expected = Destination::File(plain("s"));
    assert_eq!(outputs(&spec.entries[2]), [(Select::Whole, Some(Decode::Base64Url), expected)]);
}

#[test]
fn regions_come_from_arns_and_fields() {
    let secret = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:db-AbCdEf";
    let parameter = "arn:aws-cn:ssm:cn-north-1:111122223333:parameter/prod/token";
    let text = format!(
        "region: us-gov-west-1\nsecrets:\n  a: {{secret: '{secret}'}}\n  b: {{parameter: '{parameter}', label: live}}\n  c: {{secret: c, region: eu-west-1}}\n"
    );
    let spec = spec(&text);
    let regions: Vec<_> = spec.entries.iter().map(|entry| entry.region.as_deref()).collect();
    assert_eq!(regions, [None, Some("cn-north-1"), Some("eu-west-1")]);
}

#[test]
fn another_object_may_stand_in_elsewhere() {
    let spec = spec(
        "secrets:\n  a:\n    secret: a\n    versionId: '1'\n    failover:\n    - {region: eu-west-1, secret: b, versionStage: X}\n",
    );
    let other = SecretRef { id: "b".into(), version_id: None, version_stage: Some("X".into()) };
    assert_eq!(spec.entries[0].failover[0].region, "eu-west-1");
    assert_eq!(spec.entries[0].failover[0].object, Object::Secret(other));
}

#[test]
fn variables_and_directories_take_everything() {
    let spec = spec(
        "secrets:\n  a: {secret: a, env: {'*': {prefix: A_}}}\n  b: {parametersByPath: /b, env: {'*': {}}, files: [{directory: .}]}\n\
         files:\n- {path: e, json: {'*': [{from: a}, {from: b, prefix: B_}]}}\n",
    );
    let a = Destination::Variables { prefix: "A_".into() };
    assert_eq!(outputs(&spec.entries[0]), [(Select::AllKeys, None, a)]);
    let target = Destination::Files { directory: File::default(), strip_prefix: None };
    let all = Destination::Variables { prefix: String::new() };
    assert_eq!(outputs(&spec.entries[1]), [(Select::Whole, None, target), (Select::Whole, None, all)]);
    let Content::Json(pairs) = &spec.composites[0].content else { panic!() };
    assert_eq!(pairs.len(), 2);
}
