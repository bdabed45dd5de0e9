//! Twenty secrets a call: BatchGetSecretValue by ids.
//!
//! It has its price. Its permission can only be given for all secrets (`*`), its quota is 100 calls a second that
//! cannot be raised, and it brings AWSCURRENT alone. So `auto` goes to single calls when it is denied or throttled,
//! and remembers that.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::operation::RequestId;
use aws_sdk_secretsmanager::operation::batch_get_secret_value::BatchGetSecretValueOutput;
use aws_sdk_secretsmanager::types::{ApiErrorType, SecretValueEntry};
use futures_util::{StreamExt, stream};
use sealkit_aws::{Fault, FaultClass};
use sealkit_envelope::Plaintext;

use super::{Fetched, GET, is_named, value, valueless};
use crate::source::Item;
use crate::source::lane::Lane;
use crate::source::limits::Limits;
use crate::source::record::Call;
use crate::source::route::Ask;
use crate::spec::{Batch, SecretRef};

/// The IAM action, which is granted on `*` only.
const BATCH: &str = "secretsmanager:BatchGetSecretValue";

/// The most ids of a call.
const IDS: usize = 20;

/// Batches that are under way at one time; each may bring 1.3 MiB.
const AT_ONCE: usize = 8;

/// The most answers to one batch: each id alone, and as many pages without any.
const PAGES: usize = 2 * IDS;

/// What batches brought, and the requests that are left for single calls.
type Outcome<'a> = (Fetched, Vec<Ask<'a, SecretRef>>);

/// Fetches everything in batches. The first goes ahead alone: when it is denied, that is one denial in CloudTrail, and
/// when it is throttled, one call too many.
pub(in crate::source) async fn fetch_all<'a>(
    lane: &Lane,
    asks: Vec<Ask<'a, SecretRef>>,
    mode: Batch,
    limits: Limits,
) -> Outcome<'a> {
    let (mut fetched, mut left) = (Fetched::with_capacity(asks.len()), Vec::new());
    let mut chunks = chunks(asks).into_iter();
    let Some(first) = chunks.next() else { return (fetched, left) };
    let (brought, rest) = fetch(lane, first, mode, limits).await;
    fetched.extend(brought);
    left.extend(rest);
    let others = stream::iter(chunks.map(|chunk| fetch(lane, chunk, mode, limits)));
    let mut others = std::pin::pin!(others.buffer_unordered(AT_ONCE));
    while let Some((brought, rest)) = others.next().await {
        fetched.extend(brought);
        left.extend(rest);
    }
    (fetched, left)
}

fn chunks<T>(items: Vec<T>) -> Vec<Vec<T>> {
    let (mut items, mut chunks) = (items.into_iter().peekable(), Vec::new());
    while items.peek().is_some() {
        chunks.push(items.by_ref().take(IDS).collect());
    }
    chunks
}

async fn fetch<'a>(lane: &Lane, asks: Vec<Ask<'a, SecretRef>>, mode: Batch, limits: Limits) -> Outcome<'a> {
    if mode == Batch::Auto && lane.batches_are_given_up() {
        return (Vec::new(), asks);
    }
    // A token belongs to the request that it came from: all pages are asked for with all ids.
    let ids: Vec<_> = asks.iter().map(|ask| ask.object.id.clone()).collect();
    let mut batch =
        Running { lane, object: joined(asks.iter().map(|ask| ask.label)), ids, open: asks, fetched: Vec::new() };
    let mut token = None;
    for _ in 0..PAGES {
        match batch.page(mode, token, limits).await {
            Ok(Some(next)) => token = Some(next),
            // What neither values nor errors name is asked for by itself, rather than lost.
            Ok(None) => break,
            Err(fault) => return batch.failed(mode, &fault),
        }
    }
    (batch.fetched, batch.open)
}

struct Running<'l, 'a> {
    lane: &'l Lane,
    /// What audit lines call it.
    object: String,
    ids: Vec<String>,
    /// Not answered yet.
    open: Vec<Ask<'a, SecretRef>>,
    fetched: Fetched,
}

