//! The parameters beside `objects`: Region, failover, credentials, and how `/` in names is translated.

use super::{Findings, Parameter, texts};
use crate::spec::{AddressType, Place};

/// What becomes of each `/` in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Translation {
    /// It becomes this character.
    To(char),
    /// It separates directories; a leading one is dropped.
    Off,
}

impl Translation {
    /// The path of a file for a name or an alias.
    pub(super) fn path(self, name: &str) -> String {
        match self {
            Self::To(character) => name.replace('/', character.encode_utf8(&mut [0; 4])),
            Self::Off => name.trim_start_matches('/').to_owned(),
        }
    }
}

/// Reads all but `pathTranslation` and `objects`.
pub(super) fn read<'p>(find: impl Fn(&'static str) -> Option<&'p Parameter<'p>>, findings: &mut Findings) -> Place {
    let text = |key| find(key).map(|parameter| parameter.value.to_owned());
    let region = text("region");
    let failover = find("failoverRegion");
    if let (Some(region), Some(failover)) = (&region, failover)
        && failover.value == region
    {
        findings.mistake(failover.at, texts::same_region(region));
    }
    Place {
        region,
        failover_regions: failover.iter().map(|failover| failover.value.to_owned()).collect(),
        role: None,
        pod_identity: find("usePodIdentity").and_then(|parameter| boolean(parameter, findings)),
        address_type: find("preferredAddressType").and_then(|parameter| address_type(parameter, findings)),
    }
}

/// A boolean as Go reads it.
fn boolean(parameter: &Parameter<'_>, findings: &mut Findings) -> Option<bool> {
    match parameter.value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        other => {
            findings.mistake(parameter.at, texts::pod_identity(other));
            None
        }
    }
}

/// `ipv4` or `ipv6` in any case; anything else leaves the choice to whoever asks.
fn address_type(parameter: &Parameter<'_>, findings: &mut Findings) -> Option<AddressType> {
    match parameter.value.to_lowercase().as_str() {
        "ipv4" => Some(AddressType::Ipv4),
        "ipv6" => Some(AddressType::Ipv6),
        "auto" => None,
        _ => {
            let message = format!("`preferredAddressType` is ipv4, ipv6 or auto: {:?} counts as auto", parameter.value);
            findings.notice(parameter.at, message);
            None
        }
    }
}

/// `_` unless something else is said.
pub(super) fn path_translation(parameter: Option<&Parameter<'_>>, findings: &mut Findings) -> Translation {
    let Some(parameter) = parameter else { return Translation::To('_') };
    match parameter.value.as_bytes() {
        [byte] if byte.is_ascii() => Translation::To(char::from(*byte)),
        value if value.eq_ignore_ascii_case(b"false") => Translation::Off,
        _ => {
            findings.mistake(parameter.at, texts::PATH_TRANSLATION);
            Translation::To('_')
        }
    }
}
