//! One key, direct mode.

use sealkit_rig::{Effect, Expired, FaultRule, KeyState};

use super::*;

#[tokio::test]
async fn both_apis_write_the_form_of_aws_encryption_provider() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&keys(with_context(&name, &[("cluster", "blue")]), Vec::new())).await;
    for request in [v1(), v2()] {
        let wrapped = set.encrypt(&request, b"seed").await.unwrap();
        assert_eq!((wrapped.ciphertext[0], &*wrapped.key_id, wrapped.annotations.len()), (b'1', &*name, 0));
        assert_eq!(wrapped.ciphertext[1], 1, "KMS' own first byte");
    }
    let calls = rig.aws.calls().log();
    assert!(calls.iter().all(|call| call.context == BTreeMap::from([("cluster".to_owned(), "blue".to_owned())])));
    assert!(calls.iter().all(|call| call.key_id.as_ref() == Some(&name)));
}

#[tokio::test]
async fn another_plugin_with_the_same_key_reads_it_and_sends_no_key_id() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let wrapped = rig.open(&single(&name)).await.encrypt(&v2(), b"seed").await.unwrap();
    let other = rig.open(&single(&name)).await;
    assert_eq!(opened(&other, &wrapped.ciphertext).await, b"seed");
    assert_eq!(opened(&other, &wrapped.ciphertext[1..]).await, b"seed", "v1 reads blobs without prefix");
    let last = rig.aws.calls().log().pop().unwrap();
    assert_eq!((last.operation, last.key_id), (Operation::Decrypt, None));
}

#[tokio::test]
async fn every_call_is_told_with_what_it_was_about() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&single(&name)).await;
    let wrapped = set.encrypt(&v2(), b"seed").await.unwrap();
    let told = Told {
        key: name.clone(),
        speaks_for_key: true,
        operation: KmsOperation::Encrypt,
        source: Source::Traffic(Api::V2),
        uid: Some("uid-1".to_owned()),
        region: IRELAND.to_owned(),
        has_request_id: true,
        outcome: Ok(()),
    };
    assert_eq!(rig.told(), std::slice::from_ref(&told));
    opened(&rig.open(&single(&name)).await, &wrapped.ciphertext).await;
    let decrypt = Told { operation: KmsOperation::Decrypt, source: Source::Traffic(Api::V1Beta1), uid: None, ..told };
    assert_eq!(rig.last_told(), decrypt);
}

#[tokio::test]
async fn what_cannot_be_right_makes_no_call() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    for (request, ciphertext) in [
        (v1(), vec![]),
        (v2(), vec![]),
        (v1(), b"1".to_vec()),
        (v2(), b"\x01no prefix".to_vec()),
        (v1(), vec![b'1'; 6146]),
        (v2(), vec![b'1'; 1025]),
    ] {
        assert!(matches!(refused(&set, request, &ciphertext).await, Refusal::Malformed(_)), "{}", ciphertext.len());
    }
    for plaintext in [vec![], vec![0; 4097]] {
        assert!(matches!(set.encrypt(&v1(), &plaintext).await, Err(Refusal::Malformed(_))));
    }
    assert_eq!(rig.aws.calls().total(), 0);
}

#[tokio::test]
async fn a_changed_blob_or_context_is_refused_by_kms_and_says_nothing_of_the_key() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&single(&name)).await;
    let mut wrapped = set.encrypt(&v1(), b"dek").await.unwrap().ciphertext;
    *wrapped.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&set, v1(), &wrapped).await.fault_class(), Some(FaultClass::Refused));
    assert_eq!((rig.last_told().outcome, rig.last_told().speaks_for_key), (Err(FaultClass::Refused), false));
    *wrapped.last_mut().unwrap() ^= 1;
    let other = rig.open(&keys(with_context(&name, &[("a", "b")]), Vec::new())).await;
    assert_eq!(refused(&other, v1(), &wrapped).await.fault_class(), Some(FaultClass::Refused));
}

#[tokio::test]
async fn a_disabled_key_is_named_and_spoken_for() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let wrapped = rig.open(&single(&name)).await.encrypt(&v1(), b"dek").await.unwrap();
    rig.aws.kms().set_state(&name, KeyState::Disabled);
    let set = rig.open(&single(&name)).await;
    assert_eq!(refused(&set, v1(), &wrapped.ciphertext).await.fault_class(), Some(FaultClass::Revoked));
    assert_eq!((rig.last_told().key, rig.last_told().speaks_for_key), (name, true));
    assert_eq!(set.encrypt(&v1(), b"dek").await.err().unwrap().fault_class(), Some(FaultClass::Revoked));
    assert_eq!(rig.calls(Operation::Encrypt), 2, "a revocation is not tried again");
}

