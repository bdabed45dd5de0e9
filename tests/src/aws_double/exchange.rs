//! The way of a request: what is read of it, recorded, delayed, refused, and answered.

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::DATE;
use hyper::{Request, Response};
use serde_json::Value;

use super::body::Answer;
use super::calls::Call;
use super::control;
use super::error::ServiceError;
use super::faults::Target;
use super::strike::{Closed, Outcome, strike, whole};
use super::wire::{self, Head};
use super::world::World;

/// Bytes of a request that are read at most.
const MAX_REQUEST: usize = 1 << 20;

pub(super) async fn serve(request: Request<Incoming>, world: &World) -> Result<Response<Answer>, Closed> {
    let request_id = wire::uuid();
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_REQUEST).collect().await.map(http_body_util::Collected::to_bytes);
    if let (Some(path), Ok(body)) = (head.uri.path().strip_prefix(control::PREFIX), &body) {
        return Ok(control::serve(&head.method, path, body, world));
    }
    let result = match (Head::parse(&head.headers), body) {
        (Ok(head), Ok(body)) => respond(head, &body, &request_id, world).await?,
        (Err(error), _) => Err(error),
        (_, Err(_)) => Err(ServiceError::too_large()),
    };
    let (builder, answer) = result.unwrap_or_else(|error| {
        let (builder, body) = wire::error_answer(&error, world.error_form());
        (builder, Answer::whole(body))
    });
    Ok(builder
        .header("x-amzn-requestid", request_id)
        .header(DATE, world.clock.http_date())
        .body(answer)
        .expect("statuses and header values come from tables or tests that mean them"))
}

async fn respond(head: Head, body: &[u8], request_id: &str, world: &World) -> Result<Outcome, Closed> {
    let body: Value = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(cause) => return Ok(Err(ServiceError::serialization(&cause))),
    };
    let key_id = body["KeyId"].as_str();
    let target = Target { operation: head.operation, region: &head.region, key_id };
    let _in_flight = world.calls.record(Call {
        operation: head.operation,
        region: head.region.clone(),
        key_id: key_id.map(str::to_owned),
        context: serde_json::from_value(body["EncryptionContext"].clone()).unwrap_or_default(),
        user_agent: head.user_agent,
        access_key_id: head.access_key_id.clone(),
        request_id: request_id.to_owned(),
    });
    let latency = world.faults.latency(head.operation);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    if !world.faults.admit(&target) {
        return Ok(Err(ServiceError::throttled()));
    }
    let signed = world.clock.check(&head.amz_date).and_then(|()| world.credentials.check(&head.access_key_id));
    if let Err(error) = signed {
        return Ok(Err(error));
    }
    let right = || world.kms.handle(head.operation, &head.region, &body);
    match world.faults.strike(&target) {
        None => Ok(right().map(|value| whole(&value))),
        Some(effect) => strike(effect, right).await,
    }
}
