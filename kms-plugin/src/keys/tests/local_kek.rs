//! The local-KEK mode against the KMS double: what it costs, what it carries, and who reads what.

use sealkit_rig::{Effect, FaultRule, KeyState};
use tempfile::TempDir;
use tokio::time::sleep;

use super::*;

fn local(name: &str) -> KeySetSettings {
    KeySetSettings { local_kek: Some(LocalKekSettings::default()), ..single(name) }
}

fn with_state(settings: KeySetSettings, disk: &TempDir) -> KeySetSettings {
    KeySetSettings { state_file: Some(disk.path().join("state.json")), ..settings }
}

async fn carried(set: &KeySet) {
    for _ in 0..1000 {
        if set.carries_restart() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("a restart is not carried: {:?}", set.statistics().keks);
}

async fn read(set: &KeySet, request: Request<'_>, wrapped: &Wrapped) -> Result<Vec<u8>, Refusal> {
    let plaintext = set.decrypt(&request, &wrapped.ciphertext, Some(&wrapped.key_id), &wrapped.annotations).await?;
    Ok(plaintext.expose_secret().to_vec())
}

fn black_hole(rig: &Rig) {
    rig.aws.inject(FaultRule::new(Effect::Silence));
}

/// Waits until nothing of a KeySet is left in this process, as after a kill.
async fn kill(set: KeySet, settings: &KeySetSettings) {
    drop(set);
    for _ in 0..1000 {
        if settings.state_file.as_deref().is_none_or(|path| !state::is_open(path)) {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("the state file is still open");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_objects_cost_a_cold_plugin_one_decrypt() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let writer = rig.open(&local(&key)).await;
    let mut objects = Vec::new();
    for number in 0..10_000_u32 {
        objects.push(writer.encrypt(&v1(), &number.to_be_bytes().repeat(8)).await.unwrap());
    }
    assert_eq!(rig.aws.calls().total(), 1, "one GenerateDataKey");

    rig.aws.calls().reset();
    rig.aws.set_latency(None, Duration::from_millis(10));
    let cold = rig.open(&local(&key)).await;
    for (number, object) in (0..10_000_u32).zip(&objects) {
        assert_eq!(read(&cold, v1(), object).await.unwrap(), number.to_be_bytes().repeat(8));
    }
    assert_eq!((rig.calls(Operation::Decrypt), rig.calls(Operation::GenerateDataKey)), (1, 1));
    assert_eq!(rig.aws.calls().total(), 2);
}

#[tokio::test]
async fn an_apiserver_restart_is_carried_through_a_black_hole() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&local(&key)).await;
    let seed = set.encrypt(&v2(), b"the seed before").await.unwrap();
    let dek = set.encrypt(&v1(), b"a dek").await.unwrap();
    assert!(set.carries_writes() && set.carries_restart());
    black_hole(&rig);
    for _ in 0..20 {
        let fresh = set.encrypt(&v2(), b"the seed after").await.unwrap();
        assert_eq!(read(&set, v2(), &fresh).await.unwrap(), b"the seed after");
        let ping = set.encrypt(&v1(), b"ping").await.unwrap();
        assert_eq!(read(&set, v1(), &ping).await.unwrap(), b"ping");
    }
    assert_eq!(read(&set, v2(), &seed).await.unwrap(), b"the seed before");
    assert_eq!(read(&set, v1(), &dek).await.unwrap(), b"a dek");
    assert_eq!(rig.aws.calls().total(), 1);
}

#[tokio::test]
async fn both_modes_read_what_either_and_aep_wrote() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let (direct, local) = (rig.open(&single(&key)).await, rig.open(&local(&key)).await);
    for request in [v1 as fn() -> Request<'static>, v2] {
        let mut objects = vec![
            direct.encrypt(&request(), b"by direct").await.unwrap(),
            local.encrypt(&request(), b"by local").await.unwrap(),
        ];
        assert_eq!(objects[0].ciphertext[0], b'1', "aws-encryption-provider's form");
        assert!(objects[1].ciphertext.starts_with(b"SLKK"));
        if request().api == Api::V1Beta1 {
            let mut old = objects[0].clone();
            old.ciphertext.remove(0);
            objects.push(old);
        }
        let (cold_direct, cold_local) = (rig.open(&single(&key)).await, rig.open(&self::local(&key)).await);
        for reader in [&direct, &local, &cold_direct, &cold_local] {
            for (index, object) in objects.iter().enumerate() {
                let expected: &[u8] = if index == 1 { b"by local" } else { b"by direct" };
                assert_eq!(read(reader, request(), object).await.unwrap(), expected);
            }
        }
    }
}

