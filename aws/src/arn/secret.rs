//! The ARN of a secret of Secrets Manager.

use std::str::FromStr;

use super::fields::{Form, resource};
use super::{ArnError, ArnFlaw, field};

const FORM: Form = Form {
    written: "arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX",
    service: "secretsmanager",
    is_global: false,
};

/// The longest name of a secret, in bytes, and the hyphen and six characters that its ARN adds.
const LONGEST: usize = 512 + 7;

/// The ARN of one secret: `arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX`.
///
/// Secrets Manager ends it with a hyphen and six random characters. It takes one without them too, so they are not
/// asked for here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretArn(String);

impl SecretArn {
    /// The Region that the secret, or this replica of it, is in.
    #[must_use]
    pub fn region(&self) -> &str {
        field(&self.0, 3)
    }

    /// What stands behind `secret:`: the name, and its suffix where the ARN is complete.
    #[must_use]
    pub fn resource_name(&self) -> &str {
        field(&self.0, 6)
    }

    /// The name without what looks like the suffix. A name may end like that itself: only a complete ARN is told from
    /// a shortened one, by Secrets Manager.
    #[must_use]
    pub fn name(&self) -> &str {
        let is_suffix = |text: &str| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let name = self.resource_name();
        match name.rsplit_once('-') {
            Some((name, suffix)) if !name.is_empty() && is_suffix(suffix) => name,
            _ => name,
        }
    }
}

impl FromStr for SecretArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let resource = resource(text, &FORM)?;
        let flaw = |flaw| Err(ArnError::new(text, flaw));
        let Some(name) = resource.strip_prefix("secret:") else {
            return flaw(ArnFlaw::NotLike(FORM.written));
        };
        if !is_secret_name(name, LONGEST) {
            return flaw(ArnFlaw::SecretName(name.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

arn_parts!(SecretArn);

/// Whether a text can be the name of a secret.
///
/// Source: Secrets Manager API Reference, CreateSecret, `Name`.
pub(super) fn is_secret_name(text: &str, most: usize) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
    !text.is_empty() && text.len() <= most && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_parts_are_read_in_every_partition() {
        for (partition, region) in [("aws", "eu-west-1"), ("aws-us-gov", "us-gov-east-1"), ("aws-cn", "cn-north-1")] {
            let text = format!("arn:{partition}:secretsmanager:{region}:111122223333:secret:prod/db+x=1@a.b_c-AbCdE9");
            let arn: SecretArn = text.parse().expect("it is one");
            assert_eq!((arn.partition(), arn.region(), arn.account()), (partition, region, "111122223333"));
            assert_eq!((arn.resource_name(), arn.name()), ("prod/db+x=1@a.b_c-AbCdE9", "prod/db+x=1@a.b_c"));
            assert_eq!(arn.to_string(), text);
        }
    }

    #[test]
    fn a_shortened_one_keeps_its_name() {
        for name in ["db", "prod/db-1", "prod/db-AbCdEfG", "db-AbC_Ef", "-AbCdEf"] {
            let arn: SecretArn =
                format!("arn:aws:secretsmanager:eu-west-1:111122223333:secret:{name}").parse().expect(name);
            assert_eq!((arn.name(), arn.resource_name()), (name, name));
        }
    }

    #[test]
    fn the_first_flaw_is_named() {
        let long = format!("arn:aws:secretsmanager:eu-west-1:111122223333:secret:{}", "x".repeat(600));
        for (text, flaw) in [
            ("prod/db", "not an ARN of the form arn:PARTITION:secretsmanager:"),
            ("arn:aws:secretsmanager:eu-west-1:111122223333", "not an ARN of the form"),
            ("arn:amazon:secretsmanager:eu-west-1:111122223333:secret:db", "the partition \"amazon\""),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/db", "the service is \"ssm\", not \"secretsmanager\""),
            ("arn:aws:secretsmanager::111122223333:secret:db", "the Region \"\""),
            ("arn:aws:secretsmanager:eu-west-1:1111:secret:db", "the account \"1111\""),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:db", "not an ARN of the form"),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:", "\"\" is no name of a secret"),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:db:key::", "\"db:key::\" is no name of a secret"),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:d\u{1b}", "\"d\\u{1b}\" is no name of a secret"),
            (&long, "is no name of a secret"),
        ] {
            let error = text.parse::<SecretArn>().expect_err(text).to_string();
            assert!(error.contains(flaw), "{error:?} does not say {flaw:?}");
        }
    }
}
