//! The machine around it: systemd, a ConfigMap, an instance's metadata, an impatient operator.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use sealkit_rig::kms_plugin::program;
use sealkit_rig::{Effect, FaultRule};

use crate::scene::{Scene, UID, eventually, until_ok};

/// The socket that systemd listens on.
struct Systemd {
    _dir: tempfile::TempDir,
    path: String,
    socket: UnixDatagram,
}

impl Systemd {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { path: path.to_str().unwrap().to_owned(), _dir: dir, socket }
    }

    /// The next that it is told, keep-alives of the watchdog apart.
    fn told(&self) -> String {
        loop {
            let mut message = [0; 512];
            let length = self.socket.recv(&mut message).unwrap();
            let message = String::from_utf8_lossy(&message[..length]);
            if message != "WATCHDOG=1\n" {
                return message.lines().next().unwrap().to_owned();
            }
        }
    }

    fn is_kept_alive(&self) -> bool {
        let mut message = [0; 512];
        (0..8).any(|_| self.socket.recv(&mut message).is_ok_and(|length| &message[..length] == b"WATCHDOG=1\n"))
    }
}

#[test]
fn systemd_is_told_of_the_start_a_reload_and_the_end() {
    let (scene, systemd) = (Scene::new(), Systemd::new());
    let plan = scene.configured(&[]);
    let mut plugin =
        plan.with_variable("NOTIFY_SOCKET", &systemd.path).with_variable("WATCHDOG_USEC", "200000").start();
    assert_eq!(systemd.told(), "READY=1");
    assert!(systemd.is_kept_alive());
    plugin.signal(Signal::HUP);
    assert_eq!([systemd.told(), systemd.told()], ["RELOADING=1", "READY=1"]);
    plugin.signal(Signal::TERM);
    assert_eq!(systemd.told(), "STOPPING=1");
    assert_eq!(plugin.wait().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_is_read_again_by_itself() {
    let scene = Scene::new();
    let other = scene.aws.kms().create_key("us-east-1");
    let plugin = scene.configured(&[]).start();
    until_ok(&plugin).await;
    let at = |name: &str| plugin.dir().join(name);
    let text = std::fs::read_to_string(at("config.yaml")).unwrap();
    for (generation, text) in [("1", text.clone()), ("2", text.replace(&scene.key, &other))] {
        std::fs::create_dir(at(generation)).unwrap();
        std::fs::write(at(generation).join("config.yaml"), text).unwrap();
    }
    // As kubelet lays it out, and as it exchanges it: nothing but a link to a directory changes.
    symlink("1", at("..data")).unwrap();
    symlink("..data/config.yaml", at("link")).unwrap();
    std::fs::rename(at("link"), at("config.yaml")).unwrap();
    symlink("2", at("..data_tmp")).unwrap();
    std::fs::rename(at("..data_tmp"), at("..data")).unwrap();
    let client = &plugin.client();
    eventually("Status names the new key", async || client.status().await.is_ok_and(|status| status.key_id == other))
        .await;
    assert_eq!(plugin.metric("seal_kms_plugin_config_reloads_total", &[("outcome", "applied")]), Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_needs_a_restart_is_named_and_counted() {
    let scene = Scene::new();
    let plugin = scene.configured(&[]).start();
    let config = plugin.dir().join("config.yaml");
    let text = std::fs::read_to_string(&config).unwrap();
    let plugin_ = &plugin;
    let says = |value: f64| {
        let metric = "seal_kms_plugin_config_last_reload_successful";
        move || std::future::ready(plugin_.metric(metric, &[]) == Some(value))
    };
    std::fs::write(&config, text.replace("region: us-east-1", "region: us-west-2")).unwrap();
    plugin.signal(Signal::HUP);
    eventually("the metric tells of the refusal", says(0.0)).await;
    assert!(plugin.log().contains("`region` changed: this needs a restart"), "{}", plugin.log());
    std::fs::write(&config, text).unwrap();
    plugin.signal(Signal::HUP);
    eventually("the metric tells that all is well", says(1.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let scene = Scene::new();
    let mut plugin = scene.direct().start();
    until_ok(&plugin).await;
    scene.aws.inject(FaultRule::new(Effect::Silence));
    let client = plugin.client();
    let call = tokio::spawn(async move { client.encrypt(b"a seed", UID).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    plugin.signal(Signal::TERM);
    let plugin_ = &plugin;
    eventually("it drains", async || plugin_.log().contains("draining")).await;
    plugin.signal(Signal::TERM);
    let status = tokio::task::block_in_place(|| plugin.wait());
    assert_eq!((status.code(), status.signal()), (Some(143), None), "{}", plugin.log());
    assert!(call.await.unwrap().is_err() && !plugin.socket().exists());
}

/// A metadata service of version 2 alone, with a role and a Region.
struct Instance {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Instance {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let instance = Self { address: listener.local_addr().unwrap(), asked: Arc::default() };
        let asked = Arc::clone(&instance.asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = Arc::clone(&asked);
                std::thread::spawn(move || while answer(&stream, &asked).is_some() {});
            }
        });
        instance
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Answers one request; none at the end of the connection.
fn answer(mut stream: &TcpStream, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let header = |name: &str| head.iter().find_map(|line| line.strip_prefix(name));
    let length = header("content-length: ").map_or(0, |length| length.parse().unwrap());
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    let line = head.first()?.clone();
    asked.lock().unwrap().push(line.clone());
    let has_token = header("x-aws-ec2-metadata-token: ") == Some("a-token");
    let (status, body) = match line.split(' ').nth(1)? {
        "/latest/api/token" if line.starts_with("put ") => (200, "a-token"),
        _ if !has_token => (401, ""),
        "/latest/meta-data/placement/region" => (200, "us-east-1"),
        path if path.ends_with("/security-credentials/") => (200, "node"),
        _ => (
            200,
            r#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"AKINSTANCE","SecretAccessKey":"s","Token":"t",
            "LastUpdated":"2026-01-01T00:00:00Z","Expiration":"2126-01-01T00:00:00Z"}"#,
        ),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_pod_has_credentials_and_region_of_its_instance() {
    let (scene, instance) = (Scene::new(), Instance::start());
    scene.aws.kms().set_alias("alias/cluster", &scene.key);
    let url = scene.aws.url();
    let arguments =
        ["--key=alias/cluster", "--listen={socket}", "--health-port={health}", "--kms-endpoint", url.as_str()];
    let plan = scene.direct().with_only(arguments);
    let plan = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_EC2_METADATA_DISABLED"]
        .into_iter()
        .fold(plan, |plan, name| plan.with_variable(name, ""));
    let plan = plan.with_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", &format!("http://{}", instance.address));
    let plugin = plan.start();
    until_ok(&plugin).await;
    let sealed = plugin.client().encrypt(b"a seed", UID).await.unwrap();
    assert_eq!(plugin.client().decrypt(&sealed, UID).await.unwrap(), b"a seed");
    let asked = instance.asked();
    assert!(asked.iter().any(|line| line.contains("placement/region")), "{asked:?}");
    assert!(asked.iter().any(|line| line.contains("security-credentials/node")), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_credential_process_complains_of_is_not_in_the_log() {
    let (scene, home) = (Scene::new(), tempfile::tempdir().unwrap());
    let config = home.path().join("config");
    let process = "sh -c 'echo a-canary >&2; echo a-canary; exit 7'";
    std::fs::write(&config, format!("[profile p]\ncredential_process = {process}\n")).unwrap();
    let plan = scene.configured(&["localKek: true"]);
    let plan =
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].into_iter().fold(plan, |it, name| it.with_variable(name, ""));
    let plan = plan.with_variable("AWS_CONFIG_FILE", config.to_str().unwrap()).with_variable("AWS_PROFILE", "p");
    let plugin = &plan.start();
    eventually("it says whose login is at fault", async || plugin.log().contains("credential_process of profile p"))
        .await;
    assert!(!plugin.log().contains("a-canary"), "{}", plugin.log());
}

#[test]
fn its_pages_are_made_from_its_flags() {
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(program()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["man"]).contains(".SH EXAMPLES"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell]).contains("encryption-context"), "{shell}");
    }
    assert!(run(&["--help"]).contains("--local-kek"));
}

#[test]
fn on_a_terminal_it_logs_text() {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).and_then(|()| unlockpt(&master)).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut command = Command::new(program());
    command.args(["--key", "alias/app", "--region", "eu-west-1", "--listen", "/nowhere/at/all.sock"]);
    let mut child = command.env("AWS_EC2_METADATA_DISABLED", "true").stderr(slave).spawn().unwrap();
    // The command holds the other side too; a terminal ends, with EIO, once all of them are closed.
    drop(command);
    let mut seen = Vec::new();
    let _ended = File::from(master).read_to_end(&mut seen);
    let seen = String::from_utf8_lossy(&seen);
    assert_eq!(child.wait().unwrap().code(), Some(9), "{seen}");
    assert!(seen.contains("ERROR") && seen.contains("/nowhere"), "{seen}");
    assert!(!seen.contains('{') && !seen.contains("panicked"), "{seen}");
}