impl<'a> Running<'_, 'a> {
    /// Asks for one page and takes what it brings; the token of the next one, if there is one.
    async fn page(&mut self, mode: Batch, token: Option<String>, limits: Limits) -> Result<Option<String>, Fault> {
        let region = Some(self.lane.region.as_str());
        let limits = if mode == Batch::Auto { limits.without_patience() } else { limits };
        let unasked = |cause: &str| Fault::new(BATCH, "*", region, FaultClass::Outage, cause);
        let (object, resource) = (self.object.as_str(), self.ids.join(", "));
        let answer = self.lane.call(&self.lane.batches, limits, unasked, async |clients| {
            let request = clients.secrets.batch_get_secret_value().set_secret_id_list(Some(self.ids.clone()));
            let answer = request.set_next_token(token.clone()).send().await;
            let answer = answer.map_err(|error| Fault::from_sdk(BATCH, "*", region, &error));
            let request_id = match &answer {
                Ok(answer) => answer.request_id(),
                Err(fault) => fault.request_id(),
            };
            let call = Call { action: BATCH, object, resource: &resource, region: &self.lane.region, request_id };
            self.lane.recorder.call(&call, answer.as_ref().map(drop));
            answer
        });
        let answer = answer.await?;
        Ok(self.take(answer))
    }

    fn take(&mut self, answer: BatchGetSecretValueOutput) -> Option<String> {
        let request_id = answer.request_id().map(str::to_owned);
        for entry in answer.secret_values.unwrap_or_default() {
            self.take_value(entry, request_id.as_deref());
        }
        for error in answer.errors.unwrap_or_default() {
            self.take_error(&error, request_id.as_deref());
        }
        answer.next_token.filter(|token| !token.is_empty())
    }

    fn take_value(&mut self, entry: SecretValueEntry, request_id: Option<&str>) {
        let SecretValueEntry { name, arn, version_id, secret_string, secret_binary, .. } = entry;
        let (name, arn) = (name.unwrap_or_default(), arn.unwrap_or_default());
        let mut value = value(secret_string, secret_binary);
        // Several may mean one secret, by its name and by its ARN.
        let meant: Vec<_> = self.open.extract_if(.., |ask| is_named(&ask.object.id, &name, &arn)).collect();
        for (at, ask) in meant.iter().enumerate() {
            let is_last = at + 1 == meant.len();
            let value = if is_last { value.take() } else { value.as_ref().map(copy) };
            let item = value.map(|value| Item {
                name: name.clone(),
                value,
                version: version_id.clone().unwrap_or_default(),
                region: Some(self.lane.region.clone()),
                request_id: request_id.map(str::to_owned),
                stands_in_for: None,
            });
            let item = item.ok_or_else(|| valueless(&ask.object.id, &self.lane.region, request_id));
            self.fetched.push((ask.index, item));
        }
    }

    fn take_error(&mut self, error: &ApiErrorType, request_id: Option<&str>) {
        let id = error.secret_id().unwrap_or_default();
        let code = error.error_code().unwrap_or("InternalServiceError");
        let region = self.lane.region.as_str();
        let fault = |id| Fault::from_code(GET, id, Some(region), code, error.message()).with_request_id(request_id);
        // What may have another answer in a moment stays open, for a single call with its retries.
        if matches!(fault(id).class(), FaultClass::Outage | FaultClass::Throttled) {
            return;
        }
        for ask in self.open.extract_if(.., |ask| is_named(&ask.object.id, id, id)) {
            let fault = fault(&ask.object.id);
            let call = Call { action: GET, object: ask.label, resource: &ask.object.id, region, request_id };
            self.lane.recorder.call(&call, Err(&fault));
            self.fetched.push((ask.index, Err(fault)));
        }
    }

    /// What becomes of those that are open when a call failed.
    fn failed(mut self, mode: Batch, fault: &Fault) -> Outcome<'a> {
        let is_given_up = matches!(fault.class(), FaultClass::Denied | FaultClass::Throttled);
        // Of one secret: single calls tell of which.
        let is_of_one = matches!(fault.class(), FaultClass::Revoked | FaultClass::Absent | FaultClass::Refused);
        if mode == Batch::Auto && is_given_up {
            if !self.lane.batches_are_given_up() {
                tracing::info!(
                    region = self.lane.region,
                    class = %fault.class(),
                    "secrets come one by one from here on, for a batch was refused; to spare the call, allow \
                     {BATCH} on `*` or set `batch: never`"
                );
            }
            self.lane.give_up_batches();
        } else if !is_of_one {
            let fault = match fault.class() {
                FaultClass::Denied => fault.clone().with_hint(format!("{}, or set `batch: never`", fault.hint())),
                _ => fault.clone(),
            };
            self.fetched.extend(self.open.drain(..).map(|ask| (ask.index, Err(fault.clone()))));
        }
        (self.fetched, self.open)
    }
}

fn copy(value: &Plaintext) -> Plaintext {
    Plaintext::from_slice(value.expose_secret())
}

/// Labels in one line, each once.
fn joined<'a>(labels: impl Iterator<Item = &'a str>) -> String {
    let once: BTreeMap<&str, ()> = labels.map(|label| (label, ())).collect();
    once.into_keys().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_ids_are_the_most_of_a_call() {
        let lengths: Vec<_> = chunks((0..47).collect()).iter().map(Vec::len).collect();
        assert_eq!(lengths, [20, 20, 7]);
    }
}
