//! Base64, only where it was asked for.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sealkit_envelope::Plaintext;

use super::refusal::Refusal;
use crate::spec::Decode;

const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes all of `text`; line ends at its end are no part of it, anything else that is not of the alphabet is refused.
///
/// # Errors
///
/// If it is not of that encoding.
pub(crate) fn decode(decode: Decode, text: &[u8]) -> Result<Plaintext, Refusal> {
    let (engine, name) = match decode {
        Decode::Base64 => (&STANDARD, "base64"),
        Decode::Base64Url => (&URL_SAFE, "base64url"),
    };
    let text = text.trim_ascii_end();
    let mut bytes = Plaintext::zeroed(base64::decoded_len_estimate(text.len()));
    let length = engine
        .decode_slice(text, bytes.expose_secret_mut())
        .map_err(|_| Refusal::new(format!("it is not {name}"), "correct the value, or leave `decode` out"))?;
    bytes.truncate(length);
    Ok(bytes)
}
