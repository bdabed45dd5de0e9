//! What a rule of a `sealctl.toml` demands of the messages under it.
//!
//! A demand can only take away: each of them is joined with what the user allows, never put in its place.

use std::collections::BTreeMap;

use sealkit_envelope::{DecryptPolicy, EncryptionContext, Limits};

/// What one rule demands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Demands {
    /// Pairs that the encryption context must hold; encryption adds them.
    pub(crate) context: BTreeMap<String, String>,
    /// Whether it must hold nothing else.
    pub(crate) exact_context: bool,
    /// Keys that the encryption context must hold, with any value.
    pub(crate) require_context_keys: Vec<String>,
    /// Most encrypted data keys.
    pub(crate) max_encrypted_data_keys: Option<usize>,
    /// Most bytes of header.
    pub(crate) max_header_bytes: Option<usize>,
    /// Longest frame, in bytes.
    pub(crate) max_frame_length: Option<u32>,
    /// Whether signed messages are refused.
    pub(crate) refuse_signed: bool,
    /// Whether encryption signs.
    pub(crate) sign: bool,
}

/// Why a context does not meet the demands on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unmet {
    /// A pair was typed with another value.
    #[error("--context gives {key:?} another value than the rule does")]
    Conflict {
        /// The context key.
        key: String,
    },
    /// A pair was typed that an exact context does not hold.
    #[error("--context gives {key:?}, which is not in the exact context")]
    NotExact {
        /// The context key.
        key: String,
    },
    /// A required key is missing.
    #[error("the encryption context lacks the required key {key:?}")]
    Missing {
        /// The context key.
        key: String,
    },
}

impl Demands {
    /// `limits`, lowered to what is demanded.
    pub(crate) fn narrow(&self, limits: Limits) -> Limits {
        limits.least(Limits {
            max_encrypted_data_keys: self.max_encrypted_data_keys.unwrap_or(usize::MAX),
            max_header_bytes: self.max_header_bytes.unwrap_or(usize::MAX),
            max_frame_length: self.max_frame_length.unwrap_or(u32::MAX),
        })
    }

    /// The policy for reading under this rule, keys apart.
    pub(crate) fn decrypt_policy(&self, limits: Limits) -> DecryptPolicy {
        let mut policy = DecryptPolicy::new().with_limits(self.narrow(limits)).refuse_signed(self.refuse_signed);
        for (key, value) in &self.context {
            policy = policy.require_context_pair(key, value);
        }
        for key in &self.require_context_keys {
            policy = policy.require_context_key(key);
        }
        if self.exact_context
            && let Ok(exact) = EncryptionContext::try_from_pairs(self.context.clone())
        {
            policy = policy.require_exact_context(exact);
        }
        policy
    }

    /// Adds the demanded pairs to the context of a message to be written.
    ///
    /// # Errors
    ///
    /// A typed pair that contradicts them.
    pub(crate) fn add_context(&self, context: &mut BTreeMap<String, String>) -> Result<(), Unmet> {
        for (key, demanded) in &self.context {
            match context.get(key) {
                Some(typed) if typed != demanded => {
                    return Err(Unmet::Conflict { key: key.clone() });
                }
                Some(_) => {}
                None => {
                    context.insert(key.clone(), demanded.clone());
                }
            }
        }
        Ok(())
    }

    /// Checks the complete context of a message to be written.
    ///
    /// # Errors
    ///
    /// A required key that is missing, or a pair beyond an exact context.
    pub(crate) fn check_context(&self, context: &BTreeMap<String, String>) -> Result<(), Unmet> {
        if let Some(key) = self.require_context_keys.iter().find(|key| !context.contains_key(*key)) {
            return Err(Unmet::Missing { key: key.clone() });
        }
        if self.exact_context
            && let Some(key) = context.keys().find(|key| !self.context.contains_key(*key))
        {
            return Err(Unmet::NotExact { key: key.clone() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn demands_lower_limits_and_never_raise_them() {
        let demands = Demands { max_encrypted_data_keys: Some(99), max_frame_length: Some(4096), ..Demands::default() };
        let narrowed = demands.narrow(Limits::default());
        assert_eq!(narrowed.max_encrypted_data_keys, 16);
        assert_eq!(narrowed.max_frame_length, 4096);
        assert_eq!(narrowed.max_header_bytes, Limits::default().max_header_bytes);
    }

    #[test]
    fn context_is_added_and_cannot_be_contradicted() {
        let demands = Demands { context: pairs(&[("app", "demo")]), ..Demands::default() };
        let mut context = pairs(&[("stage", "prod")]);
        assert_eq!(demands.add_context(&mut context), Ok(()));
        assert_eq!(context, pairs(&[("app", "demo"), ("stage", "prod")]));
        assert!(matches!(demands.add_context(&mut pairs(&[("app", "other")])), Err(Unmet::Conflict { .. })));
    }

    #[test]
    fn required_keys_and_exact_contexts_hold_on_encrypt() {
        let required = Demands { require_context_keys: vec!["app".to_owned()], ..Demands::default() };
        assert!(matches!(required.check_context(&pairs(&[])), Err(Unmet::Missing { .. })));
        assert_eq!(required.check_context(&pairs(&[("app", "x")])), Ok(()));
        let exact = Demands { context: pairs(&[("app", "x")]), exact_context: true, ..Demands::default() };
        assert!(matches!(exact.check_context(&pairs(&[("app", "x"), ("b", "y")])), Err(Unmet::NotExact { .. })));
    }
}
