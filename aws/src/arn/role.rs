//! The ARN of a role of IAM.

use std::str::FromStr;

use super::fields::{Form, resource};
use super::{ArnError, ArnFlaw};

const FORM: Form = Form { written: "arn:PARTITION:iam::ACCOUNT:role/NAME", service: "iam", is_global: true };

/// The ARN of one role: `arn:PARTITION:iam::ACCOUNT:role/NAME`, perhaps with a path before the name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleArn(String);

impl RoleArn {
    /// The name, without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl FromStr for RoleArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let resource = resource(text, &FORM)?;
        let flaw = |flaw| Err(ArnError::new(text, flaw));
        let Some(path) = resource.strip_prefix("role/") else {
            return flaw(ArnFlaw::NotLike(FORM.written));
        };
        // IAM's alphabet of names, and of paths without what no log line should hold.
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(fits);
        if !path.split('/').all(is_name) {
            return flaw(ArnFlaw::RoleName(path.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

arn_parts!(RoleArn);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_parts_are_read() {
        let arn: RoleArn = "arn:aws-cn:iam::111122223333:role/team/blue/app@x".parse().expect("it is one");
        assert_eq!((arn.partition(), arn.account(), arn.name()), ("aws-cn", "111122223333", "app@x"));
    }

    #[test]
    fn the_first_flaw_is_named() {
        for (text, flaw) in [
            ("app", "not an ARN of the form arn:PARTITION:iam::ACCOUNT:role/NAME"),
            ("arn:aws:iam:eu-west-1:111122223333:role/app", "not an ARN of the form"),
            ("arn:aws:sts::111122223333:assumed-role/app/me", "the service is \"sts\", not \"iam\""),
            ("arn:aws:iam::111122223333:user/app", "not an ARN of the form"),
            ("arn:aws:iam::1:role/app", "the account \"1\""),
            ("arn:aws:iam::111122223333:role/", "\"\" is no name of a role"),
            ("arn:aws:iam::111122223333:role/a b", "\"a b\" is no name of a role"),
        ] {
            let error = text.parse::<RoleArn>().expect_err(text).to_string();
            assert!(error.contains(flaw), "{error:?} does not say {flaw:?}");
        }
    }
}
