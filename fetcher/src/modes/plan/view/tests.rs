#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use sealkit_rig::schema::assert_valid;

use super::*;
use crate::plan::calls::Calls;
use crate::plan::policy::grants;
use crate::plan::testing::{entry, plan, pod, sealed, secret, spec};
use crate::spec::{Entry, Failover, Form, SecretFilter, Spec};

const SCHEMA: &str = include_str!("../../../../../docs/fetcher-plan.schema.json");

fn view(spec: Spec, pods: u32) -> View {
    let plan = plan(spec).unwrap();
    let estimate = Estimate::new(Calls::of(&plan), NonZeroU32::new(pods).unwrap(), Duration::from_secs(3_600));
    let view = View::new(&plan, &estimate, grants(&plan, None));
    assert_valid(SCHEMA, &serde_json::to_value(&view).unwrap());
    view
}

#[test]
fn seventy_objects_are_50_calls_or_6() {
    let calls = |form| view(pod(form), 1).calls;
    let drop_in = calls(Form::SecretProviderClass);
    assert_eq!(drop_in.by_operation, BTreeMap::from([("GetParameters", 3), ("GetSecretValue", 47)]));
    let ours = calls(Form::Native);
    assert_eq!(ours.by_operation, BTreeMap::from([("BatchGetSecretValue", 3), ("GetParameters", 3)]));
}

#[test]
fn every_kind_of_object_is_shown_as_the_schema_says() {
    let mut spec = spec(Form::Native);
    let role = Some("arn:aws:iam::111122223333:role/x".to_owned());
    let tags = BTreeMap::from([("team".to_owned(), "blue".to_owned())]);
    let mut files = entry("files", Object::Secrets(SecretFilter { name_prefix: Some("prod/".to_owned()), tags }));
    files.outputs[0].to =
        Destination::Files { directory: File { path: "team".to_owned(), ..File::default() }, strip_prefix: None };
    let mut variable = entry("variable", secret("v\u{1b}[2J"));
    variable.outputs[0].to = Destination::Variable("TOKEN".to_owned());
    spec.entries = vec![
        files,
        variable,
        Entry {
            role,
            optional: true,
            fallback: Some(sealed("/etc/api")),
            failover: vec![Failover { region: "eu-west-1".to_owned(), object: secret("api") }],
            ..entry("api", secret("api"))
        },
        entry("sealed", Object::Sealed(sealed("/etc/sealed"))),
    ];
    let text = view(spec, 1).text();
    for part in [
        "secrets  prod/* team=blue",
        "0400  team/*",
        "TOKEN  variable",
        "eu-central-1, then eu-west-1, then /etc/api  api (optional)",
        "at least",
        "Policy of arn:aws:iam::111122223333:role/x",
        "refreshes every 1h",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_herd_beyond_the_deadline_is_told() {
    let told = |pods| view(pod(Form::CsiParameters), pods).text().contains("beyond the default deadline of 2m");
    assert!(told(2_000) && !told(500));
}
