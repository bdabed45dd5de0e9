//! Names made harmless: what a file, a header or a service calls itself may hold control characters.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;

/// Shows untrusted text on one line, with nothing in it that a terminal or a log reader would act on.
///
/// Control characters (C0, DEL, C1), line and paragraph separators, and invisible or direction-changing characters
/// become escapes as in Rust (`\n`, `\u{202e}`); bytes that are not UTF-8 become `\xff`; a backslash is
/// doubled, so that the form is reversible. Printable text of any script stays as it is.
///
/// ```
/// use sealkit_host::text::Escaped;
///
/// assert_eq!(Escaped::new("naïve\u{1b}[2J.txt").to_string(), r"naïve\u{1b}[2J.txt");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(&'a [u8]);

impl<'a> Escaped<'a> {
    /// Text, or a path.
    pub fn new<T: AsRef<OsStr> + ?Sized>(text: &'a T) -> Self {
        Self(text.as_ref().as_bytes())
    }

    /// Bytes that are meant to be UTF-8.
    #[must_use]
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The pieces, each one character or one escape: what may be cut between, but not within.
    pub(crate) fn pieces(self) -> impl Iterator<Item = Piece> + 'a {
        self.0.utf8_chunks().flat_map(|chunk| {
            chunk.valid().chars().map(Piece::Char).chain(chunk.invalid().iter().copied().map(Piece::Byte))
        })
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|piece| piece.fmt(f))
    }
}

/// One character, or one byte that belongs to none.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Piece {
    Char(char),
    Byte(u8),
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Byte(byte) => write!(f, "\\x{byte:02x}"),
            Self::Char(c @ ('\n' | '\r' | '\t' | '\\')) => write!(f, "{}", c.escape_default()),
            Self::Char(c) if is_harmful(c) => write!(f, "{}", c.escape_unicode()),
            Self::Char(c) => f.write_char(c),
        }
    }
}

/// `text` with the characters escaped that [`Escaped`] would escape, but backslashes left: for text that may
/// hold escapes already.
#[must_use]
pub fn without_controls(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// An error and its sources on one line, each said once.
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        source = error.source();
    }
    line
}

/// A line of JSON in which every character that [`Escaped`] would escape is written as `\\uXXXX`: the same to whoever
/// parses it, and harmless to whoever looks at it on a terminal. JSON itself demands that of C0 alone.
///
/// ```
/// use sealkit_host::text::harmless_json;
///
/// assert_eq!(harmless_json("{\"name\":\"a\u{9b}2J\"}"), r#"{"name":"a\u009b2J"}"#);
/// ```
#[must_use]
pub fn harmless_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if is_harmful(c) {
            let mut units = [0; 2];
            shown.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether `c` moves the cursor, changes direction, or can't be seen.
///
/// The general categories Cc, Zl and Zp whole, and of Cf those that hide or reorder text ("Trojan source",
/// CVE-2021-42574; tag characters). Joiners between letters are left alone where scripts need them.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{Escaped, harmless_json};

    #[test]
    fn printable_text_of_any_script_stays() {
        for text in ["report.txt", "naïve café", "日本語", "नमस्ते", "👩‍💻", "a b"] {
            assert_eq!(Escaped::new(text).to_string(), text);
        }
    }

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        for (text, shown) in [
            ("a\nb", r"a\nb"),
            ("\u{1b}]0;title\u{7}", r"\u{1b}]0;title\u{7}"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("exe\u{202e}txt.", r"exe\u{202e}txt."),
            ("\u{2028}", r"\u{2028}"),
            ("\u{7f}\u{0}", r"\u{7f}\u{0}"),
            (r"C:\x", r"C:\\x"),
        ] {
            assert_eq!(Escaped::new(text).to_string(), shown);
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_shown_as_bytes() {
        assert_eq!(Escaped::bytes(b"a\xff\xe2\x82z").to_string(), r"a\xff\xe2\x82z");
    }

    #[test]
    fn json_means_the_same_without_what_a_terminal_acts_on() {
        assert_eq!(harmless_json("\"\u{7f}\u{9b}\u{202e}\u{e0041}é日\""), r#""\u007f\u009b\u202e\udb40\udc41é日""#);
    }
}
