//! What keeps a configuration from being made.

use std::path::PathBuf;

/// A setting that cannot be used, found before any request is made.
///
/// The text says where the setting comes from and what would be right; it repeats no value that may
/// hold a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The profile that was asked for is in none of the files.
    #[error(
        "profile {name:?} (from {origin}) is neither in ~/.aws/config nor in ~/.aws/credentials; \
         there are: {}",
        list(.known)
    )]
    ProfileAbsent {
        /// The name that was asked for.
        name: String,
        /// The flag or variable that names it.
        origin: &'static str,
        /// The names that exist, sorted.
        known: Vec<String>,
    },
    /// The AWS config or credentials file cannot be read or parsed.
    #[error("the AWS profiles cannot be read: {0}")]
    Profiles(String),
    /// A Region's name has not the form of one.
    #[error("{origin} names the Region {value:?}, which is not like eu-west-1")]
    Region {
        /// The flag, variable or file that names it.
        origin: &'static str,
        /// The refused name.
        value: String,
    },
    /// A proxy's URL cannot be used.
    #[error("{variable} is not the URL of an HTTP proxy (http://HOST:PORT or https://HOST:PORT)")]
    Proxy {
        /// The variable that holds it.
        variable: &'static str,
    },
    /// A file or directory of CA certificates cannot be read.
    #[error("cannot read the CA certificates of {origin} from {}", .path.display())]
    CaUnreadable {
        /// The variable or setting that names it.
        origin: &'static str,
        /// What it names.
        path: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// A file or directory of CA certificates holds none.
    #[error(
        "{} (from {origin}) holds no CA certificate in PEM form (-----BEGIN CERTIFICATE-----)",
        .path.display()
    )]
    CaEmpty {
        /// The variable or setting that names it.
        origin: &'static str,
        /// What it names.
        path: PathBuf,
    },
    /// An endpoint is no URL that requests can be sent to.
    #[error("the endpoint {0:?} is not the URL of a host (https://HOST or http://HOST:PORT)")]
    Endpoint(String),
    /// The number of attempts is not a number above zero.
    #[error("{origin} is {value:?}, not a number of attempts from 1 up")]
    Attempts {
        /// The variable or setting.
        origin: &'static str,
        /// Its value.
        value: String,
    },
    /// The name for the user agent has characters that a header's token cannot hold.
    #[error("{0:?} cannot be an application's name in a user agent: use letters, digits, - and .")]
    AppName(String),
}

/// Names for a sentence.
fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
