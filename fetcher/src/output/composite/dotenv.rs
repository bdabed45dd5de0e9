//! `NAME=value` lines that `. FILE` of a POSIX shell and dotenv readers take as the same text.

use crate::output::refusal::Refusal;
use crate::output::variable;

/// Prints one line for each pair.
///
/// A value is written in the simplest of four forms that gives it back, so that most files suit readers that know few
/// of them (docker's `--env-file` knows the first alone):
///
/// ```text
/// NAME=plain-1.0          nothing in it that means something anywhere
/// NAME='any $text'        no `'` in it, and no `\` at its end
/// NAME="it's"             no `"`, `\`, `$`, and no back-quote in it
/// NAME='it'\''s "\\" one' each `'` and `\` outside the quotes
/// ```
///
/// # Errors
///
/// For names that are no variables, and for NUL.
pub(super) fn print(pairs: &[(String, String)]) -> Result<String, Vec<Refusal>> {
    let mut lines = String::new();
    let mut refusals = Vec::new();
    for (name, value) in pairs {
        if let Err(message) = variable::check_name(name) {
            refusals.push(Refusal::new(message, "rename it, or use another format"));
        }
        if value.contains('\0') {
            refusals.push(Refusal::new(format!("the value of {name} holds NUL"), "publish it as a file of its own"));
        }
        lines.push_str(name);
        lines.push('=');
        push(&mut lines, value);
        lines.push('\n');
    }
    if refusals.is_empty() { Ok(lines) } else { Err(refusals) }
}

fn push(lines: &mut String, value: &str) {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(&byte);
    if value.bytes().all(is_plain) {
        lines.push_str(value);
    } else if !value.contains('\'') && !value.ends_with('\\') {
        lines.push('\'');
        lines.push_str(value);
        lines.push('\'');
    } else if !value.contains(['"', '\\', '$', '`']) {
        lines.push('"');
        lines.push_str(value);
        lines.push('"');
    } else {
        for piece in value.split_inclusive(['\'', '\\']) {
            let text = piece.trim_end_matches(['\'', '\\']);
            if !text.is_empty() {
                lines.push('\'');
                lines.push_str(text);
                lines.push('\'');
            }
            if text.len() < piece.len() {
                lines.push('\\');
                lines.push_str(&piece[text.len()..]);
            }
        }
    }
}
