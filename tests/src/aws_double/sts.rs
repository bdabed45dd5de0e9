//! AWS STS: roles that are assumed, by other credentials or by the token of a service account.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};

use super::credentials::{Credentials, Issued};
use super::denials::Denials;
use super::error::ServiceError;
use super::kms::ACCOUNT;
use super::operation::Operation;
use super::question::Question;
use super::wire::parse;
use super::world::lock;

/// Lifetime of a session that a request says nothing of.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Roles and web identities, as a test sets them up: each role may be assumed, and no token is trusted.
#[derive(Default)]
pub struct Sts {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    denials: Denials,
    lifetime: Option<Duration>,
    web_identities: BTreeMap<String, WebIdentity>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WebIdentity {
    Trusted,
    Expired,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    duration_seconds: Option<String>,
    web_identity_token: Option<String>,
}

impl Sts {
    /// Trusts this token of a service account.
    pub fn trust(&self, token: &str) {
        lock(&self.state).web_identities.insert(token.to_owned(), WebIdentity::Trusted);
    }

    /// Refuses this token as expired from now on.
    pub fn expire(&self, token: &str) {
        lock(&self.state).web_identities.insert(token.to_owned(), WebIdentity::Expired);
    }

    /// The lifetime of sessions, whatever requests ask for; `None` lets them choose.
    pub fn set_lifetime(&self, lifetime: Option<Duration>) {
        lock(&self.state).lifetime = lifetime;
    }

    /// Denies `operation` on the role with this ARN, on those that begin with what stands before a final `*`, or on
    /// all.
    pub fn deny(&self, operation: Operation, role: Option<&str>) {
        lock(&self.state).denials.deny(operation, role);
    }

    /// Lifts all denials.
    pub fn allow_all(&self) {
        lock(&self.state).denials.allow_all();
    }

    pub(super) fn handle(&self, question: &Question, credentials: &Credentials) -> Result<Value, ServiceError> {
        if question.operation == Operation::GetCallerIdentity {
            return Ok(json!({ "Arn": question.caller, "UserId": "AIDATESTER", "Account": ACCOUNT }));
        }
        let input: AssumeRole = parse(&question.body)?;
        let state = lock(&self.state);
        let principal = assumed(&input.role_arn, &input.role_session_name)?;
        if question.operation == Operation::AssumeRoleWithWebIdentity {
            state.check(input.web_identity_token.as_deref())?;
        }
        state.denials.check(&question.caller, question.operation, Some(&input.role_arn))?;
        let lifetime = asked(input.duration_seconds.as_deref())?;
        let issued = credentials.issue(&principal, state.lifetime.unwrap_or(lifetime));
        let Issued { access_key_id, secret_access_key, token, expiration } = issued;
        Ok(json!({
            "AssumedRoleUser": { "Arn": principal, "AssumedRoleId": format!("AROATEST:{}", input.role_session_name) },
            "Credentials": {
                "AccessKeyId": access_key_id, "SecretAccessKey": secret_access_key, "SessionToken": token,
                "Expiration": expiration,
            },
        }))
    }
}

impl State {
    fn check(&self, token: Option<&str>) -> Result<(), ServiceError> {
        match token.and_then(|token| self.web_identities.get(token)) {
            Some(WebIdentity::Trusted) => Ok(()),
            Some(WebIdentity::Expired) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs());
                let message = format!(
                    "Token expired: current date/time {now} must be before the expiration date/time {}",
                    now.saturating_sub(60)
                );
                Err(ServiceError::new(400, "ExpiredTokenException", message))
            }
            None => {
                let message = "Couldn't retrieve verification key from your identity provider, please reference \
                               AssumeRoleWithWebIdentity documentation for requirements";
                Err(ServiceError::new(400, "InvalidIdentityToken", message))
            }
        }
    }
}

/// The ARN of a session of a role.
fn assumed(role: &str, session: &str) -> Result<String, ServiceError> {
    let invalid = |member: &str| {
        let message = format!("1 validation error detected: Value at '{member}' failed to satisfy constraint");
        ServiceError::new(400, "ValidationError", message)
    };
    let is_allowed = |char: char| char.is_ascii_alphanumeric() || "_+=,.@-".contains(char);
    if !(2..=64).contains(&session.len()) || !session.chars().all(is_allowed) {
        return Err(invalid("roleSessionName"));
    }
    let (account, path) = role
        .strip_prefix("arn:")
        .and_then(|rest| rest.split_once(":iam::"))
        .and_then(|(_partition, rest)| rest.split_once(":role/"))
        .ok_or_else(|| invalid("roleArn"))?;
    let name = path.rsplit('/').next().unwrap_or(path);
    Ok(format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"))
}

fn asked(seconds: Option<&str>) -> Result<Duration, ServiceError> {
    match seconds.map(str::parse) {
        None => Ok(LIFETIME),
        Some(Ok(seconds @ 900..=43_200)) => Ok(Duration::from_secs(seconds)),
        Some(_) => {
            let message = "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: \
                           Member must have value between 900 and 43200";
            Err(ServiceError::new(400, "ValidationError", message))
        }
    }
}
