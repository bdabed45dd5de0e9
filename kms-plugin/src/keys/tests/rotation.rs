//! `followKeyMaterial` against a KMS that rotates, and shows it by and by.

use aws_sdk_kms::primitives::Blob;
use sealkit_rig::{Effect, FaultRule, Lag};
use tokio::time::sleep;

use super::*;

/// A share of the calls does not see a change for a while.
const LATE: Lag = Lag { percent: 40, calls: Some(600), milliseconds: None };

fn following(name: &str) -> KeySetSettings {
    KeySetSettings { follow_key_material: true, ..single(name) }
}

/// What is true of a ciphertext: `<key ARN>#<KeyMaterialId>`, as KMS itself says when asked about its blob or its KEK.
async fn truth(rig: &Rig, wrapped: &Wrapped) -> String {
    let client = rig.clients.client(IRELAND);
    let decrypt = match wrapped.annotations.get("wrapped-kek.kms.sealkit.io") {
        Some(kek) => {
            client.decrypt().ciphertext_blob(Blob::new(&**kek)).encryption_context("sealkit:purpose", "local-kek")
        }
        None => client.decrypt().ciphertext_blob(Blob::new(wrapped.ciphertext.strip_prefix(b"1").unwrap())),
    };
    let decrypted = decrypt.send().await.unwrap();
    format!("{}#{}", decrypted.key_id.unwrap(), decrypted.key_material_id.unwrap())
}

fn key_ids(rig: &Rig, key: &str) -> Vec<String> {
    rig.aws.kms().materials(key).iter().map(|id| format!("{key}#{id}")).collect()
}

/// Probes until Status says `key_id`; how many probes that took.
async fn probe_until(set: &KeySet, key_id: &str) -> usize {
    for probes in 0..100 {
        if set.key_id().as_deref() == Some(key_id) {
            return probes;
        }
        assert!(set.probe(v2().deadline).await.succeeded());
        // What it saw is followed beside it, and the list is not asked for at once again.
        sleep(Duration::from_millis(300)).await;
    }
    panic!("Status says {:?}, not {key_id}", set.key_id());
}

/// Probes in the background, as often as a test has patience for.
struct Probing(tokio::task::JoinHandle<()>);

impl Probing {
    fn start(set: &KeySet) -> Self {
        let set = set.clone();
        Self(tokio::spawn(async move {
            loop {
                _ = set.probe(v2().deadline).await;
                sleep(Duration::from_millis(30)).await;
            }
        }))
    }
}

impl Drop for Probing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks Status and Encrypt in turn, 1,000 times, and `changes` things on the way. Every blob is under what its key_id
/// says, and neither Status nor Encrypt ever goes back; `order` gives all key_ids in their order at the end.
async fn interleave(rig: &Rig, set: &KeySet, change: impl Fn(usize), order: impl Fn() -> Vec<String>) {
    _ = probe_until_known(set).await;
    let probing = Probing::start(set);
    let mut said = Vec::new();
    for round in 0..1000 {
        change(round);
        if round % 2 == 0 {
            said.push(set.key_id().unwrap().to_string());
            continue;
        }
        let wrapped = set.encrypt(&v2(), b"seed").await.unwrap();
        assert_eq!(*wrapped.key_id, *truth(rig, &wrapped).await, "round {round}");
        said.push(wrapped.key_id.to_string());
    }
    let order = order();
    // Rounds are faster than the back-off of what KMS did not make well.
    for _ in 0..300 {
        if set.key_id().as_deref() == order.last().map(String::as_str) {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    drop(probing);
    said.push(set.encrypt(&v2(), b"seed").await.unwrap().key_id.to_string());
    let positions: Vec<usize> = said.iter().map(|id| order.iter().position(|other| other == id).unwrap()).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    assert_eq!(positions.last(), Some(&(order.len() - 1)), "the last change is seen");
}

async fn probe_until_known(set: &KeySet) -> Arc<str> {
    for _ in 0..10 {
        if let Some(key_id) = set.key_id() {
            return key_id;
        }
        assert!(set.probe(v2().deadline).await.succeeded());
    }
    panic!("nothing is announced");
}

#[tokio::test]
async fn the_first_probe_announces_and_v2_says_what_is_true() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&following(&key)).await;
    assert_eq!(set.key_id(), None, "KMS was not asked yet");
    assert!(set.probe(v2().deadline).await.succeeded());
    assert_eq!(set.key_id().as_deref(), Some(&*key_ids(&rig, &key)[0]));
    let calls = rig.calls(Operation::Encrypt) + rig.calls(Operation::Decrypt);
    let wrapped = set.encrypt(&v2(), b"seed").await.unwrap();
    assert_eq!(rig.calls(Operation::Encrypt) + rig.calls(Operation::Decrypt), calls + 2, "one Decrypt more, once");
    assert_eq!(*wrapped.key_id, *truth(&rig, &wrapped).await);
    assert_eq!(opened(&set, &wrapped.ciphertext).await, b"seed");
    assert_eq!(rig.calls(Operation::ListKeyRotations), 1, "the list is asked for when something is new");
    let status = set.rotation().unwrap();
    assert_eq!((status.key_id.as_deref(), status.list), (set.key_id().as_deref(), ListOutcome::Answered));
}

