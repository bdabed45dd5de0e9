//! What an entry fetches: its one source, and which version of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sealkit_aws::arn::{ParameterId, SecretId};
use sealkit_host::config::{Field, Table};

use super::values::{self, word};
use crate::spec::{Object, ParameterPath, ParameterRef, SealedFile, SecretFilter, SecretRef};

/// The sources that an entry can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Secret,
    Parameter,
    Secrets,
    Parameters,
    Sealed,
}

impl Source {
    const ALL: [Self; 5] = [Self::Secret, Self::Parameter, Self::Secrets, Self::Parameters, Self::Sealed];

    /// The field that names it.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Parameter => "parameter",
            Self::Secrets => "secretsBy",
            Self::Parameters => "parametersByPath",
            Self::Sealed => "sealed",
        }
    }

    /// Whether how many values there are is known from the answer only.
    pub(super) fn is_many(self) -> bool {
        matches!(self, Self::Secrets | Self::Parameters)
    }
}

/// An object, and the Region that its ARN names.
pub(super) struct Found {
    pub(super) object: Object,
    pub(super) region: Option<String>,
}

/// Which of `sources` a table names; noted unless it is exactly one.
pub(super) fn source(table: &mut Table<'_>, sources: &[Source]) -> Option<Source> {
    // Asked for all of them, so that none is an unknown field.
    let found: Vec<_> = sources.iter().filter(|source| table.has(source.field())).collect();
    let words = |sources: &[&Source], word: &str| {
        let fields: Vec<_> = sources.iter().map(|source| format!("`{}`", source.field())).collect();
        fields.join(word)
    };
    match found[..] {
        [source] => Some(*source),
        [] => table.mistake(format!("it names no source: {}", words(&sources.iter().collect::<Vec<_>>(), " or "))),
        _ => table.mistake(format!("{} exclude each other: one entry has one source", words(&found, " and "))),
    }
}

/// The source that an entry names, if it names one.
pub(super) fn source_of_entry(table: &mut Table<'_>) -> Option<Source> {
    source(table, &Source::ALL)
}

/// The fields of `source`, and that there are none of another one's. Without a source, all are known but not read.
pub(super) fn object(table: &mut Table<'_>, source: Option<Source>) -> Option<Found> {
    let owners: [(&'static str, &[Source]); 7] = [
        ("versionId", &[Source::Secret]),
        ("versionStage", &[Source::Secret]),
        ("version", &[Source::Parameter]),
        ("label", &[Source::Parameter]),
        ("recursive", &[Source::Parameters]),
        ("context", &[Source::Sealed]),
        ("keys", &[Source::Sealed]),
    ];
    for (field, owners) in owners {
        if let Some(source) = source
            && !owners.contains(&source)
        {
            table.optional(field, |it| misplaced::<()>(it, source, owners));
        } else {
            table.has(field);
        }
    }
    match source? {
        Source::Secret => secret(table),
        Source::Parameter => parameter(table),
        Source::Secrets => secrets(table),
        Source::Parameters => parameters(table),
        Source::Sealed => sealed(table).map(|file| Found { object: Object::Sealed(file), region: None }),
    }
}

fn misplaced<T>(field: Field<'_>, source: Source, owners: &[Source]) -> Option<T> {
    let name = field.name();
    let hint = match (source, name) {
        (Source::Secret, "version" | "label") => "; a secret has `versionId` and `versionStage`",
        (Source::Parameter, "versionId" | "versionStage") => "; a parameter has `version` or `label`",
        _ => "",
    };
    let owners: Vec<_> = owners.iter().map(|owner| format!("`{}`", owner.field())).collect();
    field.mistake(format!("`{name}` belongs to {}, not to `{}`{hint}", owners.join(" or "), source.field()))
}

fn secret(table: &mut Table<'_>) -> Option<Found> {
    let id = table.optional("secret", |field| {
        let text = word(field)?;
        if text.starts_with("arn:") && text.split(':').count() > 7 {
            return field.mistake(
                "`secret`: an ARN has seven parts; json-key, stage and id of ECS are `key`, `versionStage` \
                                  and `versionId` here",
            );
        }
        let id: SecretId = values::arn(field, str::parse)?;
        Some((id.region().map(str::to_owned), text))
    });
    let version_id = table.optional("versionId", version_part);
    let version_stage = table.optional("versionStage", version_part);
    let (region, id) = id?;
    Some(Found { object: Object::Secret(SecretRef { id, version_id, version_stage }), region })
}

fn parameter(table: &mut Table<'_>) -> Option<Found> {
    let id = table.optional("parameter", |field| {
        let text = word(field)?;
        if !text.starts_with("arn:") && !text.starts_with("/aws/reference/") && text.contains(':') {
            return field
                .mistake("`parameter`: a name has no colon; give what stands behind it as `version` or `label`");
        }
        let id: ParameterId = values::arn(field, str::parse)?;
        Some((id.region().map(str::to_owned), text))
    });
    let version = table.optional("version", |field| field.integer(1..=i64::MAX).map(|version| version.to_string()));
    let label = table.optional("label", |field| {
        let label = version_part(field)?;
        // Parameter Store takes digits for a version.
        if label.bytes().all(|byte| byte.is_ascii_digit()) {
            return field.mistake("`label` is a number: give it as `version`");
        }
        Some(label)
    });
    if version.is_some() && label.is_some() {
        return table.mistake("`version` and `label` exclude each other");
    }
    let (region, name) = id?;
    Some(Found { object: Object::Parameter(ParameterRef { name, selector: version.or(label) }), region })
}

/// A version's id, stage or label: nothing that Parameter Store would take for something else, or a log for a line.
fn version_part(field: Field<'_>) -> Option<String> {
    let text = word(field)?;
    if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
        return Some(text);
    }
    field.mistake(format!("`{}` has visible ASCII characters only, and no colon", field.name()))
}

fn secrets(table: &mut Table<'_>) -> Option<Found> {
    let filter = table.optional("secretsBy", |field| {
        field.table(|table| {
            let name_prefix = table.optional("namePrefix", word);
            let tags = table.optional("tags", |field| {
                let tags = field.map(Field::string)?;
                if tags.is_empty() { field.mistake("`tags` is empty") } else { Some(tags) }
            });
            if !table.has("namePrefix") && !table.has("tags") {
                return table.mistake("`secretsBy` needs `namePrefix`, `tags` or both: it would match every secret");
            }
            Some(SecretFilter { name_prefix, tags: BTreeMap::from_iter(tags.unwrap_or_default()) })
        })
    });
    Some(Found { object: Object::Secrets(filter?), region: None })
}

fn parameters(table: &mut Table<'_>) -> Option<Found> {
    let path = table.optional("parametersByPath", |field| {
        let path = word(field)?;
        if path == "/" || path.starts_with('/') && path.parse::<ParameterId>().is_ok() {
            return Some(path);
        }
        field.mistake("`parametersByPath` begins with a slash and does not end with one, as in /prod/app")
    });
    let recursive = table.optional("recursive", Field::boolean).unwrap_or_default();
    Some(Found { object: Object::Parameters(ParameterPath { path: path?, recursive }), region: None })
}

/// A sealed file, as a source or as a fallback.
pub(super) fn sealed(table: &mut Table<'_>) -> Option<SealedFile> {
    let path = table.required("sealed", word).map(PathBuf::from);
    let context = table.optional("context", |field| field.map(Field::string)).unwrap_or_default();
    let keys = table.optional("keys", |field| values::some(field, values::key)).unwrap_or_default();
    Some(SealedFile { path: path?, context: BTreeMap::from_iter(context), keys })
}
