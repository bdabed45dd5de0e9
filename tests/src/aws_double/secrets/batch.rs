//! BatchGetSecretValue: by ids or by filters, with an error for each secret that cannot be read.

use serde::Deserialize;
use serde_json::{Value, json};

use super::filter::{Filter, select};
use super::ops::{bounded, invalid_next_token, invalid_parameter, with_token};
use super::{Scene, Secret};
use crate::aws_double::error::ServiceError;
use crate::aws_double::operation::Operation;
use crate::aws_double::wire::parse;

/// Secrets of one call.
const BATCH: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BatchGetSecretValue {
    filters: Option<Vec<Filter>>,
    max_results: Option<usize>,
    next_token: Option<String>,
    secret_id_list: Option<Vec<String>>,
}

/// What a secret is asked for by, and the secret.
type Item<'a> = (String, Result<&'a Secret, ServiceError>);

impl Scene<'_> {
    /// The answer, and the ARNs of secrets that a test made fail in it.
    pub(super) fn batch_get_secret_value(&self) -> Result<(Value, Vec<String>), ServiceError> {
        let input: BatchGetSecretValue = parse(&self.question.body)?;
        self.allowed(Operation::BatchGetSecretValue, None)?;
        let (found, limit): (Vec<Item<'_>>, usize) = match (&input.secret_id_list, &input.filters) {
            (Some(ids), None) if input.max_results.is_none() => {
                check_ids(ids)?;
                (ids.iter().map(|id| (id.clone(), self.find(id))).collect(), BATCH)
            }
            (None, Some(filters)) => {
                self.allowed(Operation::ListSecrets, None)?;
                let limit = bounded(input.max_results, BATCH)?;
                let mut found = select(self.state.secrets.values(), &self.question.region, filters)?;
                found.retain(|secret| secret.deleted.is_none());
                (found.into_iter().map(|secret| (secret.arn.clone(), Ok(secret))).collect(), limit)
            }
            (Some(_), None) => return Err(invalid_parameter("MaxResults can only be used with Filters.")),
            _ => {
                let message = "Either SecretIdList or Filters must be provided, but not both.";
                return Err(invalid_parameter(message));
            }
        };
        let page = self.state.pages.cut(found, limit, input.next_token.as_deref());
        let (page, next) = page.map_err(|_| invalid_next_token())?;
        let (mut values, mut errors, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (id, secret) in page {
            match secret.and_then(|secret| self.item(secret, &mut failed)) {
                Ok(value) => values.push(value),
                Err(ServiceError { code, message, .. }) => {
                    errors.push(json!({ "SecretId": id, "ErrorCode": code, "Message": message }));
                }
            }
        }
        Ok((with_token(json!({ "SecretValues": values, "Errors": errors }), next), failed))
    }

    fn item(&self, secret: &Secret, failed: &mut Vec<String>) -> Result<Value, ServiceError> {
        if let Some((code, message, _)) = self.state.item_errors.get(&secret.arn) {
            failed.push(secret.arn.clone());
            return Err(ServiceError::new(400, code, message.as_str()));
        }
        self.allowed(Operation::GetSecretValue, Some(secret))?;
        self.read(secret, None, None)
    }
}

fn check_ids(ids: &[String]) -> Result<(), ServiceError> {
    match ids.len() {
        1..=BATCH => Ok(()),
        0 => Err(ServiceError::constraint("secretIdList", "Member must have length greater than or equal to 1")),
        _ => Err(ServiceError::constraint("secretIdList", "Member must have length less than or equal to 20")),
    }
}
