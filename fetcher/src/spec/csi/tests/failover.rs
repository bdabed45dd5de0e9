//! A second Region.

use super::{mistakes, notices, spec};
use crate::spec::{Failover, Object, ParameterRef, SecretRef};

const REGIONS: &[&str] = &["region: us-west-1", "failoverRegion: us-west-2"];
const HERE: &str = "arn:aws:secretsmanager:us-west-1:123456789012:secret:secret1";
const THERE: &str = "arn:aws:secretsmanager:us-west-2:123456789012:secret:secret1";

fn secret(id: &str, version: Option<&str>, stage: Option<&str>) -> Object {
    let (version_id, version_stage) = (version.map(str::to_owned), stage.map(str::to_owned));
    Object::Secret(SecretRef { id: id.to_owned(), version_id, version_stage })
}

/// What is asked for in the second Region by the only entry, if that is not the same.
fn elsewhere(objects: &str) -> Option<Object> {
    let entry = spec(REGIONS, objects).entries.remove(0);
    let Failover { region, object } = entry.failover.into_iter().next()?;
    assert_eq!(region, "us-west-2");
    Some(object)
}

#[test]
fn the_rules_of_failover_objects_hold() {
    let version = "object versions must match between primary and failover regions: MySecret1";
    for (objects, text) in [
        (
            format!("- objectName: '{HERE}'\n  failoverObject: {{objectName: '{THERE}'}}"),
            format!("object alias must be specified for objects with failover entries: {HERE}"),
        ),
        (
            format!("- {{objectName: '{HERE}', failoverObject: {{objectName: MySecret}}, objectAlias: test}}"),
            "Must use objectType when a full ARN is not specified: MySecret".to_owned(),
        ),
        (
            format!("- {{objectName: MySecret, failoverObject: {{objectName: '{THERE}'}}, objectAlias: test}}"),
            "Must use objectType when a full ARN is not specified: MySecret".to_owned(),
        ),
        (
            format!(
                "- {{objectName: '{HERE}', objectType: secretsmanager, objectAlias: test, \
                 failoverObject: {{objectName: 'arn:aws:bad:us-west-2:123456789012:secret:secret1'}}}}"
            ),
            "objectType does not match ARN: arn:aws:bad:us-west-2:123456789012:secret:secret1".to_owned(),
        ),
        (
            format!(
                "- {{objectName: '{HERE}', objectAlias: test, \
                 failoverObject: {{objectName: 'arn:aws:bad:us-west-2:123456789012:secret:secret1'}}}}"
            ),
            "Invalid service in ARN: bad".to_owned(),
        ),
        (
            format!("- {{objectName: '{HERE}', failoverObject: {{objectName: '{HERE}'}}, objectAlias: test}}"),
            format!("ARN region must match region us-west-2: {HERE}"),
        ),
        (
            "- {objectName: MySecret1, objectType: ssmparameter, objectAlias: test, objectVersion: VersionId, \
             failoverObject: {objectName: There, objectVersion: VersionId, objectVersionLabel: MyLabel}}"
                .to_owned(),
            "ssm parameters can not specify both objectVersion and objectVersionLabel: MySecret1".to_owned(),
        ),
        (
            "- {objectName: MySecret1, objectType: ssmparameter, objectAlias: test, objectVersion: Old, \
             failoverObject: {objectName: There, objectVersion: Other}}"
                .to_owned(),
            version.to_owned(),
        ),
        (
            "- {objectName: MySecret1, objectType: ssmparameter, objectAlias: test, objectVersion: Old, \
             failoverObject: {objectName: There}}"
                .to_owned(),
            version.to_owned(),
        ),
    ] {
        assert_eq!(mistakes(REGIONS, &objects), [text], "{objects}");
    }
    let objects = format!("- {{objectName: '{HERE}', failoverObject: {{objectName: '{THERE}'}}, objectAlias: test}}");
    let text = format!("failover object allowed only when failover region is defined: {HERE}");
    assert_eq!(mistakes(&["region: us-west-1"], &objects), [text]);
}

#[test]
fn the_failover_region_is_another_one() {
    let text = "us-west-1: failover region cannot be the same as the primary region";
    let objects = "- {objectName: a, objectType: ssmparameter}";
    assert_eq!(mistakes(&["region: us-west-1", "failoverRegion: us-west-1"], objects), [text]);
    assert_eq!(spec(REGIONS, objects).place.failover_regions, ["us-west-2"]);
}

#[test]
fn a_name_is_the_same_elsewhere_unless_it_is_said() {
    assert_eq!(elsewhere("- {objectName: a, objectType: secretsmanager, objectVersionLabel: L}"), None);
    let objects = format!("- {{objectName: '{HERE}', failoverObject: {{objectName: '{THERE}'}}, objectAlias: test}}");
    assert_eq!(elsewhere(&objects), Some(secret(THERE, None, None)));
    let objects = "- {objectName: a, objectType: secretsmanager, objectAlias: t, objectVersion: V, \
                   objectVersionLabel: L, failoverObject: {objectName: b, objectVersion: V}}";
    assert_eq!(elsewhere(objects), Some(secret("b", Some("V"), Some("L"))));
    let objects = "- {objectName: a, objectType: secretsmanager, failoverObject: {objectVersionLabel: M}}";
    assert_eq!(elsewhere(objects), Some(secret("a", None, Some("M"))));
    let objects = "- {objectName: a, objectType: ssmparameter, objectAlias: t, \
                   failoverObject: {objectName: b, objectVersionLabel: M}}";
    let there = ParameterRef { name: "b".to_owned(), selector: Some("M".to_owned()) };
    assert_eq!(elsewhere(objects), Some(Object::Parameter(there)));
}

#[test]
fn an_arn_is_asked_for_as_the_replica_of_the_second_region() {
    assert_eq!(elsewhere(&format!("- objectName: '{HERE}'")), Some(secret(THERE, None, None)));
    assert_eq!(
        elsewhere("- {objectName: 'arn:aws:ssm:us-west-1:123456789012:parameter/us-west-1', objectVersion: 2}"),
        Some(Object::Parameter(ParameterRef {
            name: "arn:aws:ssm:us-west-2:123456789012:parameter/us-west-1".to_owned(),
            selector: Some("2".to_owned())
        }))
    );
}

#[test]
fn a_failover_object_that_nobody_asks_for_is_told() {
    let spec = spec(&[], "- {objectName: a, objectType: ssmparameter, failoverObject: {objectVersion: 3}}");
    assert_eq!(notices(&spec), ["2:63: `failoverObject` of a is ignored without `failoverRegion`"]);
    assert!(spec.entries[0].failover.is_empty());
}
