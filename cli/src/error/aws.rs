//! From a fault of AWS to the one error a user sees.

use sealkit_aws::{Fault, FaultClass};
use sealkit_host::audit::Failure;

use super::CliError;

/// A call to AWS failed, while working on `object`.
pub(crate) fn fault(object: &str, fault: &Fault) -> CliError {
    let class = class_of(fault.class());
    let whole = fault.to_string();
    // A fault's text ends in its next step, which has a line of its own here.
    let message = whole.strip_suffix(fault.hint()).map_or(&*whole, |rest| rest.trim_end_matches([';', ' ']));
    let mut this = CliError::new(class.into(), object, message).hint(fault.hint()).class(class);
    this.code = fault.code().map(str::to_owned);
    this
}

/// The class in the words of the audit lines.
pub(crate) fn class_of(class: FaultClass) -> Failure {
    match class {
        FaultClass::Outage => Failure::Outage,
        FaultClass::Throttled => Failure::Throttled,
        FaultClass::Denied => Failure::Denied,
        FaultClass::Revoked => Failure::Revoked,
        FaultClass::Absent => Failure::NotFound,
        FaultClass::ExpiredLogin | FaultClass::NoCredentials => Failure::ExpiredLogin,
        FaultClass::Misconfigured => Failure::Config,
        FaultClass::Refused => Failure::Refused,
        _ => Failure::Internal,
    }
}
