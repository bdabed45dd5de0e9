//! The bytes that are written under a local KEK: two forms, parsed without a copy and without a secret.
//!
//! ```text
//! v1   SLKK 01  length(2) wrapped KEK  nonce(12)  ciphertext  tag(16)
//! v2   SLKK 02  kek_id(16)             nonce(12)  ciphertext  tag(16)      wrapped KEK in an annotation
//!      └──────── head ──────────────┘
//! associated data: the head; in v2 the wrapped KEK too
//! ```
//!
//! The contract, with the reasons: `docs/kms-plugin.md`. Vectors: `kms-plugin/tests/vectors/`.

use std::borrow::Cow;
use std::fmt;

use sealkit_envelope::aead::{NONCE_LEN, TAG_LEN};
use sha2::{Digest, Sha256};

/// What both forms begin with. A blob of KMS begins 0x01 and aws-encryption-provider's prefix is 0x31, so neither is
/// taken for this, nor this for them.
pub const MAGIC: &[u8; 4] = b"SLKK";

/// The annotation that holds the wrapped KEK in v2.
pub const ANNOTATION: &str = "wrapped-kek.kms.sealkit.io";

/// The longest wrapped KEK, in bytes: KMS' own limit of a `CiphertextBlob`.
pub const MAX_WRAPPED_KEK_LEN: usize = 6144;

/// The longest ciphertext of the v1 form, in bytes.
pub const MAX_V1_LEN: usize = 16 << 10;

/// The longest ciphertext of the v2 form, in bytes: kube-apiserver's limit.
pub const MAX_V2_LEN: usize = 1024;

/// The longest plaintext, in bytes, that fits the v2 form.
pub const MAX_V2_PLAINTEXT_LEN: usize = MAX_V2_LEN - V2_HEAD_LEN - NONCE_LEN - TAG_LEN;

const V1_FORM: u8 = 0x01;
const V2_FORM: u8 = 0x02;
const V2_HEAD_LEN: usize = MAGIC.len() + 1 + KekId::LEN;

/// Names a KEK: the first 16 bytes of SHA-256 over the wrapped KEK.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KekId([u8; Self::LEN]);

impl KekId {
    const LEN: usize = 16;

    /// The name of the KEK in `wrapped`.
    #[must_use]
    pub fn of(wrapped: &[u8]) -> Self {
        let digest = Sha256::digest(wrapped);
        Self(*digest.first_chunk().expect("SHA-256 has 32 bytes"))
    }

    /// Its bytes, as they lie in the v2 form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// In hexadecimal.
impl fmt::Display for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KekId({self})")
    }
}

/// Why bytes are no form of a local KEK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// It does not begin with the magic.
    #[error("it does not begin with SLKK")]
    Magic,
    /// The form is unknown, or the other API's.
    #[error("form 0x{found:02x} is not the form 0x{expected:02x} of this API")]
    Form {
        /// The byte after the magic.
        found: u8,
        /// The form of the API that it came by.
        expected: u8,
    },
    /// It ends too early to hold all fields and one byte of ciphertext.
    #[error("it has {length} bytes, and is cut off before the end of its {field}")]
    CutOff {
        /// Its length in bytes.
        length: usize,
        /// The first field that is not complete.
        field: &'static str,
    },
    /// The ciphertext is longer than any that is written.
    #[error("it has {length} bytes, at most {max} are possible")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The most that are possible.
        max: usize,
    },
    /// The wrapped KEK is empty, or longer than KMS' limit.
    #[error("its wrapped KEK has {length} bytes, 1 to {MAX_WRAPPED_KEK_LEN} are possible")]
    WrappedKekLength {
        /// Its length in bytes.
        length: usize,
    },
    /// v2 without the annotation.
    #[error("the annotation {ANNOTATION} with the wrapped KEK is missing")]
    NoWrappedKek,
    /// The annotation holds the wrapped KEK of another object.
    #[error("it is under KEK {stated}, the annotation {ANNOTATION} holds KEK {found}")]
    OtherKek {
        /// The KEK that the ciphertext names.
        stated: KekId,
        /// The KEK in the annotation.
        found: KekId,
    },
    /// KMS unwraps the wrapped KEK, but to something else than a key.
    #[error("its wrapped KEK holds {length} bytes, a KEK has 32")]
    NotAKek {
        /// What KMS found in it, in bytes.
        length: usize,
    },
    /// The tag does not match: ciphertext, head or wrapped KEK were changed.
    #[error("it was changed after it was written: its tag does not match")]
    NotAuthentic,
}

/// What was written under a local KEK, by its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The KEK.
    pub kek_id: KekId,
    /// Its wrapped form.
    pub wrapped_kek: &'a [u8],
    /// The nonce.
    pub nonce: &'a [u8; NONCE_LEN],
    /// The ciphertext proper; not empty.
    pub ciphertext: &'a [u8],
    /// The tag.
    pub tag: &'a [u8; TAG_LEN],
    head: &'a [u8],
    /// Whether the wrapped KEK is inside the head.
    is_v1: bool,
}

