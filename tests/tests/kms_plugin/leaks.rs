//! No plaintext reaches a disk, a log, a metric or an answer to someone else, whatever goes wrong.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use sealkit_rig::kms_plugin::Plan;
use sealkit_rig::{Canary, Effect, FaultRule, KmsPlugin};

use crate::scene::{Scene, UID, until_ok};

/// Everything on that might write too much.
fn talkative(plan: Plan) -> Plan {
    plan.with_variable("RUST_LOG", "trace").with_variable("RUST_BACKTRACE", "full")
}

/// Seeds and DEKs through both APIs, served, and failing in every way.
async fn exercise(scene: &Scene, plugin: &KmsPlugin, canary: &Canary) {
    until_ok(plugin).await;
    let client = plugin.client();
    let secret = canary.reveal(<[u8]>::to_vec);
    let v1 = client.v1_encrypt(&secret).await.unwrap();
    let v2 = client.encrypt(&secret, UID).await.unwrap();
    assert!(!canary.is_in(&v1) && !canary.is_in(&v2.ciphertext));
    for _ in 0..2 {
        assert!(canary.is_in(&client.v1_decrypt(&v1).await.unwrap()));
        assert!(canary.is_in(&client.decrypt(&v2, UID).await.unwrap()));
    }
    for effect in [
        Effect::Error(400, "AccessDeniedException".into(), "no".into()),
        Effect::WrongKey,
        Effect::ShortKey(3),
        Effect::CutOff,
        Effect::Empty,
        Effect::Status(503),
    ] {
        scene.aws.inject(FaultRule::new(effect));
        // What comes of it is other stories' matter.
        _ = client.encrypt(&secret, UID).await;
        _ = client.v1_encrypt(&secret).await;
        _ = client.decrypt(&v2, UID).await;
        scene.aws.clear_faults();
    }
    // As a ciphertext, which errors might quote.
    assert!(client.v1_decrypt(&secret).await.is_err());
    let refused = client.v1_decrypt(&[b"1", secret.as_slice()].concat()).await.unwrap_err();
    assert!(!canary.is_in(refused.message().as_bytes()));
}

fn found(canary: &Canary, plugin: &KmsPlugin) -> Vec<PathBuf> {
    canary.files_below(plugin.dir()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn seeds_and_deks_are_in_no_log_metric_audit_or_state_file() {
    let scene = Scene::new();
    for plan in [scene.configured(&[]), scene.local_kek()] {
        let mut plugin = talkative(plan).start();
        let canary = Canary::random();
        exercise(&scene, &plugin, &canary).await;
        for path in ["/metrics", "/readyz", "/healthz", "/livez"] {
            assert!(!canary.is_in(plugin.get(path).unwrap().1.as_bytes()), "{path}");
        }
        assert!(plugin.dir().join("audit.jsonl").exists());
        plugin.signal(Signal::TERM);
        tokio::task::block_in_place(|| plugin.wait());
        assert_eq!(found(&canary, &plugin), Vec::<PathBuf>::new());
        assert!(!plugin.log().is_empty(), "it logged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_no_core() {
    let scene = Scene::new();
    // Not SIGSEGV: Rust's own handler returns from one that another process sent.
    for signal in [Signal::ABORT, Signal::QUIT] {
        let mut plugin = scene.local_kek().start();
        let canary = Canary::random();
        exercise(&scene, &plugin, &canary).await;
        let limits = std::fs::read_to_string(Path::new("/proc").join(plugin.pid().to_string()).join("limits")).unwrap();
        let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().next(), Some("0"), "{core}");
        plugin.signal(signal);
        tokio::task::block_in_place(|| plugin.wait());
        assert_eq!(found(&canary, &plugin), Vec::<PathBuf>::new(), "{signal:?}");
    }
}

/// The control: what is written is found.
#[tokio::test(flavor = "multi_thread")]
async fn a_leak_would_be_found() {
    let scene = Scene::new();
    let plugin = scene.direct().start();
    let canary = Canary::random();
    canary.reveal(|secret| std::fs::write(plugin.dir().join("leak"), secret)).unwrap();
    assert_eq!(found(&canary, &plugin), [plugin.dir().join("leak")]);
}
