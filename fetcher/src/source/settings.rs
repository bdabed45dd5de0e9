//! How a process fetches.

use std::time::Duration;

use sealkit_aws::{CredentialsSource, Options, PodIdentityAddress};

use super::record::AuditSink;
use crate::spec::{AddressType, Place};

/// How long all calls of one fetch may take together, unless `--deadline` says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// How long one attempt may take, with finding credentials: a server that hangs costs seconds, not the deadline. A
/// third of it is the patience with silence.
pub const ATTEMPT: Duration = Duration::from_secs(15);

/// Roles' sessions are named within this length by STS.
const LONGEST_SESSION_NAME: usize = 64;

/// What [`Sources`](super::Sources) needs to know beside the AWS configuration.
pub struct Settings {
    /// The session's name of assumed roles, as [`session_name`] makes it.
    pub session_name: String,
    /// Whether this is an ECS task, where the grants that a denial misses may be those of the execution role.
    pub is_ecs: bool,
    /// Where audit lines of calls go.
    pub audit: Option<AuditSink>,
}

impl Settings {
    /// Without audit lines; the session's name is `name`, else that of the pod (`POD_NAME`), else the host's.
    #[must_use]
    pub fn of_process(name: Option<&str>) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
        let name = name.map(str::to_owned).or_else(|| variable("POD_NAME")).unwrap_or_else(host);
        let of_task = ["ECS_CONTAINER_METADATA_URI_V4", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
        Self {
            session_name: session_name(&name),
            is_ecs: of_task.iter().any(|name| variable(name).is_some()),
            audit: None,
        }
    }
}

/// A name that STS takes for a role's session: 2 to 64 characters of `A-Za-z0-9_+=,.@-`, others become `-`.
#[must_use]
pub fn session_name(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let mut name: String = name.chars().map(|c| if fits(c) { c } else { '-' }).take(LONGEST_SESSION_NAME).collect();
    if name.len() < 2 {
        name.insert_str(0, "seal-fetcher-");
    }
    name
}

/// The AWS configuration that `place` asks for; flags are set over it.
#[must_use]
pub fn aws_options(place: &Place) -> Options {
    let mut options = Options::new(concat!("seal-fetcher-", env!("CARGO_PKG_VERSION")));
    options.fallback_region.clone_from(&place.region);
    options.deadline = ATTEMPT;
    options.credentials = match place.pod_identity {
        None => CredentialsSource::Chain,
        Some(false) => CredentialsSource::WebIdentity,
        Some(true) => CredentialsSource::Container {
            agent: place.address_type.map(|address| match address {
                AddressType::Ipv4 => PodIdentityAddress::Ipv4,
                AddressType::Ipv6 => PodIdentityAddress::Ipv6,
            }),
        },
    };
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_names_are_what_sts_takes() {
        for (name, expected) in [
            ("web-7c9f-x2x9z", "web-7c9f-x2x9z"),
            ("a", "seal-fetcher-a"),
            ("", "seal-fetcher-"),
            ("pod/ü b", "pod---b"),
        ] {
            assert_eq!(session_name(name), expected);
        }
        assert_eq!(session_name(&"x".repeat(253)).len(), 64);
    }

    #[test]
    fn the_specification_chooses_the_credentials() {
        let options = |pod_identity, address_type| {
            aws_options(&Place { pod_identity, address_type, ..Place::default() }).credentials
        };
        assert_eq!(options(None, None), CredentialsSource::Chain);
        assert_eq!(options(Some(false), Some(AddressType::Ipv6)), CredentialsSource::WebIdentity);
        let agent = Some(PodIdentityAddress::Ipv6);
        assert_eq!(options(Some(true), Some(AddressType::Ipv6)), CredentialsSource::Container { agent });
    }
}
