//! What the unwrap cache holds, and for how long.

use sealkit_rig::KeyState;

use super::*;

#[tokio::test]
async fn what_was_encrypted_here_is_never_decrypted_by_kms() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&single(&name)).await;
    for plaintext in [&b"x"[..], &[7; 32], &[8; 64], &[9; 65], &[1; 4096]] {
        let wrapped = set.encrypt(&v1(), plaintext).await.unwrap();
        assert_eq!(opened(&set, &wrapped.ciphertext).await, plaintext);
    }
    assert_eq!(rig.calls(Operation::Decrypt), 0);
    let (key, id) = rig.log.from_memory.lock().unwrap()[0].clone();
    let filled_by = rig.aws.calls().log()[0].request_id.clone();
    assert_eq!((key, id), (name, Some(filled_by)), "joined to the call that filled the cache");
    let stats = set.statistics().unwraps;
    assert_eq!((stats.hits, stats.loads, stats.entries), (5, 0, 5));
}

#[tokio::test]
async fn a_hundred_at_once_are_one_call() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let wrapped = rig.open(&single(&name)).await.encrypt(&v1(), b"dek").await.unwrap().ciphertext;
    let set = rig.open(&single(&name)).await;
    rig.aws.set_latency(None, Duration::from_millis(50));
    let all = (0..100).map(|_| opened(&set, &wrapped));
    assert!(futures_util::future::join_all(all).await.iter().all(|plaintext| plaintext == b"dek"));
    assert_eq!(rig.calls(Operation::Decrypt), 1);
    assert_eq!(rig.log.from_memory.lock().unwrap().len(), 99);
    assert_eq!(set.statistics().unwraps.joined, 99);
}

#[tokio::test]
async fn who_gives_up_leaves_the_call_to_fill_the_cache() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let wrapped = rig.open(&single(&name)).await.encrypt(&v1(), b"dek").await.unwrap().ciphertext;
    let set = rig.open(&single(&name)).await;
    rig.aws.set_latency(None, Duration::from_millis(200));
    let given_up = tokio::time::timeout(Duration::from_millis(50), decrypt(&set, v1(), &wrapped)).await;
    assert!(given_up.is_err());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(opened(&set, &wrapped).await, b"dek");
    assert_eq!(rig.calls(Operation::Decrypt), 1);
}

#[tokio::test]
async fn no_more_is_held_than_was_configured() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    for (entries, calls) in [(0, 3), (2, 1)] {
        let set = rig.open(&KeySetSettings { cache_entries: entries, ..single(&name) }).await;
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(set.encrypt(&v1(), b"dek").await.unwrap().ciphertext);
        }
        let before = rig.calls(Operation::Decrypt);
        for wrapped in all.iter().rev() {
            opened(&set, wrapped).await;
        }
        assert_eq!(rig.calls(Operation::Decrypt) - before, calls, "{entries} entries");
    }
}

#[tokio::test]
async fn a_flush_is_of_one_key_by_name_or_arn() {
    let rig = Rig::new();
    let [a, b] = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
    rig.aws.kms().set_alias("alias/a", &a);
    let settings = keys(key("alias/a"), vec![with_context(&b, &[("k", "b")])]);
    let set = rig.open(&settings).await;
    let under_b = rig.open(&keys(with_context(&b, &[("k", "b")]), Vec::new())).await;
    let under_b = under_b.encrypt(&v1(), b"b").await.unwrap().ciphertext;
    let under_a = set.encrypt(&v1(), b"a").await.unwrap().ciphertext;
    opened(&set, &under_b).await;
    let before = rig.calls(Operation::Decrypt);

    assert_eq!(set.flush("alias/a").unwraps, 1);
    opened(&set, &under_b).await;
    assert_eq!(rig.calls(Operation::Decrypt), before, "the other key's stay");
    opened(&set, &under_a).await;
    assert_eq!(rig.calls(Operation::Decrypt), before + 1);
    assert_eq!(set.flush(&a).unwraps, 1, "the ARN behind the alias");
    assert_eq!(set.flush(&b).unwraps, 1);
    assert_eq!(set.flush("alias/nobody").unwraps, 0);
}

#[tokio::test]
async fn after_a_flush_a_revoked_key_answers_for_itself() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let set = rig.open(&single(&name)).await;
    let wrapped = set.encrypt(&v1(), b"dek").await.unwrap().ciphertext;
    rig.aws.kms().set_state(&name, KeyState::Disabled);
    assert_eq!(opened(&set, &wrapped).await, b"dek", "until the flush");
    set.flush(&name);
    assert_eq!(refused(&set, v1(), &wrapped).await.fault_class(), Some(FaultClass::Revoked));
}

#[tokio::test]
async fn what_was_under_way_at_a_flush_is_not_kept() {
    let rig = Rig::new();
    let name = rig.aws.kms().create_key(IRELAND);
    let wrapped = rig.open(&single(&name)).await.encrypt(&v1(), b"dek").await.unwrap().ciphertext;
    let set = rig.open(&single(&name)).await;
    rig.aws.set_latency(None, Duration::from_millis(100));
    let flush = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        set.flush(&name)
    };
    let (plaintext, _) = tokio::join!(opened(&set, &wrapped), flush);
    assert_eq!(plaintext, b"dek", "who waited is answered");
    assert_eq!(set.statistics().unwraps.entries, 0);
}

#[tokio::test]
async fn a_reload_keeps_what_is_of_keys_that_stay() {
    let rig = Rig::new();
    let [a, b] = [(); 2].map(|()| rig.aws.kms().create_key(IRELAND));
    let set = rig.open(&single(&a)).await;
    let wrapped = set.encrypt(&v1(), b"dek").await.unwrap().ciphertext;

    let with_more = set.reopen(&keys(key(&b), vec![key(&a)]), &rig.clients, rig.observer()).await.unwrap();
    assert_eq!(opened(&with_more, &wrapped).await, b"dek");
    assert_eq!(rig.calls(Operation::Decrypt), 0);
    let smaller = KeySetSettings { cache_entries: 0, ..single(&a) };
    assert_eq!(set.reopen(&smaller, &rig.clients, rig.observer()).await.unwrap().statistics().unwraps.entries, 0);
    for changed in [single(&b), keys(with_context(&a, &[("k", "v")]), Vec::new())] {
        let set = set.reopen(&changed, &rig.clients, rig.observer()).await.unwrap();
        assert_eq!(set.statistics().unwraps.entries, 0);
    }
}

#[tokio::test]
async fn distinct_v1_deks_are_counted_without_the_health_check() {
    let rig = Rig::new();
    let set = rig.open(&single(&rig.aws.kms().create_key(IRELAND))).await;
    for plaintext in ["ping", "a", "b"] {
        let wrapped = set.encrypt(&v1(), plaintext.as_bytes()).await.unwrap().ciphertext;
        opened(&set, &wrapped).await;
        opened(&set, &wrapped).await;
    }
    assert_eq!(set.statistics().v1_deks, 2);
}
