//! The user's own configuration: what a repository's cannot say.

use std::path::{Path, PathBuf};

use sealkit_host::config::{Document, Field, Table};
use sealkit_host::private_file::{PrivateFile, Readers};

use super::mistakes;
use super::private;
use super::rule::non_empty;
use crate::error::CliError;
use crate::keys::reference::KeyReference;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The user's own configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UserConfig {
    /// Where it is, if there is one.
    pub(crate) path: Option<PathBuf>,
    /// The keys to use where neither the command line nor a repository names any.
    pub(crate) keys: Vec<KeyReference>,
    /// Where audit lines go, unless `--audit` says otherwise.
    pub(crate) audit: Option<PathBuf>,
    /// Limits that differ from the defaults.
    pub(crate) limits: LimitSettings,
    /// Whether signed messages are refused.
    pub(crate) refuse_signed: bool,
    /// AWS.
    pub(crate) aws: AwsSettings,
}

/// Limits that differ from the defaults; only the user can raise them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LimitSettings {
    /// Most encrypted data keys.
    pub(crate) max_encrypted_data_keys: Option<usize>,
    /// Most bytes of header.
    pub(crate) max_header_bytes: Option<usize>,
    /// Longest frame, in bytes.
    pub(crate) max_frame_length: Option<u32>,
}

/// What the user's own configuration says about AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AwsSettings {
    /// The profile, unless `--profile` names one.
    pub(crate) profile: Option<String>,
    /// The Region of keys whose name has none, unless `--region` names one.
    pub(crate) region: Option<String>,
    /// FIPS endpoints.
    pub(crate) use_fips: Option<bool>,
    /// Dual-stack endpoints.
    pub(crate) use_dual_stack: Option<bool>,
    /// Which keys may be used at all.
    pub(crate) permitted: Permitted,
}

/// Which KMS keys may be used at all, whoever names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Permitted {
    /// Accounts, 12 digits each; empty permits all.
    pub(crate) accounts: Vec<String>,
    /// Key ARNs, of multi-Region keys any replica; empty permits all.
    pub(crate) keys: Vec<String>,
}

impl Permitted {
    /// Whether nothing is restricted.
    pub(crate) fn is_everything(&self) -> bool {
        self.accounts.is_empty() && self.keys.is_empty()
    }
}

impl UserConfig {
    /// Reads the file at `path`; without one, everything is as by default.
    ///
    /// # Errors
    ///
    /// A file that others own or can write, and all mistakes in it.
    pub(crate) fn load(path: &Path) -> Result<Self, CliError> {
        let file = match PrivateFile::open(path, Readers::Anyone) {
            Err(error) if private::is_absent(&error) => return Ok(Self::default()),
            opened => opened,
        };
        let text = file.and_then(|file| file.read_text(LONGEST)).map_err(|error| private::refused(path, &error))?;
        let read = Document::parse_toml(path, &text).and_then(|document| document.read(Self::read));
        let config = read.map_err(|errors| mistakes::told(&errors, "docs/sealctl-config.md lists the fields"))?;
        Ok(Self { path: Some(path.to_owned()), ..config })
    }

    fn read(table: &mut Table<'_>) -> Option<Self> {
        Some(Self {
            path: None,
            keys: table
                .optional("keys", |field| non_empty(field, |it| it.parse_with(KeyReference::parse)))
                .unwrap_or_default(),
            audit: table.optional("audit", absolute_path),
            limits: LimitSettings {
                max_encrypted_data_keys: table
                    .optional("max_encrypted_data_keys", |field| field.integer(1..=65_535_usize)),
                max_header_bytes: table.optional("max_header_bytes", |field| field.integer(1..=usize::MAX)),
                max_frame_length: table.optional("max_frame_length", |field| field.integer(1..=u32::MAX)),
            },
            refuse_signed: table.optional("refuse_signed", Field::boolean).unwrap_or_default(),
            aws: table.optional("aws", |field| field.table(AwsSettings::read)).unwrap_or_default(),
        })
    }
}

impl AwsSettings {
    fn read(table: &mut Table<'_>) -> Option<Self> {
        Some(Self {
            profile: table.optional("profile", Field::string),
            region: table.optional("region", Field::string),
            use_fips: table.optional("use_fips", Field::boolean),
            use_dual_stack: table.optional("use_dual_stack", Field::boolean),
            permitted: Permitted {
                accounts: table.optional("allowed_accounts", |field| non_empty(field, account)).unwrap_or_default(),
                keys: table.optional("allowed_keys", |field| non_empty(field, key_arn)).unwrap_or_default(),
            },
        })
    }
}

fn absolute_path(field: Field<'_>) -> Option<PathBuf> {
    field.parse_with(|text| match Path::new(text) {
        path if path.is_absolute() => Ok(path.to_owned()),
        _ => Err("must be an absolute path, for it counts in every directory"),
    })
}

fn account(field: Field<'_>) -> Option<String> {
    field.parse_with(|text| match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("an account is a string of twelve digits"),
    })
}

fn key_arn(field: Field<'_>) -> Option<String> {
    field.parse_with(|text| match KeyReference::parse(text) {
        Ok(key @ KeyReference::Kms(_)) if key.is_absolute() && text.contains(":key/") => Ok(text.to_owned()),
        _ => Err("not the ARN of a KMS key"),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn load(text: &str) -> Result<UserConfig, CliError> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("config.toml");
        fs::write(&path, text).expect("a write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("permissions");
        UserConfig::load(&path).map(|config| UserConfig { path: None, ..config })
    }

    #[test]
    fn without_a_file_everything_is_as_by_default() {
        assert_eq!(UserConfig::load(Path::new("/nonexistent/config.toml")), Ok(UserConfig::default()));
        assert_eq!(load(""), Ok(UserConfig::default()));
    }

    #[test]
    fn everything_that_a_repository_cannot_say_is_said_here() {
        let text = "keys = ['local:mine', 'alias/app']\naudit = '/var/log/seal.jsonl'\nmax_frame_length = 67108864\n\
                    [aws]\nprofile = 'work'\nregion = 'eu-west-1'\nuse_fips = true\nallowed_accounts = ['111122223333']\n\
                    allowed_keys = ['arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab']\n";
        let config = load(text).expect("a valid file");
        assert_eq!(config.keys.len(), 2);
        assert_eq!(config.limits.max_frame_length, Some(64 << 20));
        assert_eq!(config.aws.profile.as_deref(), Some("work"));
        assert!(!config.aws.permitted.is_everything());
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let error = load("keyz = []\naudit = 'relative'\n[aws]\nallowed_accounts = [1]\n").expect_err("mistakes");
        for place in [":1:1:", ":2:", ":4:"] {
            assert!(error.message.contains(place), "{error}");
        }
    }
}
