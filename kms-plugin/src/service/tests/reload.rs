//! Keys exchanged under a socket that goes on serving.

use super::*;

#[tokio::test]
async fn new_keys_take_over_with_what_is_in_memory() {
    let rig = Rig::start().await;
    let sealed = rig.encrypt("uid-1").await.unwrap();
    rig.until("ok", 5).await;
    let health = rig.socket.health();
    let same_write_key = KeySetSettings { cache_entries: 50, ..settings(&rig.key) };
    rig.socket.install(rig.socket.prepare(&same_write_key, &rig.clients).await.unwrap());
    assert!(Arc::ptr_eq(&health, &rig.socket.health()));
    assert_eq!(rig.says().await, "ok");
    rig.decrypt(&sealed, "uid-2").await.unwrap();

    let new = rig.aws.kms().create_key(REGION);
    let with_new = KeySetSettings { read: vec![key(&rig.key)], ..settings(&new) };
    rig.socket.install(rig.socket.prepare(&with_new, &rig.clients).await.unwrap());
    assert!(!Arc::ptr_eq(&health, &rig.socket.health()));
    assert_eq!(rig.status().await.unwrap().key_id, new);
    rig.decrypt(&sealed, "uid-3").await.unwrap();
    assert_eq!(rig.encrypt("uid-4").await.unwrap().key_id, new);
}

#[tokio::test]
async fn keys_with_mistakes_leave_the_old_ones_in_use() {
    let rig = Rig::start().await;
    let wrong = KeySetSettings { read: vec![key("no key at all"), key("arn:nor this")], ..settings(&rig.key) };
    let error = rig.socket.prepare(&wrong, &rig.clients).await.err().unwrap();
    assert_eq!(error.mistakes.len(), 2, "{error}");
    assert_eq!(rig.status().await.unwrap().healthz, "ok");
    rig.encrypt("uid-1").await.unwrap();
}
