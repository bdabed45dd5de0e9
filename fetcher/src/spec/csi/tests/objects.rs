//! Each object by itself, and all of them together.

use super::{mistakes, notices, spec};
use crate::spec::{Object, ParameterRef, SecretRef};

const REGION: &[&str] = &["region: us-west-2"];

#[test]
fn names_and_types_must_go_together() {
    let secret = "arn:aws:secretsmanager:us-west-2:123456789012:secret:/feaw";
    for (object, texts) in [
        ("{}", vec!["Object name must be specified"]),
        ("{objectType: secretsmanager}", vec!["Object name must be specified"]),
        ("{objectName: '', objectType: secretsmanager}", vec!["Object name must be specified"]),
        ("{objectName: 'arn::'}", vec!["Invalid ARN format in object name: arn::"]),
        ("{objectName: 'arn:aws:sts:us-west-2:123456789012:parameter/feaw'}", vec!["Invalid service in ARN: sts"]),
        ("{objectName: SomeSecret}", vec!["Must use objectType when a full ARN is not specified: SomeSecret"]),
        ("{objectName: SomeName, objectType: sts}", vec!["Invalid objectType: sts"]),
        ("{objectName: SomeName, objectType: ssm}", vec!["Invalid objectType: ssm"]),
        ("{objectName: SomeName, objectType: SecretsManager}", vec!["Invalid objectType: SecretsManager"]),
        (
            &format!("{{objectName: '{secret}', objectType: ssmparameter}}"),
            vec![&format!("objectType does not match ARN: {secret}")],
        ),
        (
            "{objectName: 'arn:aws:secretsmanager:us-west-1:123456789012:secret:secret1'}",
            vec![
                "ARN region must match region us-west-2: \
                  arn:aws:secretsmanager:us-west-1:123456789012:secret:secret1",
            ],
        ),
        (
            "{objectName: 'arn:aws:sts:us-west-1:123456789012:secret:x', objectType: secretsmanager}",
            vec![
                "ARN region must match region us-west-2: arn:aws:sts:us-west-1:123456789012:secret:x",
                "objectType does not match ARN: arn:aws:sts:us-west-1:123456789012:secret:x",
            ],
        ),
        (
            "{objectName: p, objectType: ssmparameter, objectVersion: VersionId, objectVersionLabel: SomeLabel}",
            vec!["ssm parameters can not specify both objectVersion and objectVersionLabel: p"],
        ),
    ] {
        assert_eq!(mistakes(REGION, &format!("- {object}")), texts, "{object}");
    }
}

#[test]
fn an_arn_that_aws_would_not_take_is_none() {
    let [text] = &mistakes(REGION, "- objectName: 'arn:aws:secretsmanager:us-west-2:12:secret:x'")[..] else {
        panic!("one mistake")
    };
    assert!(text.starts_with("Invalid ARN format in object name: arn:aws:secretsmanager:us-west-2:12:secret:x; "));
    assert!(text.contains("account"), "{text}");
}

#[test]
fn objects_become_requests() {
    let spec = spec(
        &[],
        "
- {objectName: db, objectType: secretsmanager, objectVersion: 3, objectVersionLabel: AWSPREVIOUS}
- {objectName: 'arn:aws:ssm:eu-west-1:123456789012:parameter/p', objectVersionLabel: live}
- {objectName: /p, objectType: ssmparameter, objectVersion: 07}
- {objectName: /aws/reference/secretsmanager/db, objectType: ssmparameter, objectAlias: ref}",
    );
    let parameter = |name: &str, selector: Option<&str>| {
        Object::Parameter(ParameterRef { name: name.to_owned(), selector: selector.map(str::to_owned) })
    };
    let objects: Vec<_> = spec.entries.iter().map(|entry| entry.object.clone()).collect();
    let (version_id, version_stage) = (Some("3".to_owned()), Some("AWSPREVIOUS".to_owned()));
    assert_eq!(
        objects,
        [
            Object::Secret(SecretRef { id: "db".to_owned(), version_id, version_stage }),
            parameter("arn:aws:ssm:eu-west-1:123456789012:parameter/p", Some("live")),
            parameter("/p", Some("7")),
            parameter("/aws/reference/secretsmanager/db", None),
        ]
    );
    // Without `region`, an ARN is asked for where it is.
    let regions: Vec<_> = spec.entries.iter().map(|entry| entry.region.as_deref()).collect();
    assert_eq!(regions, [None, Some("eu-west-1"), None, None]);
    let labels: Vec<_> = spec.entries.iter().map(|entry| entry.label.as_str()).collect();
    assert_eq!(labels, ["db", "arn:aws:ssm:eu-west-1:123456789012:parameter/p", "/p", "ref"]);
    assert!(spec.entries.iter().all(|entry| !entry.optional && entry.failover.is_empty()));
}

