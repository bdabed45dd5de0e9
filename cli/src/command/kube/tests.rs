mod yaml;

use clap::Parser as _;
use serde_json::{Value, json};

use super::*;
use crate::args::{Command, LowArgs};

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

const KUBEADM_CONFIG: &str = include_str!("../../../../deploy/kms-plugin/kubeadm/encryption-config.yaml");

fn typed(args: &[&str]) -> Result<String, CliError> {
    let line = ["sealctl", "kube", "encryption-config"].iter().chain(args);
    let args = LowArgs::try_parse_from(line).unwrap_or_else(|error| panic!("{error}"));
    let Command::Kube(KubeArgs { action: KubeAction::EncryptionConfig(args) }) = args.command else {
        panic!("another command")
    };
    manifests(&args)
}

/// What is printed, read back: the configuration and the pod.
fn printed(args: &[&str]) -> [Value; 2] {
    let text = typed(args).unwrap_or_else(|error| panic!("{error}"));
    yaml::documents(&text).try_into().unwrap_or_else(|other| panic!("not two documents: {other:?}"))
}

fn refused(args: &[&str]) -> String {
    typed(args).err().unwrap_or_else(|| panic!("{args:?} is carried out")).to_string()
}

fn flags(pod: &Value) -> Vec<&str> {
    let flags = pod["spec"]["containers"][0]["args"].as_array().expect("the pod has arguments");
    flags.iter().filter_map(Value::as_str).collect()
}

fn providers(configuration: &Value) -> &Value {
    &configuration["resources"][0]["providers"]
}

#[test]
fn a_v2_provider_writes_and_identity_reads() {
    let [configuration, pod] = printed(&["--key", ARN]);
    let kms = json!({
        "apiVersion": "v2", "name": "seal-kms-plugin", "endpoint": "unix:///var/run/kmsplugin/socket.sock", "timeout": "3s",
    });
    let expected = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{ "resources": ["secrets"], "providers": [{ "kms": kms }, { "identity": {} }] }],
    });
    assert_eq!(configuration, expected);
    let key = format!("--key={ARN}");
    let listen = "--listen=/var/run/kmsplugin/socket.sock";
    let (health, state) = ("--health-port=127.0.0.1:8080", "--state-file=/var/lib/seal-kms-plugin/state.json");
    assert_eq!(flags(&pod), [&key, listen, health, state]);
}

/// What the guides use is what is printed, so that neither grows away from the other.
#[test]
fn the_manifests_of_the_guides_are_printed() {
    let [deployed] = <[Value; 1]>::try_from(yaml::documents(static_pod::TEMPLATE)).expect("one document");
    let key = flags(&deployed)[0].strip_prefix("--key=").expect("the first flag is the key").to_owned();
    let image = deployed["spec"]["containers"][0]["image"].as_str().expect("it has an image").to_owned();
    let [_, pod] = printed(&["--key", &key, "--image", &image]);
    assert_eq!(pod, deployed);
    let [configuration, _] = printed(&["--key", &key, "--from-aep"]);
    assert_eq!([configuration], *yaml::documents(KUBEADM_CONFIG));
}

#[test]
fn v1_has_a_cachesize() {
    let [configuration, _] = printed(&["--key", ARN, "--v1", "--cachesize", "20000"]);
    let kms = &providers(&configuration)[0]["kms"];
    assert_eq!((&kms["apiVersion"], &kms["cachesize"]), (&json!("v1"), &json!(20000)));
}

