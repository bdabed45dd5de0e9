//! One `valueFrom` string.

use std::fmt;
use std::str::FromStr;

use sealkit_aws::arn::{ArnError, ArnFlaw, ParameterArn, ParameterId, SecretArn};

use crate::spec::{Object, ParameterRef, SecretRef, Select};

/// What a `valueFrom` string names.
///
/// Source: Amazon ECS Developer Guide, "Pass sensitive data to an Amazon ECS container".
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ValueFrom {
    pub(super) object: Object,
    pub(super) select: Select,
    /// The Region of the ARN, if it is one.
    pub(super) region: Option<String>,
}

/// Why a text is no `valueFrom` string; without the text, for it may be the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueFromFlaw {
    Empty,
    Colons,
    StageAndId,
    Service,
    Partition,
    Region,
    Account,
    Secret,
    Parameter,
    Name,
    Blank,
}

impl FromStr for ValueFrom {
    type Err = ValueFromFlaw;

    fn from_str(text: &str) -> Result<Self, ValueFromFlaw> {
        if text.is_empty() {
            return Err(ValueFromFlaw::Empty);
        }
        if !text.starts_with("arn:") {
            let is_name = text.parse::<ParameterId>().is_ok();
            return if is_name { Ok(parameter(text, None)) } else { Err(ValueFromFlaw::Name) };
        }
        match text.split(':').nth(2) {
            Some("secretsmanager") => secret(text),
            Some("ssm") => {
                let arn: ParameterArn = text.parse().map_err(|error| flaw(&error, ValueFromFlaw::Parameter))?;
                Ok(parameter(text, Some(arn.region())))
            }
            _ => Err(ValueFromFlaw::Service),
        }
    }
}

fn parameter(name: &str, region: Option<&str>) -> ValueFrom {
    let object = Object::Parameter(ParameterRef { name: name.to_owned(), selector: None });
    ValueFrom { object, select: Select::Whole, region: region.map(str::to_owned) }
}

/// `ARN`, or `ARN:json-key:version-stage:version-id` with all three colons.
fn secret(text: &str) -> Result<ValueFrom, ValueFromFlaw> {
    let parts: Vec<&str> = text.split(':').collect();
    let (arn, key, stage, id) = match parts.len() {
        0..=7 => (text, "", "", ""),
        10 => {
            let suffix: usize = parts[7..].iter().map(|part| part.len() + 1).sum();
            (&text[..text.len() - suffix], parts[7], parts[8], parts[9])
        }
        _ => return Err(ValueFromFlaw::Colons),
    };
    let arn: SecretArn = arn.parse().map_err(|error| flaw(&error, ValueFromFlaw::Secret))?;
    if !stage.is_empty() && !id.is_empty() {
        return Err(ValueFromFlaw::StageAndId);
    }
    if [stage, id].iter().any(|part| part.chars().any(|c| c.is_whitespace() || c.is_control())) {
        return Err(ValueFromFlaw::Blank);
    }
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(ValueFrom {
        region: Some(arn.region().to_owned()),
        object: Object::Secret(SecretRef {
            id: arn.as_str().to_owned(),
            version_id: given(id),
            version_stage: given(stage),
        }),
        select: given(key).map_or(Select::Whole, Select::Key),
    })
}

/// The kind of a flaw in an ARN, without what it echoes.
fn flaw(error: &ArnError, otherwise: ValueFromFlaw) -> ValueFromFlaw {
    match error.flaw() {
        ArnFlaw::Partition(_) => ValueFromFlaw::Partition,
        ArnFlaw::Region(_) => ValueFromFlaw::Region,
        ArnFlaw::Account(_) => ValueFromFlaw::Account,
        _ => otherwise,
    }
}

impl fmt::Display for ValueFromFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::Colons => {
                "what stands behind the ARN of a secret has all three colons, as in …:json-key:version-stage:version-id or \
                 …:password::"
            }
            Self::StageAndId => "a version stage and a version id exclude each other",
            Self::Service => "an ARN of another service than Secrets Manager and Systems Manager",
            Self::Partition => "the partition of its ARN is not like aws, aws-us-gov or aws-cn",
            Self::Region => "the Region of its ARN is not like eu-west-1",
            Self::Account => "the account of its ARN is not twelve digits",
            Self::Secret => "not an ARN of a secret: arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX",
            Self::Parameter => "not an ARN of a parameter: arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME",
            Self::Name => {
                "neither the ARN of a secret or parameter nor the name of a parameter (letters, digits and /_.-); a secret \
                 is named by its ARN only"
            }
            Self::Blank => "a version stage or id has a blank in it",
        })
    }
}
