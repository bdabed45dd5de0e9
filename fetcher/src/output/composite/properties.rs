//! A Java properties file.

/// Prints `name=value` lines in ASCII, which `Properties.load` reads alike from bytes, as ISO-8859-1, and from UTF-8.
pub(super) fn print(pairs: &[(String, String)]) -> String {
    let mut lines = String::new();
    for (name, value) in pairs {
        push(&mut lines, name, true);
        lines.push('=');
        push(&mut lines, value, false);
        lines.push('\n');
    }
    lines
}

fn push(lines: &mut String, text: &str, is_name: bool) {
    let mut units = [0; 2];
    for (place, character) in text.chars().enumerate() {
        match character {
            // Space before the value is no part of it.
            ' ' if is_name || place == 0 => lines.push_str("\\ "),
            '\t' => lines.push_str("\\t"),
            '\n' => lines.push_str("\\n"),
            '\r' => lines.push_str("\\r"),
            '\u{c}' => lines.push_str("\\f"),
            '\\' | ':' | '=' | '#' | '!' => {
                lines.push('\\');
                lines.push(character);
            }
            ' '..='~' => lines.push(character),
            _ => {
                let units = character.encode_utf16(&mut units);
                units.iter().for_each(|unit| lines.push_str(&format!("\\u{unit:04X}")));
            }
        }
    }
}