#[tokio::test]
async fn v1_does_not_follow() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&following(&key)).await;
    _ = set.encrypt(&v1(), b"dek").await.unwrap();
    assert_eq!((rig.calls(Operation::Encrypt), rig.calls(Operation::Decrypt)), (1, 0));
}

#[tokio::test]
async fn an_encrypt_before_any_probe_finds_out_by_itself() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    rig.aws.kms().rotate(&key);
    let set = rig.open(&following(&key)).await;
    let wrapped = set.encrypt(&v2(), b"seed").await.unwrap();
    assert_eq!(*wrapped.key_id, *key_ids(&rig, &key)[1]);
    assert_eq!(set.key_id(), Some(wrapped.key_id));
}

#[tokio::test]
async fn rotations_during_a_thousand_status_and_encrypt() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&following(&key)).await;
    rig.aws.kms().set_lag(Some(LATE));
    let rotate = |round| {
        if [200, 600].contains(&round) {
            rig.aws.kms().rotate(&key);
        }
    };
    interleave(&rig, &set, rotate, || key_ids(&rig, &key)).await;
    assert!(rig.told().iter().all(|call| call.outcome == Ok(())));
}

#[tokio::test]
async fn rotations_during_a_thousand_status_and_encrypt_under_local_keks() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&KeySetSettings { local_kek: Some(LocalKekSettings::default()), ..following(&key) }).await;
    rig.aws.kms().set_lag(Some(LATE));
    let rotate = |round| {
        if [200, 600].contains(&round) {
            rig.aws.kms().rotate(&key);
        }
    };
    interleave(&rig, &set, rotate, || key_ids(&rig, &key)).await;
    let keks = rig.calls(Operation::GenerateDataKey);
    assert!(keks < 40, "{keks} KEKs were made");
}

#[tokio::test]
async fn a_restart_goes_on_from_the_state_file() {
    for local_kek in [None, Some(LocalKekSettings::default())] {
        let rig = Rig::new();
        let key = rig.aws.kms().create_key(IRELAND);
        let directory = tempfile::tempdir().unwrap();
        let state_file = Some(directory.path().join("state.json"));
        let settings = KeySetSettings { local_kek, state_file, ..following(&key) };
        let set = rig.open(&settings).await;
        _ = probe_until_known(&set).await;
        rig.aws.kms().rotate(&key);
        let newest = key_ids(&rig, &key).pop().unwrap();
        _ = probe_until(&set, &newest).await;
        drop(set);
        // KMS is out, and later not one of its hosts knows of the rotation.
        rig.aws.inject(FaultRule::new(Effect::Status(500)));
        let set = rig.open(&settings).await;
        assert_eq!(set.key_id().as_deref(), Some(&*newest), "it is known before KMS answers");
        rig.aws.clear_faults();
        rig.aws.kms().deny(Operation::ListKeyRotations, None);
        let wrapped = set.encrypt(&v2(), b"seed").await.unwrap();
        assert_eq!(*wrapped.key_id, *newest);
    }
}

