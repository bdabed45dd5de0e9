//! The call to the Kubernetes API.

use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use kube::api::{GetParams, Request};
use kube::config::{Config, InferConfigError};
use sealkit_host::audit;
use sealkit_host::text::{error_chain, without_controls};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::rbac::{self, Subject};
use super::{ByNameError, failure};
use crate::failure::Failure;
use crate::spec::Spec;
use crate::spec::secret_provider_class::{self, GROUP, VERSIONS};

/// The longest answer that is read, in bytes: etcd takes 1.5 MiB.
const MAX_ANSWER: usize = 2 << 20;

/// How long one call may take, of which a second one may find another replica of the API.
const MAX_CALL: Duration = Duration::from_secs(10);

/// The first wait between calls; each is twice the one before, less a random part of up to a half.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(8);

/// From a kubeconfig, else from what each pod is given.
pub(super) async fn config(name: &str) -> Result<Config, Failure> {
    Config::infer().await.map_err(|error: InferConfigError| {
        failure(
            audit::Failure::Config,
            name,
            format!("no Kubernetes API is known: {}", error_chain(&error)),
            "run it in a pod with `automountServiceAccountToken: true`, set KUBECONFIG, or give the class as a file",
        )
    })
}

/// Reads a class from the API that `config` tells of.
pub(super) async fn read(
    mut config: Config,
    namespace: Option<&str>,
    name: &str,
    deadline: Instant,
) -> Result<Spec, ByNameError> {
    config.read_timeout = Some(MAX_CALL);
    config.write_timeout = Some(MAX_CALL);
    // A kubeconfig may end the name of its namespace in a newline, as files do.
    let namespace = namespace.unwrap_or(config.default_namespace.trim()).to_owned();
    let class = Class { object: format!("{namespace}/{name}"), namespace, name };
    class.check_names().map_err(ByNameError::Call)?;
    let server = config.cluster_url.to_string();
    let hint = "correct the kubeconfig, or the certificates of the service account";
    let unusable = |message: String| ByNameError::Call(class.failure(audit::Failure::Config, message, hint));
    let client = kube::Client::try_from(config).map_err(|error| match error {
        // Its words hold what an exec plugin printed.
        kube::Error::Auth(_) => {
            unusable("the kubeconfig's exec plugin, provider or token file gave no token".to_owned())
        }
        error => unusable(error_chain(&error)),
    })?;
    let document = class.get(&client, &server, deadline).await?;
    Ok(secret_provider_class::from_api(&format!("SecretProviderClass {}", class.object), &document)?)
}

/// The class that is asked for.
struct Class<'a> {
    namespace: String,
    name: &'a str,
    /// Both, as errors name it.
    object: String,
}

/// What the API said.
enum Answer {
    /// The object.
    Found(Value),
    /// It does not know the version of the API.
    NoSuchVersion,
    /// Nothing that lasts.
    Again(Failure),
}

