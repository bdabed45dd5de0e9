//! Secrets that Parameter Store gives as parameters: `/aws/reference/secretsmanager/ID`.

use serde_json::{Value, json};

use super::Scene;
use crate::aws_double::error::ServiceError;
use crate::aws_double::operation::Operation;
use crate::aws_double::question::Question;

impl Scene<'_> {
    /// The secret `id` as the parameter `name`: always decrypted, always version 0.
    pub(super) fn referred(
        &self,
        name: &str,
        id: &str,
        selector: Option<&str>,
        decrypt: bool,
    ) -> Result<Value, ServiceError> {
        if !decrypt {
            let message = "WithDecryption flag must be True for retrieving a Secret Manager secret.";
            return Err(ServiceError::validation(message));
        }
        let mut body = json!({ "SecretId": id });
        if let Some(selector) = selector {
            // A version id has at least 32 characters, and a stage is mostly shorter.
            let member = if selector.len() >= 32 { "VersionId" } else { "VersionStage" };
            body[member] = Value::from(selector);
        }
        let question = Question { operation: Operation::GetSecretValue, body, ..self.question.clone() };
        let mut secret = self.secrets.refer(&question, self.kms).map_err(|error| referencing(&error))?;
        let value = secret["SecretString"].take();
        if value.is_null() {
            return Err(ServiceError::validation("A secret with a binary value can't be referenced."));
        }
        let mut answer = json!({
            "Name": name,
            "ARN": secret["ARN"],
            "Type": "SecureString",
            "Value": value,
            "Version": 0,
            "LastModifiedDate": secret["CreatedDate"],
            "DataType": "text",
            "SourceResult": json!({
                "ARN": secret["ARN"], "name": secret["Name"], "versionId": secret["VersionId"],
                "versionStages": secret["VersionStages"],
            }).to_string(),
        });
        if let Some(selector) = selector {
            answer["Selector"] = Value::from(format!(":{selector}"));
        }
        Ok(answer)
    }
}

fn referencing(error: &ServiceError) -> ServiceError {
    let ServiceError { status, code, message } = error;
    let message = format!("An error occurred ({code}) when referencing Secrets Manager: {message}");
    let code = if code == "ResourceNotFoundException" { "ParameterNotFound" } else { code };
    ServiceError::new(*status, code, message)
}
