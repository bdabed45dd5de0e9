//! Control over HTTP, for tests that are no Rust: shell scripts, Go and other SDKs.
//!
//! Bodies are JSON. An answer is 204, 200 with JSON, or 400 with the mistake as text; a mistake changes nothing.
//! The Region of secrets and parameters is us-east-1 unless `"region"` says otherwise.
//!
//! | request | does |
//! |---|---|
//! | `GET /_double/calls` | counts: `{"Decrypt": {"us-east-1": 3}}` |
//! | `GET /_double/peak` | the most requests that were being answered at one time: `7` |
//! | `DELETE /_double/calls` | forgets counts, peak and log |
//! | `POST /_double/faults` | adds a rule: `{"effect": {"Status": 503}, "operation": "Decrypt", "times": 2}`, or `{"effect": "Silence"}` |
//! | `DELETE /_double/faults` | removes all rules |
//! | `POST /_double/latency` | `{"milliseconds": 50}`, of all operations or of one: `"operation": "Decrypt"` |
//! | `POST /_double/rate` | `{"operation": "Decrypt", "per_second": 100}`; no limit without `per_second` |
//! | `POST /_double/keys` | `{"key": ARN}`: creates it |
//! | `DELETE /_double/keys` | `{"key": ARN}`: removes it, as after its waiting period |
//! | `POST /_double/state` | `{"key": ARN, "state": "Disabled"}`; `Enabled`, `PendingDeletion`, `PendingImport`, `Unavailable` |
//! | `POST /_double/rotate` | `{"key": ARN}`: new key material |
//! | `GET /_double/materials` | all keys' material ids, oldest first: `{ARN: [ID, ID]}` |
//! | `POST /_double/alias` | `{"name": "alias/app", "key": ARN}`: creates or moves it |
//! | `POST /_double/lag` | `{"percent": 30, "milliseconds": 2000, "calls": 100}`: how late later rotations and moves are seen |
//! | `DELETE /_double/lag` | at once |
//! | `POST /_double/pages` | `{"length": 1, "empty": true}`: entries of a page, wherever there are pages, and whether an empty one comes before each |
//! | `POST /_double/deny` | `{"operation": "Encrypt", "key": ARN}`; on all keys without `key`. For other services `"resource": ARN`, where a final `*` stands for any end |
//! | `DELETE /_double/deny` | lifts all denials |
//! | `POST /_double/secrets` | `{"name": "db", "value": "text"}` or `"base64"`; also `kms_key`, `description`, `tags`. Answers `{"ARN": ARN}` |
//! | `DELETE /_double/secrets` | `ARN`: removes the secret |
//! | `POST /_double/versions` | `{"arn": ARN, "value": "text", "stages": ["AWSPENDING"]}`; AWSCURRENT unless given. Answers `{"VersionId": ID}` |
//! | `POST /_double/stages` | `{"arn": ARN, "stage": "AWSCURRENT", "version": ID}`: moves it |
//! | `POST /_double/deletions` | `{"arn": ARN, "deleted": true}`: marks for deletion, or restores |
//! | `POST /_double/parameters` | `{"name": "/a", "value": "text", "type": "SecureString", "labels": ["live"]}`; also `kms_key`. Answers `{"Version": 1}` |
//! | `DELETE /_double/parameters` | `{"name": "/a"}` |
//! | `POST /_double/web-identities` | `{"token": "t", "expired": false}`: trusts the token, or has it expired |
//! | `POST /_double/container` | `{"tokens": ["t"], "lifetime_seconds": 900, "role": "task"}`: who gets which credentials |
//! | `POST /_double/expired` | `"Everybody"`, `"Nobody"` or `{"AccessKeys": ["AKID"]}`: ExpiredTokenException |

mod seed;

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::{Method, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::body::Answer;
use super::credentials::Expired;
use super::faults::FaultRule;
use super::kms::{KeyState, Lag};
use super::operation::Operation;
use super::pages::Pages;
use super::world::World;

pub(super) const PREFIX: &str = "/_double/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetState {
    key: String,
    state: KeyState,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetAlias {
    name: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deny {
    operation: Operation,
    #[serde(alias = "resource")]
    key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    operation: Option<Operation>,
    milliseconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    operation: Operation,
    per_second: Option<u32>,
}

/// What a control that did its work answers.
enum Done {
    Nothing,
    Answer(Value),
}

pub(super) fn serve(method: &Method, path: &str, body: &[u8], world: &World) -> Response<Answer> {
    let done = match (method.as_str(), path) {
        ("GET", "calls") => return reply(200, counts(world)),
        ("GET", "peak") => return reply(200, format!("{}\n", world.calls.peak_in_flight())),
        ("GET", "materials") => return reply(200, format!("{}\n", json!(world.kms.all_materials()))),
        ("DELETE", "calls") => done(|| world.calls.reset()),
        ("POST", "faults") => with(body, |rule: FaultRule| world.faults.inject(rule)),
        ("DELETE", "faults") => done(|| world.faults.clear()),
        ("POST", "latency") => with(body, |set: Latency| {
            world.faults.set_latency(set.operation, Duration::from_millis(set.milliseconds));
        }),
        ("POST", "rate") => with(body, |set: Rate| world.faults.set_rate_limit(set.operation, set.per_second)),
        ("POST", "lag") => with(body, |lag: Lag| world.kms.set_lag(Some(lag))),
        ("DELETE", "lag") => done(|| world.kms.set_lag(None)),
        ("POST", "pages") => with(body, |pages: Pages| world.set_pages(pages)),
        ("POST", "deny") => with(body, |deny: Deny| world.deny(deny.operation, deny.key.as_deref())),
        ("DELETE", "deny") => done(|| world.allow_all()),
        ("POST", "expired") => with(body, |expired: Expired| world.credentials.set_expired(expired)),
        ("POST", "keys") => parse(body).and_then(|Named { key }| world.kms.try_seed_key(&key)),
        ("DELETE", "keys") => with(body, |Named { key }| world.kms.delete(&key)),
        ("POST", "state") => parse(body).and_then(|SetState { key, state }| world.kms.try_set_state(&key, state)),
        ("POST", "rotate") => parse(body).and_then(|Named { key }| world.kms.try_rotate(&key).map(drop)),
        ("POST", "alias") => {
            parse(body).and_then(|SetAlias { name, key }| world.kms.try_set_alias(&name, &key).map(drop))
        }
        (method, path) => match seed::serve(method, path, body, world) {
            None => return reply(404, format!("no such control: {method} {path}\n")),
            Some(Ok(Done::Answer(answer))) => return reply(200, format!("{answer}\n")),
            Some(done) => done.map(drop),
        },
    };
    match done {
        Ok(()) => reply(204, String::new()),
        Err(mistake) => reply(400, format!("{mistake}\n")),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn with<T: DeserializeOwned>(body: &[u8], act: impl FnOnce(T)) -> Result<(), String> {
    parse(body).map(act)
}

fn done(act: impl FnOnce()) -> Result<(), String> {
    act();
    Ok(())
}

fn counts(world: &World) -> String {
    let mut by_operation: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
    for ((operation, region), count) in world.calls.counts() {
        by_operation.entry(operation.name()).or_default().insert(region, count);
    }
    format!("{}\n", json!(by_operation))
}

fn reply(status: u16, body: String) -> Response<Answer> {
    Response::builder().status(status).body(Answer::whole(body)).expect("the status is valid")
}
