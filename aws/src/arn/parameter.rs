//! The ARN of a parameter of Parameter Store.

use std::str::FromStr;

use super::fields::{Form, resource};
use super::{ArnError, ArnFlaw, field};

const FORM: Form =
    Form { written: "arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME", service: "ssm", is_global: false };

/// The longest name of a parameter, in bytes.
const LONGEST: usize = 1011;

/// The ARN of one parameter: `arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME`.
///
/// The ARN of a parameter with a path has one slash for its first: `/prod/db` is `parameter/prod/db`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterArn(String);

impl ParameterArn {
    /// The Region that the parameter is in.
    #[must_use]
    pub fn region(&self) -> &str {
        field(&self.0, 3)
    }

    /// The name: with its slash if it has a path, without one if it has none. `/token` and `token` have one ARN, so
    /// which of them is meant is not known from it.
    #[must_use]
    pub fn name(&self) -> &str {
        let with_slash = field(&self.0, 5).trim_start_matches("parameter");
        let bare = with_slash.trim_start_matches('/');
        if bare.contains('/') { with_slash } else { bare }
    }
}

impl FromStr for ParameterArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let resource = resource(text, &FORM)?;
        let flaw = |flaw| Err(ArnError::new(text, flaw));
        let Some(name) = resource.strip_prefix("parameter/") else {
            return flaw(ArnFlaw::NotLike(FORM.written));
        };
        if !is_parameter_name(name) || name.starts_with('/') {
            return flaw(ArnFlaw::ParameterName(name.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

arn_parts!(ParameterArn);

/// Whether a text can be the name of a parameter, with or without a path.
///
/// Source: Systems Manager API Reference, PutParameter, `Name`.
pub(super) fn is_parameter_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte);
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(fits) && !text.ends_with('/') && !text.contains("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_parts_are_read_in_every_partition() {
        for (partition, region) in [("aws", "eu-west-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-northwest-1")]
        {
            let text = format!("arn:{partition}:ssm:{region}:111122223333:parameter/prod/db_1.x-y");
            let arn: ParameterArn = text.parse().expect("it is one");
            assert_eq!((arn.partition(), arn.region(), arn.account()), (partition, region, "111122223333"));
            assert_eq!((arn.name(), arn.as_str()), ("/prod/db_1.x-y", text.as_str()));
        }
    }

    #[test]
    fn a_name_without_a_path_has_no_slash() {
        let arn: ParameterArn = "arn:aws:ssm:eu-west-1:111122223333:parameter/parameter".parse().expect("it is one");
        assert_eq!(arn.name(), "parameter");
    }

    #[test]
    fn the_first_flaw_is_named() {
        for (text, flaw) in [
            ("/prod/db", "not an ARN of the form arn:PARTITION:ssm:"),
            (
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db",
                "the service is \"secretsmanager\", not \"ssm\"",
            ),
            ("arn:aws:ssm:eu-west-1:111122223333:document/db", "not an ARN of the form"),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter", "not an ARN of the form"),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/", "\"\" is no name of a parameter"),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter//a", "\"/a\" is no name of a parameter"),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/a/", "\"a/\" is no name of a parameter"),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/a:3", "\"a:3\" is no name of a parameter"),
        ] {
            let error = text.parse::<ParameterArn>().expect_err(text).to_string();
            assert!(error.contains(flaw), "{error:?} does not say {flaw:?}");
        }
    }
}
