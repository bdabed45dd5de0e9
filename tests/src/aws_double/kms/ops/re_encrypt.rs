//! `ReEncrypt`: from one key, material or context to another.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ALGORITHM, Context, MAX_CIPHERTEXT, blob, check_algorithm, check_context, check_key_id, key_of, open, parse,
    refuse_dry_run, seal,
};
use crate::aws_double::error::ServiceError;
use crate::aws_double::kms::state::{State, usable};
use crate::aws_double::operation::Operation;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReEncrypt {
    ciphertext_blob: String,
    source_key_id: Option<String>,
    destination_key_id: String,
    #[serde(default)]
    source_encryption_context: Context,
    #[serde(default)]
    destination_encryption_context: Context,
    source_encryption_algorithm: Option<String>,
    destination_encryption_algorithm: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(in crate::aws_double::kms) fn re_encrypt(state: &State, region: &str, body: &Value) -> Result<Value, ServiceError> {
    let input: ReEncrypt = parse(body)?;
    for key_id in input.source_key_id.iter().chain([&input.destination_key_id]) {
        check_key_id(key_id)?;
    }
    check_context(&input.source_encryption_context)?;
    check_context(&input.destination_encryption_context)?;
    check_algorithm(input.source_encryption_algorithm.as_deref())?;
    check_algorithm(input.destination_encryption_algorithm.as_deref())?;
    let blob = blob(&input.ciphertext_blob, "ciphertextBlob", MAX_CIPHERTEXT)?;
    let (source, number) = key_of(state, region, &blob, input.source_key_id.as_deref())?;
    let destination = state.resolve(region, &input.destination_key_id)?;
    for key in [source, destination] {
        state.authorize(Operation::ReEncrypt, key)?;
        usable(key)?;
    }
    let (from, plaintext) = open(state, source, number, &blob, &input.source_encryption_context)?;
    refuse_dry_run(input.dry_run)?;
    let (to, blob) = seal(state, destination, &plaintext, &input.destination_encryption_context);
    Ok(json!({
        "CiphertextBlob": BASE64_STANDARD.encode(blob),
        "SourceKeyId": source.arn.to_string(),
        "KeyId": destination.arn.to_string(),
        "SourceEncryptionAlgorithm": ALGORITHM,
        "DestinationEncryptionAlgorithm": ALGORITHM,
        "SourceKeyMaterialId": from.id,
        "DestinationKeyMaterialId": to.id,
    }))
}
