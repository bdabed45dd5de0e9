//! The footer of a signed message: a length and a DER-encoded ECDSA signature.
//!
//! Source: AWS Encryption SDK specification, `data-format/message-footer.md`.

/// Bytes of the signature's length.
pub(crate) const FOOTER_PREFIX: usize = 2;

/// The longest DER encoding of a P-384 signature: a sequence of two integers of up to 49 bytes.
pub(crate) const LONGEST_SIGNATURE: usize = 104;

/// A signature as it is written.
pub(crate) fn footer(signature: &[u8]) -> Vec<u8> {
    let length = u16::try_from(signature.len()).expect("a signature of about 100 bytes");
    [&length.to_be_bytes()[..], signature].concat()
}

/// Why bytes are no footer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FooterError {
    Truncated,
    Trailing,
    TooLong,
}

/// The signature in these last bytes of a message.
pub(crate) fn signature(bytes: &[u8]) -> Result<&[u8], FooterError> {
    let (length, rest) = bytes.split_first_chunk::<FOOTER_PREFIX>().ok_or(FooterError::Truncated)?;
    let length = usize::from(u16::from_be_bytes(*length));
    match rest.len() {
        _ if length > LONGEST_SIGNATURE => Err(FooterError::TooLong),
        found if found < length => Err(FooterError::Truncated),
        found if found > length => Err(FooterError::Trailing),
        _ => Ok(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_is_its_signature_and_nothing_else() {
        let bytes = footer(&[7; 103]);
        assert_eq!(signature(&bytes), Ok(&[7; 103][..]));
        assert_eq!(signature(&bytes[..104]), Err(FooterError::Truncated));
        assert_eq!(signature(&bytes[..1]), Err(FooterError::Truncated));
        assert_eq!(signature(&[&bytes[..], &[0]].concat()), Err(FooterError::Trailing));
        assert_eq!(signature(&footer(&[7; 105])), Err(FooterError::TooLong));
    }
}
