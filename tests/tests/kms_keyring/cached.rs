//! The data-key cache in front of KMS: calls as the service counts them.

use sealkit_envelope::cmm::{CacheLimits, CachingCmm};
use sealkit_envelope::{DecryptPolicy, Decryptor, Encryptor};
use sealkit_rig::{Effect, FaultRule};

use super::*;

const MESSAGES: u8 = 100;

fn cached(rig: &Rig, key: &str) -> Arc<CachingCmm> {
    Arc::new(CachingCmm::new(Arc::new(rig.strict([key])), CacheLimits::for_five_minutes()))
}

async fn sealed(cmm: &Arc<CachingCmm>) -> Vec<Vec<u8>> {
    let tasks: Vec<_> = (0..MESSAGES)
        .map(|n| {
            let encryptor = Encryptor::new(Arc::clone(cmm));
            tokio::spawn(async move { encryptor.encrypt(&[n], &context()).await.unwrap() })
        })
        .collect();
    let mut messages = Vec::new();
    for task in tasks {
        messages.push(task.await.unwrap());
    }
    messages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_at_once_takes_one_call_each_way() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    rig.aws.set_latency(None, Duration::from_millis(50));
    let messages = sealed(&cached(&rig, &key)).await;
    assert_eq!((rig.calls(Operation::GenerateDataKey), rig.aws.calls().total()), (1, 1));

    let cmm = cached(&rig, &key);
    let tasks = messages.into_iter().map(|message| {
        let decryptor = Decryptor::new(Arc::clone(&cmm), DecryptPolicy::default());
        tokio::spawn(async move { decryptor.decrypt(&message, &context()).await.unwrap().0.expose_secret().to_vec() })
    });
    for (n, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), [u8::try_from(n).unwrap()]);
    }
    assert_eq!((rig.calls(Operation::Decrypt), rig.aws.calls().total()), (1, 2));
}

/// The first caller, whose task made the request to KMS, is aborted while the request is under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_caller_leaves_the_call_to_the_others() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let message = sealed(&cached(&rig, &key)).await.remove(0);
    rig.aws.calls().reset();
    rig.aws.set_latency(None, Duration::from_millis(300));
    let cmm = cached(&rig, &key);
    let open = || {
        let (decryptor, message) = (Decryptor::new(Arc::clone(&cmm), DecryptPolicy::default()), message.clone());
        tokio::spawn(async move { decryptor.decrypt(&message, &context()).await.map(drop) })
    };
    let first = open();
    while cmm.decrypt_stats().loads == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let others: Vec<_> = (0..20).map(|_| open()).collect();
    while cmm.decrypt_stats().joined < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.abort();
    others.iter().step_by(2).for_each(tokio::task::JoinHandle::abort);
    for (n, other) in others.into_iter().enumerate() {
        let ended = tokio::time::timeout(Duration::from_secs(20), other).await.expect("nobody is stranded");
        assert!(n % 2 == 0 || ended.unwrap().is_ok());
    }
    assert_eq!(rig.aws.calls().total(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_shared_and_the_next_call_asks_again() {
    let rig = Rig::new();
    let key = rig.aws.kms().create_key(IRELAND);
    let message = sealed(&cached(&rig, &key)).await.remove(0);
    rig.aws.calls().reset();
    rig.aws.set_latency(None, Duration::from_millis(100));
    rig.aws.inject(FaultRule::new(Effect::Throttle).times(1));
    let decryptor = Decryptor::new(cached(&rig, &key), DecryptPolicy::default());
    let open = || {
        let (decryptor, message) = (decryptor.clone(), message.clone());
        tokio::spawn(async move { decryptor.decrypt(&message, &context()).await.map(drop) })
    };
    for task in (0..10).map(|_| open()).collect::<Vec<_>>() {
        assert!(task.await.unwrap().unwrap_err().to_string().contains("kms:Decrypt"));
    }
    assert_eq!(rig.aws.calls().total(), 1);
    assert!(open().await.unwrap().is_ok());
    assert_eq!(rig.aws.calls().total(), 2);
}
