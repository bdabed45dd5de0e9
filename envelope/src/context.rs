//! The encryption context: public key-value pairs, authenticated with the message and with every wrapped key.
//!
//! Source: AWS Encryption SDK specification, `framework/structures.md` (encryption context) and
//! `data-format/message-header.md` (serialisation).

use std::collections::BTreeMap;

/// Keys with this prefix belong to the format itself; callers cannot set them.
pub const RESERVED_PREFIX: &str = "aws-crypto-";

/// The reserved key under which a signed suite stores its public key.
pub(crate) const PUBLIC_KEY: &str = "aws-crypto-public-key";

/// Public key-value pairs, sorted by the UTF-8 bytes of their keys.
///
/// The context is **not secret**: it is stored in clear in the message, and AWS CloudTrail logs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EncryptionContext(BTreeMap<String, String>);

/// Why pairs do not make an encryption context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The key begins `aws-crypto-`, which the format reserves for itself.
    #[error("context key {key:?} begins with the reserved prefix \"aws-crypto-\"")]
    Reserved {
        /// The offending key.
        key: String,
    },
    /// A key was given twice.
    #[error("context key {key:?} is given twice")]
    Duplicate {
        /// The offending key.
        key: String,
    },
    /// A key is empty; AWS KMS and the official SDKs refuse such a pair.
    #[error("a context key is empty")]
    EmptyKey,
    /// A key or a value is longer than the format's 16-bit length can say.
    #[error("context key or value of {key:?} is longer than 65,535 bytes")]
    PairTooLong {
        /// The key of the offending pair.
        key: String,
    },
    /// The whole context is longer than the format's 16-bit length can say.
    #[error("the context takes {length} bytes; the format allows 65,535")]
    TooLong {
        /// Bytes that the context would take.
        length: usize,
    },
}

impl EncryptionContext {
    /// The empty context.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A context of these pairs.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn try_from_pairs<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, ContextError>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let mut context = Self::new();
        for (key, value) in pairs {
            context.insert(key, value)?;
        }
        Ok(context)
    }

    /// Adds a pair.
    ///
    /// # Errors
    ///
    /// A reserved or empty key, a key that is already there, a pair too long for the format, or one too many.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) -> Result<(), ContextError> {
        let (key, value) = (key.into(), value.into());
        if key.is_empty() {
            return Err(ContextError::EmptyKey);
        }
        if key.starts_with(RESERVED_PREFIX) {
            return Err(ContextError::Reserved { key });
        }
        let longest = usize::from(u16::MAX);
        if key.len() > longest || value.len() > longest {
            return Err(ContextError::PairTooLong { key: key.chars().take(64).collect() });
        }
        if self.0.contains_key(&key) {
            return Err(ContextError::Duplicate { key });
        }
        let length = self.serialized_len().max(2) + 4 + key.len() + value.len();
        if length > longest {
            return Err(ContextError::TooLong { length });
        }
        self.0.insert(key, value);
        Ok(())
    }

    /// Adds the public key of a signed suite; only the format itself does so.
    pub(crate) fn insert_public_key(&mut self, point: String) {
        self.0.insert(PUBLIC_KEY.to_owned(), point);
    }

    /// A pair as read from a header, without the rules for callers.
    ///
    /// Returns false if the key is there already.
    pub(crate) fn insert_received(&mut self, key: &str, value: &str) -> bool {
        self.0.insert(key.to_owned(), value.to_owned()).is_none()
    }

    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether `key` is there.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The pairs, in the order in which they are serialised.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes that [`serialize`](Self::serialize) gives.
    #[must_use]
    pub fn serialized_len(&self) -> usize {
        if self.0.is_empty() {
            return 0;
        }
        2 + self.0.iter().map(|(key, value)| 4 + key.len() + value.len()).sum::<usize>()
    }

    /// The pairs as the format writes them: nothing at all when empty, otherwise a count and each pair with its
    /// lengths, sorted by the keys' UTF-8 bytes. This is also the associated data of a raw AES keyring.
    #[must_use]
    pub fn serialize(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.serialized_len());
        if self.0.is_empty() {
            return out;
        }
        out.extend_from_slice(&length16(self.0.len()));
        for (key, value) in &self.0 {
            for text in [key, value] {
                out.extend_from_slice(&length16(text.len()));
                out.extend_from_slice(text.as_bytes());
            }
        }
        out
    }
}

/// A big-endian 16-bit length; the constructors keep every length in range.
fn length16(length: usize) -> [u8; 2] {
    u16::try_from(length).expect("checked on construction to fit 16 bits").to_be_bytes()
}

impl<'a> IntoIterator for &'a EncryptionContext {
    type Item = (&'a String, &'a String);
    type IntoIter = std::collections::btree_map::Iter<'a, String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn an_empty_context_serialises_to_nothing() {
        assert!(EncryptionContext::new().serialize().is_empty());
    }

    #[test]
    fn pairs_are_sorted_by_bytes_and_prefixed_with_lengths() {
        let context = EncryptionContext::try_from_pairs([("é", "2"), ("z", "1")]).unwrap();
        assert_eq!(context.serialize(), b"\x00\x02\x00\x01z\x00\x011\x00\x02\xc3\xa9\x00\x012");
        assert_eq!(context.serialized_len(), context.serialize().len());
    }

    #[test]
    fn what_a_caller_may_not_give_is_refused() {
        let mut context = EncryptionContext::new();
        assert!(matches!(context.insert("aws-crypto-public-key", "x"), Err(ContextError::Reserved { .. })));
        assert_eq!(context.insert("", "x"), Err(ContextError::EmptyKey));
        assert!(matches!(context.insert("k", "v".repeat(70_000)), Err(ContextError::PairTooLong { .. })));
        context.insert("k", "v").unwrap();
        assert!(matches!(context.insert("k", "w"), Err(ContextError::Duplicate { .. })));
        let long = (0..3).map(|n| (format!("k{n}"), "v".repeat(30_000)));
        assert!(matches!(EncryptionContext::try_from_pairs(long), Err(ContextError::TooLong { .. })));
    }
}
