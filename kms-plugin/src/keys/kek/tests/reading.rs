//! What is read, and what that costs.

use futures_util::future::join_all;

use super::*;
use crate::keys::state::MAX_KEKS;

#[tokio::test]
async fn both_apis_write_and_read_in_their_forms() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    let first = write(&kek, Api::V1Beta1).await.unwrap();
    assert!(first.ciphertext.starts_with(b"SLKK\x01") && first.annotations.is_empty());
    let second = write(&kek, Api::V2).await.unwrap();
    assert!(second.ciphertext.starts_with(b"SLKK\x02"));
    assert_eq!(second.annotations.keys().collect::<Vec<_>>(), ["wrapped-kek.kms.sealkit.io"]);
    assert_eq!(read(&kek, Api::V1Beta1, &first).await.unwrap(), SEED);
    assert_eq!(read(&kek, Api::V2, &second).await.unwrap(), SEED);
    assert_eq!((rig.kms.generates(), rig.kms.unwraps()), (1, 0));
    assert_eq!(rig.served.0.load(Ordering::SeqCst), 2, "each read from memory is told");
}

#[tokio::test]
async fn the_other_apis_form_is_malformed() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    for (api, other) in [(Api::V1Beta1, Api::V2), (Api::V2, Api::V1Beta1)] {
        let written = write(&kek, api).await.unwrap();
        let refusal = read(&kek, other, &written).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Malformed(Malformed::LocalKek(FormError::Form { .. }))), "{refusal}");
    }
}

#[tokio::test]
async fn a_direct_instance_reads_what_a_local_one_wrote() {
    let rig = Rig::new();
    let (local, direct) = (rig.start_with(Some(LocalKekSettings::default()), None), rig.start_with(None, None));
    assert!(!direct.is_on(), "it writes in the direct form");
    for api in [Api::V1Beta1, Api::V2] {
        let written = write(&local, api).await.unwrap();
        assert_eq!(read(&direct, api, &written).await.unwrap(), SEED);
    }
    assert_eq!(rig.kms.unwraps(), 1);
}

#[tokio::test]
async fn however_many_wait_a_kek_is_unwrapped_once() {
    let rig = Rig::new();
    let writer = rig.start_with(Some(LocalKekSettings::default()), None);
    let reader = rig.start_with(Some(LocalKekSettings::default()), None);
    until("the reader's own KEK", || rig.kms.generates() == 2).await;
    *rig.kms.latency.lock().unwrap() = Duration::from_millis(50);
    let mut objects = Vec::new();
    for _ in 0..200 {
        objects.push(write(&writer, Api::V1Beta1).await.unwrap());
    }
    let read = join_all(objects.iter().map(|object| read(&reader, Api::V1Beta1, object))).await;
    assert!(read.into_iter().all(|plaintext| plaintext.unwrap() == SEED));
    assert_eq!(rig.kms.unwraps(), 1);
}

#[tokio::test]
async fn what_was_tampered_with_asks_kms_nothing() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    let mut written = write(&kek, Api::V1Beta1).await.unwrap();
    *written.ciphertext.last_mut().unwrap() ^= 1;
    let refusal = read(&kek, Api::V1Beta1, &written).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Malformed(Malformed::LocalKek(FormError::NotAuthentic))), "{refusal}");
    assert_eq!(rig.kms.unwraps(), 0);

    let mut written = write(&kek, Api::V2).await.unwrap();
    written.annotations.clear();
    let refusal = read(&kek, Api::V2, &written).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Malformed(Malformed::LocalKek(FormError::NoWrappedKek))), "{refusal}");
    assert_eq!(rig.kms.unwraps(), 0);
}

#[tokio::test]
async fn what_kms_unwraps_to_no_key_is_malformed() {
    let rig = Rig::new();
    let kek = rig.start_with(None, None);
    let wrapped = [1, 0, 7, 7];
    let ciphertext = form::serialize(&form::v1_head(&wrapped).unwrap(), &[0; 12], b"x", &[0; 16]);
    let refusal = kek.decrypt(&request(Api::V1Beta1), &ciphertext, None, &HashMap::new()).await.err().unwrap();
    let expected = FormError::NotAKek { length: 2 };
    assert!(matches!(refusal, Refusal::Malformed(Malformed::LocalKek(found)) if found == expected), "{refusal}");
    assert_eq!(kek.statistics().unwrapped, 0);
}