#[test]
fn each_key_has_a_socket_and_the_first_writes() {
    let keys = ["--key", "alias/new", "--key", "alias/old", "--encryption-context", "cluster=blue,tier=1"];
    let [configuration, pod] = printed(&keys);
    let found: Vec<_> = [0, 1].map(|at| &providers(&configuration)[at]["kms"]).into_iter().collect();
    assert_eq!((&found[0]["name"], &found[1]["name"]), (&json!("seal-kms-plugin"), &json!("seal-kms-plugin-2")));
    assert_eq!(found[1]["endpoint"], "unix:///var/run/kmsplugin/socket-2.sock");
    assert_eq!(
        flags(&pod)[..5],
        [
            "--key=alias/new",
            "--key=alias/old",
            "--encryption-context=cluster=blue,tier=1",
            "--listen=/var/run/kmsplugin/socket.sock",
            "--listen=/var/run/kmsplugin/socket-2.sock",
        ]
    );
    // A state file is of one socket; what is not used is not mounted.
    assert!(!flags(&pod).iter().any(|flag| flag.starts_with("--state-file")));
    assert_eq!(pod["spec"]["volumes"].as_array().map(Vec::len), Some(1));
    assert_eq!(pod["spec"]["containers"][0]["volumeMounts"].as_array().map(Vec::len), Some(1));
}

#[test]
fn from_aep_keeps_what_was_there() {
    let [configuration, pod] = printed(&["--from-aep", "--key", ARN]);
    assert_eq!(providers(&configuration)[0]["kms"]["name"], "aws-encryption-provider");
    assert!(flags(&pod).contains(&"--health-port=:8080"));
}

#[test]
fn a_key_file_and_another_directory_are_mounted() {
    let line = ["--key", "local:/etc/kms/test.key", "--socket", "/run/seal/a.sock", "--local-kek"];
    let [configuration, pod] = printed(&line);
    assert_eq!(providers(&configuration)[0]["kms"]["endpoint"], "unix:///run/seal/a.sock");
    let mounts = &pod["spec"]["containers"][0]["volumeMounts"];
    assert_eq!(mounts[0], json!({ "name": "key-0", "mountPath": "/etc/kms/test.key", "readOnly": true }));
    assert_eq!(mounts[1], json!({ "name": "socket", "mountPath": "/run/seal" }));
    let volumes = &pod["spec"]["volumes"];
    assert_eq!(volumes[0], json!({ "name": "key-0", "hostPath": { "path": "/etc/kms/test.key", "type": "File" } }));
    assert_eq!(volumes[1]["hostPath"]["path"], "/run/seal");
    assert!(flags(&pod).contains(&"--local-kek"));
}

#[test]
fn wildcards_are_strings() {
    let [configuration, _] = printed(&["--key", ARN, "--resources", "secrets,*.*,configmaps", "--no-identity"]);
    assert_eq!(configuration["resources"][0]["resources"], json!(["secrets", "*.*", "configmaps"]));
    assert_eq!(providers(&configuration).as_array().map(Vec::len), Some(1));
}

#[test]
fn what_cannot_be_is_refused_by_its_flag() {
    for (line, said) in [
        (&["--key", "alias/a b"][..], "--key"),
        (&["--key", "alias/a\n- --debug"], "--key"),
        (&["--key", ""], "--key"),
        (&["--key", "local:test.key"], "absolute"),
        (&["--key", "a", "--key", "a"], "twice"),
        (&["--key", "a", "--name", "x:y"], "--name"),
        (&["--key", "a", "--key", "b", "--name", "x"], "1 of it and 2 keys"),
        (&["--key", "a", "--socket", "run/a.sock"], "--socket"),
        (&["--key", "a", "--socket", "/run/../a.sock"], "--socket"),
        (&["--key", "a", "--key", "b", "--socket", "/x/a", "--socket", "/y/b"], "another directory"),
        (&["--key", "a", "--socket", "/a.sock"], "root directory"),
        (&["--key", "a", "--resources", "Secrets"], "--resources"),
        (&["--key", "a", "--image", "a b"], "--image"),
        (&["--key", "a", "--region", "eu west"], "--region"),
        (&["--key", "a", "--encryption-context", "a"], "a=b"),
        (&["--key", "a", "--encryption-context", "a=b", "--encryption-context", "c=d"], "more contexts"),
    ] {
        let refusal = refused(line);
        assert!(refusal.contains(said), "{line:?}: {refusal}");
    }
}
