//! The KEKs against an upstream in memory, with a clock that a test moves.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod limits;
mod reading;
mod restart;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use sealkit_aws::{Fault, FaultClass};
use sealkit_envelope::DataKey;
use tempfile::TempDir;
use tokio::time::sleep;

use super::*;
use crate::keys::{KmsCall, Source};

const WRITE_KEY: &str = "write";
const READ_KEY: &str = "read";
const SEED: &[u8] = b"a seed of thirty-two bytes, or so";
const DAY: u64 = 24 * 60 * 60;

/// A KMS in memory: a wrapped KEK is a number, the key's index, and the KEK in clear.
#[derive(Default)]
struct Memory {
    /// What it answers in place of an answer.
    fault: Mutex<Option<FaultClass>>,
    made: AtomicU64,
    generates: AtomicU64,
    unwraps: AtomicU64,
    /// How long an unwrap takes.
    latency: Mutex<Duration>,
}

impl Memory {
    fn fail(&self, class: impl Into<Option<FaultClass>>) {
        *self.fault.lock().unwrap() = class.into();
    }

    fn generates(&self) -> u64 {
        self.generates.load(Ordering::SeqCst)
    }

    fn unwraps(&self) -> u64 {
        self.unwraps.load(Ordering::SeqCst)
    }

    fn answer(&self, action: &str) -> Result<(), Refusal> {
        match *self.fault.lock().unwrap() {
            Some(class) => Err(Refusal::Kms(Box::new(Fault::new(action, WRITE_KEY, None, class, "as told")))),
            None => Ok(()),
        }
    }

    /// A KEK under the key at `index`, as another instance makes it.
    fn wrap(&self, index: u8) -> (DataKey, Vec<u8>) {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        let mut key = DataKey::zeroed();
        key.expose_secret_mut()[..8].copy_from_slice(&number.to_be_bytes());
        let wrapped = [&[1, index][..], key.expose_secret()].concat();
        (key, wrapped)
    }
}

fn origin(index: usize) -> Origin {
    let arn = [WRITE_KEY, READ_KEY][index];
    Origin { arn: format!("arn:{arn}").into(), region: None, request_id: None, key_material: None }
}

impl Upstream for Memory {
    fn name(&self, index: usize) -> Arc<str> {
        [WRITE_KEY, READ_KEY][index].into()
    }

    fn by_name(&self, name: &str) -> Option<usize> {
        [WRITE_KEY, READ_KEY].iter().position(|known| *known == name)
    }

    fn generate<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Generated, Refusal>> {
        assert_eq!(call.source, Source::Upkeep);
        async move {
            self.generates.fetch_add(1, Ordering::SeqCst);
            self.answer("kms:GenerateDataKey")?;
            let (key, blob) = self.wrap(0);
            Ok(Generated { key, blob, origin: origin(0) })
        }
        .boxed()
    }

    fn unwrap<'a>(
        &'a self,
        _: Call<'a>,
        wrapped: &'a [u8],
        _: Option<usize>,
    ) -> BoxFuture<'a, Result<(Unwrapped, usize), Refusal>> {
        async move {
            self.unwraps.fetch_add(1, Ordering::SeqCst);
            let latency = *self.latency.lock().unwrap();
            sleep(latency).await;
            self.answer("kms:Decrypt")?;
            let [1, index, key @ ..] = wrapped else {
                let fault = Fault::new("kms:Decrypt", WRITE_KEY, None, FaultClass::Refused, "no ciphertext of ours");
                return Err(Refusal::Kms(Box::new(fault)));
            };
            let index = usize::from(*index);
            Ok((Unwrapped { plaintext: Plaintext::from_slice(key), origin: origin(index) }, index))
        }
        .boxed()
    }
}

/// A clock that a test moves.
struct Moved(AtomicU64);

impl WallClock for Moved {
    fn unix_seconds(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Counts what was served from memory.
#[derive(Default)]
struct Served(AtomicU64);

impl Observer for Served {
    fn kms_call(&self, _: &KmsCall<'_>) {}

    fn served_from_memory(&self, _: Api, _: &str, _: Option<&str>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// One machine: a KMS, a clock, a disk.
struct Rig {
    kms: Arc<Memory>,
    clock: Arc<Moved>,
    served: Arc<Served>,
    disk: TempDir,
}

impl Rig {
    fn new() -> Self {
        let clock = Arc::new(Moved(AtomicU64::new(1_700_000_000)));
        Self { kms: Arc::default(), clock, served: Arc::default(), disk: TempDir::new().unwrap() }
    }

    fn advance(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn state_path(&self) -> std::path::PathBuf {
        self.disk.path().join("state.json")
    }

    /// A plugin that starts; with its state file.
    fn start(&self, settings: LocalKekSettings) -> LocalKek {
        self.start_with(Some(settings), Some(StateFile::open(&self.state_path())))
    }

    fn start_with(&self, settings: Option<LocalKekSettings>, state: Option<Arc<StateFile>>) -> LocalKek {
        let kek = LocalKek::new(
            settings,
            Arc::clone(&self.kms) as Arc<dyn Upstream>,
            Arc::clone(&self.served) as Arc<dyn Observer>,
            state,
            Arc::clone(&self.clock) as Arc<dyn WallClock>,
        );
        kek.start(None);
        kek
    }
}

/// Ends a plugin without a word, and waits until nothing of it is left in this process.
async fn kill(kek: LocalKek) {
    let ring = Arc::downgrade(&kek.ring);
    drop(kek);
    until("the end of the upkeep", || ring.strong_count() == 0).await;
}

fn request(api: Api) -> Request<'static> {
    Request { api, uid: None, deadline: Instant::now() + Duration::from_secs(3) }
}

async fn write(kek: &LocalKek, api: Api) -> Result<Written, Refusal> {
    kek.encrypt(&request(api), SEED).await
}

async fn read(kek: &LocalKek, api: Api, written: &Written) -> Result<Vec<u8>, Refusal> {
    let plaintext = kek.decrypt(&request(api), &written.ciphertext, None, &written.annotations).await?;
    Ok(plaintext.expose_secret().to_vec())
}

/// The KEK that a v1 ciphertext is under.
fn kek_of(written: &Written) -> KekId {
    form::parse_v1(&written.ciphertext).unwrap().kek_id
}

/// Waits for what happens in the background.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if condition() {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} did not come about");
}
