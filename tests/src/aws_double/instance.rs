//! The instance metadata service, version 2: a token, the Region, and the credentials of the instance's role.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use super::credentials::{Credentials, Issued};
use super::error::ServiceError;
use super::kms::ACCOUNT;
use super::question::Question;
use super::wire;
use super::world::lock;

/// What the instance is, as a test sets it up. A client finds it through `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
pub struct Instance {
    state: Mutex<State>,
}

struct State {
    region: String,
    role: Option<String>,
    lifetime: Duration,
    tokens: BTreeSet<String>,
}

impl Default for Instance {
    fn default() -> Self {
        let (region, role) = ("us-east-1".to_owned(), Some("node".to_owned()));
        let lifetime = Duration::from_secs(6 * 3600);
        Self { state: Mutex::new(State { region, role, lifetime, tokens: BTreeSet::new() }) }
    }
}

impl Instance {
    /// The Region; us-east-1 unless set.
    pub fn set_region(&self, region: &str) {
        region.clone_into(&mut lock(&self.state).region);
    }

    /// The name of the instance's role, `node` unless set; none for an instance without one.
    pub fn set_role(&self, role: Option<&str>) {
        lock(&self.state).role = role.map(str::to_owned);
    }

    pub(super) fn handle(&self, question: &Question, credentials: &Credentials) -> Result<Value, ServiceError> {
        let mut state = lock(&self.state);
        let text = |member: &str| question.body[member].as_str().unwrap_or_default();
        let path = text("path").strip_prefix("/latest/").unwrap_or_default();
        if (text("method"), path) == ("PUT", "api/token") {
            let token = wire::uuid();
            state.tokens.insert(token.clone());
            return Ok(Value::from(token));
        }
        if !state.tokens.contains(text("token")) {
            return Err(ServiceError::new(401, "Unauthorized", ""));
        }
        let absent = || ServiceError::new(404, "Not Found", "");
        match path.trim_end_matches('/') {
            "meta-data/placement/region" => Ok(Value::from(state.region.as_str())),
            "meta-data/iam/security-credentials" => state.role.as_deref().map(Value::from).ok_or_else(absent),
            of_role => {
                let role = of_role.strip_prefix("meta-data/iam/security-credentials/").ok_or_else(absent)?;
                state.role.as_deref().filter(|name| *name == role).ok_or_else(absent)?;
                let principal = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/instance");
                Ok(given(credentials.issue(&principal, state.lifetime)))
            }
        }
    }
}

fn given(issued: Issued) -> Value {
    let Issued { access_key_id, secret_access_key, token, expiration } = issued;
    json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z", "AccessKeyId": access_key_id,
        "SecretAccessKey": secret_access_key, "Token": token, "Expiration": expiration,
    })
}
