//! Values that flags and the file write alike.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use sealkit_aws::arn::{ArnError, KeyIdentifier, is_region};

/// Why a value is refused.
#[derive(Debug)]
pub(crate) enum ValueError {
    /// By us.
    Form(&'static str),
    /// By the parser of key names.
    Key(ArnError),
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(text) => f.write_str(text),
            Self::Key(error) => error.fmt(f),
        }
    }
}

/// Permission bits in octal.
pub(crate) fn mode(text: &str) -> Result<u32, ValueError> {
    let octal = (3..=4).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    let bits = u32::from_str_radix(text, 8).ok().filter(|bits| octal && *bits <= 0o777);
    bits.ok_or(ValueError::Form("permission bits are three octal digits, with or without a 0 before them, as in 0660"))
}

/// The name of a key, as it is typed: what KMS calls one, or `local:PATH`.
pub(crate) fn key_name(text: &str) -> Result<String, ValueError> {
    match text.strip_prefix("local:") {
        Some("") => return Err(ValueError::Form("a local key is named by the path of its file, as local:/etc/key")),
        Some(_) => {}
        None if text.is_empty() => return Err(ValueError::Form("it names no key")),
        None => drop(text.parse::<KeyIdentifier>().map_err(ValueError::Key)?),
    }
    Ok(text.to_owned())
}

/// A Region's name.
pub(crate) fn region(text: &str) -> Result<String, ValueError> {
    if is_region(text) { Ok(text.to_owned()) } else { Err(ValueError::Form("it is not like eu-west-1")) }
}

/// A time with its unit: `90s`, `10m`, `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, ValueError> {
    // The parser's own words name units that no page of ours has.
    humantime::parse_duration(text)
        .map_err(|_| ValueError::Form("a time is a number with its unit, as in 90s, 10m, 12h or 20d"))
}

/// A time as it is written: `20d`, `1h 30m`.
pub(crate) fn duration_text(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (time.subsec_millis().into(), "ms"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// The path of an HTTP endpoint.
pub(crate) fn http_path(text: &str) -> Result<String, ValueError> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#');
    if text.starts_with('/') && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(ValueError::Form("a path begins with / and has neither blanks nor ? nor #"))
    }
}

/// The path of a socket. Absolute, for kube-apiserver must name the same one.
pub(crate) fn socket_path(text: &str) -> Result<PathBuf, ValueError> {
    if text.starts_with('/') {
        Ok(text.into())
    } else {
        Err(ValueError::Form("the path of a socket begins with / (and has no unix:// before it)"))
    }
}

/// A path; a relative one would mean something else to a process started elsewhere, but that is its starter's affair.
pub(crate) fn path(text: &str) -> Result<PathBuf, ValueError> {
    if text.is_empty() { Err(ValueError::Form("it names no file")) } else { Ok(text.into()) }
}

/// An endpoint's URL. AWS' clients check more of it.
pub(crate) fn url(text: &str) -> Result<String, ValueError> {
    if ["http://", "https://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme)) {
        Ok(text.to_owned())
    } else {
        Err(ValueError::Form("an endpoint is a URL, as in https://vpce-1a2b.kms.eu-west-1.vpce.amazonaws.com"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use super::*;

    #[test]
    fn times_are_told_as_they_are_written() {
        for text in ["90s", "3"] {
            let told = duration(text).map(duration_text).map_err(|error| error.to_string());
            match text {
                "3" => assert_eq!(told, Err("a time is a number with its unit, as in 90s, 10m, 12h or 20d".to_owned())),
                _ => assert_eq!(told.as_deref(), Ok("1m 30s")),
            }
        }
        for text in ["20d", "1h 30m", "1d 1s", "250ms", "0s"] {
            assert_eq!(duration_text(duration(text).unwrap()), text);
        }
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(mode("0600").unwrap(), 0o600);
        assert_eq!(mode("660").unwrap(), 0o660);
        for text in ["", "6", "0888", "1777", "00660", "+660", "0o660", "rw"] {
            assert!(mode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_are_named_as_kms_names_them_or_by_a_file() {
        for text in [
            "alias/app",
            "local:/etc/key",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ] {
            assert_eq!(key_name(text).unwrap(), text);
        }
        for text in ["", "local:", "aliass/app", "arn:aws:s3:::bucket"] {
            assert!(key_name(text).is_err(), "{text}");
        }
    }
}
