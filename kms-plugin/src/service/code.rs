//! Which gRPC code a refusal is: the table "Errors" of `docs/kms-plugin.md`. kube-apiserver's own metrics carry it.

use sealkit_aws::FaultClass;
use tonic::{Code, Status};

use crate::keys::Refusal;

/// The answer that says why nothing was encrypted or decrypted: on one line, with the next step where there is one.
pub(super) fn status(refusal: &Refusal) -> Status {
    Status::new(code(refusal), refusal.to_string())
}

fn code(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::Malformed(_) => Code::InvalidArgument,
        Refusal::Kms(fault) => of_class(fault.class()),
        Refusal::Deadline => Code::DeadlineExceeded,
        Refusal::Busy { .. } => Code::ResourceExhausted,
        Refusal::Revoked { .. } => Code::FailedPrecondition,
        Refusal::StaleMaterial { .. } => Code::Unavailable,
        Refusal::Internal(_) => Code::Internal,
    }
}

fn of_class(class: FaultClass) -> Code {
    match class {
        FaultClass::Outage => Code::Unavailable,
        FaultClass::Throttled => Code::ResourceExhausted,
        FaultClass::Denied => Code::PermissionDenied,
        FaultClass::Revoked => Code::FailedPrecondition,
        FaultClass::Absent => Code::NotFound,
        FaultClass::ExpiredLogin | FaultClass::NoCredentials => Code::Unauthenticated,
        FaultClass::Refused => Code::InvalidArgument,
        // What cannot work as it is configured, and classes that are not known yet.
        _ => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use sealkit_aws::Fault;

    use super::*;
    use crate::keys::Malformed;

    #[test]
    fn the_table_of_the_page() {
        let kms =
            |class| Refusal::Kms(Box::new(Fault::new("kms:Decrypt", "alias/app", Some("eu-west-1"), class, "x\ny")));
        for (refusal, expected) in [
            (Refusal::Malformed(Malformed::EmptyCiphertext), Code::InvalidArgument),
            (kms(FaultClass::Refused), Code::InvalidArgument),
            (kms(FaultClass::Throttled), Code::ResourceExhausted),
            (Refusal::Busy { region: "eu-west-1".into() }, Code::ResourceExhausted),
            (kms(FaultClass::Outage), Code::Unavailable),
            (Refusal::StaleMaterial { key: "alias/app".into() }, Code::Unavailable),
            (Refusal::Deadline, Code::DeadlineExceeded),
            (kms(FaultClass::Revoked), Code::FailedPrecondition),
            (Refusal::Revoked { key: "alias/app".into() }, Code::FailedPrecondition),
            (kms(FaultClass::Denied), Code::PermissionDenied),
            (kms(FaultClass::Absent), Code::NotFound),
            (kms(FaultClass::ExpiredLogin), Code::Unauthenticated),
            (kms(FaultClass::NoCredentials), Code::Unauthenticated),
            (kms(FaultClass::Misconfigured), Code::Internal),
            (Refusal::Internal("x"), Code::Internal),
        ] {
            assert_eq!(status(&refusal).code(), expected, "{refusal}");
        }
    }
}
