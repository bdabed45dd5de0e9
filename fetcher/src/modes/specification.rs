//! The specification that `--spec` names, and what is wrong with it as failures of the run.

use sealkit_host::audit;
use sealkit_host::exit::Exit;
use sealkit_host::text::{Escaped, error_chain};

use crate::args::{SpecArgs, SpecSource};
use crate::failure::Failure;
use crate::plan::Plan;
use crate::spec::by_name::ByNameError;
use crate::spec::load::{self, LoadError};
use crate::spec::{Spec, SpecErrors};

/// Reads what `--spec` names.
///
/// # Errors
/// Why there is none; where it is wrong, with the mistakes of its names.
pub async fn load(args: &SpecArgs) -> Result<Spec, LoadError> {
    load::load(args).await.map_err(|error| match error {
        LoadError::Spec(errors) => LoadError::Spec(Plan::mistakes(errors)),
        error => error,
    })
}

/// What `--spec` names, as reports call it.
#[must_use]
pub fn origin(source: &SpecSource) -> String {
    match source {
        SpecSource::File(path) => Escaped::new(path).to_string(),
        SpecSource::Stdin => "standard input".to_owned(),
        SpecSource::Environment(prefix) => format!("env:{prefix}"),
        SpecSource::Kubernetes { namespace: Some(namespace), name } => {
            format!("SecretProviderClass {namespace}/{name}")
        }
        SpecSource::Kubernetes { namespace: None, name } => format!("SecretProviderClass {name}"),
    }
}

/// Why there is no specification.
#[must_use]
pub fn failures(error: &LoadError) -> Vec<Failure> {
    if let LoadError::Spec(errors) = error {
        return mistakes(errors);
    }
    if let LoadError::ByName(error) = error {
        if let ByNameError::Denied { rbac, .. } = error {
            // A failure is one line; this is for whoever would rather apply a file.
            eprintln!("{rbac}");
        }
        return error.failure().into_iter().cloned().collect();
    }
    let class = match error.exit() {
        Exit::NotFound => audit::Failure::NotFound,
        Exit::Config => audit::Failure::Config,
        Exit::Denied => audit::Failure::Denied,
        Exit::Unavailable => audit::Failure::Outage,
        _ => audit::Failure::Io,
    };
    vec![Failure::other("", class, error_chain(error), "")]
}

/// Each mistake as a failure of its own.
#[must_use]
pub fn mistakes(errors: &SpecErrors) -> Vec<Failure> {
    let lines = errors.to_string();
    lines.lines().map(|line| Failure::other("", audit::Failure::Config, line, "")).collect()
}