#[tokio::test]
async fn a_wrapped_kek_and_a_wrapped_seed_never_pass_for_each_other() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let (direct, local) = (rig.open(&single(&key)).await, rig.open(&local(&key)).await);
    let sealed = local.encrypt(&v1(), b"a dek").await.unwrap();
    let wrapped_kek = form::parse_v1(&sealed.ciphertext).unwrap().wrapped_kek;
    let refusal = refused(&direct, v1(), wrapped_kek).await;
    assert_eq!(refusal.fault_class(), Some(FaultClass::Refused), "a KEK is never given out");

    let seed = direct.encrypt(&v1(), &[7; 32]).await.unwrap();
    let head = form::v1_head(&seed.ciphertext[1..]).unwrap();
    let forged = form::serialize(&head, &[0; 12], b"x", &[0; 16]);
    let refusal = refused(&local, v1(), &forged).await;
    assert_eq!(refusal.fault_class(), Some(FaultClass::Refused), "a seed is never used as a KEK");
}

#[tokio::test]
async fn a_malformed_form_asks_kms_nothing() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&single(&key)).await;
    for bad in [
        &b"SLKK"[..],
        b"SLKK\x01",
        b"SLKK\x02",
        b"SLKK\x07",
        b"SLKK\x01\x00\x01\x01",
        &[&b"SLKK\x01"[..], &[9; 20_000]].concat(),
    ] {
        for request in [v1(), v2()] {
            let refusal = refused(&set, request, bad).await;
            assert!(matches!(refusal, Refusal::Malformed(Malformed::LocalKek(_))), "{refusal}");
        }
    }
    assert_eq!(rig.aws.calls().total(), 0);
}

#[tokio::test]
async fn instances_read_each_others() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(rig.open(&local(&key)).await);
    }
    let mut objects = Vec::new();
    for instance in &instances {
        objects.push(instance.encrypt(&v2(), b"a seed").await.unwrap());
    }
    let writes = rig.aws.calls().total();
    assert_eq!(writes, 3);
    for instance in &instances {
        for object in objects.iter().chain(&objects) {
            assert_eq!(read(instance, v2(), object).await.unwrap(), b"a seed");
        }
    }
    assert_eq!(rig.aws.calls().total() - writes, 6, "each unwraps the KEKs of the two others, once");
}

#[tokio::test]
async fn a_plugin_restart_in_a_black_hole_waits_and_recovers() {
    let rig = Rig::new();
    let (key, disk) = (rig.aws.kms().create_key(IRELAND), TempDir::new().unwrap());
    let settings = with_state(local(&key), &disk);
    let set = rig.open(&settings).await;
    let before = set.encrypt(&v2(), b"a seed").await.unwrap();
    carried(&set).await;
    kill(set, &settings).await;

    black_hole(&rig);
    let set = rig.open(&settings).await;
    let short = || Request { deadline: Instant::now() + Duration::from_millis(300), ..v2() };
    assert!(set.encrypt(&short(), b"a seed").await.is_err());
    assert!(read(&set, short(), &before).await.is_err());
    assert!(!set.carries_writes() && !set.carries_restart());

    rig.aws.clear_faults();
    assert!(set.probe(v2().deadline).await.succeeded());
    carried(&set).await;
    let after = set.encrypt(&v2(), b"a seed").await.unwrap();
    assert_eq!(after.annotations, before.annotations, "it goes on under the same KEK");
    assert_eq!(rig.calls(Operation::GenerateDataKey), 1);
}

#[tokio::test]
async fn a_disabled_key_is_flushed_and_comes_back() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&local(&key)).await;
    let object = set.encrypt(&v2(), b"a seed").await.unwrap();
    rig.aws.kms().set_state(&key, KeyState::Disabled);
    assert_eq!(read(&set, v2(), &object).await.unwrap(), b"a seed", "until the flush");
    assert_eq!(set.flush(&key).keks, 1);
    assert!(!set.carries_writes());
    for refusal in [read(&set, v2(), &object).await.err(), set.encrypt(&v2(), b"x").await.err()] {
        assert_eq!(refusal.unwrap().fault_class(), Some(FaultClass::Revoked));
    }
    rig.aws.kms().set_state(&key, KeyState::Enabled);
    assert_eq!(read(&set, v2(), &object).await.unwrap(), b"a seed");
    assert!(set.encrypt(&v2(), b"x").await.is_ok());
}

#[tokio::test]
async fn keks_under_read_keys_are_read() {
    let rig = Rig::new();
    let (old, new) = (rig.aws.kms().create_key(IRELAND), rig.aws.kms().create_key(VIRGINIA));
    let old = with_context(&old, &[("cluster", "blue")]);
    let before = KeySetSettings { local_kek: Some(LocalKekSettings::default()), ..keys(old.clone(), Vec::new()) };
    let object = rig.open(&before).await.encrypt(&v1(), b"a dek").await.unwrap();
    let after = KeySetSettings { local_kek: before.local_kek, ..keys(key(&new), vec![old]) };
    let set = rig.open(&after).await;
    assert_eq!(read(&set, v1(), &object).await.unwrap(), b"a dek");
    assert!(set.encrypt(&v1(), b"a dek").await.is_ok());
}

