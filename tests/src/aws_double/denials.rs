//! What policies deny, and how the services say it.

use super::error::ServiceError;
use super::kms::ACCOUNT;
use super::operation::Operation;
use super::service::Service;

/// The denials of one service; what none of them names is allowed.
#[derive(Default)]
pub(super) struct Denials {
    denied: Vec<(Operation, Option<String>)>,
}

impl Denials {
    /// Denies `operation` on the resource with this ARN, on all that begin with what stands before a final `*`, or on
    /// all.
    pub(super) fn deny(&mut self, operation: Operation, resource: Option<&str>) {
        self.denied.push((operation, resource.map(str::to_owned)));
    }

    pub(super) fn allow_all(&mut self) {
        self.denied.clear();
    }

    /// Refuses `operation` if it is denied on `resource`; an action that knows no resources has none.
    pub(super) fn check(&self, caller: &str, operation: Operation, resource: Option<&str>) -> Result<(), ServiceError> {
        let strikes = |denied: &Option<String>| match (denied, resource) {
            (None, _) => true,
            (Some(pattern), Some(resource)) => match pattern.strip_suffix('*') {
                Some(prefix) => resource.starts_with(prefix),
                None => resource == pattern,
            },
            (Some(_), None) => false,
        };
        if self.denied.iter().any(|(denied, on)| *denied == operation && strikes(on)) {
            return Err(refusal(caller, operation, resource));
        }
        Ok(())
    }
}

/// The principal behind credentials that the endpoint did not issue.
pub(super) fn tester() -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/tester")
}

fn refusal(caller: &str, operation: Operation, resource: Option<&str>) -> ServiceError {
    let action = operation.action();
    let on = resource.map(|arn| format!(" on resource: {arn}")).unwrap_or_default();
    let mut message = format!("User: {caller} is not authorized to perform: {action}{on}");
    if operation.service() == Service::Sts {
        return ServiceError::new(403, "AccessDenied", message);
    }
    message.push_str(&format!(" because no identity-based policy allows the {action} action"));
    ServiceError::new(400, "AccessDeniedException", message)
}
