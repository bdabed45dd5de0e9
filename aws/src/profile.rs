//! The selected profile of `~/.aws/config` and `~/.aws/credentials`.

use std::borrow::Cow;
use std::error::Error;

use aws_config::profile::{self, Profile as SdkProfile, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::Fs;

use crate::environment::Environment;
use crate::error::ConfigError;

/// As many profiles as are followed from one `source_profile` to the next; real chains have two.
const MAX_HOPS: usize = 8;

/// The settings of the selected profile.
#[derive(Debug)]
pub(crate) struct Profile {
    set: ProfileSet,
}

impl Profile {
    /// Selects by flag, then `AWS_PROFILE`, then `default`.
    ///
    /// A profile that was asked for must exist; the default one need not.
    pub(crate) async fn load(flag: Option<&str>, environment: &Environment) -> Result<Self, ConfigError> {
        let asked = flag.map(|name| ("--profile", name)).or_else(|| environment.first(&["AWS_PROFILE"]));
        let name = asked.map(|(_, name)| Cow::Owned(name.to_owned()));
        let set = profile::load(&Fs::real(), &environment.for_sdk(), &EnvConfigFiles::default(), name)
            .await
            .map_err(|error| ConfigError::Profiles(one_line(&error)))?;

        if let Some((origin, name)) = asked
            && set.get_profile(name).is_none()
        {
            let mut known: Vec<String> = set.profiles().map(str::to_owned).collect();
            known.sort();
            return Err(ConfigError::ProfileAbsent { name: name.to_owned(), origin, known });
        }
        Ok(Self { set })
    }

    /// The profile's name.
    pub(crate) fn name(&self) -> &str {
        self.set.selected_profile()
    }

    /// One setting of the profile.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.set.get(key).filter(|value| !value.is_empty())
    }

    /// The profile to give to `aws sso login`, where the credentials come from IAM Identity Center:
    /// this one, or one that it takes its credentials from.
    pub(crate) fn sso_profile(&self) -> Option<&str> {
        let is_sso = |it: &&SdkProfile| it.get("sso_session").is_some() || it.get("sso_start_url").is_some();
        self.hops().find(is_sso).map(SdkProfile::name)
    }

    /// A setting of this profile and of those that it takes its credentials from.
    pub(crate) fn all_hops<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.hops().filter_map(move |profile| profile.get(key)).filter(|value| !value.is_empty())
    }

    /// This profile, the one that it takes its credentials from, and so on.
    fn hops(&self) -> impl Iterator<Item = &SdkProfile> {
        let next = |profile: &&SdkProfile| profile.get("source_profile").and_then(|name| self.set.get_profile(name));
        std::iter::successors(self.set.get_profile(self.name()), next).take(MAX_HOPS)
    }

    /// Whether the credentials come from a program that the profile names.
    pub(crate) fn runs_process(&self) -> bool {
        self.get("credential_process").is_some()
    }
}

/// An error and its sources on one line.
fn one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(link) = next {
        text = format!("{text}: {link}");
        next = link.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
