//! What ECS users have, read as ECS reads it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::ffi::OsString;

use super::value_from::{ValueFrom, ValueFromFlaw};
use super::{environment, read};
use crate::spec::{Destination, Form, Object, ParameterRef, SecretRef, Select, Spec};

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf";
const PARAMETER: &str = "arn:aws-us-gov:ssm:us-gov-west-1:111122223333:parameter/prod/token";

fn value(text: &str) -> Result<ValueFrom, ValueFromFlaw> {
    text.parse()
}

fn secret(key: Option<&str>, stage: Option<&str>, id: Option<&str>) -> ValueFrom {
    ValueFrom {
        object: Object::Secret(SecretRef {
            id: SECRET.into(),
            version_id: id.map(str::to_owned),
            version_stage: stage.map(str::to_owned),
        }),
        select: key.map_or(Select::Whole, |key| Select::Key(key.to_owned())),
        region: Some("eu-west-1".into()),
    }
}

fn parameter(name: &str, region: Option<&str>) -> ValueFrom {
    ValueFrom {
        object: Object::Parameter(ParameterRef { name: name.into(), selector: None }),
        select: Select::Whole,
        region: region.map(str::to_owned),
    }
}

/// Name, place of the entry and label of all entries.
fn names(spec: &Spec) -> Vec<&str> {
    for entry in &spec.entries {
        assert_eq!(entry.outputs[0].to, Destination::Variable(entry.label.clone()));
    }
    spec.entries.iter().map(|entry| entry.label.as_str()).collect()
}

fn mistakes(text: &str, container: Option<&str>) -> Vec<String> {
    let told = read("t.json", text, container).expect_err(text).to_string();
    told.lines().map(|line| line.strip_prefix("t.json:").unwrap_or(line).to_owned()).collect()
}

#[test]
fn a_value_comes_from_a_secret_or_a_parameter() {
    for (suffix, expected) in [
        ("", secret(None, None, None)),
        (":password::", secret(Some("password"), None, None)),
        (":password:AWSPREVIOUS:", secret(Some("password"), Some("AWSPREVIOUS"), None)),
        ("::AWSPREVIOUS:", secret(None, Some("AWSPREVIOUS"), None)),
        (":pass word::1-2", secret(Some("pass word"), None, Some("1-2"))),
        (":::1-2", secret(None, None, Some("1-2"))),
        (":::", secret(None, None, None)),
    ] {
        assert_eq!(value(&format!("{SECRET}{suffix}")), Ok(expected), "{suffix}");
    }
    assert_eq!(value(PARAMETER), Ok(parameter(PARAMETER, Some("us-gov-west-1"))));
    for name in ["token", "/prod/token", "/aws/reference/secretsmanager/prod/db"] {
        assert_eq!(value(name), Ok(parameter(name, None)));
    }
    let china = "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:a-AbCdEf:k::";
    assert_eq!(value(china).unwrap().region.as_deref(), Some("cn-north-1"));
}

#[test]
fn what_is_none_is_told_without_repeating_it() {
    for (text, flaw) in [
        (String::new(), ValueFromFlaw::Empty),
        (format!("{SECRET}:password"), ValueFromFlaw::Colons),
        (format!("{SECRET}:password:"), ValueFromFlaw::Colons),
        (format!("{SECRET}:a:b:c:d"), ValueFromFlaw::Colons),
        (format!("{SECRET}:a:AWSCURRENT:1-2"), ValueFromFlaw::StageAndId),
        (format!("{SECRET}::a b:"), ValueFromFlaw::Blank),
        (format!("{PARAMETER}:3"), ValueFromFlaw::Parameter),
        ("arn:aws:s3:::bucket".into(), ValueFromFlaw::Service),
        (SECRET.replace("arn:aws", "arn:amazon"), ValueFromFlaw::Partition),
        (SECRET.replace("eu-west-1", "europe"), ValueFromFlaw::Region),
        (SECRET.replace("111122223333", "1"), ValueFromFlaw::Account),
        (SECRET.replace("secret:prod", "prod"), ValueFromFlaw::Secret),
        ("pa$$w0rd of mine".into(), ValueFromFlaw::Name),
        ("token:3".into(), ValueFromFlaw::Name),
    ] {
        assert_eq!(value(&text), Err(flaw), "{text}");
        assert!(text.is_empty() || !flaw.to_string().contains(&text));
    }
}

#[test]
fn a_task_definition_is_read_as_it_is_written_or_printed() {
    let definition = format!(
        r#"{{"family": "app", "taskRoleArn": "arn:aws:iam::111122223333:role/app", "containerDefinitions": [
            {{"name": "log", "image": "x", "secrets": []}},
            {{"name": "app", "image": "y", "environment": [{{"name": "A", "value": "1"}}], "secrets": [
                {{"name": "DB", "valueFrom": "{SECRET}:password::"}},
                {{"name": "TOKEN", "valueFrom": "/prod/token"}}]}}]}}"#
    );
    let printed = format!("{{\"taskDefinition\":{definition},\"tags\":[]}}");
    let yaml = format!(
        "containerDefinitions:\n- name: app\n  secrets:\n  - {{name: DB, valueFrom: '{SECRET}'}}\n  \
         - {{name: TOKEN, valueFrom: t}}\ntaskRoleArn: x\n"
    );
    for text in [&definition, &printed, &yaml] {
        let spec = read("t.json", text, None).unwrap();
        assert_eq!(names(&spec), ["DB", "TOKEN"]);
        assert_eq!((spec.form, spec.notices.len()), (Form::EcsTaskDefinition, 0));
    }
    let spec = read("t.json", &definition, Some("app")).unwrap();
    assert_eq!(spec.entries[0].region.as_deref(), Some("eu-west-1"));
    assert_eq!(spec.entries[0].at.unwrap().line, 4);
}

