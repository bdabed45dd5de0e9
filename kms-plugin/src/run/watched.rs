//! Whether the configuration file changed since it was last looked at.
//!
//! By its content, read again each time: a ConfigMap changes by a symbolic link two directories away, which no watch on
//! the file itself sees, and its files keep their times.

use std::path::{Path, PathBuf};

use crate::config;

/// What the file held when it was last looked at, be it right or wrong, or why it could not be read.
pub(super) struct Watched {
    path: Option<PathBuf>,
    seen: Result<String, String>,
}

impl Watched {
    /// `text` is what was read at the start.
    pub(super) fn new(path: Option<&Path>, text: Option<String>) -> Self {
        Self { path: path.map(Path::to_owned), seen: Ok(text.unwrap_or_default()) }
    }

    /// Whether there is a file at all.
    pub(super) fn exists(&self) -> bool {
        self.path.is_some()
    }

    /// Looks at it; whether it differs from the last time.
    pub(super) fn look(&mut self) -> bool {
        let Some(path) = &self.path else { return false };
        let now = config::text(path).map_err(|error| error.to_string());
        let differs = now != self.seen;
        self.seen = now;
        differs
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use std::os::unix::fs::symlink;

    use super::Watched;

    #[test]
    fn a_config_map_that_is_exchanged_is_a_change_and_once_is_enough() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (generation, text) in [("1", "a: 1"), ("2", "a: 2")] {
            std::fs::create_dir(at(generation)).unwrap();
            std::fs::write(at(generation).join("c.yaml"), text).unwrap();
        }
        symlink("1", at("..data")).unwrap();
        symlink("..data/c.yaml", at("c.yaml")).unwrap();
        let mut file = Watched::new(Some(&at("c.yaml")), Some("a: 1".to_owned()));
        assert!(!file.look());
        symlink("2", at("..new")).unwrap();
        std::fs::rename(at("..new"), at("..data")).unwrap();
        assert!(file.look() && !file.look());
        std::fs::remove_file(at("..data")).unwrap();
        assert!(file.look() && !file.look(), "that it is gone is told once");
    }
}
