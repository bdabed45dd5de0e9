//! What an unquoted scalar of YAML 1.1 means, and what becomes of it where a string is wanted.
//!
//! The provider reads `objects` with a reader of YAML 1.1 that hands everything on as JSON: `yes` and `on` are true,
//! `0600` is octal, and where a field is a string, numbers and booleans become text again, in another spelling
//! perhaps: `0600` becomes `384`, `1.10` becomes `1.1`, `yes` becomes `true`.
//!
//! Source: YAML 1.1 types (<https://yaml.org/type/>), less base 60, as go-yaml 2 reads them.

/// A scalar and its type.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::spec) enum Scalar {
    /// No value.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A whole number that fits into 64 bits, signed or not.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
}

impl Scalar {
    /// What the text of a plain scalar means.
    pub(super) fn plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
                return Self::Boolean(true);
            }
            "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
                return Self::Boolean(false);
            }
            ".nan" | ".NaN" | ".NAN" => return Self::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Self::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => return Self::Float(f64::NEG_INFINITY),
            _ => {}
        }
        let string = || Self::String(text.to_owned());
        match text.as_bytes()[0] {
            b'.' => float(text).map_or_else(string, Self::Float),
            b'0'..=b'9' | b'+' | b'-' => {
                let digits = text.replace('_', "");
                integer(&digits).map(Self::Integer).or_else(|| float(&digits).map(Self::Float)).unwrap_or_else(string)
            }
            _ => string(),
        }
    }

    /// What it becomes where a string is wanted; nothing for null, which leaves a field as if it were not there.
    pub(super) fn into_text(self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Boolean(boolean) => Some(boolean.to_string()),
            Self::Integer(integer) => Some(integer.to_string()),
            Self::Float(float) => Some(shortest(float)),
            Self::String(text) => Some(text),
        }
    }
}

/// A whole number in any base that its prefix names; a leading zero is base 8.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // What has a sign here had two.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let number = if negative { -number } else { number };
    // A sign keeps a number from being an unsigned one.
    let most = if text.starts_with(['-', '+']) { i128::from(i64::MAX) } else { i128::from(u64::MAX) };
    (i128::from(i64::MIN)..=most).contains(&number).then_some(number)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, if it is finite.
fn float(text: &str) -> Option<f64> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|it| it.strip_prefix(['-', '+']).unwrap_or(it));
    let is_number = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|it| !it.is_empty() && digits(it));
    if !is_number {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The fewest digits that give the number back at single precision, which is what the provider's reader prints: with
/// an exponent below 1e-4 and from 1e6 on.
fn shortest(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "digits beyond single precision are lost there too")]
    let number = number as f32;
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    match scientific.split_once('e').and_then(|(mantissa, exponent)| Some((mantissa, exponent.parse::<i32>().ok()?))) {
        Some((mantissa, exponent)) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::Scalar;

    /// What the provider's reader makes of each, seen by running it.
    #[test]
    fn scalars_become_the_text_that_the_provider_reads() {
        for (plain, text) in [
            ("3", "3"),
            ("0600", "384"),
            ("600", "600"),
            ("0900", "900"),
            ("08.5", "8.5"),
            ("0o17", "15"),
            ("0_7", "7"),
            ("1_000", "1000"),
            ("_1", "_1"),
            ("00", "0"),
            ("-0", "0"),
            ("+12", "12"),
            ("0x1F", "31"),
            ("-0b11", "-3"),
            ("0b102", "0b102"),
            ("0x", "0x"),
            ("0x-1", "0x-1"),
            ("+-1", "+-1"),
            ("+", "+"),
            (".", "."),
            ("._5", "._5"),
            ("18446744073709551615", "18446744073709551615"),
            ("+18446744073709551615", "1.8446744e+19"),
            ("18446744073709551616", "1.8446744e+19"),
            ("-9223372036854775809", "-9.223372e+18"),
            ("1.10", "1.1"),
            (".5", "0.5"),
            ("-.5e1", "-5"),
            ("-0.0", "-0"),
            ("1e5", "100000"),
            ("12e03", "12000"),
            ("999999.0", "999999"),
            ("1000000.0", "1e+06"),
            ("123456789.5", "1.2345679e+08"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1e400", "1e400"),
            (".inf", "+Inf"),
            ("yes", "true"),
            ("y", "true"),
            ("on", "true"),
            ("Off", "false"),
            ("n", "false"),
            ("oN", "oN"),
            ("2001-01-02", "2001-01-02"),
            ("1:30", "1:30"),
            ("<<", "<<"),
        ] {
            assert_eq!(Scalar::plain(plain).into_text().as_deref(), Some(text), "{plain}");
        }
        for null in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(Scalar::plain(null).into_text(), None, "{null}");
        }
    }
}
