//! The direct form: what aws-encryption-provider writes, and what is read of it.
//!
//! Both APIs write byte `1`, then KMS' `CiphertextBlob`. v1 reads a blob without the `1` too, since the first releases
//! of aws-encryption-provider wrote none.

use super::{Api, Malformed};

/// What stands before the blob.
pub(super) const PREFIX: u8 = b'1';

/// The longest `CiphertextBlob` that KMS takes, in bytes.
pub(super) const MAX_BLOB_LEN: usize = 6144;

/// The longest ciphertext that kube-apiserver stores or sends by v2, in bytes.
pub(super) const MAX_V2_LEN: usize = 1024;

/// The longest plaintext that KMS encrypts, in bytes.
pub(super) const MAX_PLAINTEXT_LEN: usize = 4096;

/// The blob in a ciphertext of direct form.
///
/// # Errors
///
/// If there is none, or more than KMS or the API allow, or if it came by v2 without the prefix.
pub(super) fn parse(api: Api, ciphertext: &[u8]) -> Result<&[u8], Malformed> {
    if ciphertext.is_empty() {
        return Err(Malformed::EmptyCiphertext);
    }
    if api == Api::V2 && ciphertext.len() > MAX_V2_LEN {
        return Err(Malformed::OversizedCiphertext { length: ciphertext.len(), max: MAX_V2_LEN });
    }
    let blob = match (ciphertext.strip_prefix(&[PREFIX]), api) {
        (Some(blob), _) => blob,
        (None, Api::V1Beta1) => ciphertext,
        (None, Api::V2) => return Err(Malformed::UnknownPrefix),
    };
    match blob.len() {
        0 => Err(Malformed::EmptyCiphertext),
        1..=MAX_BLOB_LEN => Ok(blob),
        length => Err(Malformed::OversizedCiphertext { length, max: MAX_BLOB_LEN }),
    }
}

/// The direct form of a blob.
///
/// # Errors
///
/// If it is longer than v2 can carry: the plaintext was too long for v2.
pub(super) fn serialize(api: Api, blob: &[u8]) -> Result<Vec<u8>, Malformed> {
    let length = 1 + blob.len();
    if api == Api::V2 && length > MAX_V2_LEN {
        return Err(Malformed::OversizedCiphertext { length, max: MAX_V2_LEN });
    }
    let mut ciphertext = Vec::with_capacity(length);
    ciphertext.push(PREFIX);
    ciphertext.extend_from_slice(blob);
    Ok(ciphertext)
}

/// Checks what is to be encrypted, without a call.
///
/// # Errors
///
/// If there is nothing, or more than KMS encrypts.
pub(super) fn check_plaintext(plaintext: &[u8]) -> Result<(), Malformed> {
    match plaintext.len() {
        0 => Err(Malformed::EmptyPlaintext),
        1..=MAX_PLAINTEXT_LEN => Ok(()),
        length => Err(Malformed::OversizedPlaintext { length, max: MAX_PLAINTEXT_LEN }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_is_a_tail_of_what_came(is_v2: bool, ciphertext in proptest::collection::vec(any::<u8>(), 0..1100)) {
            let api = if is_v2 { Api::V2 } else { Api::V1Beta1 };
            if let Ok(blob) = parse(api, &ciphertext) {
                prop_assert!(!blob.is_empty() && ciphertext.ends_with(blob));
                let written = serialize(api, blob).unwrap();
                prop_assert_eq!(parse(api, &written), Ok(blob));
            }
        }
    }

    #[test]
    fn v1_reads_both_forms_and_v2_one() {
        assert_eq!(parse(Api::V1Beta1, b"1\x01blob").unwrap(), b"\x01blob");
        assert_eq!(parse(Api::V1Beta1, b"\x01blob").unwrap(), b"\x01blob");
        assert_eq!(parse(Api::V2, b"1\x01blob").unwrap(), b"\x01blob");
        assert_eq!(parse(Api::V2, b"\x01blob"), Err(Malformed::UnknownPrefix));
        assert_eq!(parse(Api::V2, b"2blob"), Err(Malformed::UnknownPrefix));
    }

    #[test]
    fn sizes_are_held_before_any_call() {
        for api in [Api::V1Beta1, Api::V2] {
            assert_eq!(parse(api, b""), Err(Malformed::EmptyCiphertext));
            assert_eq!(parse(api, b"1"), Err(Malformed::EmptyCiphertext));
        }
        let long = vec![b'1'; MAX_BLOB_LEN + 2];
        assert_eq!(parse(Api::V1Beta1, &long[1..]).unwrap().len(), MAX_BLOB_LEN);
        assert!(matches!(parse(Api::V1Beta1, &long), Err(Malformed::OversizedCiphertext { length: 6145, .. })));
        assert_eq!(parse(Api::V2, &long[..MAX_V2_LEN]).unwrap().len(), MAX_V2_LEN - 1);
        assert!(matches!(parse(Api::V2, &long[..=MAX_V2_LEN]), Err(Malformed::OversizedCiphertext { .. })));
        assert!(serialize(Api::V2, &long[..MAX_V2_LEN]).is_err());
        assert!(serialize(Api::V1Beta1, &long[..MAX_V2_LEN]).is_ok());
        assert!(check_plaintext(b"").is_err());
        assert!(check_plaintext(&long[..MAX_PLAINTEXT_LEN]).is_ok());
        assert!(check_plaintext(&long[..=MAX_PLAINTEXT_LEN]).is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        for api in [Api::V1Beta1, Api::V2] {
            assert_eq!(parse(api, &serialize(api, b"\x01blob").unwrap()).unwrap(), b"\x01blob");
        }
    }
}
