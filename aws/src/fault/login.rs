//! Why there are no credentials to sign with, and how to get some.

use std::error::Error;
use std::fmt;
use std::io;

use aws_config::imds::client::error::ImdsError;
use aws_credential_types::provider::error::CredentialsError;

use super::chain::{self, AnyError, links};
use super::{FaultClass, Finding, NoLogin, answer};
use crate::credentials::CredentialsSource;
use crate::http::Unreached;
use crate::profile::Profile;
use crate::proxy::is_always_direct;

/// What is known about where the credentials should come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Login {
    /// The selected profile.
    pub(crate) profile: Option<String>,
    /// The profile to log in to IAM Identity Center with, where credentials come from there.
    pub(crate) sso_profile: Option<String>,
    /// Whether a program that the profile names makes them.
    pub(crate) runs_process: bool,
    /// Where they are looked for at all.
    pub(crate) source: CredentialsSource,
}

impl Login {
    /// What the selected profile tells.
    pub(crate) fn of(profile: &Profile, source: CredentialsSource) -> Self {
        Self {
            source,
            profile: Some(profile.name().to_owned()),
            sso_profile: profile.sso_profile().map(str::to_owned),
            runs_process: profile.runs_process(),
        }
    }

    fn profile(&self) -> &str {
        self.profile.as_deref().unwrap_or("NAME")
    }
}

/// An explained failure, carried through the SDK to where a fault is made of it.
#[derive(Clone, Debug)]
pub(crate) struct LoginFailure(Finding);

impl LoginFailure {
    /// Whether the next call would have the same answer: a policy, a profile or the lack of either, rather than a
    /// network or a token.
    pub(crate) fn is_an_answer(&self) -> bool {
        matches!(self.0.class, FaultClass::Denied | FaultClass::NoCredentials | FaultClass::Misconfigured)
    }

    pub(super) fn finding(&self) -> Finding {
        self.0.clone()
    }
}

impl fmt::Display for LoginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.cause)
    }
}

impl Error for LoginFailure {}

/// Credentials with characters that no header takes.
pub(crate) fn unsendable() -> LoginFailure {
    let cause = "the AWS credentials can't be sent: the access key id or the session token has a blank, a line break or \
                 another character that is none of theirs";
    LoginFailure(Finding::new(FaultClass::Misconfigured, cause).with_hint(
        "correct AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN, the profile, or what else gives them; `echo` adds a line break",
    ))
}

/// Explains an error of the SDK's credential chain.
pub(crate) fn explain(error: &CredentialsError, login: &Login) -> LoginFailure {
    LoginFailure(find(error, login))
}

/// Finds the credentials' part in an error of a call.
pub(super) fn in_call(error: &AnyError) -> Option<Finding> {
    let mut finding = in_any_call(error)?;
    finding.login.get_or_insert(NoLogin::Unanswered);
    Some(finding)
}

fn in_any_call(error: &AnyError) -> Option<Finding> {
    if let Some(failure) = links(error).find_map(|link| link.downcast_ref::<LoginFailure>()) {
        return Some(failure.finding());
    }
    if let Some(error) = links(error).find_map(|link| link.downcast_ref::<CredentialsError>()) {
        return Some(find(error, &Login::default()));
    }
    // The cache's own time-out has no public type.
    let slow = links(error).any(|link| link.to_string().starts_with("identity resolver timed out"));
    slow.then(too_slow)
}

fn too_slow() -> Finding {
    let cause = "the source of the credentials did not answer in time";
    Finding::new(FaultClass::Outage, cause)
        .with_hint("check the credential process, the metadata service or the path to STS")
}

fn find(error: &CredentialsError, login: &Login) -> Finding {
    // A role is assumed with other credentials, which are explained already.
    if let Some(failure) = links(error).find_map(|link| link.downcast_ref::<LoginFailure>()) {
        return failure.finding();
    }
    match error {
        CredentialsError::CredentialsNotLoaded(_) => return none(login),
        CredentialsError::ProviderTimedOut(_) => return too_slow(),
        _ => {}
    }
    let imds = links(error).find_map(|link| link.downcast_ref::<ImdsError>());
    if let Some(ImdsError::FailedToLoadToken(_)) = imds {
        // The last resort of the chain: switched off, or something else answers at its address.
        return none(login);
    }
    if let Some(answer) = answer::find(error) {
        return from_answer(&answer, login);
    }
    if let Some(finding) = chain::connection(error) {
        return from_silence(error, finding);
    }
    if login.sso_profile.is_some() {
        return expired_sso(login);
    }
    let text = chain::root(error);
    if login.runs_process && text.contains("external process") {
        let profile = login.profile();
        let cause = format!("the credential_process of profile {profile} gave no credentials");
        // Its error output is left out: nobody promised that it holds no secret.
        return Finding::new(FaultClass::ExpiredLogin, cause).with_hint(format!(
            "run it by hand to see why (`aws configure get credential_process --profile {profile}`)"
        ));
    }
    if let CredentialsError::InvalidConfiguration(_) = error {
        return from_settings(&text, login);
    }
    if let Some(io) = links(error).find_map(|link| link.downcast_ref::<io::Error>()) {
        let cause = format!("a file that the credentials come from cannot be read: {io}");
        return Finding::new(FaultClass::Misconfigured, cause).with_hint(
            "check AWS_WEB_IDENTITY_TOKEN_FILE, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and the \
             files that the profile names",
        );
    }
    from_endpoint(&text)
}

