//! The filters of ListSecrets and BatchGetSecretValue.

use serde::Deserialize;

use super::Secret;
use crate::aws_double::error::ServiceError;

/// Filters of a request, and values of a filter.
const MAX: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Filter {
    key: Attribute,
    values: Vec<String>,
}

/// What a filter looks at.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Attribute {
    Description,
    Name,
    TagKey,
    TagValue,
    PrimaryRegion,
    OwningService,
    All,
}

/// The secrets of `region` that pass all filters, by name.
pub(super) fn select<'a>(
    secrets: impl Iterator<Item = &'a Secret>,
    region: &str,
    filters: &[Filter],
) -> Result<Vec<&'a Secret>, ServiceError> {
    if filters.len() > MAX {
        return Err(ServiceError::constraint("filters", "Member must have length less than or equal to 10"));
    }
    if filters.iter().any(|filter| filter.values.is_empty() || filter.values.len() > MAX) {
        return Err(ServiceError::constraint("filters.1.member.values", "Member must have length between 1 and 10"));
    }
    let mut found: Vec<&Secret> = secrets
        .filter(|secret| secret.region == region && filters.iter().all(|filter| filter.passes(secret)))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

impl Filter {
    /// Whether one of the values is a prefix of what the filter looks at, or, negated by `!`, of nothing in it.
    fn passes(&self, secret: &Secret) -> bool {
        let texts = self.key.texts(secret);
        // Names and tags are matched with their case, descriptions without.
        let begins = |text: &str, value: &str| match self.key {
            Attribute::Description | Attribute::All => text.to_lowercase().starts_with(&value.to_lowercase()),
            _ => text.starts_with(value),
        };
        self.values.iter().any(|value| match value.strip_prefix('!') {
            Some(value) => !texts.iter().any(|text| begins(text, value)),
            None => texts.iter().any(|text| begins(text, value)),
        })
    }
}

impl Attribute {
    fn texts(self, secret: &Secret) -> Vec<&str> {
        let keys = secret.tags.keys().map(String::as_str);
        let values = secret.tags.values().map(String::as_str);
        match self {
            Self::Description => secret.description.split_whitespace().collect(),
            Self::Name => vec![&secret.name],
            Self::TagKey => keys.collect(),
            Self::TagValue => values.collect(),
            Self::PrimaryRegion | Self::OwningService => Vec::new(),
            Self::All => {
                let words = secret.description.split_whitespace().chain([secret.name.as_str()]);
                words.chain(keys).chain(values).collect()
            }
        }
    }
}
