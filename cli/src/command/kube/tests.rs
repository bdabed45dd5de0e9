mod yaml;

use clap::Parser as _;
use serde_json::{Value, json};

use super::*;
use crate::args::{Command, LowArgs};

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

const KUBEADM_CONFIG: &str = include_str!("../../../../deploy/kms-plugin/kubeadm/encryption-config.yaml");

fn typed(args: &[&str]) -> Result<String, Vec<CliError>> {
    let line = ["sealctl", "kube", "encryption-config"].iter().chain(args);
    let args = LowArgs::try_parse_from(line).unwrap_or_else(|error| panic!("{error}"));
    let Command::Kube(KubeArgs { action: KubeAction::EncryptionConfig(args) }) = args.command else {
        panic!("another command")
    };
    manifests(&args)
}

/// What is printed, read back: the configuration and the pod, or with the plugin's configuration between them.
fn printed<const N: usize>(args: &[&str]) -> [Value; N] {
    let text = typed(args).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    yaml::documents(&text).try_into().unwrap_or_else(|other| panic!("not {N} documents: {other:?}"))
}

fn refused(args: &[&str]) -> Vec<String> {
    let mistakes = typed(args).err().unwrap_or_else(|| panic!("{args:?} is carried out"));
    mistakes.iter().map(ToString::to_string).collect()
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
fn the_first_key_writes_and_the_others_read_on_one_socket() {
    let keys = ["--key", "alias/new", "--key", "alias/old", "--encryption-context", "cluster=blue,tier=1"];
    let further = ["--region", "eu-west-1", "--local-kek", "--follow-key-material"];
    let [configuration, config, pod] = printed(&[&keys[..], &further].concat());
    assert_eq!(providers(&configuration).as_array().map(Vec::len), Some(2));
    assert_eq!(providers(&configuration)[1], json!({ "identity": {} }));
    let socket = json!({
        "path": "/var/run/kmsplugin/socket.sock",
        "key": "alias/new",
        "context": { "cluster": "blue", "tier": "1" },
        "readKeys": [{ "key": "alias/old" }],
        "localKek": true,
        "followKeyMaterial": true,
        "stateFile": "/var/lib/seal-kms-plugin/state.json",
    });
    assert_eq!(config, json!({ "region": "eu-west-1", "sockets": [socket] }));
    // A value has one place: what the file says no flag says.
    let path = "/etc/kubernetes/seal-kms-plugin/config.yaml";
    assert_eq!(flags(&pod), [&format!("--config={path}"), "--health-port=127.0.0.1:8080"]);
    let directory = "/etc/kubernetes/seal-kms-plugin";
    let mount = json!({ "name": "config", "mountPath": directory, "readOnly": true });
    assert_eq!(pod["spec"]["containers"][0]["volumeMounts"][0], mount);
    let volume = json!({ "name": "config", "hostPath": { "path": directory, "type": "Directory" } });
    assert_eq!(pod["spec"]["volumes"][0], volume);
    assert_eq!(pod["spec"]["volumes"][2]["name"], "state");
}

#[test]
fn each_key_has_a_provider_where_several_are_named() {
    let keys = ["--key", "alias/new", "--key", "alias/old", "--name", "blue", "--name", "green", "--local-kek"];
    let [configuration, config, _] = printed(&keys);
    let found = [0, 1].map(|at| &providers(&configuration)[at]["kms"]);
    assert_eq!((&found[0]["name"], &found[1]["name"]), (&json!("blue"), &json!("green")));
    assert_eq!(found[1]["endpoint"], "unix:///var/run/kmsplugin/socket-2.sock");
    // Only what writes has a KEK, and each remembers for itself.
    let state = "/var/lib/seal-kms-plugin/state";
    let sockets = json!([
        {
            "path": "/var/run/kmsplugin/socket.sock", "key": "alias/new", "localKek": true,
            "stateFile": format!("{state}.json"),
        },
        { "path": "/var/run/kmsplugin/socket-2.sock", "key": "alias/old", "stateFile": format!("{state}-2.json") },
    ]);
    assert_eq!(config["sockets"], sockets);
}

#[test]
fn several_keys_of_aep_keep_its_flags() {
    let context = ["--encryption-context", r#""a=x,y",c=d"#];
    let [_, pod] = printed(&[&["--from-aep", "--key", "alias/a", "--key", "alias/b"][..], &context].concat());
    assert_eq!(
        flags(&pod),
        [
            "--key=alias/a",
            "--key=alias/b",
            r#"--encryption-context="a=x,y",c=d"#,
            "--listen=/var/run/kmsplugin/socket.sock",
            "--listen=/var/run/kmsplugin/socket-2.sock",
            "--health-port=:8080",
        ]
    );
    // A state file is of one socket; what is not used is not mounted.
    assert_eq!(pod["spec"]["volumes"].as_array().map(Vec::len), Some(1));
    assert_eq!(pod["spec"]["containers"][0]["volumeMounts"].as_array().map(Vec::len), Some(1));
}

#[test]
fn contexts_are_quoted_as_the_plugin_reads_them() {
    let quoted = r#""a=x,y",c=d"#;
    let [_, pod] = printed(&["--key", ARN, "--encryption-context", quoted]);
    assert!(flags(&pod).contains(&&*format!("--encryption-context={quoted}")));
    let [_, config, _] = printed(&["--key", ARN, "--key", "alias/a", "--encryption-context", quoted]);
    assert_eq!(config["sockets"][0]["context"], json!({ "a": "x,y", "c": "d" }));
}

#[test]
fn the_plugins_configuration_is_printed_alone_where_there_is_one() {
    let text = typed(&["--key", "alias/a", "--key", "alias/b", "--only", "plugin-config"]).expect("it is printed");
    assert_eq!(yaml::documents(&text)[0]["sockets"][0]["key"], "alias/a");
    assert!(refused(&["--key", "alias/a", "--only", "plugin-config"])[0].starts_with("--only"));
}

#[test]
fn an_image_without_a_registry_is_to_be_pushed_to_one() {
    let of = |image: &[&str]| typed(&[&["--key", ARN][..], image].concat()).expect("it is printed");
    assert!(of(&[]).contains("push it to one"));
    assert!(!of(&["--image", "registry.example.com/seal-kms-plugin:1.0"]).contains("push it to one"));
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
    let valid = "alias/a";
    for (line, said) in [
        (&["--key", "alias/a b"][..], "--key"),
        (&["--key", "alias/a\n- --debug"], "--key"),
        (&["--key", ""], "--key"),
        (&["--key", "bogus"], "--key"),
        (&["--key", "local:test.key"], "absolute"),
        (&["--key", "local:"], "absolute"),
        (&["--key", valid, "--key", valid], "twice"),
        (&["--key", valid, "--name", "x:y"], "--name"),
        (&["--key", valid, "--key", "alias/b", "--from-aep", "--name", "x"], "1 of it and 2 keys"),
        (&["--key", valid, "--name", "x", "--name", "y"], "2 of it and 1 keys"),
        (&["--key", valid, "--key", "alias/b", "--name", "x", "--name", "x"], "twice"),
        (&["--key", valid, "--socket", "run/a.sock"], "--socket"),
        (&["--key", valid, "--socket", "/run/../a.sock"], "--socket"),
        (&["--key", valid, "--key", "alias/b", "--socket", "/x/a", "--socket", "/y/b"], "another directory"),
        (&["--key", valid, "--socket", "/a.sock"], "root directory"),
        (&["--key", valid, "--resources", "Secrets"], "--resources"),
        (&["--key", valid, "--image", "a b"], "--image"),
        (&["--key", valid, "--region", "eu west"], "--region"),
        (&["--key", valid, "--region", "mars"], "--region"),
        (&["--key", valid, "--v1", "--cachesize", "0"], "--cachesize"),
        (&["--key", valid, "--v1", "--cachesize", "2147483648"], "--cachesize"),
        (&["--key", "local:/x", "--follow-key-material"], "--follow-key-material"),
        (&["--key", valid, "--encryption-context", "a"], "a=b"),
        (&["--key", valid, "--encryption-context", "a=b", "--encryption-context", "c=d"], "more contexts"),
    ] {
        let refusal = refused(line);
        assert!(refusal.len() == 1 && refusal[0].contains(said), "{line:?}: {refusal:?}");
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let line = ["--key", "bogus", "--encryption-context", "a", "--region", "mars", "--name", "a:b", "--v1"];
    let told = refused(&[&line[..], &["--cachesize", "0", "--image", "", "--resources", "A"]].concat());
    let flags: Vec<_> = told.iter().filter_map(|mistake| mistake.split(':').next()).collect();
    let expected = ["--encryption-context", "--key", "--name", "--resources", "--region", "--image", "--cachesize"];
    assert_eq!(flags, expected);
}
