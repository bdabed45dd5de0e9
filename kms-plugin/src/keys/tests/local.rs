//! Keys in files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sealkit_envelope::keyring::local_key::LocalKey;

use super::*;

fn key_file(directory: &Path, name: &str) -> String {
    let key = LocalKey::generate(name.parse().unwrap()).ok().unwrap();
    let path = directory.join(name);
    std::fs::write(&path, key.serialize().expose_secret()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("local:{}", path.display())
}

#[tokio::test]
async fn a_key_file_serves_both_apis_without_aws() {
    let rig = Rig::new();
    let directory = tempfile::tempdir().unwrap();
    let name = key_file(directory.path(), "demo");
    let settings = single(&name);
    for request in [v1(), v2()] {
        let wrapped = rig.open(&settings).await.encrypt(&request, &[7; 32]).await.unwrap();
        assert_eq!((&wrapped.ciphertext[..6], &*wrapped.key_id), (&b"1SLKF\x01"[..], name.as_str()));
        let set = rig.open(&settings).await;
        let plaintext = decrypt(&set, request, &wrapped.ciphertext).await.map_err(|it| it.to_string()).unwrap();
        assert_eq!(plaintext.expose_secret(), [7; 32]);
    }
    assert!(rig.open(&settings).await.probe(v1().deadline).await.succeeded());
    assert_eq!(rig.aws.calls().total(), 0);
    assert!(rig.told().is_empty(), "a key file is no call to KMS");
    let memory = rig.log.from_memory.lock().unwrap().clone();
    assert_eq!(memory.len(), 4, "each request once, and no probe: {memory:?}");
    assert!(memory.iter().all(|(key, id)| key.starts_with("local:demo-") && id.is_none()), "{memory:?}");
}

#[tokio::test]
async fn another_key_another_context_and_every_changed_byte_are_refused() {
    let rig = Rig::new();
    let directory = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| key_file(directory.path(), name));
    let set = rig.open(&KeySetSettings { cache_entries: 0, ..single(&a) }).await;
    let wrapped = set.encrypt(&v1(), b"dek").await.unwrap().ciphertext;
    let other = rig.open(&single(&b)).await;
    assert!(matches!(refused(&other, v1(), &wrapped).await, Refusal::Malformed(Malformed::ForeignKey)));
    let context = rig.open(&keys(with_context(&a, &[("k", "v")]), Vec::new())).await;
    assert_eq!(refused(&context, v1(), &wrapped).await.fault_class(), Some(FaultClass::Refused));
    for index in 1..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[index] ^= 0x20;
        refused(&set, v1(), &changed).await;
        refused(&set, v1(), &wrapped[..index]).await;
    }
    assert_eq!(rig.aws.calls().total(), 0);
}

#[tokio::test]
async fn a_cluster_moves_between_a_key_file_and_kms() {
    let rig = Rig::new();
    let directory = tempfile::tempdir().unwrap();
    let file = key_file(directory.path(), "demo");
    let kms = rig.aws.kms().create_key(IRELAND);
    let in_file = rig.open(&single(&file)).await.encrypt(&v1(), b"f").await.unwrap().ciphertext;
    let in_kms = rig.open(&single(&kms)).await.encrypt(&v1(), b"k").await.unwrap().ciphertext;
    for settings in [keys(key(&kms), vec![key(&file)]), keys(key(&file), vec![key(&kms)])] {
        let set = rig.open(&settings).await;
        assert_eq!((opened(&set, &in_file).await, opened(&set, &in_kms).await), (b"f".to_vec(), b"k".to_vec()));
    }
    assert_eq!(rig.calls(Operation::Decrypt), 2, "a blob's form says where to ask");
    let only_kms = rig.open(&single(&kms)).await;
    assert!(matches!(refused(&only_kms, v1(), &in_file).await, Refusal::Malformed(Malformed::ForeignKey)));
    assert_eq!(rig.calls(Operation::Decrypt), 2);
}

#[tokio::test]
async fn a_key_file_that_others_may_read_is_not_taken() {
    let rig = Rig::new();
    let directory = tempfile::tempdir().unwrap();
    let name = key_file(directory.path(), "demo");
    std::fs::set_permissions(directory.path().join("demo"), std::fs::Permissions::from_mode(0o640)).unwrap();
    for name in [name.as_str(), "local:", "local:/dev/null"] {
        let error = KeySet::open(&single(name), &rig.clients, rig.observer()).await.err().unwrap();
        assert!(matches!(error.mistakes[..], [KeyMistake::KeyFile { .. }]), "{error}");
    }
    let error = KeySet::open(&single(&name), &rig.clients, rig.observer()).await.err().unwrap().to_string();
    let file = directory.path().join("demo");
    assert!(
        error.ends_with(&format!("can be read by others (mode 0640): run `chmod 600 {}`", file.display())),
        "{error}"
    );
}

#[tokio::test]
async fn a_key_file_carries_writes_and_restarts_without_kms() {
    let rig = Rig::new();
    let directory = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| key_file(directory.path(), name));
    let kms = rig.aws.kms().create_key(IRELAND);
    let stands = async |settings| {
        let set = rig.open(&settings).await;
        (set.writes_without_kms(), set.carries_restart())
    };
    assert_eq!(stands(keys(key(&a), vec![key(&b)])).await, (true, true));
    assert_eq!(stands(keys(key(&a), vec![key(&kms)])).await, (true, false), "what is under the read key needs KMS");
    assert_eq!(stands(keys(key(&kms), vec![key(&a)])).await, (false, false));
    let local_kek = Some(LocalKekSettings::default());
    let set = rig.open(&KeySetSettings { local_kek, ..single(&a) }).await;
    set.encrypt(&v2(), b"seed").await.unwrap();
    assert!(set.writes_without_kms() && set.carries_restart());
    assert!(rig.told().is_empty());
}
