//! Names of files and variables: those that the specification knows, before the first call; those that come from
//! content, before the first write.
//!
//! A name is never mended but for one rule that is told: `/` in a name from content becomes `_`.

mod claims;

use std::fmt;

use sealkit_host::text::Escaped;

use crate::failure::Failure;
use crate::output::MadeTo;
use crate::plan::Plan;
use crate::spec::{Composite, Content, Destination, Spec, SpecMistake};
pub(crate) use claims::{Claims, Clash};

/// The longest part of a path, in bytes: Linux' `NAME_MAX`.
const LONGEST_PART: usize = 255;

/// The longest path below the target, in bytes: Linux' `PATH_MAX`.
const LONGEST_PATH: usize = 4096;

/// What no name of a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameFlaw {
    /// Nothing, or nothing between two slashes.
    #[error("has an empty part")]
    Empty,
    /// It begins with `/`.
    #[error("is absolute; names are relative to the target")]
    Absolute,
    /// `.` or `..`
    #[error("has a part `.` or `..`")]
    Dots,
    /// A part that begins with `..`, as generations and `..data` do.
    #[error("has a part that begins with `..`, which is kept for generations")]
    Reserved,
    /// Beyond `NAME_MAX`.
    #[error("has a part of more than 255 bytes")]
    LongPart,
    /// Beyond `PATH_MAX`.
    #[error("has more than 4096 bytes")]
    LongPath,
    /// NUL, a line break, or another control character.
    #[error("has control characters")]
    Control,
}

/// Whether a path may be made below the target.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_path(path: &str) -> Result<(), NameFlaw> {
    if path.starts_with('/') {
        return Err(NameFlaw::Absolute);
    }
    if path.len() > LONGEST_PATH {
        return Err(NameFlaw::LongPath);
    }
    path.split('/').try_for_each(check_part)
}

fn check_part(part: &str) -> Result<(), NameFlaw> {
    match part {
        "" => Err(NameFlaw::Empty),
        "." | ".." => Err(NameFlaw::Dots),
        _ if part.starts_with("..") => Err(NameFlaw::Reserved),
        _ if part.len() > LONGEST_PART => Err(NameFlaw::LongPart),
        _ if part.chars().any(char::is_control) => Err(NameFlaw::Control),
        _ => Ok(()),
    }
}

/// Whether a name can be a variable's: letters, digits, `_`, `-` and `.`, no digit first.
///
/// As Kubernetes has it, which is more than shells can use.
#[must_use]
pub fn is_variable(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    name.bytes().all(fits) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// The name of a file for something that content names: less its prefix, with `/` as `_`.
///
/// # Errors
/// If no file may be called that.
pub fn of_content(name: &str, strip_prefix: Option<&str>) -> Result<String, NameFlaw> {
    let rest = strip_prefix.and_then(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let name = rest.trim_start_matches('/').replace('/', "_");
    check_part(&name)?;
    Ok(name)
}

/// A path below a directory of the target; the target itself where that is empty.
#[must_use]
pub fn below(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Who makes a file, as errors name it.
#[derive(Clone, Copy, Debug)]
struct Maker<'a>(&'a str);

impl fmt::Display for Maker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", Escaped::new(self.0))
    }
}

/// The names that a specification itself holds.
pub(super) fn check_known(spec: &Spec) -> Vec<SpecMistake> {
    let mut mistakes = Vec::new();
    let mut claims = Claims::default();
    for known in known(&spec.entries, &spec.composites) {
        let at = known.at;
        let mut note = |message: String| mistakes.push(SpecMistake { at, message });
        let shown = Escaped::new(&known.path);
        if known.kind == Kind::Variable && !is_variable(&known.path) {
            note(format!("`{shown}` can't name a variable: letters, digits, `_`, `-` and `.`, no digit first"));
            continue;
        }
        if known.kind == Kind::Directory && known.path.is_empty() {
            continue;
        }
        if let Err(flaw) = check_path(&known.path) {
            note(format!("the {} `{shown}` {flaw}", known.kind.word()));
            continue;
        }
        if let Some(mode) = known.mode.filter(|mode| mode & !0o777 != 0) {
            note(format!("the mode {mode:04o} of `{shown}` has special bits, which do nothing for a secret"));
        }
        let claimed = match known.kind {
            Kind::Directory => claims.directory(&known.path, Maker(known.by)),
            Kind::File | Kind::Variable => claims.file(&known.path, Maker(known.by)),
        };
        if let Err(clash) = claimed {
            note(told(&known.path, Maker(known.by), &clash));
        }
    }
    mistakes
}