#[tokio::test]
async fn a_changed_write_key_is_not_written_under_the_old_kek() {
    let rig = Rig::new();
    let (old, new) = (rig.aws.kms().create_key(IRELAND), rig.aws.kms().create_key(IRELAND));
    let disk = TempDir::new().unwrap();
    let before = with_state(local(&old), &disk);
    let set = rig.open(&before).await;
    let first = set.encrypt(&v2(), b"a seed").await.unwrap();
    carried(&set).await;
    kill(set, &before).await;
    let set = rig.open(&with_state(KeySetSettings { read: vec![key(&old)], ..local(&new) }, &disk)).await;
    let second = set.encrypt(&v2(), b"a seed").await.unwrap();
    assert_ne!(first.annotations, second.annotations);
    let generated: Vec<_> = rig.aws.calls().log().into_iter().filter_map(|call| call.key_id).collect();
    assert_eq!(generated, [old, new], "a Decrypt names no key");
    carried(&set).await;
    assert_eq!(read(&set, v2(), &first).await.unwrap(), b"a seed");
}

#[tokio::test]
async fn a_reload_in_a_black_hole_keeps_the_keks() {
    let rig = Rig::new();
    let (key, other) = (rig.aws.kms().create_key(IRELAND), rig.aws.kms().create_key(IRELAND));
    let disk = TempDir::new().unwrap();
    let settings = with_state(local(&key), &disk);
    let set = rig.open(&settings).await;
    let object = set.encrypt(&v2(), b"a seed").await.unwrap();
    carried(&set).await;
    black_hole(&rig);
    let more = KeySetSettings { read: vec![super::key(&other)], ..settings.clone() };
    let reloaded = set.reopen(&more, &rig.clients, rig.observer()).await.unwrap();
    drop(set);
    assert!(reloaded.carries_restart());
    assert_eq!(read(&reloaded, v2(), &object).await.unwrap(), b"a seed");
    let after = reloaded.encrypt(&v2(), b"a seed").await.unwrap();
    assert_eq!(after.annotations, object.annotations);

    // A key that is configured no more has lost its say.
    let without = with_state(KeySetSettings { read: Vec::new(), ..local(&other) }, &disk);
    let replaced = reloaded.reopen(&without, &rig.clients, rig.observer()).await.unwrap();
    assert!(!replaced.carries_writes());
}

#[tokio::test]
async fn a_key_file_wraps_keks_too() {
    let rig = Rig::new();
    let disk = TempDir::new().unwrap();
    let path = disk.path().join("demo.key");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/demo.key"), &path).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let settings = local(&format!("local:{}", path.display()));
    let object = rig.open(&settings).await.encrypt(&v2(), b"a seed").await.unwrap();
    assert_eq!(read(&rig.open(&settings).await, v2(), &object).await.unwrap(), b"a seed");
    assert_eq!(rig.aws.calls().total(), 0);
}

/// The material that the KEK of `wrapped` is under, as KMS says.
async fn kek_material(rig: &Rig, wrapped: &Wrapped) -> String {
    let blob = aws_sdk_kms::primitives::Blob::new(wrapped.annotations[form::ANNOTATION].clone());
    let request = rig.clients.client(IRELAND).decrypt().ciphertext_blob(blob);
    let answer = request.encryption_context("sealkit:purpose", "local-kek").send().await.unwrap();
    format!("{}#{}", answer.key_id.unwrap(), answer.key_material_id.unwrap())
}

#[tokio::test]
async fn a_rotation_is_followed_by_another_kek() {
    let rig = Rig::new();
    let (key, disk) = (rig.aws.kms().create_key(IRELAND), TempDir::new().unwrap());
    let settings = KeySetSettings { follow_key_material: true, ..with_state(local(&key), &disk) };
    let set = rig.open(&settings).await;
    carried(&set).await;
    let first = set.encrypt(&v2(), b"a seed").await.unwrap();
    assert_eq!(*first.key_id, *kek_material(&rig, &first).await);
    assert_eq!(set.key_id().as_deref(), Some(&*first.key_id));

    rig.aws.kms().rotate(&key);
    for _ in 0..100 {
        assert!(set.probe(v2().deadline).await.succeeded());
        let (status, wrapped) = (set.key_id().unwrap(), set.encrypt(&v2(), b"a seed").await.unwrap());
        assert_eq!(*wrapped.key_id, *kek_material(&rig, &wrapped).await);
        if status != first.key_id {
            break;
        }
        sleep(Duration::from_millis(300)).await;
    }
    let second = set.encrypt(&v2(), b"a seed").await.unwrap();
    assert_ne!(second.key_id, first.key_id);
    assert_eq!(set.key_id().as_deref(), Some(&*second.key_id));
    assert_eq!(read(&set, v2(), &first).await.unwrap(), b"a seed");
    assert!(rig.calls(Operation::GenerateDataKey) < 10);
    carried(&set).await;
    kill(set, &settings).await;

    let set = rig.open(&settings).await;
    assert_eq!(set.key_id().as_deref(), Some(&*second.key_id), "remembered, before KMS is asked");
    carried(&set).await;
    let third = set.encrypt(&v2(), b"a seed").await.unwrap();
    assert_eq!((third.key_id, third.annotations), (second.key_id, second.annotations));
}
