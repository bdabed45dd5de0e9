//! Names in the target: what is ours, and what may be published.

use std::fmt;
use std::time::SystemTime;

/// The link that names the current generation.
pub(super) const DATA: &str = "..data";
/// Its successor, for the moment before it takes the name.
pub(super) const DATA_TMP: &str = "..data_tmp";
/// The manifest in each generation.
pub(super) const MANIFEST: &str = "..manifest.json";
/// Its successor, likewise.
pub(super) const MANIFEST_TMP: &str = "..manifest_tmp";
/// Visible links before the generation that they lead to is current.
const PENDING: &str = "..link_";

/// The name of a generation's directory: `..YYYY_MM_DD_HH_MM_SS.nnnnnnnnn`, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(String);

impl Generation {
    /// For one that is made at `now`.
    pub(super) fn at(now: SystemTime) -> Self {
        // 2026-11-25T10:15:00.123456789Z
        let time = humantime::format_rfc3339_nanos(now).to_string();
        let name = time.trim_end_matches('Z').chars().map(|c| if "-T:".contains(c) { '_' } else { c });
        Self("..".chars().chain(name).collect())
    }

    /// Only what [`at`](Self::at) could have made: one part of a path, and never `..` or an absolute one.
    pub(super) fn parse(name: &[u8]) -> Option<Self> {
        const SHAPE: &[u8] = b"..dddd_dd_dd_dd_dd_dd.ddddddddd";
        let fits = name.len() == SHAPE.len()
            && name.iter().zip(SHAPE).all(|(byte, shape)| match shape {
                b'd' => byte.is_ascii_digit(),
                shape => byte == shape,
            });
        fits.then(|| Self(name.iter().map(|byte| char::from(*byte)).collect()))
    }

    /// The directory's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The visible part of a path.
pub(super) fn first_part(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// What the visible link `name` holds.
pub(super) fn visible_link(name: &str) -> String {
    format!("{DATA}/{name}")
}

/// The name of the `number`th visible link before the switch.
pub(super) fn pending_link(number: usize) -> String {
    format!("{PENDING}{number}")
}

/// Whether a name is one that only an interrupted publication leaves behind.
pub(super) fn is_left_over(name: &[u8]) -> bool {
    name == DATA_TMP.as_bytes()
        || name
            .strip_prefix(PENDING.as_bytes())
            .is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Generation, is_left_over, pending_link};

    #[test]
    fn a_generation_is_named_after_its_time() {
        let now = SystemTime::UNIX_EPOCH + Duration::new(1_795_601_700, 123_456_789);
        let generation = Generation::at(now);
        assert_eq!(generation.as_str(), "..2026_11_25_10_15_00.123456789");
        assert_eq!(Generation::parse(generation.as_str().as_bytes()), Some(generation));
    }

    #[test]
    fn nothing_else_is_taken_for_a_generation() {
        for name in [
            "",
            "..",
            "..data",
            "../2026_11_25_10_15_00.12345678",
            "/.2026_11_25_10_15_00.123456789",
            "..2026_11_25_10_15_00.123456789/",
            "..2026_11_25_10_15_00.1234567890",
            "..2026_11_25_10_15_00.12345678",
            "..2026_11_25_10_15_00",
            "..2026-11-25_10_15_00.123456789",
            "..2026_11_25_10_15_0x.123456789",
        ] {
            assert_eq!(Generation::parse(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn only_names_of_this_module_are_left_overs() {
        assert!(is_left_over(b"..data_tmp"));
        assert!(is_left_over(pending_link(17).as_bytes()));
        for name in ["..data", "..link_", "..link_x", "..link_1x", "..manifest.json", "link_1"] {
            assert!(!is_left_over(name.as_bytes()), "{name}");
        }
    }
}
