//! Names of sealed files.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sealkit_host::text::Escaped;

/// What a sealed file's name ends in.
pub(crate) const SUFFIX: &str = ".sealed";

/// The configuration that travels with the data; it must stay readable, so trees leave it out.
pub(crate) const CONFIG_FILE: &str = "sealctl.toml";

/// Whether the name ends in `.sealed` and has more before it.
pub(crate) fn is_sealed(path: &Path) -> bool {
    path.file_name().is_some_and(|name| stem(name).is_some())
}

/// `notes.txt` becomes `notes.txt.sealed`.
pub(crate) fn sealed(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(SUFFIX);
    name.into()
}

/// `notes.txt.sealed` becomes `notes.txt`; any other name has no opened form.
pub(crate) fn opened(path: &Path) -> Option<PathBuf> {
    path.file_name().and_then(stem).map(|name| path.with_file_name(name))
}

fn stem(name: &OsStr) -> Option<&OsStr> {
    name.as_bytes().strip_suffix(SUFFIX.as_bytes()).filter(|stem| !stem.is_empty()).map(OsStr::from_bytes)
}

/// A path for people: control characters escaped, so that a file name cannot write to a terminal.
pub(crate) fn shown(path: &Path) -> String {
    Escaped::new(path).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        let path = Path::new("a/notes.txt");
        assert_eq!(opened(&sealed(path)).as_deref(), Some(path));
    }

    #[test]
    fn a_bare_suffix_is_no_sealed_file() {
        assert!(!is_sealed(Path::new("a/.sealed")));
        assert_eq!(opened(Path::new("a/.sealed")), None);
        assert_eq!(opened(Path::new("a/notes")), None);
    }
}
