//! Parameters by name: GetParameters, ten a call.
//!
//! Answers come in any order and name a parameter in their own way, so each is told by name or ARN and by its
//! selector. One parameter is never asked for twice in one call, whatever the selectors: no document says what comes
//! back then.

use aws_sdk_ssm::operation::RequestId;
use aws_sdk_ssm::operation::get_parameters::GetParametersOutput;
use aws_sdk_ssm::types::Parameter;
use futures_util::{StreamExt, stream};
use sealkit_aws::{Fault, FaultClass};
use sealkit_envelope::Plaintext;

use super::Item;
use super::lane::Lane;
use super::limits::Limits;
use super::record::Call;
use super::route::Ask;
use super::secrets::Fetched;
use crate::spec::ParameterRef;

/// The IAM action. GetParameter, which would do for one, is an action of its own that policies often lack.
const GET: &str = "ssm:GetParameters";

/// The most names of a call.
const NAMES: usize = 10;

/// Calls that are under way at one time: the quota is 40 a second for all that an account reads.
const AT_ONCE: usize = 4;

/// Fetches parameters, decrypted.
pub(super) async fn fetch(lane: &Lane, asks: Vec<Ask<'_, ParameterRef>>, limits: Limits) -> Fetched {
    let (mut fetched, mut left) = (Vec::new(), Vec::new());
    let mut chunks = chunks(asks);
    // The first goes ahead alone: where many start together, most are refused, and each with one call instead of all.
    let others = chunks.split_off(chunks.len().min(1));
    for chunks in [chunks, others] {
        let (brought, rest) = in_chunks(lane, chunks, limits).await;
        fetched.extend(brought);
        left.extend(rest);
    }
    // One name that is denied fails the whole call, and the answer names only one of several: each by itself.
    let (singly, _) = in_chunks(lane, left.into_iter().map(|ask| vec![ask]).collect(), limits).await;
    fetched.extend(singly);
    fetched
}

type Chunk<'a> = Vec<Ask<'a, ParameterRef>>;

/// What each chunk brought, and those that have to be asked for one by one.
async fn in_chunks<'a>(lane: &Lane, chunks: Vec<Chunk<'a>>, limits: Limits) -> (Fetched, Chunk<'a>) {
    let calls = stream::iter(chunks.into_iter().map(|chunk| get(lane, chunk, limits)));
    let mut calls = std::pin::pin!(calls.buffer_unordered(AT_ONCE));
    let (mut fetched, mut left) = (Vec::new(), Vec::new());
    while let Some((brought, rest)) = calls.next().await {
        fetched.extend(brought);
        left.extend(rest);
    }
    (fetched, left)
}

/// Chunks of ten without two versions of one parameter.
fn chunks(asks: Chunk<'_>) -> Vec<Chunk<'_>> {
    let mut chunks: Vec<Chunk<'_>> = Vec::new();
    for ask in asks {
        let is_free = |chunk: &&mut Chunk<'_>| {
            chunk.len() < NAMES && chunk.iter().all(|it| bare(&it.object.name) != bare(&ask.object.name))
        };
        match chunks.iter_mut().find(is_free) {
            Some(chunk) => chunk.push(ask),
            None => chunks.push(vec![ask]),
        }
    }
    chunks
}

async fn get<'a>(lane: &Lane, chunk: Chunk<'a>, limits: Limits) -> (Fetched, Chunk<'a>) {
    let names: Vec<String> = chunk.iter().map(|ask| sent(ask.object)).collect();
    let object = chunk.iter().map(|ask| ask.label).collect::<Vec<_>>().join(", ");
    let (region, resource) = (Some(lane.region.as_str()), names.join(", "));
    let unasked = |cause: &str| Fault::new(GET, &resource, region, FaultClass::Outage, cause);
    let answer = lane.call(&lane.parameters, limits, unasked, async |clients| {
        let request = clients.parameters.get_parameters().set_names(Some(names.clone())).with_decryption(true);
        let answer = request.send().await.map_err(|error| Fault::from_sdk(GET, &resource, region, &error));
        let request_id = match &answer {
            Ok(answer) => answer.request_id(),
            Err(fault) => fault.request_id(),
        };
        let call = Call { action: GET, object: &object, resource: &resource, region: &lane.region, request_id };
        lane.recorder.call(&call, answer.as_ref().map(drop));
        answer
    });
    match answer.await {
        Ok(answer) => take(lane, chunk, answer),
        Err(fault) => failed(chunk, &fault),
    }
}

/// Gives each request its part of the answer.
fn take<'a>(lane: &Lane, mut chunk: Chunk<'a>, answer: GetParametersOutput) -> (Fetched, Chunk<'a>) {
    let request_id = answer.request_id().map(str::to_owned);
    let mut fetched = Vec::with_capacity(chunk.len());
    for parameter in answer.parameters.unwrap_or_default() {
        let Some(at) = chunk.iter().position(|ask| is_meant(ask.object, &parameter)) else { continue };
        if let Some(item) = item(lane, parameter, request_id.as_deref()) {
            fetched.push((chunk.swap_remove(at).index, Ok(item)));
        }
    }
    let fault = |ask: &Ask<'_, ParameterRef>, class, cause| {
        let fault = Fault::new(GET, &sent(ask.object), Some(&lane.region), class, cause);
        fault.with_request_id(request_id.as_deref())
    };
    let invalid = answer.invalid_parameters.unwrap_or_default();
    for ask in chunk.extract_if(.., |ask| invalid.iter().any(|name| *name == sent(ask.object))) {
        let cause = "there is no parameter of this name, or none with this version or label (InvalidParameters)";
        fetched.push((ask.index, Err(fault(&ask, FaultClass::Absent, cause))));
    }
    if fetched.is_empty() {
        // Nothing would change if it were asked for once more.
        let lost = chunk.drain(..);
        fetched.extend(lost.map(|ask| (ask.index, Err(fault(&ask, FaultClass::Outage, "the answer leaves it out")))));
    }
    (fetched, chunk)
}

