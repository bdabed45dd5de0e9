//! The path patterns of a `sealctl.toml`.

use std::fmt;
use std::path::Path;

use glob::{MatchOptions, Pattern};

/// The suffix of a sealed file: a pattern that matches `a.env` matches `a.env.sealed` too, so that what was encrypted
/// under a rule is decrypted under it.
const SEALED_SUFFIX: &str = ".sealed";

/// Names are compared exactly, `*` stays within one directory, and hidden files are no exception.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// A pattern for paths below the directory of its `sealctl.toml`, such as `secrets/**` or `**/*.env`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PathPattern(Pattern);

/// Why a string is not a path pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// It is empty.
    #[error("a path pattern is empty; \"**\" matches everything")]
    Empty,
    /// It begins with a slash.
    #[error("path patterns are relative to the directory of the file; remove the leading \"/\"")]
    Absolute,
    /// It has a component that names this or another directory.
    #[error(
        "a path pattern cannot contain \".\" or \"..\" as a component; it reaches no further than its own directory"
    )]
    Escapes,
    /// It ends in a slash.
    #[error("a path pattern that ends in \"/\" matches no file; write \"{0}**\"")]
    Directory(String),
    /// It contains a control character.
    #[error("a path pattern cannot contain control characters")]
    Control,
    /// It is not a pattern.
    #[error("not a path pattern: {0}")]
    Syntax(&'static str),
}

impl PathPattern {
    /// Parses a pattern: `?`, `*`, `[…]` within a component, `**` for any number of directories.
    ///
    /// # Errors
    ///
    /// A pattern that is empty, absolute, could leave its directory, or is malformed.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(PatternError::Control);
        }
        if text.starts_with('/') {
            return Err(PatternError::Absolute);
        }
        if text.ends_with('/') {
            return Err(PatternError::Directory(text.to_owned()));
        }
        if text.split('/').any(|part| part == "." || part == "..") {
            return Err(PatternError::Escapes);
        }
        Pattern::new(text).map(Self).map_err(|error| PatternError::Syntax(error.msg))
    }

    /// Whether the pattern matches `path`, relative to the directory of the `sealctl.toml`, or the file it is the
    /// sealed form of.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        if self.0.matches_path_with(path, OPTIONS) {
            return true;
        }
        path.to_str()
            .and_then(|text| text.strip_suffix(SEALED_SUFFIX))
            .is_some_and(|unsealed| !unsealed.is_empty() && self.0.matches_with(unsealed, OPTIONS))
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        PathPattern::parse(pattern).expect("a valid pattern").matches(Path::new(path))
    }

    #[test]
    fn stars_stay_within_a_directory_and_double_stars_do_not() {
        assert!(matches("*.env", "prod.env"));
        assert!(!matches("*.env", "app/prod.env"));
        assert!(matches("**/*.env", "app/prod.env"));
        assert!(matches("**/*.env", "prod.env"));
        assert!(matches("secrets/**", "secrets/a/b"));
        assert!(!matches("secrets/**", "secrets.txt"));
        assert!(matches("**", ".hidden/file"));
        assert!(matches("[ab].txt", "a.txt"));
        assert!(!matches("A.txt", "a.txt"));
    }

    #[test]
    fn the_sealed_form_matches_as_its_plaintext_does() {
        assert!(matches("*.env", "prod.env.sealed"));
        assert!(matches("*.sealed", "prod.env.sealed"));
        assert!(!matches("*.env", "prod.env.sealed.bak"));
    }

    #[test]
    fn patterns_that_could_leave_their_directory_are_refused() {
        assert_eq!(PathPattern::parse("../**"), Err(PatternError::Escapes));
        assert_eq!(PathPattern::parse("a/../../etc/*"), Err(PatternError::Escapes));
        assert_eq!(PathPattern::parse("/etc/**"), Err(PatternError::Absolute));
        assert_eq!(PathPattern::parse(""), Err(PatternError::Empty));
        assert_eq!(PathPattern::parse("a/"), Err(PatternError::Directory("a/".into())));
        assert_eq!(PathPattern::parse("a\u{1b}[2J"), Err(PatternError::Control));
        assert!(matches!(PathPattern::parse("a/***"), Err(PatternError::Syntax(_))));
        assert!(matches!(PathPattern::parse("[a"), Err(PatternError::Syntax(_))));
    }

    #[test]
    fn no_pattern_takes_long() {
        let started = std::time::Instant::now();
        let long = "a".repeat(255);
        let deep = "a/".repeat(120) + "c";
        for (part, path) in [("*a", &long), ("?*", &long), ("**/a/", &deep), ("**/*a/", &deep), ("*/**/", &deep)] {
            matches(&(part.repeat(30) + "b"), path);
        }
        assert!(started.elapsed().as_secs() < 5);
    }
}
