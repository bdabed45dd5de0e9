//! A request as any of the protocols brings it.

use hyper::http::request::Parts;
use serde_json::Value;

use super::error::ServiceError;
use super::operation::Operation;
use super::protocol::Protocol;
use super::world::World;
use super::{metadata, query, wire};

/// What a request asks.
#[derive(Clone)]
pub(super) struct Question {
    pub(super) operation: Operation,
    /// The Region that it is signed for; empty where it is not signed.
    pub(super) region: String,
    /// The ARN of the principal.
    pub(super) caller: String,
    /// Its members; those of the Query protocol, and what container and instance endpoints look at, are text.
    pub(super) body: Value,
}

/// Who signed a request, and when.
pub(super) struct Signature {
    pub(super) access_key_id: String,
    pub(super) session_token: Option<String>,
    pub(super) amz_date: String,
}

/// A request that was understood.
pub(super) struct Received {
    pub(super) protocol: Protocol,
    pub(super) question: Question,
    pub(super) signature: Option<Signature>,
    pub(super) user_agent: String,
}

/// Members whose text, or whose list of texts, names what the request is about.
const NAMES: [&str; 8] = ["KeyId", "SecretId", "SecretIdList", "Name", "Names", "Path", "RoleArn", "path"];

impl Received {
    /// Reads a request. The protocol is known even if nothing else is right, for the answer must be in it.
    pub(super) fn read(head: &Parts, body: &[u8], world: &World) -> Result<Self, (Protocol, ServiceError)> {
        let protocol = Protocol::of(head);
        let read = match protocol {
            Protocol::Json(_) => wire::read(head, body),
            Protocol::Query => query::read(head, body),
            Protocol::Plain => metadata::read(head),
        };
        let (operation, signed, body) = read.map_err(|error| (protocol, error))?;
        let (region, signature) = match signed {
            Some((region, signature)) => (region, Some(signature)),
            None => (String::new(), None),
        };
        let caller = world.credentials.principal(signature.as_ref().map(|signature| signature.access_key_id.as_str()));
        let user_agent = wire::text(&head.headers, "user-agent").unwrap_or_default().to_owned();
        Ok(Self { protocol, question: Question { operation, region, caller, body }, signature, user_agent })
    }
}

impl Question {
    /// What the request names, as sent.
    pub(super) fn names(&self) -> Vec<String> {
        let texts = |member: &Value| match member {
            Value::String(text) => vec![text.clone()],
            Value::Array(texts) => texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        NAMES.iter().flat_map(|member| texts(&self.body[member])).collect()
    }
}
