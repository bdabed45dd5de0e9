//! What a Decrypt costs that is served from memory, what 20,000 unwraps take, and what a local KEK costs.
//!
//! The keys are files, so no AWS is needed: a hit is the same whoever wrapped. Run with `cargo bench -p
//! sealkit-kms-plugin`; figures: `docs/kms-plugin.md`.
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use criterion::{Criterion, criterion_group, criterion_main};
use sealkit_envelope::keyring::local_key::LocalKey;
use sealkit_kms_plugin::keys::{
    Api, AwsClients, KeySet, KeySetSettings, KeySettings, KmsCall, LocalKekSettings, Observer, Request,
};
use tokio::time::Instant;

const ENTRIES: usize = 20_000;

/// Looks at what it is told, as an observer does.
struct Watch;

impl Observer for Watch {
    fn kms_call(&self, call: &KmsCall<'_>) {
        black_box(call.key);
    }

    fn served_from_memory(&self, api: Api, key: &str, request_id: Option<&str>) {
        black_box((api, key, request_id));
    }
}

fn key_file(directory: &Path) -> String {
    let key = LocalKey::generate("bench".parse().unwrap()).ok().unwrap();
    let path = directory.join("key");
    std::fs::write(&path, key.serialize().expose_secret()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("local:{}", path.display())
}

async fn opened(directory: &Path, local_kek: Option<LocalKekSettings>) -> KeySet {
    let write = KeySettings {
        name: key_file(directory),
        context: BTreeMap::from([("cluster".to_owned(), "bench".to_owned())]),
        region: None,
        replicas: Vec::new(),
        encrypt_failover: false,
    };
    let settings = KeySetSettings {
        write,
        read: Vec::new(),
        local_kek,
        follow_key_material: false,
        cache_entries: ENTRIES,
        flush_after: Duration::from_secs(60),
        state_file: None,
    };
    let clients = AwsClients::from_sdk_config(SdkConfig::builder().build());
    KeySet::open(&settings, &clients, Arc::new(Watch)).await.unwrap()
}

async fn filled(directory: &Path) -> (KeySet, Vec<Vec<u8>>) {
    let set = opened(directory, None).await;
    let mut all = Vec::with_capacity(ENTRIES);
    for _ in 0..ENTRIES {
        all.push(set.encrypt(&request(), &[7; 32]).await.unwrap().ciphertext);
    }
    (set, all)
}

fn request() -> Request<'static> {
    Request { api: Api::V1Beta1, uid: None, deadline: Instant::now() + Duration::from_secs(3) }
}

/// Memory of this process that is in use, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn cached_unwrap(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let before = resident();
    let (set, all) = runtime.block_on(filled(directory.path()));
    let of_ciphertexts = (all.iter().map(Vec::capacity).sum::<usize>() + all.capacity() * 24) as u64 / 1024;
    println!("{ENTRIES} unwraps take {} KiB", resident() - before - of_ciphertexts);
    let annotations = HashMap::new();
    let mut next = all.iter().cycle();
    criterion.bench_function("cached unwrap of 20,000", |bencher| {
        bencher.iter(|| {
            let ciphertext = next.next().unwrap();
            runtime.block_on(set.decrypt(&request(), ciphertext, None, &annotations)).ok().unwrap()
        });
    });
    assert_eq!(set.statistics().unwraps.loads, 0);
}

fn local_kek(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    // No limit is reached, however long it runs.
    let limits = LocalKekSettings { renew_after_uses: u64::MAX, max_uses: u64::MAX, ..LocalKekSettings::default() };
    let set = runtime.block_on(opened(directory.path(), Some(limits)));
    let annotations = HashMap::new();
    criterion.bench_function("encrypt under a local KEK", |bencher| {
        bencher.iter(|| runtime.block_on(set.encrypt(&request(), &[7; 32])).unwrap());
    });
    let sealed = runtime.block_on(set.encrypt(&request(), &[7; 32])).unwrap().ciphertext;
    criterion.bench_function("decrypt under a local KEK", |bencher| {
        bencher.iter(|| runtime.block_on(set.decrypt(&request(), &sealed, None, &annotations)).ok().unwrap());
    });
}

criterion_group!(benches, cached_unwrap, local_kek);
criterion_main!(benches);
