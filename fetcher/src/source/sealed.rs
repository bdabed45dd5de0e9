//! Sealed files: messages of the envelope, opened under KMS with the pod's role.
//!
//! ```text
//! file ── bytes or armor ── header ── policy ── keyring ── KMS ── plaintext, once all of it is authentic
//!         bounded                     context    the keys named, or those of the caller's account
//! ```

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sts::operation::RequestId;
use sealkit_aws::arn::{KeyArn, KeyIdentifier};
use sealkit_aws::{Fault, FaultClass};
use sealkit_envelope::cmm::DefaultCmm;
use sealkit_envelope::keyring::KeyringError;
use sealkit_envelope::keyring::kms::{
    AwsKmsKeyring, DiscoveryFilter, KmsCall, KmsClients, KmsConfigError, KmsKey, Observer,
};
use sealkit_envelope::message::WrappingKey;
use sealkit_envelope::policy::AllowedKey;
use sealkit_envelope::{DecryptError, DecryptPolicy, Decryptor, EncryptionContext, Plaintext, UnverifiedHeader};
use sealkit_host::audit::{self, AuditEvent};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::limits::Limits;
use super::record::Call;
use super::{Item, Sources};
use crate::failure::Failure;
use crate::spec::SealedFile;

mod failures;
mod file;

use failures::Subject;

const DECRYPT: &str = "kms:Decrypt";
const IDENTITY: &str = "sts:GetCallerIdentity";

/// Opens a sealed file.
pub(super) async fn open(
    sources: &Sources,
    file: &SealedFile,
    role: Option<&str>,
    label: &str,
    deadline: Instant,
) -> Result<Item, Failure> {
    let subject = Subject { label, path: &file.path };
    let opened = Opening { sources, file, role, subject, limits: Limits::until(deadline) }.open().await;
    if let Err(failure) = &opened {
        let code = match &failure.cause {
            crate::failure::Cause::Aws(fault) => fault.code(),
            _ => None,
        };
        let event = AuditEvent::failed("decrypt", failure.class()).code(code.unwrap_or_default());
        sources.recorder.line(&event.object(label).resource(&file.path));
    }
    opened
}

struct Opening<'a> {
    sources: &'a Sources,
    file: &'a SealedFile,
    role: Option<&'a str>,
    subject: Subject<'a>,
    limits: Limits,
}

/// Whose keys may open it.
enum Keys {
    /// These alone.
    Named(Vec<KeyArn>),
    /// All of this account that the message names.
    OfAccount { partition: String, account: String },
}

