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
    Failure::of_class(class.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_crates_have_the_same_words() {
        for class in [
            FaultClass::Outage,
            FaultClass::Throttled,
            FaultClass::Denied,
            FaultClass::Revoked,
            FaultClass::Absent,
            FaultClass::ExpiredLogin,
            FaultClass::NoCredentials,
            FaultClass::Misconfigured,
            FaultClass::Refused,
        ] {
            assert_eq!(class_of(class).class(), class.as_str());
        }
    }
}
