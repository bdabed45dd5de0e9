//! All secrets that match a name's prefix and tags: ListSecrets tells which they are, then they are fetched as any
//! others.
//!
//! BatchGetSecretValue has filters too, but its answers hold no tags, and its filters do not say what is meant: keys
//! and values of tags are matched apart, each by its beginning, so `team: blue` also brings a secret with the tags
//! `team: red` and `colour: bluest`. A list has the tags of each secret, and what it brings is compared exactly here.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::operation::RequestId;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry};
use sealkit_aws::{Fault, FaultClass};

use super::lane::Lane;
use super::limits::Limits;
use super::record::Call;
use super::route::Ask;
use super::{Item, secrets};
use crate::spec::{Batch, SecretFilter, SecretRef};

const LIST: &str = "secretsmanager:ListSecrets";

/// The most secrets of a page, and what is asked for.
const PAGE: i32 = 100;

/// The most pages: 10,000 secrets.
const PAGES: usize = 100;

/// Fetches all secrets that match, in the order of their names.
pub(super) async fn fetch(
    lane: &Lane,
    ask: &Ask<'_, SecretFilter>,
    mode: Batch,
    limits: Limits,
) -> Result<Vec<Item>, Fault> {
    let matching = list(lane, ask, limits).await?;
    let asks = matching.iter().enumerate().map(|(index, (_, object))| Ask { index, object, label: ask.label });
    let mut found = BTreeMap::new();
    let mut failed = Vec::new();
    for (index, fetched) in secrets::fetch(lane, asks.collect(), mode, limits).await {
        match fetched {
            // Its files are named after what was listed, which the filter was held against.
            Ok(item) => drop(found.insert(&matching[index].0, Item { name: matching[index].0.clone(), ..item })),
            // It was deleted since: it matches no more.
            Err(fault) if fault.class() == FaultClass::Absent => {}
            Err(fault) => failed.push(fault),
        }
    }
    let Some(first) = failed.pop() else { return Ok(found.into_values().collect()) };
    match failed.len() {
        0 => Err(first),
        others => {
            let hint = format!("{}; so did {others} more that match", first.hint());
            Err(first.with_hint(hint))
        }
    }
}

/// Names and ids of all that match.
async fn list(lane: &Lane, ask: &Ask<'_, SecretFilter>, limits: Limits) -> Result<Vec<(String, SecretRef)>, Fault> {
    let region = Some(lane.region.as_str());
    // The permission knows no other resource.
    let fault = |class, cause: &str| Fault::new(LIST, "*", region, class, cause);
    let (filters, resource) = (filters(ask.object), described(ask.object));
    let (mut found, mut token) = (BTreeMap::new(), None);
    for _ in 0..PAGES {
        let unasked = |cause: &str| fault(FaultClass::Outage, cause);
        let answer = lane.call(&lane.batches, limits, unasked, async |clients| {
            let request = clients.secrets.list_secrets().set_filters(Some(filters.clone()));
            let answer = request.max_results(PAGE).set_next_token(token.clone()).send().await;
            let answer = answer.map_err(|error| Fault::from_sdk(LIST, "*", region, &error));
            let request_id = match &answer {
                Ok(answer) => answer.request_id(),
                Err(fault) => fault.request_id(),
            };
            let call = Call { action: LIST, object: ask.label, resource: &resource, region: &lane.region, request_id };
            lane.recorder.call(&call, answer.as_ref().map(drop));
            answer
        });
        let answer = answer.await?;
        for secret in answer.secret_list.unwrap_or_default() {
            if matches(ask.object, &secret)
                && let (Some(name), Some(arn)) = (secret.name, secret.arn)
            {
                found.insert(name, SecretRef { id: arn, version_id: None, version_stage: None });
            }
        }
        match answer.next_token.filter(|it| !it.is_empty()) {
            Some(next) => token = Some(next),
            None => return Ok(found.into_iter().collect()),
        }
    }
    let fault = fault(FaultClass::Refused, &format!("there are more than {PAGES} pages of secrets for {resource}"));
    Err(fault.with_hint("ask for a longer prefix"))
}

/// What the service can narrow down itself: it knows beginnings only, and takes a `!` before a value for a negation.
fn filters(wanted: &SecretFilter) -> Vec<Filter> {
    let filter = |key, value: &str| {
        let is_plain = !value.is_empty() && !value.starts_with('!');
        is_plain.then(|| Filter::builder().key(key).values(value).build())
    };
    let prefix = wanted.name_prefix.as_deref().and_then(|it| filter(FilterNameStringType::Name, it));
    let tag = wanted.tags.first_key_value();
    let key = tag.and_then(|(key, _)| filter(FilterNameStringType::TagKey, key));
    let value = tag.and_then(|(_, value)| filter(FilterNameStringType::TagValue, value));
    prefix.into_iter().chain(key).chain(value).collect()
}

/// Whether a secret is one of those that are wanted, to the letter.
fn matches(wanted: &SecretFilter, secret: &SecretListEntry) -> bool {
    let has = |(key, value): (&String, &String)| {
        secret.tags().iter().any(|tag| tag.key() == Some(key) && tag.value().unwrap_or_default() == value)
    };
    let begins = |prefix: &str| secret.name().is_some_and(|name| name.starts_with(prefix));
    wanted.name_prefix.as_deref().is_none_or(begins) && wanted.tags.iter().all(has)
}

/// The filter on one line.
fn described(wanted: &SecretFilter) -> String {
    let prefix = wanted.name_prefix.iter().map(|prefix| format!("{prefix}*"));
    let tags = wanted.tags.iter().map(|(key, value)| format!("{key}={value}"));
    prefix.chain(tags).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::types::Tag;

    use super::*;

    fn wanted(prefix: &str, tags: &[(&str, &str)]) -> SecretFilter {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        SecretFilter { name_prefix: Some(prefix.to_owned()), tags: tags.collect() }
    }

    #[test]
    fn pairs_of_tags_and_the_case_of_prefixes_count() {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let secret = SecretListEntry::builder().name("prod/db");
        let secret = secret.tags(tag("team", "red")).tags(tag("colour", "blue")).build();
        assert!(matches(&wanted("prod/", &[("team", "red"), ("colour", "blue")]), &secret));
        assert!(!matches(&wanted("prod/", &[("team", "blue")]), &secret), "another tag's value");
        assert!(!matches(&wanted("prod/", &[("tea", "red")]), &secret), "the beginning of a key");
        assert!(!matches(&wanted("PROD/", &[]), &secret));
    }

    #[test]
    fn negations_are_not_sent() {
        assert_eq!(filters(&wanted("prod/", &[("!team", "!blue")])).len(), 1);
        assert_eq!(filters(&wanted("prod/", &[("team", "blue"), ("x", "y")])).len(), 3);
        assert_eq!(described(&wanted("prod/", &[("team", "blue")])), "prod/* team=blue");
    }
}
