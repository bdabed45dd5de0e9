//! The operations, each with the checks of the service in its order: members, key, policy, state.

mod re_encrypt;
mod rotation;

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::ServiceError;
use super::super::operation::Operation;
use super::super::wire::parse;
use super::ciphertext;
use super::key::{Key, KeyState};
use super::material::Material;
use super::state::{State, usable};
pub(super) use re_encrypt::re_encrypt;
pub(super) use rotation::{list_key_rotations, rotate_key_on_demand};

/// Bytes that `Encrypt` takes at most.
const MAX_PLAINTEXT: usize = 4096;
/// Bytes of a ciphertext that `Decrypt` takes at most.
const MAX_CIPHERTEXT: usize = 6144;
/// Bytes that `GenerateDataKey` gives at most.
const MAX_DATA_KEY: usize = 1024;
/// Bytes of an encryption context.
const MAX_CONTEXT: usize = 8192;
/// Characters of a `KeyId`.
const MAX_KEY_ID: usize = 2048;

const ALGORITHM: &str = "SYMMETRIC_DEFAULT";

type Context = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKey {
    key_id: String,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
    #[serde(default)]
    encryption_context: Context,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt {
    key_id: String,
    plaintext: String,
    encryption_algorithm: Option<String>,
    #[serde(default)]
    encryption_context: Context,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt {
    key_id: Option<String>,
    ciphertext_blob: String,
    encryption_algorithm: Option<String>,
    #[serde(default)]
    encryption_context: Context,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeKey {
    key_id: String,
}

pub(super) fn generate_data_key(state: &State, region: &str, body: &Value) -> Result<Value, ServiceError> {
    let input: GenerateDataKey = parse(body)?;
    check_key_id(&input.key_id)?;
    check_context(&input.encryption_context)?;
    let length = match (input.key_spec.as_deref(), input.number_of_bytes) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(length)) if (1..=MAX_DATA_KEY).contains(&length) => length,
        (None, Some(_)) => {
            return Err(ServiceError::constraint("numberOfBytes", "Member must have value between 1 and 1024"));
        }
        (Some(_), None) => {
            return Err(ServiceError::constraint("keySpec", "Member must satisfy enum value set: [AES_256, AES_128]"));
        }
        _ => return Err(ServiceError::validation("Please specify either number of bytes or key spec.")),
    };
    let key = state.resolve(region, &input.key_id)?;
    state.authorize(Operation::GenerateDataKey, key)?;
    usable(key)?;
    refuse_dry_run(input.dry_run)?;
    let mut data_key = vec![0; length];
    getrandom::fill(&mut data_key).expect("the system gives random bytes");
    let (material, blob) = seal(state, key, &data_key, &input.encryption_context);
    Ok(json!({
        "KeyId": key.arn.to_string(),
        "KeyMaterialId": material.id,
        "Plaintext": BASE64_STANDARD.encode(&data_key),
        "CiphertextBlob": BASE64_STANDARD.encode(blob),
    }))
}

pub(super) fn encrypt(state: &State, region: &str, body: &Value) -> Result<Value, ServiceError> {
    let input: Encrypt = parse(body)?;
    check_key_id(&input.key_id)?;
    check_context(&input.encryption_context)?;
    check_algorithm(input.encryption_algorithm.as_deref())?;
    let plaintext = blob(&input.plaintext, "plaintext", MAX_PLAINTEXT)?;
    let key = state.resolve(region, &input.key_id)?;
    state.authorize(Operation::Encrypt, key)?;
    usable(key)?;
    refuse_dry_run(input.dry_run)?;
    // AWS does not say here which material it used.
    let (_material, blob) = seal(state, key, &plaintext, &input.encryption_context);
    Ok(json!({
        "KeyId": key.arn.to_string(),
        "CiphertextBlob": BASE64_STANDARD.encode(blob),
        "EncryptionAlgorithm": ALGORITHM,
    }))
}

pub(super) fn decrypt(state: &State, region: &str, body: &Value) -> Result<Value, ServiceError> {
    let input: Decrypt = parse(body)?;
    input.key_id.as_deref().map_or(Ok(()), check_key_id)?;
    check_context(&input.encryption_context)?;
    check_algorithm(input.encryption_algorithm.as_deref())?;
    let blob = blob(&input.ciphertext_blob, "ciphertextBlob", MAX_CIPHERTEXT)?;
    let (key, number) = key_of(state, region, &blob, input.key_id.as_deref())?;
    state.authorize(Operation::Decrypt, key)?;
    usable(key)?;
    let (material, plaintext) = open(state, key, number, &blob, &input.encryption_context)?;
    refuse_dry_run(input.dry_run)?;
    Ok(json!({
        "KeyId": key.arn.to_string(),
        "KeyMaterialId": material.id,
        "Plaintext": BASE64_STANDARD.encode(plaintext),
        "EncryptionAlgorithm": ALGORITHM,
    }))
}

pub(super) fn describe_key(state: &State, region: &str, body: &Value) -> Result<Value, ServiceError> {
    let input: DescribeKey = parse(body)?;
    check_key_id(&input.key_id)?;
    let key = state.resolve(region, &input.key_id)?;
    state.authorize(Operation::DescribeKey, key)?;
    let origin = if key.state == KeyState::PendingImport { "EXTERNAL" } else { "AWS_KMS" };
    let mut metadata = json!({
        "AWSAccountId": key.arn.account,
        "KeyId": key.arn.key_id(),
        "Arn": key.arn.to_string(),
        "CreationDate": key.created.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs()),
        "Enabled": key.state == KeyState::Enabled,
        "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": format!("{:?}", key.state),
        "Origin": origin,
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": ALGORITHM,
        "KeySpec": ALGORITHM,
        "EncryptionAlgorithms": [ALGORITHM],
        "MultiRegion": key.primary.is_some(),
        "CurrentKeyMaterialId": state.current(key).id,
    });
    if let Some(primary) = &key.primary {
        metadata["MultiRegionConfiguration"] = multi_region(state, key, primary);
    }
    Ok(json!({ "KeyMetadata": metadata }))
}

