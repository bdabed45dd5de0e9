//! The calls to KMS, each held to what the keyring asked for.

use std::collections::HashMap;

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::primitives::Blob;
use sealkit_aws::Fault;
use sealkit_aws::arn::KeyArn;
use zeroize::Zeroizing;

use super::key::Site;
use super::{DATA_KEY_LEN, KmsCall, KmsClients, KmsConfigError, KmsRuleError, MAX_CIPHERTEXT_LEN, Observer};
use crate::keyring::KeyringError;
use crate::message::{AWS_KMS, EncryptedDataKey};
use crate::{DataKey, EncryptionContext};

const GENERATE: &str = "kms:GenerateDataKey";
const ENCRYPT: &str = "kms:Encrypt";
const DECRYPT: &str = "kms:Decrypt";

/// What every call of one keyring has in common.
pub(super) struct Caller {
    pub(super) clients: KmsClients,
    pub(super) grant_tokens: Vec<String>,
    pub(super) observer: Option<Observer>,
}

impl Caller {
    pub(super) fn new(clients: KmsClients) -> Self {
        Self { clients, grant_tokens: Vec::new(), observer: None }
    }

    /// GenerateDataKey: a new data key, and its wrapped copy.
    pub(super) async fn generate(
        &self,
        site: &Site,
        context: &EncryptionContext,
    ) -> Result<(DataKey, EncryptedDataKey), KeyringError> {
        let request = self.client(site)?.generate_data_key().key_id(&site.key_id).number_of_bytes(DATA_KEY_LEN);
        let request = request.set_encryption_context(pairs(context)).set_grant_tokens(self.grant_tokens());
        let answer = self.observed(GENERATE, site, request.send().await, |answer| bytes(&answer.ciphertext_blob))?;
        let request_id = answer.request_id().map(str::to_owned);
        let data_key = data_key(GENERATE, site, answer.plaintext, request_id.clone())?;
        let wrapped = wrapped(GENERATE, site, answer.key_id, answer.ciphertext_blob, request_id)?;
        Ok((data_key, wrapped))
    }

    /// Encrypt: a wrapped copy of a data key that exists.
    pub(super) async fn encrypt(
        &self,
        site: &Site,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, KeyringError> {
        let plaintext = Blob::new(data_key.expose_secret().as_slice());
        let request = self.client(site)?.encrypt().key_id(&site.key_id).plaintext(plaintext);
        let request = request.set_encryption_context(pairs(context)).set_grant_tokens(self.grant_tokens());
        let answer = self.observed(ENCRYPT, site, request.send().await, |answer| bytes(&answer.ciphertext_blob))?;
        let request_id = answer.request_id().map(str::to_owned);
        wrapped(ENCRYPT, site, answer.key_id, answer.ciphertext_blob, request_id)
    }

    /// Decrypt: the data key out of a wrapped copy. `site` names the key by ARN.
    pub(super) async fn decrypt(
        &self,
        site: &Site,
        ciphertext: &[u8],
        context: &EncryptionContext,
    ) -> Result<DataKey, KeyringError> {
        check_ciphertext(&site.key_id, ciphertext)?;
        let request = self.client(site)?.decrypt().key_id(&site.key_id).ciphertext_blob(Blob::new(ciphertext));
        let request = request.set_encryption_context(pairs(context)).set_grant_tokens(self.grant_tokens());
        let answer = self.observed(DECRYPT, site, request.send().await, |_| ciphertext.to_vec())?;
        let request_id = answer.request_id().map(str::to_owned);
        let answered = answer.key_id.unwrap_or_default();
        // Taken out first, so that it is wiped also if the answer is for another key.
        let data_key = data_key(DECRYPT, site, answer.plaintext, request_id.clone());
        if answered != site.key_id {
            return Err(other_key(DECRYPT, site, answered, request_id).into());
        }
        data_key
    }

    fn client(&self, site: &Site) -> Result<&aws_sdk_kms::Client, KeyringError> {
        let (key, region) = (&site.key_id, &site.region);
        let client = self.clients.get(region);
        Ok(client.ok_or_else(|| KmsRuleError::NoClient { key: key.clone(), region: region.clone() })?)
    }

    fn grant_tokens(&self) -> Option<Vec<String>> {
        (!self.grant_tokens.is_empty()).then(|| self.grant_tokens.clone())
    }

    fn observed<T, E>(
        &self,
        operation: &'static str,
        site: &Site,
        result: Result<T, SdkError<E>>,
        ciphertext: impl FnOnce(&T) -> Vec<u8>,
    ) -> Result<T, KeyringError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        Ok(observed(self.observer.as_ref(), operation, site, result, ciphertext)?)
    }
}

