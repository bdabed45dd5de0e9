//! What other forms say, our own form says.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use proptest::prelude::*;

use super::{ConvertError, meaning, to_native};
use crate::spec::read::{Choice, read};
use crate::spec::{
    AddressType, Destination, Entry, Failover, File, Form, Object, Output, ParameterRef, Place, SecretRef, Select,
    Spec, native,
};

const CLASS: &str = "\
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: app}
spec:
  provider: aws
  secretObjects:
  - secretName: db
    type: Opaque
    data: [{key: password, objectName: db-password}]
  parameters:
    region: eu-west-1
    failoverRegion: eu-west-2
    usePodIdentity: 'true'
    objects: |
      - objectName: prod/db
        objectType: secretsmanager
        objectAlias: db
        objectVersionLabel: AWSCURRENT
        filePermission: '0440'
        jmesPath: [{path: password, objectAlias: db-password}, {path: to_string(port), objectAlias: 'yes'}]
        failoverObject: {objectName: other}
      - {objectName: /prod/token, objectType: ssmparameter, objectVersion: 3}
";

fn spec(text: &str) -> Spec {
    read("s", text, &Choice::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn a_class_is_converted_with_what_is_not() {
    let text = to_native(&spec(CLASS)).unwrap();
    let (heading, body): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with('#'));
    assert!(heading[1].contains("Not converted") && heading[1].contains("`db`"), "{text}");
    assert!(body.iter().any(|line| line.trim() == "batch: never"), "{text}");
    assert!(text.contains("0644") && text.contains("0440") && text.contains("AWSCURRENT"), "{text}");
}

#[test]
fn a_task_definition_becomes_variables() {
    let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf";
    let text =
        format!(r#"[{{"name": "DB", "valueFrom": "{secret}:pass word::"}}, {{"name": "T", "valueFrom": "/t"}}]"#);
    let native = to_native(&spec(&text)).unwrap();
    assert!(native.contains("DB:") && native.contains("pass word") && !native.contains("files:"), "{native}");
}

#[test]
fn our_own_form_is_no_other() {
    let error = to_native(&spec("secrets: {a: {secret: a}}\n")).unwrap_err();
    assert!(matches!(error, ConvertError::Native(_)));
}

#[test]
fn what_our_own_form_refuses_is_told_and_not_printed() {
    let mut spec = spec(CLASS);
    spec.entries[0].object = Object::Secret(SecretRef { id: "a b".into(), version_id: None, version_stage: None });
    assert!(matches!(to_native(&spec), Err(ConvertError::Stricter(_))));
}

#[test]
fn no_notice_ends_its_comment() {
    let mut spec = spec(CLASS);
    spec.origin = "a\nsecrets: {}\n".to_owned();
    spec.notices[0].message = "b\r\nregion: eu-west-3".to_owned();
    let native = native::read("f", &to_native(&spec).unwrap()).unwrap();
    assert_eq!(native.place.region.as_deref(), Some("eu-west-1"));
}

fn version() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[a-zA-Z0-9._-]{1,12}")
}

fn object() -> impl Strategy<Value = Object> {
    let secret = ("[A-Za-z0-9/_+=.@-]{1,20}", version(), version())
        .prop_map(|(id, version_id, version_stage)| Object::Secret(SecretRef { id, version_id, version_stage }));
    let selector = prop::option::of(prop_oneof!["[1-9][0-9]{0,5}", "[a-zA-Z][a-zA-Z0-9._-]{0,8}"]);
    let parameter = ("(/[a-z0-9_.-]{1,8}){1,3}", selector)
        .prop_map(|(name, selector)| Object::Parameter(ParameterRef { name, selector }));
    prop_oneof![secret, parameter]
}

/// Any text that a label, a key or a file's name may be, words of YAML among them.
fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{1,12}", "\\PC{1,8}", "(yes|no|null|~|0644|1e3|true|-|\\?|#|: |&a|\\*b|!c|2026-01-01)"]
}

fn output(is_variable: bool) -> impl Strategy<Value = Output> {
    let select = prop_oneof![
        Just(Select::Whole),
        word().prop_map(Select::Key),
        Just(Select::JmesPath("to_string(a.\"b c\")".to_owned())),
    ];
    (select, word(), prop::option::of(0_u32..=0o777)).prop_map(move |(select, name, mode)| {
        let to = if is_variable {
            Destination::Variable(format!("V{name}"))
        } else {
            Destination::File(File { path: format!("f{name}"), mode, uid: None, gid: None })
        };
        Output { at: None, select, decode: None, to }
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let outputs = prop_oneof![
        prop::collection::vec(output(false), 1..4),
        // Two variables of one name are two of a mapping: no drop-in form has them.
        prop::collection::vec(output(true), 1..2),
    ];
    (word(), object(), any::<bool>(), outputs).prop_map(|(label, object, has_failover, outputs)| {
        let failover = Failover { region: "eu-west-2".to_owned(), object: object.clone() };
        Entry {
            label,
            at: None,
            object,
            optional: false,
            region: None,
            failover: has_failover.then_some(failover).into_iter().collect(),
            role: None,
            fallback: None,
            outputs,
        }
    })
}

proptest! {
    #[test]
    fn what_is_converted_means_the_same(
        entries in prop::collection::vec(entry(), 1..5),
        region in prop::option::of(Just("eu-west-1".to_owned())),
        pod_identity in any::<Option<bool>>(),
    ) {
        let mut entries = entries;
        for (index, entry) in entries.iter_mut().enumerate() {
            entry.label = format!("{}{index}", entry.label);
        }
        let spec = Spec {
            form: Form::CsiParameters,
            origin: "s".to_owned(),
            place: Place {
                failover_regions: vec!["eu-west-2".to_owned()],
                region,
                role: None,
                pod_identity,
                address_type: pod_identity.map(|_| AddressType::Ipv6),
            },
            batch: None,
            defaults: File::default(),
            entries,
            composites: Vec::new(),
            notices: Vec::new(),
        };
        let text = to_native(&spec).unwrap_or_else(|error| panic!("{error:?}"));
        let back = native::read("back", &text).unwrap();
        prop_assert_eq!(meaning(&back), meaning(&spec));
    }
}
