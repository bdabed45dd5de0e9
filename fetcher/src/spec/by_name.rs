//! A SecretProviderClass by name, from the Kubernetes API.
//!
//! One GET with the pod's service account, or with a kubeconfig where there is one. It needs the permission to read
//! that one object; where that is missing, the error prints the Role and the RoleBinding.

#[cfg(feature = "kube")]
mod api;
#[cfg(feature = "kube")]
mod rbac;

use std::fmt;

use sealkit_host::audit;
use sealkit_host::exit::Exit;
use tokio::time::Instant;

use super::{Spec, SpecErrors};
use crate::failure::Failure;

/// Why a class was not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ByNameError {
    /// The API did not give it.
    Call(Failure),
    /// The API forbade it.
    Denied {
        /// What was forbidden, and to whom.
        failure: Failure,
        /// The manifests that permit it, as YAML.
        rbac: String,
    },
    /// It was read, and says something wrong.
    Spec(SpecErrors),
}

impl ByNameError {
    /// The failure of the run, unless it is the mistakes of a specification.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Call(failure) | Self::Denied { failure, .. } => Some(failure),
            Self::Spec(_) => None,
        }
    }

    /// The exit code of a run that ends with it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Call(failure) | Self::Denied { failure, .. } => failure.exit(),
            Self::Spec(_) => Exit::Config,
        }
    }
}

impl fmt::Display for ByNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(failure) => write!(f, "{failure}"),
            Self::Denied { failure, rbac } => write!(f, "{failure}\nor apply:\n{rbac}"),
            Self::Spec(errors) => write!(f, "{errors}"),
        }
    }
}

impl std::error::Error for ByNameError {}

impl From<SpecErrors> for ByNameError {
    fn from(errors: SpecErrors) -> Self {
        Self::Spec(errors)
    }
}

/// Reads the class `name` of `namespace`, which is the pod's own, or the kubeconfig's, where it is absent.
///
/// An outage and throttling are waited out until `deadline`.
///
/// # Errors
/// If the names can't be names, no API is known or reached, it does not give the class, or the class is wrong.
#[cfg(feature = "kube")]
pub async fn read(namespace: Option<&str>, name: &str, deadline: Instant) -> Result<Spec, ByNameError> {
    let config = api::config(name).await.map_err(ByNameError::Call)?;
    api::read(config, namespace, name, deadline).await
}

/// This build has no client of the Kubernetes API.
///
/// # Errors
/// Always: what to do instead.
#[cfg(not(feature = "kube"))]
#[expect(clippy::unused_async, reason = "the other build asks an API")]
pub async fn read(namespace: Option<&str>, name: &str, _deadline: Instant) -> Result<Spec, ByNameError> {
    let namespace = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
    Err(ByNameError::Call(failure(
        audit::Failure::Config,
        format!("{namespace}{name}"),
        "this build can't ask the Kubernetes API (it was made without the feature `kube`)",
        "give the class as a file, for example from a ConfigMap, or take the build with it",
    )))
}

/// A failure of the class that is called `object`.
fn failure(
    class: audit::Failure,
    object: impl fmt::Display,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> Failure {
    Failure::other(format!("SecretProviderClass {object}"), class, message, hint)
}

#[cfg(test)]
mod tests;
