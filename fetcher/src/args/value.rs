//! Values of flags, read once at the edge. The messages are clap's second half: it names flag and value itself.

use std::num::NonZeroU32;
use std::time::Duration;

use sealkit_aws::arn::{RoleArn, is_account};

/// A time above zero.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    match any_time(text)? {
        Duration::ZERO => Err("it must be more than nothing".to_owned()),
        time => Ok(time),
    }
}

/// The time between two refreshes, which are a second apart whoever asks for them.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match any_time(text)? {
        time if time < Duration::from_secs(1) => Err("it must be a second at least".to_owned()),
        time => Ok(time),
    }
}

/// A number of pods.
pub(super) fn pods(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "it must be a whole number, 1 at least".to_owned())
}

/// A time, perhaps zero.
pub(super) fn any_time(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    humantime::parse_duration(text).map_err(|_| "a time is a number with its unit, as in 90s, 10m or 12h".to_owned())
}

/// A Region's name, which becomes part of host names.
pub(super) fn region(text: &str) -> Result<String, String> {
    if sealkit_aws::arn::is_region(text) {
        Ok(text.to_owned())
    } else {
        Err("a Region is written as in eu-central-1".to_owned())
    }
}

/// The ARN of a role.
pub(super) fn role(text: &str) -> Result<String, String> {
    match text.parse::<RoleArn>() {
        Ok(role) => Ok(role.as_str().to_owned()),
        Err(error) => Err(format!("{error}; write it as in arn:aws:iam::111122223333:role/app")),
    }
}

/// The number of an AWS account.
pub(super) fn account(text: &str) -> Result<String, String> {
    if is_account(text) { Ok(text.to_owned()) } else { Err("an account is twelve digits".to_owned()) }
}

/// The name of a session of an assumed role, as STS takes it.
pub(super) fn session_name(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@-_".contains(&byte);
    if (2..=64).contains(&text.len()) && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("2 to 64 letters, digits and +=,.@-_ (STS' rule for RoleSessionName)".to_owned())
    }
}

/// A URL of plain HTTP.
pub(super) fn http_url(text: &str) -> Result<http::Uri, String> {
    let wanted = "a URL is written as in http://127.0.0.1:8080/reload; HTTPS is not spoken here";
    let uri: http::Uri = text.parse().map_err(|_| wanted.to_owned())?;
    let Some(authority) = uri.authority().filter(|it| uri.scheme_str() == Some("http") && !it.host().is_empty()) else {
        return Err(wanted.to_owned());
    };
    // What follows the last colon outside brackets is a port, and no other number.
    let port = authority.as_str().rsplit_once(']').map_or(authority.as_str(), |(_, rest)| rest).rsplit_once(':');
    match port {
        Some((_, port)) if port.parse::<u16>().is_err() => Err(format!("{port:?} is no port")),
        _ => Ok(uri),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(any_time("0"), Ok(Duration::ZERO));
        assert_eq!(interval("1s"), Ok(Duration::from_secs(1)));
        assert!(interval("999ms").is_err() && interval("0").is_err());
        for text in ["0s", "90", "", "-1s", "1 fortnight"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn roles_are_arns_of_any_partition() {
        for arn in ["arn:aws:iam::111122223333:role/app", "arn:aws-cn:iam::111122223333:role/path/app"] {
            assert_eq!(role(arn).as_deref(), Ok(arn));
        }
        for text in
            ["app", "arn:aws:iam::1:role/app", "arn:aws:iam::111122223333:user/app", "arn:aws:iam::111122223333:role/"]
        {
            assert!(role(text).is_err(), "{text}");
        }
    }

    #[test]
    fn urls_are_plain_http() {
        for text in ["http://127.0.0.1:8080/reload", "http://[::1]/", "http://localhost"] {
            assert!(http_url(text).is_ok(), "{text}");
        }
        for text in ["https://localhost/", "localhost:80", "/reload", "", "http://", "http://a:99999/"] {
            assert!(http_url(text).is_err(), "{text}");
        }
    }
}
