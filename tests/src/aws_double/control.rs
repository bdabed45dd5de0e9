//! Control over HTTP, for tests that are no Rust: shell scripts and other SDKs.
//!
//! | request | does |
//! |---|---|
//! | `GET /_double/calls` | counts: `{"Decrypt": {"us-east-1": 3}}` |
//! | `DELETE /_double/calls` | forgets counts and log |
//! | `POST /_double/faults` | adds a rule: `{"effect": {"Status": 503}, "operation": "Decrypt", "times": 2}` |
//! | `DELETE /_double/faults` | removes all rules |
//! | `POST /_double/state` | `{"key": ARN, "state": "Disabled"}` |

use std::collections::BTreeMap;

use hyper::{Method, Response};
use serde::Deserialize;
use serde_json::json;

use super::body::Answer;
use super::faults::FaultRule;
use super::kms::KeyState;
use super::world::World;

pub(super) const PREFIX: &str = "/_double/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetState {
    key: String,
    state: KeyState,
}

pub(super) fn serve(method: &Method, path: &str, body: &[u8], world: &World) -> Response<Answer> {
    let done = match (method, path) {
        (&Method::GET, "calls") => return reply(200, counts(world)),
        (&Method::DELETE, "calls") => {
            world.calls.reset();
            Ok(())
        }
        (&Method::POST, "faults") => serde_json::from_slice::<FaultRule>(body).map(|rule| world.faults.inject(rule)),
        (&Method::DELETE, "faults") => {
            world.faults.clear();
            Ok(())
        }
        (&Method::POST, "state") => {
            serde_json::from_slice::<SetState>(body).map(|set| world.kms.set_state(&set.key, set.state))
        }
        _ => return reply(404, format!("no such control: {method} {path}\n")),
    };
    match done {
        Ok(()) => reply(204, String::new()),
        Err(error) => reply(400, format!("{error}\n")),
    }
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
