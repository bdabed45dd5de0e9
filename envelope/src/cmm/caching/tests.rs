#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;

use super::*;
use crate::cache::ManualClock;
use crate::keyring::raw_aes::RawAesKeyring;
use crate::{AlgorithmSuite, DataKey, DecryptPolicy, Decryptor, EncryptionContext, Encryptor};

const UNSIGNED: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
const SIGNED: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384;

/// A keyring of two keys that counts how often it is asked, and takes its time.
struct Counting {
    keyring: crate::keyring::multi::MultiKeyring,
    asked: AtomicUsize,
}

impl Counting {
    fn new() -> Arc<Self> {
        let raw = |name: &str| -> Arc<dyn Keyring> {
            Arc::new(RawAesKeyring::new("test", name, &DataKey::from_slice(&[7; 32]).unwrap()).unwrap())
        };
        let keyring = crate::keyring::multi::MultiKeyring::new(Some(raw("a")), vec![raw("b")]).unwrap();
        Arc::new(Self { keyring, asked: AtomicUsize::new(0) })
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

impl Keyring for Counting {
    fn on_encrypt(&self, materials: EncryptionMaterials) -> BoxFuture<'_, Result<EncryptionMaterials, KeyringError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        async { breath().then(|()| self.keyring.on_encrypt(materials)).await }.boxed()
    }

    fn on_decrypt<'a>(
        &'a self,
        materials: DecryptionMaterials,
        wrapped: &'a [EncryptedDataKey],
    ) -> BoxFuture<'a, Result<DecryptionMaterials, KeyringError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        async { breath().then(|()| self.keyring.on_decrypt(materials, wrapped)).await }.boxed()
    }
}

/// Pending once, as a call over the network is.
async fn breath() {
    let mut breathed = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut breathed, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

struct Rig {
    keyring: Arc<Counting>,
    clock: Arc<ManualClock>,
    cmm: Arc<CachingCmm>,
}

impl Rig {
    fn new(limits: CacheLimits) -> Self {
        let (keyring, clock) = (Counting::new(), Arc::new(ManualClock::default()));
        let default = Arc::new(DefaultCmm::new(Arc::clone(&keyring) as Arc<dyn Keyring>));
        let cmm = Arc::new(CachingCmm::with_clock(default, limits, Arc::clone(&clock) as Arc<dyn Clock>));
        Self { keyring, clock, cmm }
    }

    fn encryption(&self, suite: AlgorithmSuite, app: &str, plaintext_length: Option<u64>) -> EncryptionMaterials {
        let request = EncryptionMaterialsRequest { suite, context: context(app), plaintext_length };
        pollster::block_on(self.cmm.encryption_materials(request)).unwrap()
    }

    fn decryption(&self, materials: &EncryptionMaterials) -> Result<DecryptionMaterials, KeyringError> {
        pollster::block_on(self.cmm.decryption_materials(request_for(materials)))
    }
}

fn context(app: &str) -> EncryptionContext {
    EncryptionContext::try_from_pairs([("app", app)]).unwrap()
}

fn request_for(materials: &EncryptionMaterials) -> DecryptionMaterialsRequest {
    DecryptionMaterialsRequest {
        suite: materials.suite,
        encrypted_data_keys: materials.encrypted_data_keys.clone(),
        context: materials.context.clone(),
    }
}

fn limits() -> CacheLimits {
    CacheLimits::for_five_minutes()
}

fn limit(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).unwrap()
}

#[test]
fn messages_of_one_suite_and_context_share_a_data_key() {
    let rig = Rig::new(limits());
    let first = rig.encryption(UNSIGNED, "a", Some(1));
    let same = rig.encryption(UNSIGNED, "a", Some(1));
    assert_eq!(rig.keyring.asked(), 1);
    assert_eq!(first.encrypted_data_keys, same.encrypted_data_keys);
    assert_eq!(first.data_key.unwrap().expose_secret(), same.data_key.unwrap().expose_secret());
    for (suite, app) in [(SIGNED, "a"), (UNSIGNED, "b"), (SIGNED, "b")] {
        let other = rig.encryption(suite, app, Some(1));
        assert_eq!(rig.keyring.asked(), 1, "{suite} {app}");
        assert_ne!(other.encrypted_data_keys, same.encrypted_data_keys);
    }
}

