//! Single values, and rights of files.

use sealkit_aws::arn::{ArnError, KeyArn, RoleArn, is_region};
use sealkit_host::config::{Field, Table};

use crate::spec::{Decode, File};

/// The words of `decode`.
pub(super) const DECODE: [(&str, Decode); 2] = [("base64", Decode::Base64), ("base64url", Decode::Base64Url)];

/// Rights of files that say nothing themselves, and of those that do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rights {
    mode: Option<u32>,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl Rights {
    /// The fields of a table.
    pub(super) fn read(table: &mut Table<'_>) -> Self {
        Self { mode: table.optional("mode", mode), uid: table.optional("uid", id), gid: table.optional("gid", id) }
    }

    /// A file of these rights.
    pub(super) fn file(self, path: String) -> File {
        File { path, mode: self.mode, uid: self.uid, gid: self.gid }
    }

    /// With `defaults` where these say nothing.
    pub(super) fn or(self, defaults: &Self) -> Self {
        Self { mode: self.mode.or(defaults.mode), uid: self.uid.or(defaults.uid), gid: self.gid.or(defaults.gid) }
    }
}

/// `defaults`.
#[expect(clippy::unnecessary_wraps, reason = "it is what reads a table")]
pub(super) fn defaults(table: &mut Table<'_>) -> Option<Rights> {
    Some(Rights::read(table))
}

/// A string only: what 0400 is as a number, readers of YAML do not agree on.
fn mode(field: Field<'_>) -> Option<u32> {
    let text = field.string()?;
    let digits = text.len() == 4 && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    match u32::from_str_radix(&text, 8) {
        Ok(bits) if digits && bits <= 0o777 => Some(bits),
        Ok(_) if digits => field.mistake(format!("`mode`: `{text}` has special bits, which do nothing for a secret")),
        _ => field.mistake("`mode` must be four octal digits, as in \"0400\""),
    }
}

/// A uid or gid. Not the last one, which means "leave it" to the kernel.
fn id(field: Field<'_>) -> Option<u32> {
    field.integer(0..=u32::MAX - 1)
}

/// A string that says something.
pub(super) fn word(field: Field<'_>) -> Option<String> {
    let text = field.string()?;
    if text.is_empty() { field.mistake(format!("`{}` is empty", field.name())) } else { Some(text) }
}

/// The path of a file or directory below the target; its parts are checked by the plan, for all forms.
pub(super) fn path(field: Field<'_>) -> Option<String> {
    word(field)
}

/// A directory below the target: `.` is the target itself, and no text at all in the model.
pub(super) fn directory(field: Field<'_>) -> Option<String> {
    let text = word(field)?;
    Some(if text == "." { String::new() } else { text })
}

/// A Region's name.
pub(super) fn region(field: Field<'_>) -> Option<String> {
    let text = field.string()?;
    if is_region(&text) { Some(text) } else { field.mistake(format!("`{}` is not like eu-west-1", field.name())) }
}

/// The ARN of a role.
pub(super) fn role(field: Field<'_>) -> Option<String> {
    arn(field, |text| text.parse().map(|role: RoleArn| role.to_string()))
}

/// The ARN of a KMS key.
pub(super) fn key(field: Field<'_>) -> Option<String> {
    arn(field, |text| text.parse().map(|key: KeyArn| key.to_string()))
}

/// An ARN, or what stands for one; the text is told once.
pub(super) fn arn<T>(field: Field<'_>, parse: impl FnOnce(&str) -> Result<T, ArnError>) -> Option<T> {
    let text = word(field)?;
    parse(&text).map_or_else(|error| field.mistake(format!("`{}`: {error}", field.name())), Some)
}

/// A list that is not empty and in which nothing is twice.
pub(super) fn some<T: Eq + std::hash::Hash>(field: Field<'_>, read: fn(Field<'_>) -> Option<T>) -> Option<Vec<T>> {
    let items = field.distinct_list(read)?;
    if items.is_empty() { field.mistake(format!("`{}` is empty", field.name())) } else { Some(items) }
}
