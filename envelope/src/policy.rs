//! What a message must satisfy before any of its plaintext leaves.
//!
//! A policy only ever says no. Two policies join by [`DecryptPolicy::narrow`], which allows what both allow, so
//! that a configuration that travels with the data can narrow what its reader allows and never widen it.

mod allowed_key;
mod error;
mod limits;

use std::collections::BTreeSet;

pub use allowed_key::AllowedKey;
pub use error::PolicyError;
pub use limits::{DEFAULT_FRAME_LENGTH, FrameLength, Limits};

use crate::context::{EncryptionContext, PUBLIC_KEY};
use crate::message::EncryptedDataKey;
use crate::suite::AlgorithmSuite;

/// What may be decrypted. The default allows every key and context within the default [`Limits`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecryptPolicy {
    /// Limits on what the header may claim.
    pub limits: Limits,
    /// Every list must contain the key that unwraps; no list allows all.
    allowed: Vec<Vec<AllowedKey>>,
    pairs: BTreeSet<(String, String)>,
    keys: BTreeSet<String>,
    exact: Vec<EncryptionContext>,
    refuse_signed: bool,
}

impl DecryptPolicy {
    /// The default policy.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Allows only these keys to unwrap; called again, only those that are in every list.
    #[must_use]
    pub fn allow_keys(mut self, keys: impl IntoIterator<Item = AllowedKey>) -> Self {
        self.allowed.push(keys.into_iter().collect());
        self
    }

    /// Requires this pair in the context.
    #[must_use]
    pub fn require_context_pair(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.pairs.insert((key.into(), value.into()));
        self
    }

    /// Requires this key in the context, with any value.
    #[must_use]
    pub fn require_context_key(mut self, key: impl Into<String>) -> Self {
        self.keys.insert(key.into());
        self
    }

    /// Requires exactly these pairs and no other (the format's own public key apart).
    #[must_use]
    pub fn require_exact_context(mut self, context: EncryptionContext) -> Self {
        self.exact.push(context);
        self
    }

    /// Refuses signed messages: for streams, whose plaintext is released before the signature can be verified.
    #[must_use]
    pub fn refuse_signed(mut self, refuse: bool) -> Self {
        self.refuse_signed |= refuse;
        self
    }

    /// What both policies allow. Neither can widen the other.
    #[must_use]
    pub fn narrow(mut self, other: Self) -> Self {
        self.limits = self.limits.least(other.limits);
        self.allowed.extend(other.allowed);
        self.pairs.extend(other.pairs);
        self.keys.extend(other.keys);
        self.exact.extend(other.exact);
        self.refuse_signed |= other.refuse_signed;
        self
    }

    /// Checks what the header says of suite and context, before any key is asked for.
    ///
    /// `context` is the stored context joined with the caller's unstored pairs.
    pub(crate) fn check_header(&self, suite: AlgorithmSuite, context: &EncryptionContext) -> Result<(), PolicyError> {
        if self.refuse_signed && suite.is_signed() {
            return Err(PolicyError::Signed);
        }
        for (key, value) in &self.pairs {
            match context.get(key) {
                None => return Err(PolicyError::ContextPairMissing { key: key.clone() }),
                Some(found) if found != value => return Err(PolicyError::ContextPairConflicts { key: key.clone() }),
                Some(_) => {}
            }
        }
        if let Some(key) = self.keys.iter().find(|key| !context.contains_key(key)) {
            return Err(PolicyError::ContextKeyMissing { key: key.clone() });
        }
        for exact in &self.exact {
            let found = context.iter().filter(|(key, _)| *key != PUBLIC_KEY);
            if !found.eq(exact.iter()) {
                let key = first_difference(context, exact);
                return Err(PolicyError::ContextNotExact { key });
            }
        }
        Ok(())
    }

    /// Whether the key that wrapped `edk` may unwrap it.
    pub(crate) fn allows(&self, edk: &EncryptedDataKey) -> bool {
        self.allowed.iter().all(|list| list.iter().any(|allowed| allowed.matches(&edk.key())))
    }
}

/// The first key that one context has and the other lacks or holds with another value.
fn first_difference(context: &EncryptionContext, exact: &EncryptionContext) -> String {
    let differs =
        |(key, value): &(&str, &str), other: &EncryptionContext| *key != PUBLIC_KEY && other.get(key) != Some(*value);
    let extra = context.iter().find(|pair| differs(pair, exact));
    extra
        .or_else(|| exact.iter().find(|pair| differs(pair, context)))
        .map(|(key, _)| key.to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
