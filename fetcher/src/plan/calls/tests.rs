#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use super::*;
use crate::plan::testing::{entry, parameter, plan, pod, sealed, secret, spec};
use crate::plan::{Defaults, Overrides};
use crate::spec::{Entry, Form, ParameterPath, ParameterRef, SecretFilter};

fn calls(spec: crate::spec::Spec, batch: Option<Batch>) -> Vec<(&'static str, u64)> {
    let overrides = Overrides { batch, ..Overrides::default() };
    let plan = Plan::new(spec, &overrides, &Defaults::default()).unwrap();
    Calls::of(&plan).by_action().into_iter().map(|(action, count)| (action.operation(), count)).collect()
}

#[test]
fn seventy_objects_take_47_and_3_calls_or_3_and_3() {
    assert_eq!(calls(pod(Form::CsiParameters), None), [("GetSecretValue", 47), ("GetParameters", 3)]);
    for batched in [calls(pod(Form::CsiParameters), Some(Batch::Auto)), calls(pod(Form::Native), None)] {
        assert_eq!(batched, [("BatchGetSecretValue", 3), ("GetParameters", 3)]);
    }
}

#[test]
fn only_current_versions_are_batched_and_one_alone_is_not() {
    let mut spec = spec(Form::Native);
    let pinned = Object::Secret(SecretRef {
        id: "pinned".to_owned(),
        version_id: None,
        version_stage: Some("AWSPREVIOUS".to_owned()),
    });
    spec.entries = vec![entry("a", secret("a")), entry("b", pinned)];
    assert_eq!(calls(spec.clone(), None), [("GetSecretValue", 2)]);
    assert_eq!(calls(spec.clone(), Some(Batch::Always)), [("GetSecretValue", 1), ("BatchGetSecretValue", 1)]);
    spec.entries.push(entry("c", secret("c")));
    assert_eq!(calls(spec, None), [("GetSecretValue", 1), ("BatchGetSecretValue", 1)]);
}

#[test]
fn regions_and_roles_share_no_call() {
    let mut spec = spec(Form::Native);
    let of = |label: &str, region: Option<&str>, role: Option<&str>| Entry {
        region: region.map(str::to_owned),
        role: role.map(str::to_owned),
        ..entry(label, parameter(label))
    };
    let role = Some("arn:aws:iam::111122223333:role/x");
    spec.entries =
        vec![of("a", None, None), of("b", None, None), of("c", Some("us-east-1"), None), of("d", None, role)];
    let plan = plan(spec).unwrap();
    let counted = Calls::of(&plan);
    let calls: Vec<_> = counted.by_region().collect();
    assert_eq!(
        calls,
        [
            (Action::AssumeRole, Some("eu-central-1"), 1),
            (Action::GetParameters, Some("eu-central-1"), 2),
            (Action::GetParameters, Some("us-east-1"), 1),
        ]
    );
}

#[test]
fn versions_of_one_parameter_go_apart() {
    let mut spec = spec(Form::Native);
    let version = |label: &str, name: &str, version: &str| {
        let parameter = ParameterRef { name: name.to_owned(), selector: Some(version.to_owned()) };
        entry(label, Object::Parameter(parameter))
    };
    let arn = "arn:aws:ssm:eu-central-1:111122223333:parameter/a/b";
    spec.entries = vec![version("a", "/a/b", "1"), version("b", arn, "2"), version("c", "/c", "1")];
    assert_eq!(calls(spec, None), [("GetParameters", 2)]);
}

#[test]
fn what_is_found_is_counted_at_least() {
    let mut spec = spec(Form::Native);
    let path = ParameterPath { path: "/prod".to_owned(), recursive: true };
    let filter = SecretFilter { name_prefix: Some("prod/".to_owned()), tags: BTreeMap::new() };
    spec.entries = vec![
        entry("path", Object::Parameters(path)),
        entry("filter", Object::Secrets(filter)),
        entry("sealed", Object::Sealed(sealed("/etc/sealed"))),
    ];
    let plan = plan(spec.clone()).unwrap();
    assert!(Calls::of(&plan).is_at_least);
    assert_eq!(calls(spec, None), [("ListSecrets", 1), ("GetParametersByPath", 1), ("Decrypt", 1)]);
}
