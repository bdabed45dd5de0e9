//! What the ARNs of secrets, parameters and roles have in common: six fields, the last one their service's affair.

/// What all ARNs have: their text, and the parts that every one of them names.
macro_rules! arn_parts {
    ($arn:ty) => {
        impl $arn {
            /// The ARN as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The partition, for example `aws` or `aws-us-gov`.
            #[must_use]
            pub fn partition(&self) -> &str {
                $crate::arn::field(&self.0, 1)
            }

            /// The twelve digits of the account that owns what it names.
            #[must_use]
            pub fn account(&self) -> &str {
                $crate::arn::field(&self.0, 4)
            }
        }

        impl std::fmt::Display for $arn {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

use super::shape::{is_account, is_partition, is_region};
use super::{ArnError, ArnFlaw, MAX_LENGTH};

/// The form of one kind of ARN.
pub(super) struct Form {
    /// How errors write it.
    pub(super) written: &'static str,
    /// Its service, as in its third field.
    pub(super) service: &'static str,
    /// Whether it names no Region, as IAM's ARNs do.
    pub(super) is_global: bool,
}

/// Checks all fields but the last, and gives that one, which may hold colons; the first flaw from the left is reported.
pub(super) fn resource<'a>(text: &'a str, form: &Form) -> Result<&'a str, ArnError> {
    let flaw = |flaw| ArnError::new(text, flaw);
    if text.len() > MAX_LENGTH {
        return Err(flaw(ArnFlaw::LongerThan { length: text.len(), most: MAX_LENGTH }));
    }
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = fields[..] else {
        return Err(flaw(ArnFlaw::NotLike(form.written)));
    };
    if !is_partition(partition) {
        return Err(flaw(ArnFlaw::Partition(partition.to_owned())));
    }
    if service != form.service {
        return Err(flaw(ArnFlaw::OtherService { found: service.to_owned(), needed: form.service }));
    }
    if form.is_global {
        if !region.is_empty() {
            return Err(flaw(ArnFlaw::NotLike(form.written)));
        }
    } else if !is_region(region) {
        return Err(flaw(ArnFlaw::Region(region.to_owned())));
    }
    if !is_account(account) {
        return Err(flaw(ArnFlaw::Account(account.to_owned())));
    }
    Ok(resource)
}