#[test]
fn containers_and_lists_stand_alone_too() {
    let list = format!(r#"[{{"name": "DB", "valueFrom": "{SECRET}"}}]"#);
    assert_eq!(names(&read("t.json", &list, None).unwrap()), ["DB"]);
    let container = format!(r#"{{"name": "app", "secrets": {list}, "logConfiguration": null}}"#);
    assert_eq!(names(&read("t.json", &container, None).unwrap()), ["DB"]);
    // What `register-task-definition --container-definitions` takes.
    let containers = format!(r#"[{{"image": "x"}}, {container}]"#);
    assert_eq!(names(&read("t.json", &containers, None).unwrap()), ["DB"]);
    assert_eq!(mistakes(&list, Some("app")), ["1:1: --container chooses a container, but this is a list of secrets"]);
}

#[test]
fn of_several_containers_one_is_chosen() {
    let text = r#"{"taskRoleArn": "r", "containerDefinitions": [
        {"name": "a", "secrets": [{"name": "A", "valueFrom": "a"}]},
        {"name": "b", "secrets": [{"name": "B", "valueFrom": "b"}]},
        {"name": "c"}]}"#;
    assert_eq!(names(&read("t.json", text, Some("b")).unwrap()), ["B"]);
    let several = "1:1: several containers have `secrets`: choose one with --container, of `a`, `b`";
    assert_eq!(mistakes(text, None), [several]);
    assert_eq!(mistakes(text, Some("c")), ["1:1: container `c` has no `secrets`"]);
    assert_eq!(mistakes(text, Some("d")), ["1:1: no container is called `d`; there is `a`, `b`, `c`"]);
    assert_eq!(
        mistakes(r#"{"containerDefinitions": [{"name": "a"}]}"#, None),
        ["1:1: no container has `secrets`: there is nothing to fetch; where variables hold them instead, set \
             these and give --spec env:PREFIX"]
    );
}

#[test]
fn every_mistake_has_its_place() {
    let text = r#"{"containerDefinitions": [{"name": 7, "secrets": [
{"name": "A", "valueFrom": "my secret"},
{"name": "A", "valueFrom": "a"},
{"name": "", "valueFrom": ""},
{"name": "B", "valuefrom": "b"}]}]}"#;
    assert_eq!(
        mistakes(text, None),
        [
            "1:36: `name` must be a string, not an integer",
            "2:28: `valueFrom`: neither the ARN of a secret or parameter nor the name of a parameter (letters, digits and \
             /_.-); a secret is named by its ARN only",
            "3:10: `name`: another secret is called `A`, at 2:10",
            "4:10: `name` is empty",
            "4:27: `valueFrom`: it is empty",
            "5:1: missing field `valueFrom`",
            "5:15: unknown field `valuefrom`, did you mean `valueFrom`?",
        ]
    );
}

#[test]
fn what_stays_with_ecs_is_told() {
    let text = r#"{"volumes": [{"name": "v", "fsxWindowsFileServerVolumeConfiguration": {}}], "containerDefinitions": [
{"name": "a", "secrets": [{"name": "A", "valueFrom": "a"}],
 "repositoryCredentials": {"credentialsParameter": "x"}, "credentialSpecs": ["x"],
 "logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "token", "valueFrom": "x"}]}}]}"#;
    let spec = read("t.json", text, None).unwrap();
    let told: Vec<_> = spec.notices.iter().map(|it| (it.at.unwrap().line, it.message.as_str())).collect();
    let expected = [
        (1, "no `taskRoleArn`"),
        (1, "the credentials of `fsxWindowsFileServerVolumeConfiguration` stay with ECS"),
        (3, "container `a`: `repositoryCredentials` stays with ECS, which reads it with the execution role to pull"),
        (4, "container `a`: `secretOptions` of `logConfiguration` stays"),
        (3, "container `a`: `credentialSpecs` stays"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for ((line, message), (expected_line, beginning)) in told.iter().zip(expected) {
        assert!(*line == expected_line && message.starts_with(beginning), "{line}: {message}");
    }
}

#[test]
fn variables_of_a_prefix_are_secrets() {
    let variables = |pairs: &[(&str, &str)]| -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    };
    let spec = environment("S_", variables(&[("S_TOKEN", "/prod/token"), ("PATH", "/bin"), ("S_DB", SECRET)])).unwrap();
    assert_eq!(names(&spec), ["DB", "TOKEN"]);
    assert_eq!((spec.form, spec.origin.as_str()), (Form::EcsEnvironment, "env:S_"));

    let told = environment("S_", variables(&[("S_", "a"), ("S_B", "hunter 2"), ("S_A", "")])).unwrap_err().to_string();
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines[0], "env:S_: `S_A`: it is empty");
    assert!(lines[1].starts_with("env:S_: `S_B`: neither the ARN") && !told.contains("hunter"));
    assert_eq!(lines[2], "env:S_: `S_`: it names no variable behind the prefix");
    let told = environment("S_", variables(&[("s_A", "a")])).unwrap_err().to_string();
    assert_eq!(told, "env:S_: no variable begins with `S_`: give each secret as S_NAME=valueFrom");
}