/// No answer from STS, IAM Identity Center or an endpoint of the host.
fn from_silence(error: &AnyError, finding: Finding) -> Finding {
    let cause = format!("the source of the credentials gave no answer: {}", finding.cause);
    let finding = Finding { cause, ..finding };
    let host = links(error).find_map(|link| link.downcast_ref::<Unreached>()).map(|it| it.host.as_str());
    if host.is_some_and(is_always_direct) {
        return finding.with_hint(
            "check what gives this container, pod or instance its credentials (the ECS agent, the EKS Pod Identity \
             agent, the metadata service) and that the network lets it be reached",
        );
    }
    finding
}

/// A profile or a variable that names a source which cannot be used.
fn from_settings(text: &str, login: &Login) -> Finding {
    if text.contains("login session") {
        // Reading these would bring a second P-256, SHA-2 and random number generator, all of older
        // versions than those that the envelope uses.
        let profile = login.profile();
        let cause = format!("profile {profile} has its credentials from `aws login`, which is not read here");
        return Finding::new(FaultClass::Misconfigured, cause).with_hint(format!(
            "let the AWS CLI hand them over: in another profile, `credential_process = aws configure \
             export-credentials --profile {profile} --format process`"
        ));
    }
    let cause = format!("the settings for credentials cannot be used: {text}");
    Finding::new(FaultClass::Misconfigured, cause)
}

/// An answer of the HTTP endpoint that containers and instances get credentials from.
fn from_endpoint(text: &str) -> Finding {
    let cause = "the source of the credentials refused to give any";
    let Some((_, status)) = text.split_once("StatusCode(") else {
        return Finding::new(FaultClass::ExpiredLogin, cause);
    };
    let status = status.trim_end_matches(')');
    let class = if status.starts_with('5') { FaultClass::Outage } else { FaultClass::ExpiredLogin };
    Finding::new(class, format!("{cause} (HTTP {status})"))
        .with_hint("check the role of the task, pod or instance and the container's token")
}

fn none(login: &Login) -> Finding {
    let finding = Finding::new(FaultClass::NoCredentials, "no AWS credentials were found");
    match (login.source, &login.sso_profile) {
        (CredentialsSource::WebIdentity, _) => finding.with_hint(
            "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are not set, and nothing else is asked: annotate the service \
             account with eks.amazonaws.com/role-arn and start the pod again",
        ),
        (CredentialsSource::Container { .. }, _) => finding.with_hint(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set, and nothing else is asked: associate the service account \
             with a role (`aws eks create-pod-identity-association`) and start the pod again",
        ),
        (CredentialsSource::Chain, Some(profile)) => {
            finding.with_hint(format!("log in: `aws sso login --profile {profile}`"))
        }
        (CredentialsSource::Chain, None) => finding,
    }
}

fn expired_sso(login: &Login) -> Finding {
    let profile = login.sso_profile.as_deref().unwrap_or("NAME");
    Finding::new(FaultClass::ExpiredLogin, format!("the SSO login of profile {profile} has expired or was never made"))
        .with_hint(format!("log in: `aws sso login --profile {profile}`"))
}

fn from_answer(answer: &answer::Answer, login: &Login) -> Finding {
    let finding = &answer.finding;
    if finding.class == FaultClass::ExpiredLogin && login.sso_profile.is_some() {
        return expired_sso(login);
    }
    let cause = format!("no credentials, for {} failed: {}", answer.action, finding.cause);
    let refused = NoLogin::Refused { action: answer.action, request_id: answer.request_id.clone() };
    let explained = Finding { cause, login: Some(refused), ..finding.clone() };
    match (finding.class, answer.action) {
        (FaultClass::Denied, "sso:GetRoleCredentials") => {
            explained.with_hint("ask for the profile's permission set to be assigned in that account, or name another")
        }
        (FaultClass::Denied, action) => {
            explained.with_hint(format!("allow {action} in the role's trust policy and in the caller's IAM policy"))
        }
        _ => explained,
    }
}
