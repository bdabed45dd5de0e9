//! A blob whose key material is known: only a Decrypt tells.

use std::time::Duration;

use sealkit_aws::{Fault, FaultClass};
use tokio::time::{Instant, sleep};

use super::material::Material;
use super::{Follower, Label};
use crate::keys::Refusal;
use crate::keys::service::{Call, Encrypted, Origin, Purpose, Wrapping};

/// Between two tries, so that they do not all meet one host of KMS.
const PAUSE: Duration = Duration::from_millis(25);
const MAX_PAUSE: Duration = Duration::from_millis(200);

/// Less time than this is no time for another try: an Encrypt and a Decrypt.
const TOO_SHORT: Duration = Duration::from_millis(150);

impl Follower {
    /// Encrypts `plaintext` under the material that is announced, and the `key_id` that says so. The blob is decrypted
    /// once, for nothing else names its material; what does not decrypt to what was encrypted is refused.
    ///
    /// # Errors
    ///
    /// If KMS does not answer in time, or refuses; if all that it made until the deadline is under other material.
    pub(in crate::keys) async fn encrypt(
        &self,
        key: &Wrapping,
        call: &Call<'_>,
        plaintext: &[u8],
    ) -> Result<(Encrypted, std::sync::Arc<str>), Refusal> {
        let mut pause = PAUSE;
        loop {
            let (encrypted, opened) = make(key, call, plaintext).await?;
            let material = key.material(&opened).ok_or_else(|| no_material(&opened))?;
            if let Label::KeyId(key_id) = self.label(key, call, &material).await {
                return Ok((encrypted, key_id));
            }
            if call.deadline.saturating_duration_since(Instant::now()) < pause + TOO_SHORT {
                return Err(Refusal::StaleMaterial { key: self.key.to_string() });
            }
            sleep(pause).await;
            pause = (2 * pause).min(MAX_PAUSE);
        }
    }
}

/// The material that KMS uses now; none if it names none.
pub(super) async fn look(key: &Wrapping, call: &Call<'_>) -> Result<Option<Material>, Refusal> {
    let mut content = [0; 32];
    getrandom::fill(&mut content).map_err(|_| Refusal::Internal("the system gives no random bytes"))?;
    let (_, opened) = make(key, call, &content).await?;
    Ok(key.material(&opened))
}

/// Encrypts, and decrypts what came of it.
async fn make(key: &Wrapping, call: &Call<'_>, plaintext: &[u8]) -> Result<(Encrypted, Origin), Refusal> {
    let encrypted = key.encrypt(call, Purpose::Object, plaintext).await?;
    let opened = key.decrypt(call, Purpose::Object, &encrypted.blob).await?;
    if opened.plaintext.expose_secret() == plaintext {
        return Ok((encrypted, opened.origin));
    }
    let cause = "what was just encrypted decrypts to something else";
    Err(fault(&opened.origin, FaultClass::Outage, cause))
}

/// An answer names no key material, which only some custom key stores leave out.
pub(in crate::keys) fn no_material(origin: &Origin) -> Refusal {
    let cause = "the answer names no key material, which followKeyMaterial needs: the key is in a custom key store, or \
                 something other than AWS KMS answers";
    fault(origin, FaultClass::Misconfigured, cause)
}

fn fault(origin: &Origin, class: FaultClass, cause: &str) -> Refusal {
    let fault = Fault::new("kms:Decrypt", &origin.arn, origin.region.as_deref(), class, cause);
    Box::new(fault.with_request_id(origin.request_id.as_deref())).into()
}
