//! The way of a request: what is read of it, recorded, delayed, refused, and answered.

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::DATE;
use hyper::{Request, Response};

use super::body::Answer;
use super::calls::Call;
use super::control;
use super::error::ServiceError;
use super::faults::Target;
use super::protocol::Protocol;
use super::question::Received;
use super::strike::{Closed, Outcome, Pen, strike};
use super::wire;
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
    let read = match &body {
        Ok(body) => Received::read(&head, body, world),
        Err(_) => Err((Protocol::of(&head), ServiceError::too_large())),
    };
    let (protocol, result) = match read {
        Ok(received) => (received.protocol, respond(received, &request_id, world).await?),
        Err((protocol, error)) => (protocol, Err(error)),
    };
    let (builder, answer) = result.unwrap_or_else(|error| {
        let (builder, body) = protocol.error(&error, world.error_form(), &request_id);
        (builder, Answer::whole(body))
    });
    Ok(builder
        .header("x-amzn-requestid", request_id)
        .header(DATE, world.clock.http_date())
        .body(answer)
        .expect("statuses and header values come from tables or tests that mean them"))
}

async fn respond(received: Received, request_id: &str, world: &World) -> Result<Outcome, Closed> {
    let Received { protocol, question, signature, user_agent } = received;
    let operation = question.operation;
    let names = question.names();
    let target = Target { operation, region: &question.region, names: &names };
    let _in_flight = world.calls.record(Call {
        operation,
        region: question.region.clone(),
        key_id: question.body["KeyId"].as_str().map(str::to_owned),
        names: names.clone(),
        context: serde_json::from_value(question.body["EncryptionContext"].clone()).unwrap_or_default(),
        user_agent,
        caller: question.caller.clone(),
        access_key_id: signature.as_ref().map(|it| it.access_key_id.clone()).unwrap_or_default(),
        request_id: request_id.to_owned(),
    });
    let latency = world.faults.latency(operation);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    if !world.faults.admit(&target) {
        return Ok(Err(ServiceError::throttled(operation.service())));
    }
    let signed = signature.as_ref().map_or(Ok(()), |signature| {
        world.clock.check(&signature.amz_date).and_then(|()| world.credentials.check(signature))
    });
    if let Err(error) = signed {
        return Ok(Err(error));
    }
    let pen = Pen { protocol, operation, request_id };
    let right = || world.answer(&question);
    match world.faults.strike(&target) {
        None => Ok(right().map(|value| pen.whole(&value))),
        Some(effect) => strike(effect, &pen, right).await,
    }
}
