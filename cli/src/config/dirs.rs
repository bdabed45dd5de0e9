//! Where the user's own configuration, keys and permissions live: the XDG base directories, and nothing else.

use std::path::PathBuf;

use etcetera::base_strategy::{BaseStrategy, Xdg};
use sealkit_host::exit::Exit;

use crate::error::CliError;

/// The user's directories for Sealkit; no repository can name or move them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserDirs {
    config: PathBuf,
    data: PathBuf,
}

impl UserDirs {
    /// The directories that `XDG_CONFIG_HOME`, `XDG_DATA_HOME` and `HOME` name.
    ///
    /// # Errors
    ///
    /// When there is no home directory. Relative paths in the XDG variables are ignored, as their specification says.
    pub(crate) fn of_user() -> Result<Self, CliError> {
        let xdg = Xdg::new().map_err(|_| {
            CliError::new(Exit::Config, "HOME", "there is no home directory to find keys and configuration in")
                .hint("set HOME, or both XDG_DATA_HOME and HOME")
        })?;
        let this = Self { config: xdg.config_dir().join("sealkit"), data: xdg.data_dir().join("sealkit") };
        if this.config.is_relative() || this.data.is_relative() {
            // Whoever owns the working directory would own the user's configuration and keys.
            return Err(CliError::new(
                Exit::Config,
                "HOME",
                "is no absolute path: keys and configuration would be \
                                                            those of the working directory",
            )
            .hint("set HOME to an absolute path"));
        }
        Ok(this)
    }

    /// Directories below `root`, for tests.
    #[cfg(test)]
    pub(crate) fn below(root: &std::path::Path) -> Self {
        Self { config: root.join("config/sealkit"), data: root.join("data/sealkit") }
    }

    /// The user's own configuration file. Its name differs from a repository's `sealctl.toml`, so that none is ever
    /// mistaken for the other.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The directory of local keys.
    pub(crate) fn keys(&self) -> PathBuf {
        self.data.join("keys")
    }

    /// The directory of records of what the user has allowed.
    pub(crate) fn allowed(&self) -> PathBuf {
        self.data.join("allowed")
    }
}