impl Opening<'_> {
    async fn open(&self) -> Result<Item, Failure> {
        let message = file::read(&self.subject)?;
        let policy = self
            .file
            .context
            .iter()
            .fold(DecryptPolicy::new(), |policy, (key, value)| policy.require_context_pair(key, value));
        let failed = |error| self.subject.not_opened(error);
        let header = UnverifiedHeader::parse(&message, &policy.limits).map_err(failed)?;
        let named = header.encrypted_data_keys().iter().filter_map(|it| match it.key() {
            WrappingKey::AwsKms { key_id } => key_id.parse::<KeyArn>().ok(),
            _ => None,
        });
        let named: Vec<KeyArn> = named.collect();
        let Some(first) = named.first() else { return Err(self.subject.of_no_kms_key()) };
        let keys = self.keys(first.region()).await?;
        let policy = policy.allow_keys(match &keys {
            Keys::Named(arns) => arns.iter().map(|arn| AllowedKey::AwsKmsKey { arn: arn.to_string() }).collect(),
            Keys::OfAccount { partition, account } => {
                vec![AllowedKey::AwsKmsAccount { partition: partition.clone(), account: account.clone() }]
            }
        });
        let (value, call) = self.decrypt(&message, &keys, &named, &policy).await?;
        let version = format!("sha256:{}", hex::encode(Sha256::digest(&message)));
        let (region, request_id) = call.map(|it| (it.region, it.request_id)).unzip();
        let request_id = request_id.flatten();
        let event = AuditEvent::ok("decrypt").object(self.subject.label).resource(&self.file.path);
        let event = event.region(region.as_deref().unwrap_or_default());
        self.sources.recorder.line(&event.request_id(request_id.as_deref().unwrap_or_default()));
        let name = self.file.path.display().to_string();
        Ok(Item { name, value, version, region, request_id, stands_in_for: None })
    }

    /// The keys that the specification names, or the caller's account.
    async fn keys(&self, region: &str) -> Result<Keys, Failure> {
        if self.file.keys.is_empty() {
            return self.account(region).await.map_err(|fault| Failure::aws(self.subject.label, fault));
        }
        let parsed = self.file.keys.iter().map(|key| key.parse().map_err(|error| self.subject.bad_key(&error)));
        parsed.collect::<Result<_, _>>().map(Keys::Named)
    }

    /// Who we are: a message chooses the key that it is opened under, so without a key named it must be one of ours.
    async fn account(&self, region: &str) -> Result<Keys, Fault> {
        let lane = self.sources.lanes.lane(region, self.role).await;
        if let Some((partition, account)) = lane.account.get() {
            return Ok(Keys::OfAccount { partition: partition.clone(), account: account.clone() });
        }
        let fault = |class, cause: &str| Fault::new(IDENTITY, "*", Some(region), class, cause);
        let unasked = |cause: &str| fault(FaultClass::Outage, cause);
        let answer = lane.call(&lane.keys, self.limits, unasked, async |clients| {
            let answer = clients.identity().get_caller_identity().send().await;
            let answer = answer.map_err(|error| Fault::from_sdk(IDENTITY, "*", Some(region), &error));
            let request_id = match &answer {
                Ok(answer) => answer.request_id(),
                Err(fault) => fault.request_id(),
            };
            let object = self.subject.label;
            let call = Call { action: IDENTITY, object, resource: "", region, request_id };
            lane.recorder.call(&call, answer.as_ref().map(drop));
            answer
        });
        let answer = answer.await?;
        let partition = answer.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or_default();
        let (Some(account), false) = (answer.account(), partition.is_empty()) else {
            return Err(fault(FaultClass::Outage, "the answer names no account"));
        };
        let (partition, account) = (partition.to_owned(), account.to_owned());
        let _ = lane.account.set((partition.clone(), account.clone()));
        Ok(Keys::OfAccount { partition, account })
    }

    async fn decrypt(
        &self,
        message: &[u8],
        keys: &Keys,
        named: &[KeyArn],
        policy: &DecryptPolicy,
    ) -> Result<(Plaintext, Option<KmsCall>), Failure> {
        let regions: BTreeSet<&str> = match keys {
            Keys::Named(arns) => arns.iter().map(KeyArn::region).collect(),
            Keys::OfAccount { .. } => named.iter().map(KeyArn::region).collect(),
        };
        let mut lanes = Vec::with_capacity(regions.len());
        for region in regions {
            lanes.push(self.sources.lanes.lane(region, self.role).await);
        }
        let Some(lane) = lanes.first() else { return Err(self.subject.of_no_kms_key()) };
        let resource = self.file.path.display().to_string();
        let unasked = |cause: &str| Fault::new(DECRYPT, &resource, Some(&lane.region), FaultClass::Outage, cause);
        let last = Arc::new(Mutex::new(None));
        let opened = lane.call(&lane.keys, self.limits, unasked, async |_| {
            let mut clients = KmsClients::new();
            for lane in &lanes {
                let client = lane.clients().await.keys();
                clients = match clients.with(&lane.region, client) {
                    Ok(clients) => clients,
                    Err(error) => return Ok(Err(self.subject.not_opened(keyring_error(error)))),
                };
            }
            let keyring = match keyring(clients, keys) {
                Ok(keyring) => keyring.with_observer(self.observer(&last)),
                Err(error) => return Ok(Err(self.subject.not_opened(keyring_error(error)))),
            };
            let decryptor = Decryptor::new(DefaultCmm::new(Arc::new(keyring)), policy.clone());
            match decryptor.decrypt(message, &EncryptionContext::new()).await {
                Ok((plaintext, _)) => Ok(Ok(plaintext)),
                Err(error) => match failures::retriable(&error) {
                    Some(fault) => Err(fault),
                    None => Ok(Err(self.subject.not_opened(error))),
                },
            }
        });
        let opened = opened.await.map_err(|fault| Failure::aws(self.subject.label, fault))?;
        let call = last.lock().unwrap_or_else(PoisonError::into_inner).take();
        opened.map(|plaintext| (plaintext, call))
    }

    /// Writes each call's line, and keeps the call that unwrapped the data key.
    fn observer(&self, last: &Arc<Mutex<Option<KmsCall>>>) -> Observer {
        let (recorder, label, last) =
            (Arc::clone(&self.sources.recorder), self.subject.label.to_owned(), Arc::clone(last));
        Arc::new(move |call| {
            let event = match call.outcome {
                Ok(()) => AuditEvent::ok(call.operation),
                Err(class) => AuditEvent::failed(call.operation, audit::Failure::of_class(class.as_str()))
                    .code(call.code.as_deref().unwrap_or_default()),
            };
            let event = event.object(&label).key(&call.key).region(&call.region);
            recorder.line(&event.request_id(call.request_id.as_deref().unwrap_or_default()));
            if call.outcome.is_ok() {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(call.clone());
            }
        })
    }
}

fn keyring(clients: KmsClients, keys: &Keys) -> Result<AwsKmsKeyring, KmsConfigError> {
    match keys {
        Keys::Named(arns) => {
            let keys = arns.iter().cloned().map(|arn| KmsKey::new(KeyIdentifier::KeyArn(arn)));
            AwsKmsKeyring::strict(clients, keys.collect())
        }
        Keys::OfAccount { partition, account } => {
            Ok(AwsKmsKeyring::discovery(clients, DiscoveryFilter::new(partition, [account])?))
        }
    }
}

fn keyring_error(error: KmsConfigError) -> DecryptError {
    DecryptError::Keyring(KeyringError::KmsConfig(Box::new(error)))
}
