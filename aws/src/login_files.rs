//! What credentials are found with after the start: files that are read again, and perhaps programs.

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::profile::Profile;

/// The files that credentials are found with, for whoever restricts what the process may read.
///
/// Existing or not, in no order; logins make some of them anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginFiles {
    /// Tokens, which are exchanged by renaming, and the files of profiles.
    pub read: Vec<PathBuf>,
    /// Directories in which logins keep what they found.
    pub caches: Vec<PathBuf>,
    /// Whether a program that a profile names makes the credentials.
    pub runs_process: bool,
}

impl LoginFiles {
    pub(crate) fn find(environment: &Environment, profile: &Profile) -> Self {
        let home = environment.get("HOME").map(|home| Path::new(home).join(".aws"));
        let mut read: Vec<PathBuf> = [
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ]
        .into_iter()
        .filter_map(|name| environment.get(name).map(PathBuf::from))
        .collect();
        read.extend(profile.all_hops("web_identity_token_file").map(PathBuf::from));
        read.extend(home.iter().flat_map(|home| ["config", "credentials"].map(|name| home.join(name))));
        Self {
            read,
            caches: home.into_iter().flat_map(|home| ["sso/cache", "cli/cache"].map(|name| home.join(name))).collect(),
            runs_process: profile.all_hops("credential_process").next().is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_further_along_the_chain_counts() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let dir = std::env::temp_dir().join(format!("sealkit-login-files-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory can be made");
        let config = dir.join("config");
        let text = "[profile app]\nrole_arn = arn:aws:iam::111122223333:role/app\nsource_profile = base\n\
                    [profile base]\nweb_identity_token_file = /tokens/base\n\
                    [profile other]\ncredential_process = /bin/other\n";
        std::fs::write(&config, text).expect("a file can be written");
        let find = |profile: &str| {
            let environment = Environment::from_pairs([
                ("HOME", "/home/app"),
                ("AWS_CONFIG_FILE", config.to_str().expect("it is ASCII")),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/pod/token"),
            ]);
            let profile = runtime.block_on(Profile::load(Some(profile), &environment)).expect("it is there");
            LoginFiles::find(&environment, &profile)
        };
        let app = find("app");
        for path in ["/tokens/base", "/var/run/pod/token", "/home/app/.aws/credentials"] {
            assert!(app.read.contains(&PathBuf::from(path)), "{path} is not in {app:?}");
        }
        assert!(!app.runs_process);
        assert!(find("other").runs_process);
        std::fs::remove_dir_all(dir).expect("it is ours");
    }
}
