//! From a text to a specification: the form is recognised from the content, and its reader called.

use sealkit_host::config::Position;

use super::shape::{Kind, Shape};
use super::{Form, Spec, SpecErrors, csi, ecs, native, secret_provider_class};

/// What is read of a text that holds several specifications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The SecretProviderClass of this name.
    pub name: Option<String>,
    /// The secrets of the container of this name.
    pub container: Option<String>,
}

/// Longest specification that is read, in bytes.
pub const MAX_BYTES: u64 = sealkit_host::config::MAX_BYTES;

const CLOUDFORMATION: &str = "a CloudFormation template: give the task definition as ECS takes it, for example from \
                              `aws ecs describe-task-definition`";
const UNKNOWN: &str = "no specification that is known: it has neither `secrets` (our own form, or an ECS container) nor \
                       `objects` (the CSI provider's parameters), `kind: SecretProviderClass` or `containerDefinitions`";

/// Reads a specification of any form; `origin` only names it in errors.
///
/// # Errors
/// Everything that is wrong with it; or that its form can't be told, or has nothing to choose from.
pub fn read(origin: &str, text: &str, choice: &Choice) -> Result<Spec, SpecErrors> {
    let form = recognise(origin, text)?;
    let misplaced = [
        ("--name", "SecretProviderClass", choice.name.is_some() && form != Form::SecretProviderClass),
        (
            "--container",
            "container of an ECS task definition",
            choice.container.is_some() && form != Form::EcsTaskDefinition,
        ),
    ];
    if let Some((flag, what, _)) = misplaced.iter().find(|(.., wrong)| *wrong) {
        let message = format!("{flag} chooses a {what}, but this is {}", form.article());
        return Err(SpecErrors::one(origin, None, message));
    }
    match form {
        Form::Native => native::read(origin, text),
        Form::CsiParameters => csi::parameters(origin, text),
        Form::SecretProviderClass => secret_provider_class::read(origin, text, choice.name.as_deref()),
        Form::EcsTaskDefinition | Form::EcsEnvironment => ecs::read(origin, text, choice.container.as_deref()),
    }
}

/// The form of a text, from the fields at its top.
///
/// # Errors
/// If it is of no form that is known.
pub fn recognise(origin: &str, text: &str) -> Result<Form, SpecErrors> {
    let (documents, syntax_error) = Shape::of_documents(text);
    if documents.iter().any(Shape::is_kubernetes) {
        return Ok(Form::SecretProviderClass);
    }
    let first = documents.into_iter().next().unwrap_or(Shape::Nothing);
    if let Some(form) = form(&first) {
        return Ok(form);
    }
    let start = Position { line: 1, column: 1 };
    let (at, message) = match syntax_error {
        Some((at, message)) => (at, message),
        None if first.has("ContainerDefinitions") || first.has("Resources") => (start, CLOUDFORMATION.to_owned()),
        None => (start, UNKNOWN.to_owned()),
    };
    Err(SpecErrors::one(origin, Some(at), message))
}

fn form(root: &Shape) -> Option<Form> {
    if matches!(root, Shape::List) || ["containerDefinitions", "taskDefinition"].iter().any(|key| root.has(key)) {
        return Some(Form::EcsTaskDefinition);
    }
    match root.kind("secrets") {
        Some(Kind::List) => return Some(Form::EcsTaskDefinition),
        Some(_) => return Some(Form::Native),
        None => {}
    }
    if root.has("objects") {
        return Some(Form::CsiParameters);
    }
    // Without `secrets`, or with it misspelt: its own reader says that best.
    let is_ours = ["failoverRegions", "role", "batch", "defaults", "files"].iter().any(|key| root.has(key));
    is_ours.then_some(Form::Native)
}

impl Form {
    /// What it is called in a sentence, with its article.
    fn article(self) -> &'static str {
        match self {
            Self::Native => "our own form",
            Self::CsiParameters => "the CSI provider's parameters alone",
            Self::SecretProviderClass => "a SecretProviderClass",
            Self::EcsTaskDefinition => "an ECS definition",
            Self::EcsEnvironment => "the environment",
        }
    }
}

#[cfg(test)]
mod tests;