#[tokio::test]
async fn a_flushed_kek_is_gone_and_kms_decides() {
    let rig = Rig::new();
    let kek = rig.start(LocalKekSettings::default());
    let written = write(&kek, Api::V2).await.unwrap();
    let other = {
        let (key, wrapped) = rig.kms.wrap(1);
        Arc::new(Kek::new(key, &wrapped, origin(1), 1)).seal(Api::V2, SEED).unwrap()
    };
    read(&kek, Api::V2, &other).await.unwrap();
    assert!(kek.carries_writes() && kek.carries_restart());

    rig.kms.fail(FaultClass::Revoked);
    assert_eq!(kek.flush(|origin| &*origin.arn == "arn:write"), 1);
    assert!(!kek.carries_writes() && !kek.carries_restart());
    let refusal = read(&kek, Api::V2, &written).await.unwrap_err();
    assert_eq!(refusal.fault_class(), Some(FaultClass::Revoked));
    let refusal = write(&kek, Api::V2).await.err().unwrap();
    assert_eq!(refusal.fault_class(), Some(FaultClass::Revoked), "never in the direct form");
    assert_eq!(read(&kek, Api::V2, &other).await.unwrap(), SEED, "another key's KEK stays");

    rig.kms.fail(None);
    assert_eq!(read(&kek, Api::V2, &written).await.unwrap(), SEED);
    write(&kek, Api::V2).await.unwrap();
    assert!(kek.carries_writes());
}

#[tokio::test]
async fn what_kms_said_before_a_flush_is_not_kept_after_it() {
    let rig = Rig::new();
    let (writer, reader) = (rig.start_with(Some(LocalKekSettings::default()), None), rig.start_with(None, None));
    let written = write(&writer, Api::V2).await.unwrap();
    *rig.kms.latency.lock().unwrap() = Duration::from_millis(100);
    let (answer, ()) = tokio::join!(read(&reader, Api::V2, &written), async {
        sleep(Duration::from_millis(50)).await;
        reader.flush(|_| true);
    });
    assert_eq!(answer.unwrap(), SEED, "who waits is answered");
    assert_eq!(reader.statistics().unwrapped, 0);
}

#[tokio::test]
async fn more_keks_than_are_remembered_do_not_grow_memory() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    let own = write(&kek, Api::V2).await.unwrap();
    for _ in 0..MAX_KEKS + 20 {
        let (key, wrapped) = rig.kms.wrap(1);
        let foreign = Arc::new(Kek::new(key, &wrapped, origin(1), 1)).seal(Api::V2, SEED).unwrap();
        read(&kek, Api::V2, &foreign).await.unwrap();
    }
    let statistics = kek.statistics();
    assert_eq!((statistics.unwrapped, statistics.forgotten), (MAX_KEKS, 21));
    let unwraps = rig.kms.unwraps();
    read(&kek, Api::V2, &own).await.unwrap();
    assert_eq!(rig.kms.unwraps(), unwraps, "the KEK that writes is not forgotten");
}

#[tokio::test]
async fn a_plaintext_too_long_for_v2_is_refused() {
    let rig = Rig::new();
    let kek = rig.start_with(Some(LocalKekSettings::default()), None);
    let longest = vec![7; form::MAX_V2_PLAINTEXT_LEN + 1];
    let written = kek.encrypt(&request(Api::V2), &longest[1..]).await.unwrap();
    assert_eq!(written.ciphertext.len(), form::MAX_V2_LEN);
    let refusal = kek.encrypt(&request(Api::V2), &longest).await.err().unwrap();
    assert!(matches!(refusal, Refusal::Malformed(Malformed::OversizedPlaintext { length: 976, max: 975 })));
    assert!(kek.encrypt(&request(Api::V1Beta1), &longest).await.is_ok());
}
