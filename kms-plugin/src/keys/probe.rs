//! The probe of the write key.

use std::sync::{Mutex, PoisonError};

use sealkit_aws::{Fault, FaultClass};
use tokio::time::Instant;

use super::service::{Call, Origin, Purpose, Wrapping};
use super::{ProbeReport, Refusal, Source};

/// Encrypts and decrypts random bytes, and remembers what it last encrypted.
#[derive(Default)]
pub(super) struct Probe {
    /// For when Encrypt is refused and Decrypt may not be.
    last: Mutex<Option<Sample>>,
}

#[derive(Clone)]
struct Sample {
    blob: Vec<u8>,
    /// Random bytes that protect nothing.
    content: [u8; 32],
}

impl Probe {
    /// How a probe ends, and who answered if what it encrypted was decrypted.
    pub(super) async fn run(&self, key: &Wrapping, name: &str, deadline: Instant) -> (ProbeReport, Option<Origin>) {
        let call = Call { source: Source::Probe, uid: None, deadline };
        let fresh = fresh(key, &call).await;
        if let Ok(sample) = &fresh {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(sample.clone());
        }
        let sample = fresh.as_ref().ok().cloned().or_else(|| self.last());
        let opened = match sample {
            Some(sample) => Some(opens(key, &call, &sample).await.map_err(|it| fault("kms:Decrypt", name, it))),
            None => None,
        };
        let (opened, decrypt) = match opened {
            Some(Ok(origin)) => (Some(origin), Some(Ok(()))),
            Some(Err(fault)) => (None, Some(Err(fault))),
            None => (None, None),
        };
        let opened = opened.filter(|_| fresh.is_ok());
        (ProbeReport { encrypt: fresh.map(drop).map_err(|it| fault("kms:Encrypt", name, it)), decrypt }, opened)
    }

    fn last(&self) -> Option<Sample> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn fresh(key: &Wrapping, call: &Call<'_>) -> Result<Sample, Refusal> {
    let mut content = [0; 32];
    getrandom::fill(&mut content).map_err(|_| Refusal::Internal("the system gives no random bytes"))?;
    let encrypted = key.encrypt(call, Purpose::Object, &content).await?;
    Ok(Sample { blob: encrypted.blob, content })
}

async fn opens(key: &Wrapping, call: &Call<'_>, sample: &Sample) -> Result<Origin, Refusal> {
    let decrypted = key.decrypt(call, Purpose::Object, &sample.blob).await?;
    if decrypted.plaintext.expose_secret() == sample.content {
        return Ok(decrypted.origin);
    }
    let (arn, region) = (&decrypted.origin.arn, decrypted.origin.region.as_deref());
    let cause = "what the probe encrypted decrypts to something else";
    let fault = Fault::new("kms:Decrypt", arn, region, FaultClass::Outage, cause);
    Err(Box::new(fault.with_request_id(decrypted.origin.request_id.as_deref())).into())
}

/// What did not even reach KMS is an outage as far as health is concerned.
fn fault(action: &str, key: &str, refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Kms(fault) => *fault,
        other => Fault::new(action, key, None, FaultClass::Outage, &other.to_string()),
    }
}