//= framework/caching-cmm.md#get-encryption-materials
#[test]
fn a_signed_entry_holds_its_signing_key() {
    let rig = Rig::new(limits());
    let [first, same] = [(); 2].map(|()| rig.encryption(SIGNED, "a", Some(1)));
    assert_eq!((rig.keyring.asked(), &first.context), (1, &same.context));
    let keys = [first, same].map(|materials| materials.signing_key.unwrap().public_key());
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn what_cannot_be_counted_bypasses_the_cache() {
    let rig = Rig::new(CacheLimits { max_bytes: 100, ..limits() });
    for length in [None, None, Some(101), Some(u64::MAX)] {
        rig.encryption(UNSIGNED, "a", length);
        assert_eq!(rig.keyring.asked(), 1, "{length:?}");
    }
    assert_eq!(rig.cmm.encrypt_stats().entries, 0);
}

#[test]
fn messages_bytes_and_age_end_a_data_key() {
    let by_messages = Rig::new(CacheLimits { max_messages: limit(2), ..limits() });
    let calls: Vec<_> =
        (0..5).map(|_| (by_messages.encryption(UNSIGNED, "a", Some(0)), by_messages.keyring.asked()).1).collect();
    assert_eq!(calls, [1, 0, 1, 0, 1]);

    let by_bytes = Rig::new(CacheLimits { max_bytes: 100, ..limits() });
    let calls: Vec<_> = [60, 40, 1, 99, 100]
        .into_iter()
        .map(|length| (by_bytes.encryption(UNSIGNED, "a", Some(length)), by_bytes.keyring.asked()).1)
        .collect();
    assert_eq!(calls, [1, 0, 1, 0, 1]);

    let by_age = Rig::new(limits());
    let materials = by_age.encryption(UNSIGNED, "a", Some(0));
    by_age.decryption(&materials).unwrap();
    by_age.clock.advance(Duration::from_secs(299));
    by_age.encryption(UNSIGNED, "a", Some(0));
    by_age.decryption(&materials).unwrap();
    assert_eq!(by_age.keyring.asked(), 2);
    by_age.clock.advance(Duration::from_secs(1));
    assert_eq!(by_age.cmm.sweep(), 2);
    by_age.encryption(UNSIGNED, "a", Some(0));
    by_age.decryption(&materials).unwrap();
    assert_eq!(by_age.keyring.asked(), 2);
}

#[test]
fn an_unwrapped_key_is_used_so_often_and_no_more() {
    let rig = Rig::new(CacheLimits { max_uses: limit(3), ..limits() });
    let materials = rig.encryption(UNSIGNED, "a", None);
    rig.keyring.asked();
    let calls: Vec<_> = (0..4).map(|_| (rig.decryption(&materials).unwrap(), rig.keyring.asked()).1).collect();
    assert_eq!(calls, [1, 0, 0, 1]);
}

//= framework/caching-cmm.md#decrypt-materials
#[test]
fn suite_context_and_encrypted_data_keys_make_the_entry() {
    let rig = Rig::new(limits());
    let materials = rig.encryption(UNSIGNED, "a", None);
    rig.decryption(&materials).unwrap();
    rig.keyring.asked();
    let asked = |change: fn(&mut DecryptionMaterialsRequest)| {
        let mut request = request_for(&materials);
        change(&mut request);
        let ok = pollster::block_on(rig.cmm.decryption_materials(request)).is_ok();
        (ok, rig.keyring.asked())
    };
    assert_eq!(asked(|_| {}), (true, 0));
    assert_eq!(asked(|request| request.context = context("b")), (false, 1));
    assert_eq!(asked(|request| request.suite = SIGNED), (false, 0), "refused before the keyring is asked");
    assert_eq!(asked(|request| drop(request.encrypted_data_keys.pop())), (true, 1));
    assert_eq!(asked(|request| request.encrypted_data_keys[0].ciphertext[0] ^= 1), (true, 1));
    assert_eq!(asked(|request| request.encrypted_data_keys.truncate(0)), (false, 1));
    assert_eq!(asked(|request| request.context = context("b")), (false, 1), "a failure is not kept");
}

/// The policy needs to know which key unwrapped, also for a message that lists the same keys in another order.
#[test]
fn a_hit_says_which_of_this_message_s_keys_unwrapped() {
    let rig = Rig::new(limits());
    let mut materials = rig.encryption(UNSIGNED, "a", None);
    assert_eq!(rig.decryption(&materials).unwrap().unwrapped_by, Some(0));
    rig.keyring.asked();
    materials.encrypted_data_keys.reverse();
    assert_eq!(rig.decryption(&materials).unwrap().unwrapped_by, Some(1));
    assert_eq!(rig.keyring.asked(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_at_once_takes_one_call_each_way() {
    let rig = Rig::new(limits());
    for suite in [UNSIGNED, SIGNED] {
        let (encryptor, decryptor) = (
            Encryptor::new(Arc::clone(&rig.cmm)).with_suite(suite),
            Decryptor::new(Arc::clone(&rig.cmm), DecryptPolicy::default()),
        );
        let sealed = join_all((0..20).map(|n: u8| {
            let encryptor = encryptor.clone();
            tokio::spawn(async move { encryptor.encrypt(&[n], &context("a")).await.unwrap() })
        }));
        let sealed: Vec<_> = sealed.await.into_iter().map(Result::unwrap).collect();
        assert_eq!(rig.keyring.asked(), 1);
        let opened = join_all(sealed.into_iter().map(|message| {
            let decryptor = decryptor.clone();
            tokio::spawn(async move {
                let opened = decryptor.decrypt(&message, &EncryptionContext::new()).await;
                opened.unwrap().0.expose_secret().to_vec()
            })
        }));
        for (n, plaintext) in opened.await.into_iter().enumerate() {
            assert_eq!(plaintext.unwrap(), [u8::try_from(n).unwrap()]);
        }
        assert_eq!(rig.keyring.asked(), 1);
    }
}

#[test]
fn clearing_leaves_no_key_behind() {
    let rig = Rig::new(limits());
    let materials = rig.encryption(UNSIGNED, "a", Some(0));
    rig.decryption(&materials).unwrap();
    assert_eq!(rig.cmm.clear(), 2);
    assert_eq!((rig.cmm.encrypt_stats().entries, rig.cmm.decrypt_stats().entries), (0, 0));
}