impl Class<'_> {
    fn failure(&self, class: audit::Failure, message: impl AsRef<str>, hint: &str) -> Failure {
        failure(class, &self.object, without_controls(message.as_ref()), hint)
    }

    fn check_names(&self) -> Result<(), Failure> {
        for (what, text, most) in [("namespace", self.namespace.as_str(), 63), ("name", self.name, 253)] {
            if !is_subdomain(text, most) {
                let message = format!("{text:?} can't be the {what} of an object in Kubernetes");
                return Err(self.failure(audit::Failure::Config, message, "correct `--spec kube:`"));
            }
        }
        Ok(())
    }

    /// Asks until there is an answer, or the deadline is over.
    async fn get(&self, client: &kube::Client, server: &str, deadline: Instant) -> Result<Value, ByNameError> {
        let mut wait = FIRST_WAIT;
        loop {
            let failure = match self.ask(client, server, deadline).await? {
                Ok(document) => return Ok(document),
                Err(failure) => failure,
            };
            let next = Instant::now() + jittered(wait);
            if next >= deadline {
                return Err(ByNameError::Call(failure));
            }
            sleep_until(next).await;
            wait = (wait * 2).min(MAX_WAIT);
        }
    }

    /// Asks for each version once; the inner error is one that may pass.
    async fn ask(
        &self,
        client: &kube::Client,
        server: &str,
        deadline: Instant,
    ) -> Result<Result<Value, Failure>, ByNameError> {
        for version in VERSIONS {
            let call = self.call(client, server, version);
            let limit = deadline.min(Instant::now() + MAX_CALL);
            match tokio::time::timeout_at(limit, call).await {
                Ok(Ok(Answer::Found(document))) => return Ok(Ok(document)),
                Ok(Ok(Answer::NoSuchVersion)) => {}
                Ok(Ok(Answer::Again(failure))) => return Ok(Err(failure)),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Ok(Err(self.unreachable(server, "no answer in time"))),
            }
        }
        Err(ByNameError::Call(self.failure(
            audit::Failure::NotFound,
            format!("the Kubernetes API at {server} has no {GROUP}/{}", VERSIONS.join(" or ")),
            "install the driver's CustomResourceDefinitions, or give the class as a file",
        )))
    }

    async fn call(&self, client: &kube::Client, server: &str, version: &str) -> Result<Answer, ByNameError> {
        let path = format!("/apis/{GROUP}/{version}/namespaces/{}/secretproviderclasses", self.namespace);
        let internal = |error: &dyn std::error::Error| {
            ByNameError::Call(self.failure(audit::Failure::Internal, error_chain(error), ""))
        };
        let request = Request::new(path).get(self.name, &GetParams::default()).map_err(|error| internal(&error))?;
        let response = match client.send(request.map(kube::client::Body::from)).await {
            Ok(response) => response,
            Err(error @ kube::Error::Auth(_)) => {
                let hint = "correct the kubeconfig, or the service account's token";
                return Err(ByNameError::Call(self.failure(audit::Failure::ExpiredLogin, error_chain(&error), hint)));
            }
            Err(error) => return Ok(Answer::Again(self.unreachable(server, &error_chain(&error)))),
        };
        let status = response.status();
        let body = match Limited::new(response.into_body(), MAX_ANSWER).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                let message = format!("the API answered more than {MAX_ANSWER} bytes");
                return Err(ByNameError::Call(self.failure(audit::Failure::Refused, message, "")));
            }
            Err(error) => return Ok(Answer::Again(self.unreachable(server, &error_chain(error.as_ref())))),
        };
        let document: Option<Value> = serde_json::from_slice(&body).ok();
        if status.is_success() {
            return document.map(Answer::Found).ok_or_else(|| {
                let message = format!("what {server} answered is no JSON");
                ByNameError::Call(self.failure(audit::Failure::Refused, message, "is this the Kubernetes API?"))
            });
        }
        let said = document.as_ref().and_then(|it| it["message"].as_str()).unwrap_or_default();
        match status.as_u16() {
            401 => Err(ByNameError::Call(self.failure(
                audit::Failure::ExpiredLogin,
                "the Kubernetes API knows none of our credentials (401)",
                "check that the service account's token is mounted and not expired",
            ))),
            403 => Err(self.denied(said)),
            // A version that is not there gives a page that is no Status, or one that names no object.
            404 if document.as_ref().is_none_or(|it| it["details"]["name"].is_null()) => Ok(Answer::NoSuchVersion),
            404 => Err(ByNameError::Call(self.failure(
                audit::Failure::NotFound,
                "it does not exist",
                "correct `--spec kube:[NAMESPACE/]NAME`, or create it",
            ))),
            429 => Ok(Answer::Again(self.failure(
                audit::Failure::Throttled,
                "the Kubernetes API limits the rate (429)",
                "try again",
            ))),
            500.. => Ok(Answer::Again(self.unreachable(server, &format!("it answers {status} {said}")))),
            _ => Err(ByNameError::Call(self.failure(
                audit::Failure::Refused,
                format!("the Kubernetes API answers {status} {said}"),
                "",
            ))),
        }
    }

    fn denied(&self, said: &str) -> ByNameError {
        let subject = Subject::of_denial(said);
        let who = match &subject {
            Some(Subject::ServiceAccount { namespace, name }) => format!("the service account {namespace}/{name}"),
            Some(Subject::User(user)) => format!("the user {user}"),
            None => "this service account".to_owned(),
        };
        let failure = self.failure(
            audit::Failure::Denied,
            format!("{who} may not get it (403)"),
            &format!("permit it: `{}`", rbac::commands(&self.namespace, self.name, subject.as_ref())),
        );
        ByNameError::Denied { failure, rbac: rbac::manifests(&self.namespace, self.name, subject.as_ref()) }
    }

    fn unreachable(&self, server: &str, reason: &str) -> Failure {
        self.failure(
            audit::Failure::Outage,
            format!("the Kubernetes API at {server} is not there: {reason}"),
            "check the network policy and, in an init container, that it does not wait for a mesh's proxy",
        )
    }
}

/// Lower-case letters, digits, `-` and `.`, which neither begin nor end it: the names of Kubernetes, and nothing that a
/// path of a URL reads in another way.
fn is_subdomain(text: &str, most: usize) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !text.is_empty()
        && text.len() <= most
        && text.bytes().all(|byte| fits(byte) || byte == b'-' || byte == b'.')
        && text.split('.').all(|label| label.bytes().next().is_some_and(fits) && label.bytes().last().is_some_and(fits))
}

/// A wait between half of this and this, so that pods that start together do not ask together.
fn jittered(wait: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX);
    wait.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}
