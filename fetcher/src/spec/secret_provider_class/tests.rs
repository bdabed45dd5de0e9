#![expect(clippy::unwrap_used, reason = "a test that gets nothing fails there")]

use crate::spec::{Form, Spec, SpecErrors, read};

fn class(name: &str, object: &str) -> String {
    format!(
        "\
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata:
  name: {name}
spec:
  provider: aws
  parameters:
    region: eu-west-1
    objects: |
      - objectName: {object}
        objectType: secretsmanager
"
    )
}

fn chosen(text: &str, name: Option<&str>) -> Result<Spec, SpecErrors> {
    super::read("spc.yaml", text, name)
}

fn mistakes(text: &str, name: Option<&str>) -> String {
    chosen(text, name).expect_err("it is wrong").to_string()
}

fn label(text: &str, name: Option<&str>) -> String {
    chosen(text, name).unwrap().entries[0].label.clone()
}

#[test]
fn a_class_is_recognised_and_read() {
    let spec = read::read("spc.yaml", &class("app", "db"), &read::Choice::default()).unwrap();
    assert_eq!((spec.form, spec.origin.as_str()), (Form::SecretProviderClass, "spc.yaml"));
    assert_eq!(spec.place.region.as_deref(), Some("eu-west-1"));
    assert_eq!(spec.entries[0].at.unwrap().to_string(), "10:9");
    assert!(spec.notices.is_empty());
}

#[test]
fn of_several_classes_one_is_named() {
    let text = format!("{}---\nkind: Deployment\n---\n---\n{}", class("app", "db"), class("web", "page"));
    assert_eq!(label(&text, Some("web")), "page");
    assert_eq!(label(&class("app", "db"), Some("app")), "db");
    assert_eq!(
        mistakes(&text, None),
        "spc.yaml: several classes are in this file (`app`, `web`): name one with --name"
    );
    assert_eq!(mistakes(&text, Some("wb")), "spc.yaml: no class is named `wb` (--name); there is `app`, `web`");
    assert_eq!(mistakes(&class("app", "db"), Some("wb")), "spc.yaml: no class is named `wb` (--name); there is `app`");
    let twice = format!("{}---\n{}", class("app", "db"), class("app", "page"));
    assert_eq!(mistakes(&twice, Some("app")), "spc.yaml:13:1: a second class is named `app`");
    assert_eq!(
        mistakes("kind: Pod", None),
        "spc.yaml: no SecretProviderClass is in this file, but Pod: give the specification that is in it, as a file"
    );
}

#[test]
fn lists_hold_classes_as_kubectl_prints_them() {
    let indented: String = class("app", "db").lines().map(|line| format!("    {line}\n")).collect();
    let list = format!("apiVersion: v1\nkind: List\nitems:\n  - kind: Pod\n  -\n{indented}");
    assert_eq!(label(&list, None), "db");
    let bare = indented.replace("    kind: SecretProviderClass\n", "");
    let list = format!("apiVersion: x\nkind: SecretProviderClassList\nitems:\n  -\n{bare}");
    assert_eq!(label(&list, None), "db");
    let json = r#"{"apiVersion":"secrets-store.csi.x-k8s.io/v1alpha1","kind":"SecretProviderClass","metadata":{"name":"a",
        "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"a\":1}\n"}},"spec":{"provider":"aws",
        "parameters":{"objects":"- objectName: db\n  objectType: secretsmanager\n"}},"status":{"byPod":[]}}"#;
    assert_eq!(label(json, None), "db");
}

#[test]
fn another_provider_or_api_is_refused_with_all_other_mistakes() {
    let text = class("app", "db").replace("aws", "vault").replace("/v1", "/v2").replace("secretsmanager", "kv");
    assert_eq!(
        mistakes(&text, None),
        "\
spc.yaml:1:13: `apiVersion` must be secrets-store.csi.x-k8s.io/v1, not \"secrets-store.csi.x-k8s.io/v2\"
spc.yaml:6:13: `provider` must be aws, not \"vault\": only that provider's parameters are read
spc.yaml:11:21: Invalid objectType: kv"
    );
    let text = class("app", "db").replace("  provider: aws\n", "");
    assert!(mistakes(&text, None).contains(": `provider` must be aws, not \"\""));
}

#[test]
fn what_is_missing_is_named() {
    let text = class("app", "db");
    let (without_parameters, _) = text.split_once("  parameters:").unwrap();
    assert_eq!(mistakes(without_parameters, None), "spc.yaml:6:3: `parameters` is missing: there is nothing to fetch");
    let (without_objects, _) = text.split_once("    objects:").unwrap();
    assert_eq!(mistakes(without_objects, None), "spc.yaml:8:5: `objects` is missing: there is nothing to fetch");
    let (without_spec, _) = text.split_once("spec:").unwrap();
    assert_eq!(mistakes(without_spec, None), "spc.yaml:1:1: `spec` is missing");
}

#[test]
fn secret_objects_are_named_with_what_replaces_them() {
    let text = class("app", "db")
        + "        jmesPath:
          - {path: \"to_string(\\\"the port\\\")\", objectAlias: port}
  secretObjects:
    - secretName: db-secret
      type: Opaque
      data:
        - {key: everything, objectName: db}
        - {key: 1st.port, objectName: port}
        - {key: lost, objectName: nowhere}
    - secretName: empty
";
    let spec = chosen(&text, None).unwrap();
    let notices: Vec<_> =
        spec.notices.iter().map(|notice| format!("{}: {}", notice.at.unwrap(), notice.message)).collect();
    assert_eq!(
        notices,
        [
            "15:7: `secretObjects`: the Kubernetes Secret `db-secret` is not made here; its files are there, and for \
             variables run `exec --env` with this converted (`convert`) and `env: {everything: {}}` in `db`, \
             `env: {_1st_port: {jmespath: \"to_string(\\\"the port\\\")\"}}` in `db`, nothing for key `lost`, for no file is \
             named `nowhere`",
            "21:7: `secretObjects`: the Kubernetes Secret `empty` is not made here",
        ]
    );
}

#[test]
fn what_replaces_them_is_our_own_form() {
    let text = "secrets:\n  db: {secret: db, env: {everything: {}, _1st_port: {jmespath: \"to_string(port)\"}}}\n";
    let spec = read::read("own.yaml", text, &read::Choice::default()).unwrap();
    assert_eq!(spec.entries[0].outputs.len(), 2);
}
