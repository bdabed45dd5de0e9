//! What is wrong with a name.

use std::fmt;

/// As much of a refused text as an error repeats, in characters: headers of messages may hold 64
/// KiB of it.
const SHOWN: usize = 256;

/// A text that does not name a KMS key, a secret, a parameter or a role, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {flaw}", Shown(.text))]
pub struct ArnError {
    text: String,
    flaw: ArnFlaw,
}

impl ArnError {
    pub(super) fn new(text: &str, flaw: ArnFlaw) -> Self {
        Self { text: text.chars().take(SHOWN + 1).collect(), flaw }
    }

    /// What is wrong.
    #[must_use]
    pub fn flaw(&self) -> &ArnFlaw {
        &self.flaw
    }
}

/// What makes a text unfit to be a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArnFlaw {
    /// It is longer, in bytes, than any identifier that KMS takes.
    TooLong(usize),
    /// It is not an ARN.
    NoArn,
    /// It has this number of parts instead of six.
    Fields(usize),
    /// This partition has not the form of one.
    Partition(String),
    /// The ARN is one of this service.
    Service(String),
    /// This Region has not the form of one.
    Region(String),
    /// This account is not twelve digits.
    Account(String),
    /// This last part is neither a key nor an alias.
    Resource(String),
    /// It names an alias where a key is needed.
    AliasForKey,
    /// It names a key where an alias is needed.
    KeyForAlias,
    /// The key has no replicas in other Regions.
    SingleRegion,
    /// It has none of the four forms of a key identifier.
    Form,
    /// It is longer, in bytes, than such a name may be.
    LongerThan {
        /// What it has.
        length: usize,
        /// What it may have.
        most: usize,
    },
    /// It is not an ARN of this form.
    NotLike(&'static str),
    /// The ARN is one of another service.
    OtherService {
        /// The one that it is of.
        found: String,
        /// The one that is needed.
        needed: &'static str,
    },
    /// This can't be the name of a secret.
    SecretName(String),
    /// This can't be the name of a parameter.
    ParameterName(String),
    /// This can't be the name of a role, with its path.
    RoleName(String),
}

impl fmt::Display for ArnFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(length) => write!(f, "{length} bytes are too long for a KMS key identifier (at most 2048)"),
            Self::NoArn => f.write_str("not an ARN (arn:PARTITION:kms:REGION:ACCOUNT:key/ID)"),
            Self::Fields(count) => {
                write!(f, "an ARN of a key has 6 parts (arn:PARTITION:kms:REGION:ACCOUNT:key/ID), not {count}")
            }
            Self::Partition(it) => write!(f, "the partition {} is not like aws, aws-us-gov or aws-cn", Shown(it)),
            Self::Service(it) => write!(f, "the service is {}, not \"kms\"", Shown(it)),
            Self::Region(it) => write!(f, "the Region {} is not like eu-west-1", Shown(it)),
            Self::Account(it) => write!(f, "the account {} is not twelve digits", Shown(it)),
            Self::Resource(it) => write!(f, "{} is neither key/ID nor alias/NAME", Shown(it)),
            Self::AliasForKey => f.write_str("an alias where a key's ARN is needed (aws kms describe-key shows it)"),
            Self::KeyForAlias => f.write_str("a key where the ARN of an alias is needed"),
            Self::SingleRegion => f.write_str("not a multi-Region key (mrk-…), so it has no replica elsewhere"),
            Self::Form => f.write_str(
                "not a KMS key: expected a key ARN, an alias ARN, alias/NAME or a key id (a UUID, or mrk- and 32 \
                 hexadecimal digits)",
            ),
            Self::LongerThan { length, most } => write!(f, "{length} bytes are too long (at most {most})"),
            Self::NotLike(form) => write!(f, "not an ARN of the form {form}"),
            Self::OtherService { found, needed } => write!(f, "the service is {}, not {needed:?}", Shown(found)),
            Self::SecretName(it) => {
                write!(f, "{} is no name of a secret (letters, digits and /_+=.@-, 512 at most)", Shown(it))
            }
            Self::ParameterName(it) => write!(
                f,
                "{} is no name of a parameter (letters, digits and /_.-, 1011 at most; /aws/reference/secretsmanager/ID \
                 for a secret)",
                Shown(it)
            ),
            Self::RoleName(it) => write!(f, "{} is no name of a role (letters, digits and _+=,.@-)", Shown(it)),
        }
    }
}

/// A refused text in quotes: control characters escaped, the rest of a long one left out.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{:?}...", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}
