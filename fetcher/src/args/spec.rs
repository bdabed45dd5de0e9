//! Flags that say what is wanted, and from where.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::value;
use crate::plan::Overrides;
use crate::spec::Batch;

/// What is wanted.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Specification")]
pub struct SpecArgs {
    /// What is wanted: a FILE, `-` for standard input, env:PREFIX, or kube:[NAMESPACE/]NAME
    ///
    /// The kind of a file is recognised from its content: our own YAML, the CSI provider's parameters, a
    /// SecretProviderClass, or an ECS task definition. env:PREFIX reads ECS `valueFrom` strings from the variables
    /// PREFIX*; kube:NAME reads a SecretProviderClass from the Kubernetes API.
    #[arg(long, value_name = "SPEC", value_hint = ValueHint::FilePath, value_parser = SpecSource::parse)]
    pub spec: SpecSource,

    /// Which SecretProviderClass of a file that holds several
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Which container of a task definition whose containers have secrets
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
}

/// Where a specification is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecSource {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Variables of the environment that begin with this.
    Environment(String),
    /// A SecretProviderClass in the Kubernetes API.
    Kubernetes {
        /// The namespace; the pod's own where it is absent.
        namespace: Option<String>,
        /// The name.
        name: String,
    },
}

impl SpecSource {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it names no file".to_owned());
        }
        if text == "-" {
            return Ok(Self::Stdin);
        }
        if let Some(prefix) = text.strip_prefix("env:") {
            return match prefix {
                "" => Err("env: wants the PREFIX of the variables, as in env:SECRET_".to_owned()),
                _ => Ok(Self::Environment(prefix.to_owned())),
            };
        }
        let Some(object) = text.strip_prefix("kube:") else { return Ok(Self::File(text.into())) };
        let (namespace, name) = match object.split_once('/') {
            Some((namespace, name)) => (Some(namespace.to_owned()), name),
            None => (None, object),
        };
        if name.is_empty() || name.contains('/') || namespace.as_deref() == Some("") {
            return Err("kube: wants NAME or NAMESPACE/NAME of a SecretProviderClass".to_owned());
        }
        Ok(Self::Kubernetes { namespace, name: name.to_owned() })
    }
}

/// What may differ from the specification: where, as whom, and by which calls.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Place")]
pub struct PlaceArgs {
    /// The Region of all that names none itself [default: the specification's, AWS_REGION, the profile's]
    #[arg(long, value_name = "REGION", value_parser = value::region)]
    pub region: Option<String>,

    /// A Region that is asked while the one before is out (repeatable, in order)
    ///
    /// Instead of the specification's. Never asked after a denial or an absence, which are answers.
    #[arg(long = "failover-region", value_name = "REGION", value_parser = value::region)]
    pub failover_regions: Vec<String>,

    /// The role to assume for all entries that name none [default: the specification's]
    #[arg(long, value_name = "ARN", value_parser = value::role)]
    pub role: Option<String>,

    /// When BatchGetSecretValue is called [default: the specification's; else auto for our own form, never for others]
    #[arg(long, value_name = "WHEN")]
    pub batch: Option<BatchChoice>,
}

impl From<&PlaceArgs> for Overrides {
    fn from(args: &PlaceArgs) -> Self {
        Self {
            region: args.region.clone(),
            failover_regions: args.failover_regions.clone(),
            role: args.role.clone(),
            batch: args.batch.map(Into::into),
        }
    }
}

/// `--batch`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BatchChoice {
    /// For two secrets and more; singles after a denial or throttling
    Auto,
    /// One GetSecretValue for each secret: policies need no new permission
    Never,
    /// Always; a denial is a failure
    Always,
}

impl From<BatchChoice> for Batch {
    fn from(choice: BatchChoice) -> Self {
        match choice {
            BatchChoice::Auto => Self::Auto,
            BatchChoice::Never => Self::Never,
            BatchChoice::Always => Self::Always,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_told_by_its_beginning() {
        let kube = |namespace: Option<&str>| SpecSource::Kubernetes {
            namespace: namespace.map(str::to_owned),
            name: "app".to_owned(),
        };
        for (text, source) in [
            ("-", SpecSource::Stdin),
            ("secrets.yaml", SpecSource::File("secrets.yaml".into())),
            ("./env:A", SpecSource::File("./env:A".into())),
            ("env:SECRET_", SpecSource::Environment("SECRET_".to_owned())),
            ("kube:app", kube(None)),
            ("kube:team/app", kube(Some("team"))),
        ] {
            assert_eq!(SpecSource::parse(text), Ok(source), "{text}");
        }
        for text in ["", "env:", "kube:", "kube:/app", "kube:team/", "kube:a/b/c"] {
            assert!(SpecSource::parse(text).is_err(), "{text}");
        }
    }
}
