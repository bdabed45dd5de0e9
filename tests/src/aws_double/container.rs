//! The endpoint that gives containers their credentials: ECS' relative URI, and EKS Pod Identity's full one.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use super::credentials::{Credentials, Issued};
use super::error::ServiceError;
use super::kms::ACCOUNT;
use super::question::Question;
use super::world::lock;

/// What the endpoint gives to whom, as a test sets it up.
///
/// It answers at `/v2/credentials/…` (ECS) and `/v1/credentials` (EKS Pod Identity). A client finds it through
/// `AWS_CONTAINER_CREDENTIALS_FULL_URI`; `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` means 169.254.170.2.
pub struct Container {
    state: Mutex<State>,
}

struct State {
    role: String,
    lifetime: Duration,
    tokens: Option<BTreeSet<String>>,
}

impl Default for Container {
    fn default() -> Self {
        let lifetime = Duration::from_secs(6 * 3600);
        Self { state: Mutex::new(State { role: "task".to_owned(), lifetime, tokens: None }) }
    }
}

impl Container {
    /// The name of the role whose credentials are given; `task` unless set.
    pub fn set_role(&self, role: &str) {
        role.clone_into(&mut lock(&self.state).role);
    }

    /// The lifetime of credentials; six hours unless set.
    pub fn set_lifetime(&self, lifetime: Duration) {
        lock(&self.state).lifetime = lifetime;
    }

    /// Gives credentials only to requests with one of these tokens in `Authorization`; others are refused. Unless set,
    /// all are answered. Setting another token is how a rotated one is tested.
    pub fn require_tokens<'a>(&self, tokens: impl IntoIterator<Item = &'a str>) {
        lock(&self.state).tokens = Some(tokens.into_iter().map(str::to_owned).collect());
    }

    pub(super) fn handle(&self, question: &Question, credentials: &Credentials) -> Result<Value, ServiceError> {
        let state = lock(&self.state);
        let token = question.body["authorization"].as_str();
        let is_refused = |tokens: &BTreeSet<String>| !token.is_some_and(|token| tokens.contains(token));
        if state.tokens.as_ref().is_some_and(is_refused) {
            let message = "The authorization token is invalid or has expired.";
            return Err(ServiceError::new(400, "InvalidTokenException", message));
        }
        let principal = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{}/container", state.role);
        let issued = credentials.issue(&principal, state.lifetime);
        let Issued { access_key_id, secret_access_key, token, expiration } = issued;
        Ok(json!({
            "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/{}", state.role),
            "AccountId": ACCOUNT,
            "AccessKeyId": access_key_id,
            "SecretAccessKey": secret_access_key,
            "Token": token,
            "Expiration": expiration,
        }))
    }
}
