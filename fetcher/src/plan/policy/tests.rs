#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use serde_json::{Value, json};

use super::*;
use crate::plan::testing::{entry, parameter, plan, pod, sealed, secret, spec};
use crate::plan::{Defaults, Overrides};
use crate::spec::{Entry, Failover, Form, Object, ParameterPath, SecretFilter, Spec};

const ACCOUNT: Option<&str> = Some("111122223333");

fn policy(spec: Spec) -> Value {
    let grants = grants(&plan(spec).unwrap(), ACCOUNT);
    serde_json::to_value(&grants[0].policy).unwrap()["Statement"].clone()
}

#[test]
fn names_need_a_wildcard_and_arns_do_not() {
    let mut spec = spec(Form::CsiParameters);
    let exact = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:db-AbCdEf";
    let cut = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:api";
    let token = "arn:aws:ssm:eu-west-1:444455556666:parameter/token";
    spec.entries = vec![
        entry("name", secret("prod/db")),
        entry("exact", secret(exact)),
        entry("cut", secret(cut)),
        entry("token", parameter(token)),
        entry("path", parameter("/prod/token")),
    ];
    assert_eq!(
        policy(spec),
        json!([
            {
                "Sid": "ReadSecrets", "Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"],
                "Resource": [
                    "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/db-??????",
                    format!("{cut}-??????"),
                    exact,
                ],
            },
            {
                "Sid": "ReadParameters", "Effect": "Allow", "Action": ["ssm:GetParameters"],
                "Resource": ["arn:aws:ssm:eu-central-1:111122223333:parameter/prod/token", token],
            },
        ])
    );
}