/// What becomes of a call that failed: each name by itself, if the failure may be that of another one.
fn failed<'a>(chunk: Chunk<'a>, fault: &Fault) -> (Fetched, Chunk<'a>) {
    use FaultClass::{Absent, Denied, Refused, Revoked};
    if chunk.len() > 1 && matches!(fault.class(), Absent | Denied | Refused | Revoked) {
        return (Vec::new(), chunk);
    }
    (chunk.iter().map(|ask| (ask.index, Err(fault.clone()))).collect(), Vec::new())
}

/// What a parameter of an answer is to us; none without a value, which no parameter is.
pub(super) fn item(lane: &Lane, parameter: Parameter, request_id: Option<&str>) -> Option<Item> {
    let Parameter { name, value, version, source_result, .. } = parameter;
    let (name, value) = (name?, Plaintext::from_slice(value?.as_bytes()));
    let version = source_result.as_deref().and_then(version_of_secret).unwrap_or_else(|| version.to_string());
    Some(Item {
        name,
        value,
        version,
        region: Some(lane.region.clone()),
        request_id: request_id.map(str::to_owned),
        stands_in_for: None,
    })
}

/// The version of the secret that a reference led to; the parameter itself has none.
fn version_of_secret(source_result: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct SourceResult {
        #[serde(rename = "versionId")]
        version_id: String,
    }
    serde_json::from_str(source_result).ok().map(|it: SourceResult| it.version_id)
}

/// The name with its selector, as it is sent.
fn sent(parameter: &ParameterRef) -> String {
    match &parameter.selector {
        Some(selector) => format!("{}:{selector}", parameter.name),
        None => parameter.name.clone(),
    }
}

/// The name without what an ARN puts before it, and without its first slash, which an ARN does not tell.
pub(super) fn bare(name: &str) -> &str {
    let of_arn = name.starts_with("arn:").then(|| name.splitn(6, ':').nth(5)).flatten();
    let name = of_arn.and_then(|resource| resource.strip_prefix("parameter")).unwrap_or(name);
    name.strip_prefix('/').unwrap_or(name)
}

/// Whether an answer is what was asked for. Parameters of other accounts are named by ARN in one or both.
fn is_meant(asked: &ParameterRef, answered: &Parameter) -> bool {
    let (name, arn) = (answered.name().unwrap_or_default(), answered.arn().unwrap_or_default());
    // It is written with its colon. Emulators leave it out: then a number is proven by the version, a label by nothing.
    let selector = answered.selector().map(|selector| selector.trim_start_matches(':'));
    let is_selected = match (asked.selector.as_deref(), selector) {
        (Some(asked), None) => asked == answered.version().to_string(),
        (asked, answered) => asked.unwrap_or_default() == answered.unwrap_or_default(),
    };
    is_selected && (asked.name == name || asked.name == arn || bare(&asked.name) == bare(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, selector: Option<&str>) -> ParameterRef {
        ParameterRef { name: name.to_owned(), selector: selector.map(str::to_owned) }
    }

    const ARN: &str = "arn:aws:ssm:eu-west-1:111122223333:parameter/prod/token";

    #[test]
    fn answers_are_told_by_name_or_arn_and_by_selector() {
        let answer = |selector: Option<&str>| {
            let answer = Parameter::builder().name("/prod/token").arn(ARN).version(3);
            answer.set_selector(selector.map(str::to_owned)).build()
        };
        for name in ["/prod/token", ARN] {
            assert!(is_meant(&parameter(name, None), &answer(None)), "{name}");
            assert!(is_meant(&parameter(name, Some("3")), &answer(Some(":3"))), "{name}");
            assert!(!is_meant(&parameter(name, Some("prod")), &answer(Some(":3"))), "{name}");
            assert!(!is_meant(&parameter(name, None), &answer(Some(":3"))), "{name}");
            assert!(is_meant(&parameter(name, Some("3")), &answer(None)), "{name}");
            assert!(!is_meant(&parameter(name, Some("2")), &answer(None)), "{name}");
            assert!(!is_meant(&parameter(name, Some("prod")), &answer(None)), "{name}");
        }
        assert!(!is_meant(&parameter("/prod/toke", None), &answer(None)));
        let without_path = Parameter::builder().name("token").build();
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/token";
        assert!(is_meant(&parameter(arn, None), &without_path));
    }

    #[test]
    fn versions_of_one_parameter_go_into_different_calls_and_fill_them() {
        let mut wanted: Vec<_> = (0..21).map(|n| parameter(&format!("/p/{n}"), None)).collect();
        wanted.push(parameter("/p/0", Some("previous")));
        wanted.push(parameter("arn:aws:ssm:eu-west-1:111122223333:parameter/p/0", Some("next")));
        let asks = wanted.iter().enumerate().map(|(index, object)| Ask { index, object, label: "" });
        let lengths: Vec<_> = chunks(asks.collect()).iter().map(Vec::len).collect();
        assert_eq!(lengths, [10, 10, 2, 1]);
    }

    #[test]
    fn a_reference_has_the_version_of_its_secret() {
        let result = r#"{"ARN":"arn:…","name":"db","versionId":"0b1c","versionStages":["AWSCURRENT"]}"#;
        assert_eq!(version_of_secret(result).as_deref(), Some("0b1c"));
        assert_eq!(version_of_secret("null"), None);
    }
}