#[test]
fn one_name_is_there_again_only_with_another_alias_or_label() {
    let twice = |first: &str, second: &str| {
        format!(
            "- {{objectName: secret1, objectType: ssmparameter{first}}}\n- {{objectName: secret1, objectType: ssmparameter{second}}}"
        )
    };
    let (one, two) = (", objectAlias: aliasOne", ", objectAlias: aliasTwo");
    let (current, previous) = (", objectVersionLabel: AWSCURRENT", ", objectVersionLabel: AWSPREVIOUS");
    let join = |alias: &str, label: &str| format!("{alias}{label}");
    let name = "found descriptor with duplicate object name secret1";
    for (first, second, text) in [
        (String::new(), String::new(), Some(format!("{name}, no object alias, and no version label"))),
        (one.into(), one.into(), Some(format!("{name}, duplicate object alias aliasOne, and no version label"))),
        (
            current.into(),
            current.into(),
            Some(format!("{name}, no object alias, and duplicate version label AWSCURRENT")),
        ),
        (
            join(one, current),
            join(one, current),
            Some(format!("{name}, duplicate object alias aliasOne, and duplicate version label AWSCURRENT")),
        ),
        (join(one, current), join(one, previous), Some("found duplicate object alias aliasOne".to_owned())),
        (one.into(), two.into(), None),
        (join(one, current), join(two, previous), None),
        (join(one, current), join(two, current), None),
        (current.into(), previous.into(), None),
        (one.into(), String::new(), None),
    ] {
        let objects = twice(&first, &second);
        match text {
            Some(text) => assert_eq!(mistakes(&[], &objects), [text], "{objects}"),
            None => assert_eq!(spec(&[], &objects).entries.len(), 2, "{objects}"),
        }
    }
}

#[test]
fn labels_are_unique_whatever_the_names_are() {
    let spec = spec(
        &[],
        "
- {objectName: p, objectType: ssmparameter, objectVersionLabel: a}
- {objectName: p, objectType: ssmparameter, objectVersionLabel: b}
- {objectName: q, objectType: ssmparameter, objectAlias: 'p:b'}",
    );
    let labels: Vec<_> = spec.entries.iter().map(|entry| entry.label.as_str()).collect();
    assert_eq!(labels, ["p", "p:b", "p:b'"]);
}

#[test]
fn no_alias_is_there_twice() {
    for (objects, text) in [
        (
            "- {objectName: a, objectType: ssmparameter, objectAlias: x}\n\
             - {objectName: b, objectType: ssmparameter, objectAlias: x}",
            "found duplicate object alias x",
        ),
        (
            "- {objectName: a, objectType: ssmparameter, objectAlias: x}\n\
             - {objectName: b, objectType: ssmparameter, jmesPath: [{path: username, objectAlias: x}]}",
            "Name already in use for objectAlias: found duplicate object alias x in JMES path entry username",
        ),
        (
            "- {objectName: a, objectType: ssmparameter, objectAlias: x, jmesPath: [{path: u, objectAlias: x}]}",
            "Name already in use for objectAlias: found duplicate object alias x in JMES path entry u",
        ),
    ] {
        assert_eq!(mistakes(&[], objects), [text]);
    }
}