fn multi_region(state: &State, key: &Key, primary: &str) -> Value {
    let member = |arn: String, region: &str| json!({ "Arn": arn, "Region": region });
    let mut replicas: Vec<_> =
        state.relatives(&key.arn).map(|key| &key.arn).filter(|arn| arn.region != *primary).collect();
    replicas.sort_by(|a, b| a.region.cmp(&b.region));
    json!({
        "MultiRegionKeyType": if key.arn.region == *primary { "PRIMARY" } else { "REPLICA" },
        "PrimaryKey": member(key.arn.in_region(primary).to_string(), primary),
        "ReplicaKeys": replicas.iter().map(|arn| member(arn.to_string(), &arn.region)).collect::<Vec<_>>(),
    })
}

/// Encrypts under the material that this call uses, and returns both.
fn seal<'a>(state: &'a State, key: &Key, plaintext: &[u8], context: &Context) -> (&'a Material, Vec<u8>) {
    let material = state.current(key);
    (material, ciphertext::seal(&key.arn.lineage(), material, plaintext, context))
}

/// The key that a blob is under, which must be the one that the request names, if it does; and its material's number.
fn key_of<'a>(
    state: &'a State,
    region: &str,
    blob: &[u8],
    named: Option<&str>,
) -> Result<(&'a Key, u32), ServiceError> {
    let named = named.map(|id| state.resolve(region, id)).transpose()?;
    let (lineage, number) = ciphertext::origin(blob).ok_or_else(invalid_ciphertext)?;
    match named {
        Some(key) if key.arn.lineage() != lineage => Err(incorrect_key()),
        Some(key) => Ok((key, number)),
        None => Ok((state.by_lineage(region, lineage).ok_or_else(unknown_key)?, number)),
    }
}

/// Decrypts a blob under the material of `key` that it names.
fn open<'a>(
    state: &'a State,
    key: &Key,
    number: u32,
    blob: &[u8],
    context: &Context,
) -> Result<(&'a Material, Vec<u8>), ServiceError> {
    let material = state.materials(key).numbered(number).ok_or_else(invalid_ciphertext)?;
    let plaintext = ciphertext::open(material, blob, context).ok_or_else(invalid_ciphertext)?;
    Ok((material, plaintext))
}

fn check_key_id(id: &str) -> Result<(), ServiceError> {
    match id.len() {
        0 => Err(ServiceError::constraint("keyId", "Member must have length greater than or equal to 1")),
        1..=MAX_KEY_ID => Ok(()),
        _ => Err(ServiceError::constraint("keyId", "Member must have length less than or equal to 2048")),
    }
}

fn check_context(context: &Context) -> Result<(), ServiceError> {
    let length: usize = context.iter().map(|(key, value)| key.len() + value.len()).sum();
    if length > MAX_CONTEXT {
        return Err(ServiceError::validation(format!("EncryptionContext is longer than {MAX_CONTEXT} bytes")));
    }
    Ok(())
}

fn check_algorithm(algorithm: Option<&str>) -> Result<(), ServiceError> {
    match algorithm {
        None | Some(ALGORITHM) => Ok(()),
        Some(other) => Err(ServiceError::new(
            400,
            "InvalidKeyUsageException",
            format!("Algorithm {other} is incompatible with key spec {ALGORITHM}."),
        )),
    }
}

fn blob(base64: &str, member: &str, max: usize) -> Result<Vec<u8>, ServiceError> {
    let bytes = BASE64_STANDARD
        .decode(base64)
        .map_err(|_| ServiceError::new(400, "SerializationException", format!("{member} is not base64")))?;
    match bytes.len() {
        0 => Err(ServiceError::constraint(member, "Member must have length greater than or equal to 1")),
        length if length > max => {
            Err(ServiceError::constraint(member, &format!("Member must have length less than or equal to {max}")))
        }
        _ => Ok(bytes),
    }
}

fn refuse_dry_run(dry_run: bool) -> Result<(), ServiceError> {
    if !dry_run {
        return Ok(());
    }
    let message = "The request would have succeeded, but the DryRun option is set.";
    Err(ServiceError::new(400, "DryRunOperationException", message))
}

fn invalid_ciphertext() -> ServiceError {
    ServiceError::new(400, "InvalidCiphertextException", "")
}

fn incorrect_key() -> ServiceError {
    let message = "The key ID in the request does not identify a CMK that can perform this operation.";
    ServiceError::new(400, "IncorrectKeyException", message)
}

/// What KMS says of a ciphertext whose key it does not find and whose request names none.
fn unknown_key() -> ServiceError {
    let message = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, \
                   or you are not allowed to access.";
    ServiceError::new(400, "AccessDeniedException", message)
}
