//! Secrets of Secrets Manager, one by one or in batches of twenty.

use aws_sdk_secretsmanager::operation::RequestId;
use aws_sdk_secretsmanager::primitives::Blob;
use futures_util::StreamExt;
use futures_util::future::join;
use futures_util::stream;
use sealkit_aws::{Fault, FaultClass};
use sealkit_envelope::Plaintext;

use super::Item;
use super::lane::{Lane, SINGLES_AT_ONCE};
use super::limits::Limits;
use super::record::Call;
use super::route::Ask;
use crate::spec::{Batch, SecretRef};

pub(super) mod batch;

/// The IAM action of a single call, which each secret of a batch needs as well.
pub(super) const GET: &str = "secretsmanager:GetSecretValue";

/// The stage that is meant where none is named.
const CURRENT: &str = "AWSCURRENT";

/// What came of each request, in any order.
pub(super) type Fetched = Vec<(usize, Result<Item, Fault>)>;

/// Fetches secrets: what batches can bring by batch, if `mode` has it so, and all others one by one.
pub(super) async fn fetch(lane: &Lane, asks: Vec<Ask<'_, SecretRef>>, mode: Batch, limits: Limits) -> Fetched {
    let may_batch = mode == Batch::Always || (mode == Batch::Auto && !lane.batches_are_given_up());
    let (batched, single): (Vec<_>, Vec<_>) = asks.into_iter().partition(|ask| may_batch && is_current(ask.object));
    // A batch of one is a single with a permission more.
    let (batched, single) = match batched.len() {
        1 if mode != Batch::Always => (Vec::new(), batched.into_iter().chain(single).collect()),
        _ => (batched, single),
    };
    let ((mut fetched, left), singly) =
        join(batch::fetch_all(lane, batched, mode, limits), one_by_one(lane, single, limits)).await;
    fetched.extend(singly);
    fetched.extend(one_by_one(lane, left, limits).await);
    fetched
}

/// Whether a batch, which has no field for versions, brings the version that is asked for.
fn is_current(secret: &SecretRef) -> bool {
    secret.version_id.is_none() && secret.version_stage.as_deref().is_none_or(|stage| stage == CURRENT)
}

async fn one_by_one(lane: &Lane, asks: Vec<Ask<'_, SecretRef>>, limits: Limits) -> Fetched {
    let calls = asks.into_iter().map(async |ask| (ask.index, single(lane, &ask, limits).await));
    stream::iter(calls).buffer_unordered(SINGLES_AT_ONCE).collect().await
}

async fn single(lane: &Lane, ask: &Ask<'_, SecretRef>, limits: Limits) -> Result<Item, Fault> {
    let (secret, region) = (ask.object, Some(lane.region.as_str()));
    let unasked = |cause: &str| Fault::new(GET, &secret.id, region, FaultClass::Outage, cause);
    lane.call(&lane.secrets, limits, unasked, async |clients| {
        let _permit = lane.singles.acquire().await;
        let request = clients.secrets.get_secret_value().secret_id(&secret.id);
        let request = request.set_version_id(secret.version_id.clone());
        let answer = request.set_version_stage(secret.version_stage.clone()).send().await;
        let answer = answer.map_err(|error| Fault::from_sdk(GET, &secret.id, region, &error));
        let request_id = match &answer {
            Ok(answer) => answer.request_id(),
            Err(fault) => fault.request_id(),
        };
        let call = Call { action: GET, object: ask.label, resource: &secret.id, region: &lane.region, request_id };
        lane.recorder.call(&call, answer.as_ref().map(drop));
        let answer = answer?;
        let request_id = answer.request_id().map(str::to_owned);
        // Whatever answers in the service's place, and has its certificate, has no secret of this name.
        if !is_named(&secret.id, answer.name().unwrap_or_default(), answer.arn().unwrap_or_default()) {
            let fault = Fault::new(GET, &secret.id, region, FaultClass::Outage, "the answer is not this secret's");
            return Err(fault.with_request_id(request_id.as_deref()));
        }
        let value = value(answer.secret_string, answer.secret_binary)
            .ok_or_else(|| valueless(&secret.id, &lane.region, request_id.as_deref()))?;
        Ok(Item {
            name: answer.name.unwrap_or_else(|| secret.id.clone()),
            value,
            version: answer.version_id.unwrap_or_default(),
            region: Some(lane.region.clone()),
            request_id,
            stands_in_for: None,
        })
    })
    .await
}

/// Whether an id as it was sent means the secret of this name and ARN. The ARN may be sent without its last six
/// characters.
fn is_named(id: &str, name: &str, arn: &str) -> bool {
    let is_suffix = |rest: &str| rest.len() == 7 && rest.starts_with('-');
    id == name || id == arn || (id.starts_with("arn:") && arn.strip_prefix(id).is_some_and(is_suffix))
}

/// The bytes of a secret: of a binary one as they are, for the SDK has decoded them.
fn value(string: Option<String>, binary: Option<Blob>) -> Option<Plaintext> {
    match (string, binary) {
        (Some(string), _) => Some(Plaintext::from_slice(string.as_bytes())),
        (None, Some(binary)) => Some(Plaintext::from_slice(binary.as_ref())),
        (None, None) => None,
    }
}

fn valueless(id: &str, region: &str, request_id: Option<&str>) -> Fault {
    Fault::new(GET, id, Some(region), FaultClass::Refused, "the answer holds no value")
        .with_request_id(request_id)
        .with_hint("put a value into the secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_recognised_in_answers_in_all_their_forms() {
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdE9";
        for id in ["prod/db", arn, &arn[..arn.len() - 7]] {
            assert!(is_named(id, "prod/db", arn), "{id}");
        }
        for id in ["prod/d", "prod/db-AbCdE9", &arn[..arn.len() - 6], &arn[..arn.len() - 1], ""] {
            assert!(!is_named(id, "prod/db", arn), "{id}");
        }
    }
}
