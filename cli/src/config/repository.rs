//! A repository's `sealctl.toml`: rules that map paths to keys, context and policy.

use std::path::{Path, PathBuf};

use sealkit_host::config::Document;
use sealkit_host::exit::Exit;
use sealkit_host::private_file::{PrivateFile, Readers};

use super::mistakes;
use super::private;
use super::rule::Rule;
use super::trust::ContentDigest;
use crate::error::CliError;

/// The longest `sealctl.toml` that is read, in bytes: whoever wrote it need not be a friend.
const LONGEST: u64 = 64 * 1024;

/// What to do about a field that a repository's file does not know.
const HINT: &str = "docs/sealctl-config.md lists the fields; profile, Region, endpoint and what may be used at all \
                    belong in your own configuration, not in a repository's";

/// A `sealctl.toml`, read and valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepositoryConfig {
    /// Where it is: absolute, without symbolic links.
    pub(crate) path: PathBuf,
    /// What it contains, for the record of what the user allowed.
    pub(crate) content: ContentDigest,
    /// Its rules, in order.
    pub(crate) rules: Vec<Rule>,
}

impl RepositoryConfig {
    /// Reads the file at `path`, which is absolute and whose directory holds no symbolic link.
    ///
    /// # Errors
    ///
    /// A symbolic link, a file that others own or can write, one that is too long, and all mistakes in it.
    pub(crate) fn load(path: &Path) -> Result<Self, CliError> {
        if path.is_symlink() {
            let message = "is a symbolic link; the configuration of a repository is a file in it";
            return Err(CliError::new(Exit::Config, private::shown(path), message));
        }
        let text = PrivateFile::open(path, Readers::Anyone).and_then(|file| file.read_text(LONGEST));
        let text = text.map_err(|error| private::refused(path, &error))?;
        Self::parse(path, &text)
    }

    /// Reads the content of the file at `path`.
    ///
    /// # Errors
    ///
    /// All mistakes in it.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, CliError> {
        let rules = Document::parse_toml(path, text)
            .and_then(|document| {
                document.read(|root| {
                    Some(root.optional("rule", |field| field.list(|it| it.table(Rule::read))).unwrap_or_default())
                })
            })
            .map_err(|errors| mistakes::told(&errors, HINT))?;
        Ok(Self { path: path.to_owned(), content: ContentDigest::of(text.as_bytes()), rules })
    }

    /// The first rule that is for `path`, relative to this file's directory.
    pub(crate) fn rule_for(&self, path: &Path) -> Option<usize> {
        self.rules.iter().position(|rule| rule.matches(path))
    }

    /// The directory that its patterns are relative to.
    pub(crate) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Every key that one of its rules names, once, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for key in self.rules.iter().flat_map(|rule| &rule.keys).map(ToString::to_string) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// Whether any rule has an effect that the user must have allowed.
    pub(crate) fn needs_permission(&self) -> bool {
        self.rules.iter().any(Rule::needs_permission)
    }
}
