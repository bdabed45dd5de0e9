//! What a name, path or key can be, and the mistakes found.

use std::path::{Component, Path};

use crate::error::CliError;

/// The longest key identifier that KMS takes, in bytes.
const LONGEST_KEY: usize = 2048;

const KEY_HINT: &str = "a key is a key ARN, an alias ARN, alias/NAME, a key id (a UUID, or mrk- and 32 hexadecimal \
                        digits), or local:/PATH of a key file";

/// The mistakes found, in order: all of them are told.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<CliError>);

impl Mistakes {
    pub(super) fn add(&mut self, mistake: CliError) {
        self.0.push(mistake);
    }

    /// Notes that `text` is not what it has to be.
    pub(super) fn check(&mut self, text: &str, flag: &str, holds: fn(&str) -> bool, hint: &str) {
        if !holds(text) {
            self.add(CliError::usage(flag, format!("{text:?} cannot be used")).hint(hint));
        }
    }

    /// Notes that `text` names no key, or a key file that no pod finds.
    pub(super) fn check_key(&mut self, text: &str) {
        match text.strip_prefix("local:") {
            Some(path) if !path.starts_with('/') => {
                let message = format!("{text:?}: the path of a key file in a pod must be absolute");
                self.add(CliError::usage("--key", message).hint(KEY_HINT));
            }
            Some(path) => self.check(path, "--key", is_path, KEY_HINT),
            None => self.check(text, "--key", is_kms_key, KEY_HINT),
        }
    }

    /// The value, if there are no mistakes.
    ///
    /// # Errors
    /// All of them.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Vec<CliError>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

/// Whether the plugin takes the text for a key of KMS.
///
/// The forms of `sealkit_aws::arn::KeyIdentifier`, told without it: this command is there in builds without AWS.
pub(super) fn is_kms_key(text: &str) -> bool {
    if text.starts_with("arn:") { is_arn(text) } else { is_alias(text) || is_key_id(text) }
}

fn is_arn(text: &str) -> bool {
    let fields: Vec<&str> = text.split(':').collect();
    let &["arn", partition, "kms", region, account, resource] = fields.as_slice() else { return false };
    let is_partition =
        partition == "aws" || partition.strip_prefix("aws-").is_some_and(|words| words.split('-').all(is_lower));
    let is_key = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    text.len() <= LONGEST_KEY
        && is_partition
        && is_region(region)
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && (resource.strip_prefix("key/").is_some_and(is_key) || is_alias(resource))
}

fn is_alias(text: &str) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-".contains(&b));
    text.len() <= 256 && text.strip_prefix("alias/").is_some_and(is_name)
}

fn is_key_id(text: &str) -> bool {
    let is_hex = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
    match text.strip_prefix("mrk-") {
        Some(digits) => is_hex(digits, 32),
        None => {
            let groups: Vec<&str> = text.split('-').collect();
            groups.len() == 5 && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, length)| is_hex(group, length))
        }
    }
}

/// Lower-case words and a number: `eu-west-1`, `us-gov-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    text.len() <= 32
        && text.rsplit_once('-').is_some_and(|(words, number)| {
            let is_number = (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
            is_number && words.contains('-') && words.split('-').all(is_lower)
        })
}

fn is_lower(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase())
}

/// Neither blanks nor what YAML, a shell or a list of the plugin would take for something else.
pub(super) fn is_word(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./:@+".contains(c);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(allowed)
}

/// What kube-apiserver takes for the name of a provider.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

pub(super) fn is_resource(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.*/".contains(c))
}

pub(super) fn is_path(text: &str) -> bool {
    let normal = |component: Component<'_>| matches!(component, Component::RootDir | Component::Normal(_));
    is_word(text) && text.starts_with('/') && !text.ends_with('/') && Path::new(text).components().all(normal)
}

#[cfg(all(test, feature = "aws"))]
mod tests {
    use sealkit_aws::arn::{KeyIdentifier, is_region as is_region_of_the_plugin};

    use super::*;

    #[test]
    fn keys_are_those_of_the_plugin() {
        let long = format!("alias/{}", "a".repeat(251));
        let id = format!("arn:aws:kms:eu-west-1:111122223333:key/{}", "a".repeat(2048));
        for (text, is_one) in [
            ("1234abcd-12ab-34cd-56ef-1234567890ab", true),
            ("mrk-1234abcd12ab34cd56ef1234567890ab", true),
            ("alias/app/prod_1-a", true),
            (&long[..256], true),
            ("arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", true),
            ("arn:aws:kms:eu-west-1:111122223333:key/some_id", true),
            ("arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/app", true),
            ("", false),
            ("bogus", false),
            ("alias/", false),
            ("alias/a.b", false),
            (&long, false),
            (&id, false),
            ("key/1234abcd-12ab-34cd-56ef-1234567890ab", false),
            ("1234abcd-12ab-34cd-56ef-1234567890a", false),
            ("1234abcd-12ab-34cd-56ef-1234567890ag", false),
            ("mrk-1234abcd12ab34cd56ef1234567890a", false),
            ("arn:aws:s3:::bucket", false),
            ("arn:aws:kms:eu-west-1:111122223333:key/", false),
            ("arn:aws:kms:eu-west-1:111122223333:key/a:b", false),
            ("arn:aws:kms:mars:111122223333:key/a", false),
            ("arn:aws:kms:eu-west-1:1111:key/a", false),
            ("arn:aws-:kms:eu-west-1:111122223333:key/a", false),
            ("arn:awsx:kms:eu-west-1:111122223333:key/a", false),
            ("ARN:aws:kms:eu-west-1:111122223333:key/a", false),
        ] {
            assert_eq!((is_kms_key(text), text.parse::<KeyIdentifier>().is_ok()), (is_one, is_one), "{text:?}");
        }
    }

    #[test]
    fn regions_are_those_of_the_plugin() {
        for (text, is_one) in [
            ("eu-west-1", true),
            ("us-isob-east-12", true),
            ("", false),
            ("mars", false),
            ("mars-1", false),
            ("eu-west", false),
            ("eu--1", false),
            ("eu-west-123", false),
            ("EU-west-1", false),
            ("eu-aaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1", false),
        ] {
            assert_eq!((is_region(text), is_region_of_the_plugin(text)), (is_one, is_one), "{text:?}");
        }
    }
}