#[test]
fn jmes_path_entries_need_path_and_alias() {
    for (entry, texts) in [
        ("{path: username}", vec!["Object alias must be specified for JMES object"]),
        ("{objectAlias: u}", vec!["Path must be specified for JMES object"]),
        ("", vec!["Path must be specified for JMES object", "Object alias must be specified for JMES object"]),
    ] {
        let objects = format!("- objectName: a\n  objectType: ssmparameter\n  jmesPath:\n  - {entry}");
        assert_eq!(mistakes(&[], &objects), texts, "{entry}");
    }
    // The provider finds this when it has fetched the secret.
    let objects = "- {objectName: a, objectType: ssmparameter, jmesPath: [{path: .testpath, objectAlias: u}]}";
    let [text] = &mistakes(&[], objects)[..] else { panic!("one mistake") };
    assert!(text.starts_with("Invalid JMES Path: .testpath. a syntax error"), "{text}");
}

#[test]
fn what_is_no_list_of_objects_is_not_loaded() {
    for (objects, text) in [
        ("a: b", "Failed to load SecretProviderClass: `objects` must be a list, not a mapping"),
        ("- foo", "Failed to load SecretProviderClass: an object must be a mapping, not a string"),
        ("- [a]", "Failed to load SecretProviderClass: an object must be a mapping, not a list"),
        ("- {objectName: [a]}", "Failed to load SecretProviderClass: `objectName` must be a string, not a list"),
        (
            "- {objectName: a, objectType: ssmparameter, jmesPath: x}",
            "Failed to load SecretProviderClass: `jmesPath` must be a list, not a string",
        ),
        (
            "- {objectName: a, objectType: ssmparameter, failoverObject: x}",
            "Failed to load SecretProviderClass: `failoverObject` must be a mapping, not a string",
        ),
        ("-\n- {objectName: a, objectType: ssmparameter}", "Empty descriptor entry in SecretProviderClass"),
    ] {
        assert_eq!(mistakes(&[], objects), [text], "{objects}");
    }
    let [text] = &mistakes(&[], "- objectName: a\n- {")[..] else { panic!("one mistake") };
    assert!(text.starts_with("Failed to load SecretProviderClass: "), "{text}");
}

#[test]
fn nothing_to_fetch_is_a_mistake_unless_it_is_said() {
    for objects in ["", "# none", "~"] {
        assert_eq!(mistakes(&[], objects).len(), 1, "{objects}");
    }
    let spec = spec(&[], "[]");
    assert!(spec.entries.is_empty());
    assert_eq!(notices(&spec), ["2:3: `objects` is an empty list: nothing is fetched"]);
}

#[test]
fn keys_match_in_any_case_and_unknown_ones_are_told() {
    let spec = spec(
        &[],
        "
- OBJECTNAME: first
  objectname: second
  ObjectType: secretsmanager
  objectVersionlabel: ~
  owner: me
  jmespath: [{Path: a, objectalias: b, mode: 1}]
  failoverobject: {x: 1}",
    );
    assert_eq!(spec.entries[0].label, "second");
    assert_eq!(
        notices(&spec),
        [
            "4:5: `OBJECTNAME` and `objectname` are the same field: the latter counts",
            "7:5: unknown field `owner` of an object is ignored",
            "8:42: unknown field `mode` of an item of `jmesPath` is ignored",
            "9:22: unknown field `x` of `failoverObject` is ignored",
        ]
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let texts = mistakes(
        &["failoverRegion: x", "region: x", "pathTranslation: ab", "usePodIdentity: 'yes'"],
        "- {objectType: sts, filePermission: 9}\n- ~\n- {objectName: b}",
    );
    assert_eq!(
        texts,
        [
            "x: failover region cannot be the same as the primary region",
            "pathTranslation must be either 'False' or a single character string",
            "failed to parse usePodIdentity value, error: strconv.ParseBool: parsing \"yes\": invalid syntax",
            "Object name must be specified",
            "Invalid objectType: sts",
            "Invalid File Permission: 9; write four octal digits in quotes, such as \"0440\"",
            "Empty descriptor entry in SecretProviderClass",
            "Must use objectType when a full ARN is not specified: b",
        ]
    );
}