/// Tells the observer how a call ended, and turns an SDK error into a fault. `ciphertext` says of an answer which
/// wrapped data key it is about.
pub(super) fn observed<T, E>(
    observer: Option<&Observer>,
    operation: &'static str,
    site: &Site,
    result: Result<T, SdkError<E>>,
    ciphertext: impl FnOnce(&T) -> Vec<u8>,
) -> Result<T, Box<Fault>>
where
    T: RequestId,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let result = result.map_err(|error| Box::new(Fault::from_sdk(operation, &site.key_id, Some(&site.region), &error)));
    if let Some(observer) = observer {
        let (operation, request_id, ciphertext, outcome) = match &result {
            Ok(answer) => (operation, answer.request_id(), ciphertext(answer), Ok(())),
            Err(fault) => {
                (fault.login_action().unwrap_or(operation), fault.request_id(), Vec::new(), Err(fault.class()))
            }
        };
        observer(&KmsCall {
            operation,
            key: site.key_id.clone(),
            region: site.region.clone(),
            request_id: request_id.map(str::to_owned),
            ciphertext,
            outcome,
            code: result.as_ref().err().and_then(|fault| fault.code()).map(str::to_owned),
        });
    }
    result
}

/// The data key of an answer, which is wiped where the SDK left it.
fn data_key(
    operation: &'static str,
    site: &Site,
    plaintext: Option<Blob>,
    request_id: Option<String>,
) -> Result<DataKey, KeyringError> {
    let plaintext = Zeroizing::new(plaintext.map(Blob::into_inner).unwrap_or_default());
    let (key, length) = (&site.key_id, plaintext.len());
    Ok(DataKey::from_slice(&plaintext).ok_or_else(|| KmsRuleError::AnswerLength {
        operation,
        key: key.clone(),
        length,
        request_id,
    })?)
}

/// The encrypted data key of an answer. The key it names must be a key ARN and, where an ARN was asked for, that one.
fn wrapped(
    operation: &'static str,
    site: &Site,
    key_id: Option<String>,
    ciphertext: Option<Blob>,
    request_id: Option<String>,
) -> Result<EncryptedDataKey, KeyringError> {
    let answered = key_id.unwrap_or_default();
    let asked_by_arn = site.key_id.parse::<KeyArn>().is_ok();
    if answered.parse::<KeyArn>().is_err() || (asked_by_arn && answered != site.key_id) {
        return Err(other_key(operation, site, answered, request_id).into());
    }
    let ciphertext = ciphertext.map(Blob::into_inner).unwrap_or_default();
    check_ciphertext(&answered, &ciphertext)?;
    Ok(EncryptedDataKey { provider_id: AWS_KMS.to_owned(), provider_info: answered.into_bytes(), ciphertext })
}

fn other_key(operation: &'static str, site: &Site, answered: String, request_id: Option<String>) -> KmsRuleError {
    let answered = if answered.is_empty() { "no key".to_owned() } else { answered.escape_debug().to_string() };
    KmsRuleError::AnswerKeyId { operation, requested: site.key_id.clone(), answered, request_id }
}

fn check_ciphertext(key: &str, ciphertext: &[u8]) -> Result<(), KmsRuleError> {
    match ciphertext.len() {
        1..=MAX_CIPHERTEXT_LEN => Ok(()),
        length => Err(KmsRuleError::CiphertextLength { key: key.to_owned(), length }),
    }
}

/// The context as the SDK takes it.
fn pairs(context: &EncryptionContext) -> Option<HashMap<String, String>> {
    (!context.is_empty()).then(|| context.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

impl From<KmsRuleError> for KeyringError {
    fn from(error: KmsRuleError) -> Self {
        Self::KmsRule(Box::new(error))
    }
}

impl From<Box<Fault>> for KeyringError {
    fn from(fault: Box<Fault>) -> Self {
        Self::Kms(fault)
    }
}

impl From<KmsConfigError> for KeyringError {
    fn from(error: KmsConfigError) -> Self {
        Self::KmsConfig(Box::new(error))
    }
}

fn bytes(blob: &Option<Blob>) -> Vec<u8> {
    blob.as_ref().map(|blob| blob.as_ref().to_vec()).unwrap_or_default()
}
