//! The alphabets and lengths that the parts of a KMS ARN are held to.
//!
//! Regions end up in host names and all parts in log lines, so what is accepted here is safe in
//! both.

/// What an ARN of KMS names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    /// `key/ID`
    Key,
    /// `alias/NAME`
    Alias,
}

impl Resource {
    /// Reads `key/ID` or `alias/NAME`.
    pub(super) fn parse(resource: &str) -> Option<Self> {
        if let Some(id) = resource.strip_prefix("key/") {
            let fits = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            return (!id.is_empty() && fits).then_some(Self::Key);
        }
        is_alias(resource).then_some(Self::Alias)
    }
}

/// `aws`, or `aws-` and lower-case words: `aws-us-gov`, `aws-cn`, `aws-iso-b`.
///
/// A list of today's partitions would refuse the next one (`aws-eusc` came in 2025), and gain
/// nothing.
pub(super) fn is_partition(text: &str) -> bool {
    text.split('-').enumerate().all(|(i, word)| match i {
        0 => word == "aws",
        _ => !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()),
    })
}

/// Whether a text has the form of a Region's name: lower-case words and a number, joined by hyphens: `eu-west-1`, `us-gov-west-1`,
/// `us-isob-east-1`.
#[must_use]
pub fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else {
        return false;
    };
    let numbered = (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let worded = words.contains('-')
        && words.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()));
    numbered && worded && text.len() <= 32
}

/// The partition that a Region is in: what begins its ARNs.
///
/// By the beginnings of Regions' names, as the endpoint rules of AWS have it; an unknown one is taken for the commercial
/// partition, as there.
#[must_use]
pub fn partition_of(region: &str) -> &'static str {
    const BEGINNINGS: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    BEGINNINGS.iter().find(|(beginning, _)| region.starts_with(beginning)).map_or("aws", |(_, partition)| partition)
}

/// Whether a text has the form of an account's number: twelve digits.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `alias/` and a name in KMS' alphabet, 256 bytes at most together.
pub(super) fn is_alias(text: &str) -> bool {
    text.len() <= 256
        && text.strip_prefix("alias/").is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-'))
        })
}

/// A key id without its ARN: a UUID, or `mrk-` and 32 hexadecimal digits.
///
/// Stricter than inside an ARN, for here the shape alone tells a key id from a mistyped alias.
pub(super) fn is_key_id(text: &str) -> bool {
    let hex = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(digits) = text.strip_prefix(super::MULTI_REGION_PREFIX) {
        return hex(digits, 32);
    }
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 5 && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, length)| hex(group, length))
}
