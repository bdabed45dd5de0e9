//! GetParameter, GetParameters and GetParametersByPath, each with the service's checks in its order.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::parameter::{Parameter, Version};
use super::{Parameters, Scene};
use crate::aws_double::error::ServiceError;
use crate::aws_double::operation::Operation;
use crate::aws_double::wire::parse;

/// Names of one call, and parameters of one page.
const MOST: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetParameter {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetParameters {
    names: Vec<String>,
    #[serde(default)]
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetParametersByPath {
    path: String,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    with_decryption: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl Scene<'_> {
    pub(super) fn get_parameter(&self) -> Result<Value, ServiceError> {
        let input: GetParameter = parse(&self.question.body)?;
        self.allowed(Operation::GetParameter, &input.name)?;
        Ok(json!({ "Parameter": self.one(&input.name, input.with_decryption)? }))
    }

    pub(super) fn get_parameters(&self) -> Result<Value, ServiceError> {
        let input: GetParameters = parse(&self.question.body)?;
        let constraint = match input.names.len() {
            0 => Some("Member must have length greater than or equal to 1"),
            1..=MOST => None,
            _ => Some("Member must have length less than or equal to 10"),
        };
        if let Some(constraint) = constraint {
            return Err(ServiceError::constraint("names", constraint));
        }
        let distinct: BTreeSet<&String> = input.names.iter().collect();
        if distinct.len() < input.names.len() {
            return Err(ServiceError::validation("Duplicate parameter names are not allowed in a request."));
        }
        // One denial fails the call, and names one resource.
        input.names.iter().try_for_each(|name| self.allowed(Operation::GetParameters, name))?;
        let (mut found, mut invalid) = (Vec::new(), Vec::new());
        for name in &input.names {
            match self.one(name, input.with_decryption) {
                Ok(parameter) => found.push(parameter),
                Err(error) if error.code.ends_with("NotFound") => invalid.push(name.as_str()),
                Err(error) => return Err(error),
            }
        }
        // In another order than was asked, as nobody may rely on it.
        found.reverse();
        Ok(json!({ "Parameters": found, "InvalidParameters": invalid }))
    }

    pub(super) fn get_parameters_by_path(&self) -> Result<Value, ServiceError> {
        let input: GetParametersByPath = parse(&self.question.body)?;
        if !input.path.starts_with('/') {
            let message = "The parameter path must begin with a slash, and each level is separated by one.";
            return Err(ServiceError::validation(message));
        }
        let limit = match input.max_results {
            None => MOST,
            Some(limit @ 1..=MOST) => limit,
            Some(_) => return Err(ServiceError::constraint("maxResults", "Member must have value between 1 and 10")),
        };
        self.allowed(Operation::GetParametersByPath, &input.path)?;
        let base = format!("{}/", input.path.trim_end_matches('/'));
        let is_below = |name: &str| {
            let rest = name.strip_prefix(&base).filter(|rest| !rest.is_empty());
            rest.is_some_and(|rest| input.recursive || !rest.contains('/'))
        };
        let found: Vec<&Parameter> = self
            .state
            .parameters
            .iter()
            .filter(|((region, name), _)| *region == self.question.region && is_below(name))
            .map(|(_, parameter)| parameter)
            .collect();
        let page = self.state.pages.cut(found, limit, input.next_token.as_deref());
        let (page, next) =
            page.map_err(|_| ServiceError::new(400, "InvalidNextToken", "The specified token isn't valid."))?;
        let read = |parameter: &Parameter| {
            let version = parameter.version(None).expect("a parameter has a version");
            self.answer(parameter, version, None, input.with_decryption)
        };
        let parameters = page.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut answer = json!({ "Parameters": parameters });
        if let Some(next) = next {
            answer["NextToken"] = Value::from(next);
        }
        Ok(answer)
    }

    /// The parameter that `asked` names: a name or an ARN, with a selector behind a colon or without one.
    fn one(&self, asked: &str, decrypt: bool) -> Result<Value, ServiceError> {
        let (name, selector) = split(asked)?;
        if let Some(id) = name.strip_prefix("/aws/reference/secretsmanager/") {
            return self.referred(name, id, selector, decrypt);
        }
        let not_found = |code| ServiceError::new(400, code, "");
        let mut of_region =
            self.state.parameters.iter().filter(|((region, _), _)| *region == self.question.region).map(|(_, it)| it);
        let parameter = of_region.find(|parameter| parameter.name == name || parameter.arn == name);
        let parameter = parameter.ok_or_else(|| not_found("ParameterNotFound"))?;
        let version = parameter.version(selector).ok_or_else(|| not_found("ParameterVersionNotFound"))?;
        self.answer(parameter, version, selector, decrypt)
    }

    fn answer(
        &self,
        parameter: &Parameter,
        version: &Version,
        selector: Option<&str>,
        decrypt: bool,
    ) -> Result<Value, ServiceError> {
        if let Some(key) = version.key.as_ref().filter(|_| decrypt && version.is_secure()) {
            self.kms.usable_by_a_service(key).map_err(|refusal| refused_by_kms(&refusal))?;
        }
        Ok(parameter.answer(version, selector, decrypt))
    }

    fn allowed(&self, operation: Operation, asked: &str) -> Result<(), ServiceError> {
        let (name, _) = split(asked)?;
        let arn = if name.starts_with("arn:") { name.to_owned() } else { Parameters::arn(&self.question.region, name) };
        self.state.denials.check(&self.question.caller, operation, Some(&arn))
    }
}

/// Name, or ARN, and selector.
fn split(asked: &str) -> Result<(&str, Option<&str>), ServiceError> {
    let (start, rest) = match asked.strip_prefix("arn:") {
        Some(_) => asked.split_at(asked.find(":parameter/").map_or(asked.len(), |at| at + ":parameter/".len())),
        None => asked.split_at(0),
    };
    match rest.split_once(':') {
        None => Ok((asked, None)),
        Some((_, selector)) if selector.is_empty() || selector.contains(':') => Err(ServiceError::validation(
            "Invalid parameter name. Please use correct syntax for referencing a version/label <name>:<version/label>",
        )),
        Some((name, selector)) => Ok((&asked[..start.len() + name.len()], Some(selector))),
    }
}

fn refused_by_kms(refusal: &ServiceError) -> ServiceError {
    let ServiceError { status, code, message } = refusal;
    let message = format!("{message} (Service: AWSKMS; Status Code: {status}; Error Code: {code})");
    let code = if code == "AccessDeniedException" { code } else { "InvalidKeyId" };
    ServiceError::new(400, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_may_have_a_selector() {
        let arn = "arn:aws:ssm:us-east-1:111122223333:parameter/a/b";
        for (asked, name, selector) in [
            ("/a/b", "/a/b", None),
            ("/a/b:3", "/a/b", Some("3")),
            (arn, arn, None),
            (&format!("{arn}:live"), arn, Some("live")),
        ] {
            assert_eq!(split(asked), Ok((name, selector)), "{asked}");
        }
        assert!(split("/a:1:2").is_err() && split("/a:").is_err());
    }
}