/// Names that came from content, against each other and against those that the specification holds. Each failure is
/// that of the entry whose content it is, so that others can go on.
///
/// `found` holds the label of an entry beside each thing that its content named, and nothing that the specification
/// names itself.
#[must_use]
pub fn check_found(plan: &Plan, found: &[(&str, &MadeTo)]) -> Vec<Failure> {
    let mut claims = Claims::default();
    for known in known(plan.entries.iter().map(|(entry, _)| entry), &plan.composites) {
        // They were checked when the plan was made.
        let _checked = match known.kind {
            Kind::Directory if known.path.is_empty() => Ok(()),
            Kind::Directory => claims.directory(&known.path, Maker(known.by)),
            Kind::File | Kind::Variable => claims.file(&known.path, Maker(known.by)),
        };
    }
    let mut failures = Vec::new();
    for (label, to) in found {
        let (path, flaw) = match to {
            MadeTo::File(file) => (&file.path, check_path(&file.path).err().map(|flaw| flaw.to_string())),
            MadeTo::Variable(name) => (name, (!is_variable(name)).then(|| "can't name a variable".to_owned())),
        };
        let message = match flaw {
            Some(flaw) => format!("the name `{}` from its content {flaw}", Escaped::new(path)),
            None => match claims.file(path, Maker(label)) {
                Ok(()) => continue,
                Err(clash) => told(path, Maker(label), &clash),
            },
        };
        failures.push(Failure::content(
            *label,
            message,
            "rename it where it is kept, or give it a directory of its own",
        ));
    }
    failures
}

fn told(path: &str, by: Maker<'_>, clash: &Clash<Maker<'_>>) -> String {
    let shown = Escaped::new(path);
    match clash {
        Clash::Same(other) => format!("the file `{shown}` is made twice, by {other} and by {by}"),
        Clash::Kind(other) => format!("`{shown}` is a file and a directory, of {other} and of {by}"),
        Clash::Below(file, other) => {
            format!("`{shown}` of {by} would be below `{}`, which is a file of {other}", Escaped::new(file))
        }
        Clash::Above(file, other) => {
            format!("`{shown}` is a file of {by}, so `{}` of {other} can't be below it", Escaped::new(file))
        }
    }
}

/// A name that stands in the specification.
struct Known<'a> {
    path: String,
    kind: Kind,
    mode: Option<u32>,
    by: &'a str,
    at: Option<sealkit_host::config::Position>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    /// Where files with names from content will be.
    Directory,
    /// Also the name of a file, for modes that make files.
    Variable,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Variable => "variable",
        }
    }
}

fn known<'a>(entries: impl IntoIterator<Item = &'a crate::spec::Entry>, composites: &'a [Composite]) -> Vec<Known<'a>> {
    let mut known = Vec::new();
    for entry in entries {
        for output in &entry.outputs {
            let (path, kind, mode) = match &output.to {
                Destination::File(file) => (file.path.clone(), Kind::File, file.mode),
                Destination::Files { directory, .. } => (directory.path.clone(), Kind::Directory, directory.mode),
                Destination::Variable(name) => (name.clone(), Kind::Variable, None),
                Destination::Variables { .. } => continue,
            };
            known.push(Known { path, kind, mode, by: &entry.label, at: output.at.or(entry.at) });
        }
    }
    for composite in composites {
        for path in files_of(composite) {
            let (mode, by) = (composite.file.mode, composite.name());
            known.push(Known { path, kind: Kind::File, mode, by, at: composite.at });
        }
    }
    known
}

/// The files that a composite makes.
pub(crate) fn files_of(composite: &Composite) -> Vec<String> {
    match &composite.content {
        Content::Tls(pair) => [Some(&pair.certificate), Some(&pair.key), pair.authority.as_ref()]
            .into_iter()
            .flatten()
            .map(|file| below(&composite.file.path, &file.file))
            .collect(),
        _ => vec![composite.file.path.clone()],
    }
}

impl Composite {
    /// What errors call it: its kind of file.
    fn name(&self) -> &'static str {
        match self.content {
            Content::Dotenv(_) => "dotenv",
            Content::Properties(_) => "properties",
            Content::Json(_) => "json",
            Content::Yaml(_) => "yaml",
            Content::Template(_) => "template",
            Content::Tls(_) => "tls",
        }
    }
}

#[cfg(test)]
mod tests;