#[tokio::test]
async fn a_first_start_is_ready_with_its_first_probe() {
    for local_kek in [None, Some(LocalKekSettings::default())] {
        let rig = Rig::new();
        let key = rig.aws.kms().create_key(IRELAND);
        let set = rig.open(&KeySetSettings { local_kek, ..following(&key) }).await;
        assert!(set.probe(v2().deadline).await.succeeded());
        sleep(Duration::from_millis(200)).await;
        assert_eq!(set.key_id().as_deref(), Some(&*key_ids(&rig, &key)[0]), "{local_kek:?}");
    }
}

#[tokio::test]
async fn a_moved_alias_during_a_thousand_status_and_encrypt() {
    for local_kek in [None, Some(LocalKekSettings::default())] {
        let rig = Rig::new();
        let [old, new] = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
        rig.aws.kms().set_alias("alias/app", &old);
        let set = rig.open(&KeySetSettings { local_kek, ..following("alias/app") }).await;
        rig.aws.kms().set_lag(Some(LATE));
        let change = |round| match round {
            300 => _ = rig.aws.kms().set_alias("alias/app", &new),
            700 => _ = rig.aws.kms().rotate(&new),
            _ => {}
        };
        // Under local KEKs the rounds are so fast that the move and the rotation may be seen as one.
        let order = || [key_ids(&rig, &old), key_ids(&rig, &new)].concat();
        interleave(&rig, &set, change, order).await;
    }
}

#[tokio::test]
async fn a_probe_sees_a_rotation_and_instances_converge() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let sets = [rig.open(&following(&key)).await, rig.open(&following(&key)).await];
    for set in &sets {
        _ = probe_until_known(set).await;
    }
    rig.aws.kms().set_lag(Some(Lag { percent: 30, calls: Some(40), milliseconds: None }));
    rig.aws.kms().rotate(&key);
    let newest = key_ids(&rig, &key).pop().unwrap();
    for set in &sets {
        // Six are made within the 3 minutes that are promised, once KMS answers alike.
        let probes = probe_until(set, &newest).await;
        assert!(probes <= 6, "{probes} probes");
    }
    // Nothing that late hosts say leads back.
    for set in &sets {
        for _ in 0..20 {
            assert!(set.probe(v2().deadline).await.succeeded());
            assert_eq!(set.key_id().as_deref(), Some(&*newest));
        }
    }
}

#[tokio::test]
async fn an_alias_moved_back_is_asked_again_and_then_refused() {
    let rig = Rig::new();
    let [old, new] = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
    rig.aws.kms().set_alias("alias/app", &old);
    let set = rig.open(&following("alias/app")).await;
    _ = probe_until_known(&set).await;
    rig.aws.kms().set_alias("alias/app", &new);
    let announced = &key_ids(&rig, &new)[0];
    _ = probe_until(&set, announced).await;
    rig.aws.kms().set_alias("alias/app", &old);
    let before = rig.calls(Operation::Encrypt);
    let start = Instant::now();
    let refusal = set.encrypt(&request(Api::V2, Duration::from_millis(700)), b"seed").await.err().unwrap();
    assert!(matches!(refusal, Refusal::StaleMaterial { .. }), "{refusal}");
    assert!(start.elapsed() < Duration::from_millis(700), "{:?}", start.elapsed());
    assert!(rig.calls(Operation::Encrypt) > before + 2, "late hosts are given the chance to be better");
    for _ in 0..3 {
        assert!(set.probe(v2().deadline).await.succeeded());
        assert_eq!(set.key_id().as_deref(), Some(&**announced));
    }
}