#[test]
fn batches_are_granted_on_everything_and_only_if_they_are_used() {
    let sids = |spec: Spec| {
        let statements = policy(spec);
        statements.as_array().unwrap().iter().map(|it| it["Sid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(sids(pod(Form::CsiParameters)), ["ReadSecrets", "ReadParameters"]);
    assert_eq!(sids(pod(Form::Native)), ["ReadSecrets", "ReadParameters", "ReadInBatches"]);
    let mut one = spec(Form::Native);
    one.entries = vec![entry("db", secret("db"))];
    assert_eq!(sids(one), ["ReadSecrets"]);
}

#[test]
fn filters_paths_references_and_sealed_files_are_granted() {
    let mut spec = spec(Form::Native);
    spec.batch = Some(Batch::Never);
    let tags = BTreeMap::from([("team".to_owned(), "blue".to_owned())]);
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234";
    let mut file = sealed("/etc/sealed");
    file.keys = vec![key.to_owned()];
    file.context = BTreeMap::from([("app".to_owned(), "shop".to_owned())]);
    spec.entries = vec![
        entry("filter", Object::Secrets(SecretFilter { name_prefix: Some("prod/".to_owned()), tags })),
        entry("path", Object::Parameters(ParameterPath { path: "/prod/app".to_owned(), recursive: false })),
        entry("reference", parameter("/aws/reference/secretsmanager/prod/db")),
        Entry { fallback: Some(sealed("/etc/other")), ..entry("api", secret("api")) },
        entry("sealed", Object::Sealed(file)),
    ];
    let statements = policy(spec);
    let of = |sid: &str| {
        statements.as_array().unwrap().iter().find(|it| it["Sid"] == sid).unwrap_or_else(|| panic!("{sid}")).clone()
    };
    let tagged = of("ReadTaggedSecrets");
    assert_eq!(tagged["Resource"], json!(["arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/*"]));
    assert_eq!(tagged["Condition"], json!({"StringEquals": {"aws:ResourceTag/team": ["blue"]}}));
    assert_eq!(of("ListSecrets")["Resource"], json!(["*"]));
    let below = "arn:aws:ssm:eu-central-1:111122223333:parameter/prod/app";
    assert_eq!(of("ReadParametersByPath")["Resource"], json!([below, format!("{below}/*")]));
    let secrets = of("ReadSecrets")["Resource"].clone();
    assert_eq!(secrets[1], "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/db-??????");
    let reference = "arn:aws:ssm:eu-central-1:111122223333:parameter/aws/reference/secretsmanager/prod/db";
    assert_eq!(of("ReadParameters")["Resource"], json!([reference]));
    assert_eq!(of("OpenSealedFiles1")["Resource"], json!(["arn:aws:kms:eu-central-1:111122223333:key/*"]));
    let sealed = of("OpenSealedFiles2");
    assert_eq!(sealed["Resource"], json!([key]));
    assert_eq!(sealed["Condition"], json!({"StringEquals": {"kms:EncryptionContext:app": ["shop"]}}));
}

#[test]
fn a_role_has_a_policy_of_its_own_and_the_pod_may_assume_it() {
    let mut spec = spec(Form::Native);
    let role = "arn:aws:iam::444455556666:role/other";
    spec.entries =
        vec![entry("here", secret("here")), Entry { role: Some(role.to_owned()), ..entry("there", secret("there")) }];
    let grants = grants(&plan(spec).unwrap(), ACCOUNT);
    assert_eq!(grants.iter().map(|it| it.role.as_deref()).collect::<Vec<_>>(), [None, Some(role)]);
    let own = serde_json::to_value(&grants[0].policy).unwrap();
    assert_eq!(own["Statement"][1]["Action"], json!(["sts:AssumeRole"]));
    assert_eq!(own["Statement"][1]["Resource"], json!([role]));
    let other = serde_json::to_value(&grants[1].policy).unwrap();
    let there = "arn:aws:secretsmanager:eu-central-1:444455556666:secret:there-??????";
    assert_eq!(other["Statement"][0]["Resource"], json!([there]));
}

#[test]
fn the_other_regions_are_granted_too() {
    let mut spec = spec(Form::CsiParameters);
    let failover = vec![Failover { region: "eu-west-1".to_owned(), object: secret("db-2") }];
    spec.entries = vec![Entry { failover, ..entry("db", secret("db")) }];
    let resources = policy(spec)[0]["Resource"].clone();
    assert_eq!(resources[1], "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-2-??????");
}

#[test]
fn partitions_follow_the_region_and_what_is_not_known_is_any() {
    let mut spec = spec(Form::Native);
    spec.place.region = None;
    spec.entries = vec![entry("db", secret("db"))];
    let of = |region: Option<&str>| {
        let overrides = Overrides { region: region.map(str::to_owned), ..Overrides::default() };
        let plan = Plan::new(spec.clone(), &overrides, &Defaults::default()).unwrap();
        let grants = grants(&plan, None).remove(0);
        let keys = serde_json::to_value(&grants.with_customer_keys).unwrap();
        (grants.policy.statement[0].resource[0].clone(), keys[0]["Condition"].clone())
    };
    let (arn, via) = of(Some("cn-north-1"));
    assert_eq!(arn, "arn:aws-cn:secretsmanager:cn-north-1:*:secret:db-??????");
    let hosts = ["secretsmanager.cn-north-1.amazonaws.com.cn", "secretsmanager.cn-north-1.amazonaws.com"];
    assert_eq!(via, json!({"StringEquals": {"kms:ViaService": hosts}}));
    assert!(of(Some("us-gov-west-1")).0.starts_with("arn:aws-us-gov:secretsmanager:us-gov-west-1:"));
    let (arn, via) = of(None);
    assert_eq!(arn, "arn:aws:secretsmanager:*:*:secret:db-??????");
    assert_eq!(via, json!({"StringLike": {"kms:ViaService": ["secretsmanager.*.amazonaws.com"]}}));
}

#[test]
fn customer_managed_keys_are_used_through_the_services_alone() {
    let grants = grants(&plan(pod(Form::CsiParameters)).unwrap(), ACCOUNT);
    let keys = serde_json::to_value(&grants[0].with_customer_keys).unwrap();
    assert_eq!(
        keys[1],
        json!({
            "Sid": "DecryptThroughParameterStore", "Effect": "Allow", "Action": ["kms:Decrypt"],
            "Resource": ["arn:aws:kms:eu-central-1:111122223333:key/*"],
            "Condition": {"StringEquals": {"kms:ViaService": ["ssm.eu-central-1.amazonaws.com"]}},
        })
    );
}

#[test]
fn a_policy_of_70_objects_fits_a_managed_policy() {
    let grants = grants(&plan(pod(Form::Native)).unwrap(), ACCOUNT);
    assert!(grants[0].policy.characters() < MANAGED_LIMIT, "{}", grants[0].policy.characters());
}
