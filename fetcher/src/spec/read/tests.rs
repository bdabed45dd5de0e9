//! Which form a text is taken for.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use proptest::prelude::*;

use super::{Choice, read, recognise};
use crate::spec::Form;

/// One of each form, to begin with.
const SEEDS: [&str; 3] = [
    "defaults: {mode: \"0400\"}\nsecrets:\n  a:\n    secret: a\n    files: [{path: x, jmespath: a.b}]\n    env: {A: {key: k}}\n  \
     b: {parameter: /b, version: 3}\nfiles:\n- {path: e, dotenv: {A: {from: a}, \"*\": [{from: b}]}}\n- {path: t, template: '{{ a }}'}\n",
    "region: eu-west-1\nobjects: |\n  - objectName: a\n    objectType: secretsmanager\n    jmesPath: [{path: a, objectAlias: b}]\n",
    "[{\"name\": \"A\", \"valueFrom\": \"arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf:k::\"}]",
];

fn told(text: &str, choice: &Choice) -> String {
    read("f", text, choice).expect_err(text).to_string()
}

#[test]
fn the_form_is_known_by_the_fields_at_the_top() {
    for (text, form) in [
        ("secrets:\n  a: {secret: a}\n", Form::Native),
        ("{\"secrets\": {\"a\": {\"secret\": \"a\"}}}", Form::Native),
        ("# first\n---\nregion: eu-west-1\nsecrets: 7\n", Form::Native),
        // Misspelt, or broken further below: its own reader says that best.
        ("batch: auto\nsecret: {}\n", Form::Native),
        ("secrets:\n  a: [\n", Form::Native),
        ("region: eu-west-1\nobjects: |\n  - objectName: a\n", Form::CsiParameters),
        ("apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\n", Form::SecretProviderClass),
        ("apiVersion: v1\nkind: ServiceAccount\n---\nkind: SecretProviderClass\n", Form::SecretProviderClass),
        ("apiVersion: v1\nkind: List\nitems: []\n", Form::SecretProviderClass),
        ("{\"containerDefinitions\": []}", Form::EcsTaskDefinition),
        ("{\n\t\"taskDefinition\": {}}", Form::EcsTaskDefinition),
        ("{\"name\": \"app\", \"secrets\": []}", Form::EcsTaskDefinition),
        ("\u{feff}[{\"name\": \"A\", \"valueFrom\": \"a\"}]", Form::EcsTaskDefinition),
        ("- name: A\n  valueFrom: a\n", Form::EcsTaskDefinition),
    ] {
        assert_eq!(recognise("f", text).unwrap(), form, "{text}");
    }
}

#[test]
fn what_is_none_of_them_is_told() {
    let choice = Choice::default();
    for text in ["", "# nothing\n", "a: 1\n", "just words\n", "region: eu-west-1\n"] {
        assert!(told(text, &choice).starts_with("f:1:1: no specification that is known"), "{text}");
    }
    assert!(told("a: [\nb: }\n", &choice).starts_with("f:2:"));
    assert!(told("Resources:\n  Task: {}\n", &choice).starts_with("f:1:1: a CloudFormation template"));
}

#[test]
fn a_choice_without_a_choice_is_refused() {
    let name = Choice { name: Some("a".into()), ..Choice::default() };
    let container = Choice { container: Some("a".into()), ..Choice::default() };
    let ours = "secrets:\n  a: {secret: a}\n";
    assert_eq!(told(ours, &name), "f: --name chooses a SecretProviderClass, but this is our own form");
    let class = "apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\n";
    assert_eq!(
        told(class, &container),
        "f: --container chooses a container of an ECS task definition, but this is a SecretProviderClass"
    );
}

#[test]
fn every_form_is_read() {
    let parameters = "objects: |\n  - objectName: a\n    objectType: secretsmanager\n";
    let class = "apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nmetadata: {name: n}\nspec:\n  provider: aws\n  \
                 parameters:\n    objects: |\n      - objectName: a\n        objectType: secretsmanager\n";
    let list = "[{\"name\": \"A\", \"valueFrom\": \"a\"}]";
    for (text, form) in [
        ("secrets:\n  a: {secret: a}\n", Form::Native),
        (parameters, Form::CsiParameters),
        (class, Form::SecretProviderClass),
        (list, Form::EcsTaskDefinition),
    ] {
        let spec = read("f", text, &Choice::default()).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!((spec.form, spec.entries.len(), spec.origin.as_str()), (form, 1, "f"));
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic_or_its_errors_unprintable(
        text in 0..SEEDS.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), "(\\PC|[\\n\\t\\[\\]{}:,#&*!|>'\"-]){0,3}", 0_usize..8), 1..6),
    ) {
        let mut text = SEEDS[text].to_owned();
        for (at, put, cut) in edits {
            let from = text.floor_char_boundary(at.index(text.len() + 1));
            let to = text.floor_char_boundary((from + cut).min(text.len())).max(from);
            text.replace_range(from..to, &put);
        }
        if let Err(errors) = read("f", &text, &Choice::default()) {
            prop_assert!(!errors.mistakes().is_empty());
            prop_assert!(errors.to_string().lines().all(|line| !line.chars().any(char::is_control)));
        }
    }
}
