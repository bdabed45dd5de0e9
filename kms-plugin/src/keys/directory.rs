//! Which configured key an ARN in an answer or an error means.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use sealkit_aws::arn::{KeyArn, KeyIdentifier};

/// Distinct ARNs that are kept once for all cache entries; beyond it each entry has its own copy.
const INTERNED: usize = 64;

/// The names of a KeySet's keys: the write key first, then the read keys.
pub(super) struct Directory {
    keys: Vec<Named>,
    arns: Mutex<Vec<Arc<str>>>,
}

struct Named {
    name: Arc<str>,
    /// None for a local key.
    identifier: Option<KeyIdentifier>,
    /// The target of an alias, as KMS last answered it to an Encrypt.
    learned: ArcSwapOption<KeyArn>,
}

impl Directory {
    pub(super) fn new(keys: impl IntoIterator<Item = (Arc<str>, Option<KeyIdentifier>)>) -> Self {
        let named = |(name, identifier)| Named { name, identifier, learned: ArcSwapOption::empty() };
        Self { keys: keys.into_iter().map(named).collect(), arns: Mutex::default() }
    }

    pub(super) fn name(&self, index: usize) -> &Arc<str> {
        &self.keys[index].name
    }

    /// The key that a v2 `key_id` names: its configured name or its ARN, and perhaps `#` and a key material.
    pub(super) fn by_key_id(&self, key_id: &str) -> Option<usize> {
        let bare = key_id.split_once('#').map_or(key_id, |(name, _)| name);
        self.by_name(key_id).or_else(|| self.by_name(bare)).or_else(|| self.by_arn(bare))
    }

    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        self.keys.iter().position(|key| *key.name == *name)
    }

    /// The key, or the multi-Region key of which it is a replica, that an ARN names.
    pub(super) fn by_arn(&self, arn: &str) -> Option<usize> {
        let arn: KeyArn = arn.parse().ok()?;
        self.keys.iter().position(|key| key.is(&arn))
    }

    /// The first key ARN in the words of an error: KMS names the key in those of disabled keys and denials.
    pub(super) fn arn_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '-' | '_');
        text.match_indices("arn:").find_map(|(start, _)| {
            let rest = &text[start..];
            let arn = &rest[..rest.find(|c| !inside(c)).unwrap_or(rest.len())];
            arn.parse::<KeyArn>().is_ok().then_some(arn)
        })
    }

    /// Remembers what KMS answered for the key at `index`.
    pub(super) fn learn(&self, index: usize, arn: &KeyArn) {
        let key = &self.keys[index];
        let is_news = key.learned.load().as_deref() != Some(arn);
        if is_news && key.identifier.as_ref().is_some_and(KeyIdentifier::is_alias) {
            key.learned.store(Some(Arc::new(arn.clone())));
        }
    }

    /// Takes over what was learned of keys of the same names.
    pub(super) fn adopt(&self, before: &Self) {
        for key in &self.keys {
            if let Some(known) = before.keys.iter().find(|known| known.name == key.name) {
                key.learned.store(known.learned.load_full());
            }
        }
    }

    /// One copy of an ARN for all that remember it.
    pub(super) fn intern(&self, arn: &str) -> Arc<str> {
        let mut arns = self.arns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = arns.iter().find(|known| ***known == *arn) {
            return Arc::clone(known);
        }
        let new: Arc<str> = arn.into();
        if arns.len() < INTERNED {
            arns.push(Arc::clone(&new));
        }
        new
    }
}

impl Named {
    fn is(&self, arn: &KeyArn) -> bool {
        match &self.identifier {
            Some(KeyIdentifier::KeyArn(known)) => known.mrk_matches(arn),
            // Ids are random: the same one in another account does not come about.
            Some(KeyIdentifier::KeyId(id)) => arn.resource_id() == id,
            _ => self.learned.load().as_deref().is_some_and(|known| known.mrk_matches(arn)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const HERE: &str = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";
    const THERE: &str = "arn:aws:kms:us-east-1:111122223333:key/mrk-1";
    const OTHER: &str = "arn:aws:kms:eu-west-1:111122223333:key/2";

    fn directory() -> Directory {
        let kms = |name: &str| (name.into(), Some(name.parse().unwrap()));
        Directory::new([kms(HERE), kms("alias/app"), ("local:/key".into(), None)])
    }

    #[test]
    fn a_key_id_finds_its_key_by_name_arn_and_material() {
        let keys = directory();
        assert_eq!(keys.by_key_id(HERE), Some(0));
        assert_eq!(keys.by_key_id(THERE), Some(0));
        assert_eq!(keys.by_key_id(&format!("{HERE}#0123")), Some(0));
        assert_eq!(keys.by_key_id("alias/app"), Some(1));
        assert_eq!(keys.by_key_id("local:/key"), Some(2));
        assert_eq!(keys.by_key_id(OTHER), None);
        keys.learn(1, &OTHER.parse().unwrap());
        assert_eq!(keys.by_key_id(OTHER), Some(1));
        keys.learn(0, &OTHER.parse().unwrap());
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let by_id = Directory::new([(id.into(), Some(id.parse().unwrap()))]);
        assert_eq!(by_id.by_arn(&format!("arn:aws:kms:eu-west-1:111122223333:key/{id}")), Some(0));
        assert_eq!(keys.by_arn(HERE), Some(0), "a key given by ARN is that one");
    }

    #[test]
    fn the_arn_in_an_error_is_found_among_others() {
        let keys = directory();
        let denied = format!(
            "User: arn:aws:iam::111122223333:user/x is not authorized to perform: y on resource: {OTHER} because"
        );
        assert_eq!(keys.arn_in(&denied), Some(OTHER));
        assert_eq!(keys.arn_in(&format!("{HERE} is disabled.")), Some(HERE));
        for none in ["", "arn:", "arn:aws:iam::111122223333:user/x", "arn:é"] {
            assert_eq!(keys.arn_in(none), None, "{none}");
        }
    }
}
