//! The environment variables that this crate reads, taken once at the edge.

use std::collections::HashMap;
use std::fmt;

/// Every variable that this crate itself looks at.
///
/// The SDK's credential providers read further ones (`AWS_ACCESS_KEY_ID`,
/// `AWS_CONTAINER_CREDENTIALS_FULL_URI`, …) from the process itself; none of those, which may be secret, is kept here.
/// Of the token files only the names are, for [`LoginFiles`](crate::LoginFiles).
const NAMES: &[&str] = &[
    "ALL_PROXY",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_MAX_ATTEMPTS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The settings that come from environment variables; an empty variable counts as unset.
///
/// Its `Debug` form shows names only, for a proxy's URL may hold a password.
#[derive(Clone, Default)]
pub struct Environment {
    variables: HashMap<String, String>,
}

impl Environment {
    /// Reads the variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::from_pairs(NAMES.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?))))
    }

    /// An environment of exactly these variables.
    pub fn from_pairs<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let pairs = pairs.into_iter().map(|(k, v)| (k.into(), v.into()));
        let variables = pairs.filter(|(_, value)| !value.is_empty()).collect();
        Self { variables }
    }

    /// The value of one variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The first of several variables that is set, with its name.
    pub(crate) fn first<'a>(&self, names: &[&'a str]) -> Option<(&'a str, &str)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    /// The same in the SDK's own type, for its parser of profile files.
    pub(crate) fn for_sdk(&self) -> aws_types::os_shim_internal::Env {
        self.variables.clone().into()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.variables.keys().collect();
        names.sort();
        f.debug_tuple("Environment").field(&names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_are_unset_and_values_are_not_shown() {
        let pairs = [("AWS_REGION", ""), ("HTTPS_PROXY", "http://u:hunter2@p:1")];
        let environment = Environment::from_pairs(pairs);
        assert_eq!(environment.get("AWS_REGION"), None);
        assert_eq!(format!("{environment:?}"), r#"Environment(["HTTPS_PROXY"])"#);
    }
}