impl<'a> Sealed<'a> {
    /// The associated data.
    #[must_use]
    pub fn aad(&self) -> Cow<'a, [u8]> {
        if self.is_v1 { Cow::Borrowed(self.head) } else { Cow::Owned([self.head, self.wrapped_kek].concat()) }
    }
}

/// Whether `ciphertext` claims to be under a local KEK.
#[must_use]
pub fn is_local_kek(ciphertext: &[u8]) -> bool {
    ciphertext.starts_with(MAGIC)
}

/// The fields of a v1 ciphertext.
///
/// # Errors
///
/// A [`FormError`] for everything that is not exactly this form.
pub fn parse_v1(ciphertext: &[u8]) -> Result<Sealed<'_>, FormError> {
    let mut rest = Rest::after_magic(ciphertext, MAX_V1_LEN, V1_FORM)?;
    let length = usize::from(u16::from_be_bytes(*rest.chunk("wrapped KEK's length")?));
    if !(1..=MAX_WRAPPED_KEK_LEN).contains(&length) {
        return Err(FormError::WrappedKekLength { length });
    }
    let wrapped_kek = rest.take(length, "wrapped KEK")?;
    rest.sealed(KekId::of(wrapped_kek), wrapped_kek, true)
}

/// The fields of a v2 ciphertext and the annotation [`ANNOTATION`] beside it.
///
/// # Errors
///
/// A [`FormError`] for everything that is not exactly this form.
pub fn parse_v2<'a>(ciphertext: &'a [u8], annotation: Option<&'a [u8]>) -> Result<Sealed<'a>, FormError> {
    let mut rest = Rest::after_magic(ciphertext, MAX_V2_LEN, V2_FORM)?;
    let stated = KekId(*rest.chunk("kek_id")?);
    let wrapped_kek = annotation.ok_or(FormError::NoWrappedKek)?;
    if !(1..=MAX_WRAPPED_KEK_LEN).contains(&wrapped_kek.len()) {
        return Err(FormError::WrappedKekLength { length: wrapped_kek.len() });
    }
    let found = KekId::of(wrapped_kek);
    if stated != found {
        return Err(FormError::OtherKek { stated, found });
    }
    rest.sealed(found, wrapped_kek, false)
}

/// The head of a v1 ciphertext, which is its associated data; `None` if the wrapped KEK is empty or too long.
#[must_use]
pub fn v1_head(wrapped_kek: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(wrapped_kek.len()).ok()?;
    if !(1..=MAX_WRAPPED_KEK_LEN).contains(&wrapped_kek.len()) {
        return None;
    }
    Some([MAGIC, &[V1_FORM][..], &length.to_be_bytes(), wrapped_kek].concat())
}

/// The head of a v2 ciphertext. Its associated data is this, followed by the wrapped KEK.
#[must_use]
pub fn v2_head(kek_id: KekId) -> [u8; V2_HEAD_LEN] {
    let mut head = [0; V2_HEAD_LEN];
    head[..MAGIC.len()].copy_from_slice(MAGIC);
    head[MAGIC.len()] = V2_FORM;
    head[MAGIC.len() + 1..].copy_from_slice(kek_id.as_bytes());
    head
}

/// A ciphertext out of its parts.
#[must_use]
pub fn serialize(head: &[u8], nonce: &[u8; NONCE_LEN], ciphertext: &[u8], tag: &[u8; TAG_LEN]) -> Vec<u8> {
    [head, nonce, ciphertext, tag].concat()
}

/// A ciphertext, and how much of it is read.
struct Rest<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn after_magic(all: &'a [u8], max: usize, expected: u8) -> Result<Self, FormError> {
        if !is_local_kek(all) {
            return Err(FormError::Magic);
        }
        if all.len() > max {
            return Err(FormError::TooLong { length: all.len(), max });
        }
        let mut rest = Self { all, at: MAGIC.len() };
        match rest.chunk("form")? {
            [found] if *found != expected => Err(FormError::Form { found: *found, expected }),
            _ => Ok(rest),
        }
    }

    fn take(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], FormError> {
        let left = &self.all[self.at..];
        let taken = left.get(..length).ok_or(FormError::CutOff { length: self.all.len(), field })?;
        self.at += length;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self, field: &'static str) -> Result<&'a [u8; N], FormError> {
        let taken = self.take(N, field)?;
        Ok(taken.first_chunk().expect("as many bytes were taken"))
    }

    /// The fields that both forms end with.
    fn sealed(mut self, kek_id: KekId, wrapped_kek: &'a [u8], is_v1: bool) -> Result<Sealed<'a>, FormError> {
        let head = &self.all[..self.at];
        let nonce = self.chunk("nonce")?;
        let left = self.all.len() - self.at;
        let ciphertext = self.take(left.saturating_sub(TAG_LEN).max(1), "ciphertext")?;
        let tag = self.chunk("tag")?;
        Ok(Sealed { kek_id, wrapped_kek, nonce, ciphertext, tag, head, is_v1 })
    }
}

#[cfg(test)]
mod tests;
