//! What our own form refuses, and how it says so.

use crate::spec::native::read;

fn mistakes(text: &str) -> Vec<String> {
    let told = read("s.yaml", text).expect_err(text).to_string();
    told.lines().map(|line| line.strip_prefix("s.yaml:").unwrap_or(line).to_owned()).collect()
}

/// The one mistake of an entry with these fields, without its place.
fn of_entry(fields: &str) -> String {
    let found = mistakes(&format!("secrets:\n  a: {{{fields}}}\n"));
    assert_eq!(found.len(), 1, "{fields}: {found:#?}");
    found[0].split_once(": ").unwrap().1.to_owned()
}

/// The one mistake of a composite with these fields, without its place.
fn of_composite(fields: &str) -> String {
    let text = format!("secrets:\n  a: {{secret: a}}\n  many: {{parametersByPath: /p}}\nfiles:\n- {{{fields}}}\n");
    let found = mistakes(&text);
    assert_eq!(found.len(), 1, "{fields}: {found:#?}");
    found[0].split_once(": ").unwrap().1.to_owned()
}

#[test]
fn all_are_told_at_once_each_in_its_place() {
    let text = "\
region: europe
failoverRegions: []
role: app
batch: sometimes
defaults: {mode: 0400, gid: -1}
secrets:
  a: {secret: a b, versionStage: ''}
  b:
    secret: b
    parameter: b
    file: []
  c: {secret: c, files: [{path: c, mode: '4644'}, {key: x}]}
files:
- {path: x, json: {n: {from: zz9}}}
retries: 3
";
    assert_eq!(
        mistakes(text),
        [
            "1:9: `region` is not like eu-west-1",
            "2:18: `failoverRegions` is empty",
            "3:7: `role`: \"app\": not an ARN of the form arn:PARTITION:iam::ACCOUNT:role/NAME",
            "4:8: `batch` must be `auto` or `never` or `always`, not `sometimes`",
            "5:18: `0400` is octal to some readers of YAML and decimal to others: quote it",
            "5:29: `gid` must be from 0 to 4294967294, not -1",
            "7:15: `secret`: \"a b\": \"a b\" is no name of a secret (letters, digits and /_+=.@-, 512 at most)",
            "7:34: `versionStage` is empty",
            "9:5: `secret` and `parameter` exclude each other: one entry has one source",
            "11:5: unknown field `file`, did you mean `files`?",
            "12:42: `mode`: `4644` has special bits, which do nothing for a secret",
            "12:51: missing field `path`, or `directory` for one file for each value",
            "14:30: `from`: no entry of `secrets` is called `zz9`",
            "15:1: unknown field `retries`, known here: region, failoverRegions, role, podIdentity, addressType, batch, \
             defaults, secrets, files",
        ]
    );
}

#[test]
fn a_source_has_its_own_fields_only() {
    for (fields, message) in [
        (
            "optional: true",
            "it names no source: `secret` or `parameter` or `secretsBy` or `parametersByPath` or `sealed`",
        ),
        (
            "secret: a, version: 3",
            "`version` belongs to `parameter`, not to `secret`; a secret has `versionId` and `versionStage`",
        ),
        (
            "parameter: a, versionStage: X",
            "`versionStage` belongs to `secret`, not to `parameter`; a parameter has `version` or `label`",
        ),
        ("parameter: a, version: 1, label: x", "`version` and `label` exclude each other"),
        ("parameter: a, version: 0", "`version` must be from 1 to 9223372036854775807, not 0"),
        ("parameter: a, label: '3'", "`label` is a number: give it as `version`"),
        ("parameter: 'a:3'", "`parameter`: a name has no colon; give what stands behind it as `version` or `label`"),
        ("secret: a, recursive: true", "`recursive` belongs to `parametersByPath`, not to `secret`"),
        ("secretsBy: {}", "`secretsBy` needs `namePrefix`, `tags` or both: it would match every secret"),
        ("parametersByPath: a", "`parametersByPath` begins with a slash and does not end with one, as in /prod/app"),
        ("sealed: ''", "`sealed` is empty"),
        ("sealed: a, region: eu-west-1", "`region`: a sealed file's keys name their Regions"),
        ("sealed: a, fallback: {sealed: b}", "`fallback` stands in for one secret or parameter"),
        ("secret: a, versionId: 'a b'", "`versionId` has visible ASCII characters only, and no colon"),
        (
            "secret: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf:key::'",
            "`secret`: an ARN has seven parts; json-key, stage and id of ECS are `key`, `versionStage` and `versionId` here",
        ),
        (
            "secret: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf', region: eu-west-2",
            "`region` is eu-west-2, but the ARN is one of eu-west-1",
        ),
        (
            "secret: a, failover: [{region: eu-west-1, parameter: b}]",
            "`failover` of a `secret` names a `secret`, not a `parameter`",
        ),
    ] {
        assert_eq!(of_entry(fields), message, "{fields}");
    }
    assert!(of_entry("sealed: a, keys: [alias/b]").starts_with("`keys`: \"alias/b\": not an ARN"));
}

