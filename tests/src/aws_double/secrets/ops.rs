//! The operations on one secret, and ListSecrets, each with the service's checks in its order.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::filter::{Filter, select};
use super::{Scene, Secret, SecretValue, Version};
use crate::aws_double::error::ServiceError;
use crate::aws_double::operation::Operation;
use crate::aws_double::wire::parse;

/// Entries of a page of ListSecrets, at most.
const LIST: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeSecret {
    secret_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListSecrets {
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    include_planned_deletion: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default, rename = "SortOrder")]
    _sort_order: Option<String>,
}

impl Scene<'_> {
    pub(super) fn get_secret_value(&self) -> Result<Value, ServiceError> {
        let input: GetSecretValue = parse(&self.question.body)?;
        let secret = self.find(&input.secret_id)?;
        self.allowed(Operation::GetSecretValue, Some(secret))?;
        self.read(secret, input.version_id.as_deref(), input.version_stage.as_deref())
    }

    pub(super) fn describe_secret(&self) -> Result<Value, ServiceError> {
        let input: DescribeSecret = parse(&self.question.body)?;
        let secret = self.find(&input.secret_id)?;
        self.allowed(Operation::DescribeSecret, Some(secret))?;
        Ok(described(secret, "VersionIdsToStages"))
    }

    pub(super) fn list_secrets(&self) -> Result<Value, ServiceError> {
        let input: ListSecrets = parse(&self.question.body)?;
        self.allowed(Operation::ListSecrets, None)?;
        let limit = bounded(input.max_results, LIST)?;
        let mut found = select(self.state.secrets.values(), &self.question.region, &input.filters)?;
        found.retain(|secret| input.include_planned_deletion || secret.deleted.is_none());
        let page = self.state.pages.cut(found, limit, input.next_token.as_deref());
        let (page, next) = page.map_err(|_| invalid_next_token())?;
        let listed: Vec<Value> = page.into_iter().map(|secret| described(secret, "SecretVersionsToStages")).collect();
        Ok(with_token(json!({ "SecretList": listed }), next))
    }

    /// The secret that `id` names.
    pub(super) fn find(&self, id: &str) -> Result<&Secret, ServiceError> {
        if !(1..=2048).contains(&id.len()) {
            let message = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the \
                           following: -/_+=.@!";
            return Err(ServiceError::validation(message));
        }
        self.state.resolve(&self.question.region, id)
    }

    pub(super) fn allowed(&self, operation: Operation, secret: Option<&Secret>) -> Result<(), ServiceError> {
        let arn = secret.map(|secret| secret.arn.as_str());
        self.state.denials.check(&self.question.caller, operation, arn)
    }

    /// A version of a secret, if its state and its key let it be read.
    pub(super) fn read(&self, secret: &Secret, id: Option<&str>, stage: Option<&str>) -> Result<Value, ServiceError> {
        if secret.deleted.is_some() {
            let message = "You can't perform this operation on the secret because it was marked for deletion.";
            return Err(ServiceError::new(400, "InvalidRequestException", message));
        }
        let version = version(secret, id, stage)?;
        if let Some(key) = &secret.kms_key {
            self.kms.usable_by_a_service(key).map_err(|refusal| refused_by_kms(&refusal))?;
        }
        Ok(valued(secret, version))
    }
}

fn version<'a>(secret: &'a Secret, id: Option<&str>, stage: Option<&str>) -> Result<&'a Version, ServiceError> {
    let has = |version: &&Version, stage: &str| version.stages.contains(stage);
    let missing = |what: String| {
        let message = format!("Secrets Manager can't find the specified secret value for {what}");
        ServiceError::new(400, "ResourceNotFoundException", message)
    };
    let Some(id) = id else {
        let stage = stage.unwrap_or("AWSCURRENT");
        let found = secret.versions.iter().find(|version| has(version, stage));
        return found.ok_or_else(|| missing(format!("staging label: {stage}")));
    };
    let found = secret.versions.iter().find(|version| version.id == id);
    let found = found.ok_or_else(|| missing(format!("VersionId: {id}")))?;
    if stage.is_some_and(|stage| !has(&found, stage)) {
        let message = "You provided a VersionStage that is not associated to the provided VersionId.";
        return Err(ServiceError::new(400, "InvalidRequestException", message));
    }
    Ok(found)
}

fn valued(secret: &Secret, version: &Version) -> Value {
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.id,
        "VersionStages": version.stages,
        "CreatedDate": seconds(version.created),
    });
    match &version.value {
        SecretValue::String(text) => answer["SecretString"] = Value::from(text.as_str()),
        SecretValue::Binary(bytes) => answer["SecretBinary"] = Value::from(BASE64_STANDARD.encode(bytes)),
    }
    answer
}

fn described(secret: &Secret, versions: &str) -> Value {
    let stages: Map<String, Value> = secret
        .versions
        .iter()
        .filter(|version| !version.stages.is_empty())
        .map(|version| (version.id.clone(), json!(version.stages)))
        .collect();
    let tags: Vec<Value> = secret.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "CreatedDate": seconds(secret.created),
        "LastChangedDate": seconds(secret.changed()),
        "Tags": tags,
    });
    answer[versions] = Value::Object(stages);
    if !secret.description.is_empty() {
        answer["Description"] = Value::from(secret.description.as_str());
    }
    if let Some(key) = &secret.kms_key {
        answer["KmsKeyId"] = Value::from(key.as_str());
    }
    if let Some(deleted) = secret.deleted {
        answer["DeletedDate"] = Value::from(seconds(deleted));
    }
    answer
}

/// How the service tells what KMS refused: a denial without its key, anything else with it.
fn refused_by_kms(refusal: &ServiceError) -> ServiceError {
    if refusal.code == "AccessDeniedException" {
        return ServiceError::new(400, "AccessDeniedException", "Access to KMS is not allowed");
    }
    let ServiceError { status, code, message } = refusal;
    let message = format!(
        "Secrets Manager can't decrypt the secret value: {message} (Service: AWSKMS; Status Code: {status}; Error \
         Code: {code})"
    );
    ServiceError::new(400, "DecryptionFailure", message)
}

pub(super) fn not_found() -> ServiceError {
    ServiceError::new(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

pub(super) fn invalid_parameter(message: &str) -> ServiceError {
    ServiceError::new(400, "InvalidParameterException", message)
}

pub(super) fn invalid_next_token() -> ServiceError {
    ServiceError::new(400, "InvalidNextTokenException", "The NextToken value is invalid.")
}

/// `MaxResults`, which is between 1 and `most`.
pub(super) fn bounded(asked: Option<usize>, most: usize) -> Result<usize, ServiceError> {
    match asked {
        None => Ok(most),
        Some(asked) if (1..=most).contains(&asked) => Ok(asked),
        Some(_) => {
            let constraint = format!("Member must have value between 1 and {most}");
            Err(ServiceError::constraint("maxResults", &constraint))
        }
    }
}

pub(super) fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextToken"] = Value::from(next);
    }
    answer
}

pub(in crate::aws_double) fn seconds(time: SystemTime) -> f64 {
    let milliseconds = time.duration_since(UNIX_EPOCH).map_or(0.0, |age| (age.as_secs_f64() * 1000.0).round());
    milliseconds / 1000.0
}