#[tokio::test]
async fn a_wrong_decrypt_is_refused() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&following(&key)).await;
    _ = probe_until_known(&set).await;
    rig.aws.inject(FaultRule::new(Effect::WrongKey).on(Operation::Decrypt));
    let refusal = set.encrypt(&v2(), b"seed").await.err().unwrap();
    assert_eq!(refusal.fault_class(), Some(FaultClass::Outage), "{refusal}");
}

#[tokio::test]
async fn without_the_list_what_is_announced_stays_and_encrypt_goes_on() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&following(&key)).await;
    let first = probe_until_known(&set).await;
    rig.aws.kms().deny(Operation::ListKeyRotations, None);
    rig.aws.kms().rotate(&key);
    for _ in 0..5 {
        assert!(set.probe(v2().deadline).await.succeeded());
        let wrapped = set.encrypt(&v2(), b"seed").await.unwrap();
        assert_eq!(wrapped.key_id, first);
    }
    sleep(Duration::from_millis(20)).await;
    let status = set.rotation().unwrap();
    assert_eq!((status.list, status.waiting), (ListOutcome::Failed(FaultClass::Denied), true));
    assert_eq!(set.key_id(), Some(first));
    assert_eq!(rig.calls(Operation::ListKeyRotations), 2, "it is not asked for with each probe");
    assert!(rig.told().iter().all(|call| call.operation != KmsOperation::ListKeyRotations || !call.speaks_for_key));
}

#[tokio::test]
async fn without_the_list_from_the_start_what_is_seen_is_announced() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    rig.aws.kms().deny(Operation::ListKeyRotations, None);
    let set = rig.open(&following(&key)).await;
    assert_eq!(*probe_until_known(&set).await, *key_ids(&rig, &key)[0]);
    let wrapped = set.encrypt(&v2(), b"seed").await.unwrap();
    assert_eq!(*wrapped.key_id, *truth(&rig, &wrapped).await);
}

#[tokio::test]
async fn the_list_is_read_to_its_last_page() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    for _ in 0..5 {
        rig.aws.kms().rotate(&key);
    }
    rig.aws.kms().set_page_length(Some(1));
    let set = rig.open(&following(&key)).await;
    assert_eq!(*probe_until_known(&set).await, *key_ids(&rig, &key)[5]);
    assert_eq!(rig.calls(Operation::ListKeyRotations), 6);
    assert!(set.rotation().unwrap().rotated.is_some());
}

#[tokio::test]
async fn a_replica_that_encrypts_has_the_key_id_of_its_primary() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_multi_region_key(&[IRELAND, VIRGINIA]);
    let write = KeySettings { replicas: vec![VIRGINIA.to_owned()], encrypt_failover: true, ..super::key(&key) };
    let set = rig.open(&KeySetSettings { follow_key_material: true, ..keys(write, Vec::new()) }).await;
    rig.aws.inject(FaultRule::new(Effect::Status(500)).in_region(IRELAND));
    assert_eq!(*probe_until_known(&set).await, *key_ids(&rig, &key)[0]);
    let wrapped = set.encrypt(&v2(), b"seed").await.unwrap();
    assert_eq!(*wrapped.key_id, *key_ids(&rig, &key)[0]);
}

#[tokio::test]
async fn a_reload_goes_on_where_it_was() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&following(&key)).await;
    let announced = probe_until_known(&set).await;
    let settings = KeySetSettings { cache_entries: 7, ..following(&key) };
    let reloaded = set.reopen(&settings, &rig.clients, rig.observer()).await.unwrap();
    assert_eq!(reloaded.key_id().as_ref(), Some(&announced));

    let directory = tempfile::tempdir().unwrap();
    let settings = KeySetSettings { state_file: Some(directory.path().join("state.json")), ..settings };
    let remembering = reloaded.reopen(&settings, &rig.clients, rig.observer()).await.unwrap();
    assert_eq!(remembering.key_id().as_ref(), Some(&announced), "another state file does not make it forget");
    drop((set, reloaded, remembering));
    assert_eq!(rig.open(&settings).await.key_id(), Some(announced), "and has it from the start");
}