#[test]
fn an_output_has_one_part_and_one_place() {
    for (fields, message) in [
        ("secret: a, files: []", "`files` is empty: leave it out for one file named after the label"),
        ("secret: a, env: {}", "`env` is empty"),
        (
            "secret: a, files: [{path: x, directory: y}]",
            "`path` and `directory` exclude each other: one file, or one for each value",
        ),
        ("secret: a, files: [{path: ''}]", "`path` is empty"),
        ("secret: a, files: [{path: x, key: a, jmespath: b}]", "`key` and `jmespath` exclude each other"),
        ("secret: a, files: [{directory: x, key: a, keys: all}]", "`key`, `jmespath` and `keys` exclude each other"),
        ("secret: a, files: [{path: x, keys: all}]", "`keys: all` makes several files: use `directory` for `path`"),
        ("secret: a, files: [{directory: x}]", "`directory` needs `keys: all`, or an entry of several values"),
        ("parametersByPath: /a, files: [{path: x}]", "the entry has several values: use `directory` for `path`"),
        (
            "parametersByPath: /a, files: [{directory: x, keys: all}]",
            "`keys: all` takes one JSON object apart, but the entry has several values",
        ),
        ("parametersByPath: /a, env: {A: {}}", "the entry has several values: only `\"*\"` gives each a variable"),
        (
            "secret: a, files: [{path: x, stripPrefix: y}]",
            "`stripPrefix` belongs to `directory`: `path` is the whole name",
        ),
        ("secret: a, files: [{path: x, mode: '400'}]", "`mode` must be four octal digits, as in \"0400\""),
        ("secret: a, files: [{path: x, mode: 400}]", "`mode` must be a string, not an integer"),
    ] {
        assert_eq!(of_entry(fields), message, "{fields}");
    }
    assert!(of_entry("secret: a, files: [{path: x, jmespath: 'a.'}]").starts_with("`jmespath`: "));
}

#[test]
fn a_composite_has_one_content_of_known_entries() {
    for (fields, message) in [
        ("path: x", "it says not what is in it: one of `dotenv`, `properties`, `json`, `yaml`, `template`, `tls`"),
        (
            "path: x, json: {n: {from: a}}, yaml: {n: {from: a}}",
            "`json` and `yaml` exclude each other: one file has one content",
        ),
        ("json: {n: {from: a}}", "missing field `path`"),
        ("path: x, json: {}", "`json` is empty"),
        ("path: x, json: {n: {from: manny}}", "`from`: no entry of `secrets` is called `manny`, did you mean `many`?"),
        ("path: x, json: {n: {from: many}}", "`many` has several values: only `\"*\"` takes them, all together"),
        ("path: x, directory: y, json: {n: {from: a}}", "`directory` belongs to `tls`; one file has a `path`"),
        (
            "path: x, tls: {certificate: {from: a}, key: {from: a}}",
            "`path`: a pair has two files; name their `directory`",
        ),
        ("tls: {certificate: {from: a}}", "missing field `key`"),
        ("path: x, template: '{{ zz9 }}'", "`template`: the template's `zz9` is no label of an entry"),
    ] {
        assert_eq!(of_composite(fields), message, "{fields}");
    }
    assert!(of_composite("path: x, template: '{{ a '").starts_with("`template`: "));
}

#[test]
fn a_document_needs_secrets() {
    assert_eq!(mistakes("batch: auto\n"), ["1:1: missing field `secrets`"]);
    assert_eq!(mistakes("secrets: {}\n"), ["1:10: `secrets` is empty: nothing is fetched"]);
    assert_eq!(mistakes("secrets: {'': {secret: a}}\n").len(), 1);
    assert_eq!(
        mistakes("region: eu-west-1\nfailoverRegions: [eu-west-1]\nsecrets: {a: {secret: a}}\n"),
        ["2:18: `failoverRegions`: eu-west-1 is `region` itself"]
    );
}