#[tokio::test]
async fn a_blob_of_a_key_that_kms_does_not_find_says_nothing_of_ours() {
    let rig = Rig::new();
    let (ours, gone) = (rig.aws.kms().create_key(IRELAND), rig.aws.kms().create_key(IRELAND));
    let wrapped = rig.open(&single(&gone)).await.encrypt(&v1(), b"dek").await.unwrap();
    rig.aws.kms().delete(&gone);
    let set = rig.open(&single(&ours)).await;
    assert_eq!(refused(&set, v1(), &wrapped.ciphertext).await.fault_class(), Some(FaultClass::Denied));
    assert!(!rig.last_told().speaks_for_key);
}

#[tokio::test]
async fn an_alias_that_moves_leaves_what_it_wrote_readable_and_speaks_for_its_new_key_only() {
    let rig = Rig::new();
    let [old, new] = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
    rig.aws.kms().set_alias("alias/app", &old);
    let settings = KeySetSettings { cache_entries: 0, ..single("alias/app") };
    let set = rig.open(&settings).await;
    let before = set.encrypt(&v1(), b"dek").await.unwrap().ciphertext;
    opened(&set, &before).await;
    assert!(rig.last_told().speaks_for_key);
    rig.aws.kms().set_alias("alias/app", &new);
    let after = set.encrypt(&v1(), b"dek").await.unwrap().ciphertext;
    opened(&set, &before).await;
    assert!(!rig.last_told().speaks_for_key);
    opened(&set, &after).await;
    assert!(rig.last_told().speaks_for_key);
    rig.aws.kms().set_state(&old, KeyState::Disabled);
    assert_eq!(refused(&set, v1(), &before).await.fault_class(), Some(FaultClass::Revoked));
    assert!(!rig.last_told().speaks_for_key, "the old key is not the alias' any more");
}

#[tokio::test]
async fn expired_credentials_end_at_once_and_leave_what_is_cached() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    let wrapped = set.encrypt(&v1(), b"dek").await.unwrap().ciphertext;
    rig.aws.set_expired(Expired::Everybody);
    rig.aws.calls().reset();
    assert_eq!(set.encrypt(&v1(), b"dek").await.err().unwrap().fault_class(), Some(FaultClass::ExpiredLogin));
    assert_eq!(rig.calls(Operation::Encrypt), 1);
    assert_eq!(opened(&set, &wrapped).await, b"dek");
}

#[tokio::test]
async fn answers_that_break_kms_own_contract_are_not_believed() {
    let rig = Rig::new();
    let (name, other) = (rig.aws.kms().create_key(IRELAND), rig.aws.kms().create_key(IRELAND));
    let set = rig.open(&single(&name)).await;
    let wrapped = set.encrypt(&v1(), b"dek").await.unwrap();
    for (effect, operation) in [
        (Effect::WrongKeyId(other.clone()), Operation::Encrypt),
        (Effect::WrongKeyId("alias/app".to_owned()), Operation::Encrypt),
        (Effect::Empty, Operation::Encrypt),
        (Effect::Empty, Operation::Decrypt),
        (Effect::ShortKey(0), Operation::Decrypt),
    ] {
        rig.aws.clear_faults();
        rig.aws.inject(FaultRule::new(effect.clone()).on(operation));
        let refusal = match operation {
            Operation::Encrypt => set.encrypt(&v1(), b"dek").await.err().unwrap(),
            _ => refused(&rig.open(&single(&name)).await, v1(), &wrapped.ciphertext).await,
        };
        assert_eq!(refusal.fault_class(), Some(FaultClass::Outage), "{effect:?}: {refusal}");
    }
}

#[tokio::test]
async fn the_probe_says_how_each_operation_ended_and_keeps_its_last_blob() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&single(&name)).await;
    assert!(set.probe(v1().deadline).await.succeeded());
    assert!(rig.told().iter().all(|told| told.source == Source::Probe));
    rig.aws.kms().deny(Operation::Encrypt, None);
    let report = set.probe(v1().deadline).await;
    assert_eq!(report.encrypt.unwrap_err().class(), FaultClass::Denied);
    assert!(report.decrypt.unwrap().is_ok(), "of what the last probe encrypted");
    rig.aws.kms().allow_all();
    rig.aws.inject(FaultRule::new(Effect::WrongKey).on(Operation::Decrypt));
    assert_eq!(set.probe(v1().deadline).await.fault().unwrap().class(), FaultClass::Outage);
}

#[tokio::test]
async fn every_mistake_in_the_settings_is_reported() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let settings = keys(
        KeySettings { region: Some(VIRGINIA.to_owned()), replicas: vec![VIRGINIA.to_owned()], ..key(&name) },
        vec![key("no key"), with_context(&name, &[("", "x")]), key("local:/nowhere"), key("no key")],
    );
    let error = KeySet::open(&settings, &rig.clients, rig.observer()).await.err().unwrap();
    assert_eq!(error.mistakes.len(), 8, "{error}");
    assert_eq!(rig.aws.calls().total(), 0);
}
