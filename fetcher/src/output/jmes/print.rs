//! Values as text, as Go's `encoding/json` prints them, for that is what the CSI provider's users have in their files.

use jmespath::{Rcvar, Variable};
use serde_json::Number;

/// Prints a value as compact JSON with sorted keys; none if it takes more than `limit` bytes.
///
/// With `html` as Go does by default, `<`, `>`, `&` and two line separators in strings are escaped. A whole number of
/// up to 64 bits keeps its digits, where Go rounds it beyond 2^53.
pub(super) fn json(value: &Variable, html: bool, limit: usize) -> Option<String> {
    let mut printer = Printer { text: String::new(), html, limit };
    printer.value(value)?;
    Some(printer.text)
}

/// Texts with `glue` between them; none if they take more than `limit` bytes.
pub(super) fn joined<'a>(glue: &str, texts: impl Iterator<Item = &'a String>, limit: usize) -> Option<String> {
    let mut printer = Printer { text: String::new(), html: false, limit };
    for (place, text) in texts.enumerate() {
        if place > 0 {
            printer.push(glue)?;
        }
        printer.push(text)?;
    }
    Some(printer.text)
}

struct Printer {
    text: String,
    html: bool,
    limit: usize,
}

impl Printer {
    fn push(&mut self, text: &str) -> Option<()> {
        if text.len() > self.limit - self.text.len() {
            return None;
        }
        self.text.push_str(text);
        Some(())
    }

    fn value(&mut self, value: &Variable) -> Option<()> {
        match value {
            Variable::Null => self.push("null"),
            Variable::Bool(true) => self.push("true"),
            Variable::Bool(false) => self.push("false"),
            Variable::Number(number) => self.push(&self::number(number)),
            Variable::String(text) => self.string(text),
            Variable::Array(items) => {
                let value = |printer: &mut Self, item: &Rcvar| printer.value(item);
                self.list(['[', ']'], items.iter(), value)
            }
            Variable::Object(members) => self.list(['{', '}'], members.iter(), |printer, (name, value)| {
                printer.string(name)?;
                printer.push(":")?;
                printer.value(value)
            }),
            // What Go prints for its reference to an expression, which is a structure without public fields.
            Variable::Expref(_) => self.push("{}"),
        }
    }

    fn list<T>(
        &mut self,
        [open, close]: [char; 2],
        items: impl Iterator<Item = T>,
        mut print: impl FnMut(&mut Self, T) -> Option<()>,
    ) -> Option<()> {
        self.push(open.encode_utf8(&mut [0; 4]))?;
        for (place, item) in items.enumerate() {
            if place > 0 {
                self.push(",")?;
            }
            print(self, item)?;
        }
        self.push(close.encode_utf8(&mut [0; 4]))
    }

    fn string(&mut self, text: &str) -> Option<()> {
        self.push("\"")?;
        for character in text.chars() {
            match character {
                '"' => self.push("\\\""),
                '\\' => self.push("\\\\"),
                '\n' => self.push("\\n"),
                '\r' => self.push("\\r"),
                '\t' => self.push("\\t"),
                '\u{8}' => self.push("\\b"),
                '\u{c}' => self.push("\\f"),
                '\0'..' ' | '\u{2028}' | '\u{2029}' => self.push(&format!("\\u{:04x}", u32::from(character))),
                '<' | '>' | '&' if self.html => self.push(&format!("\\u{:04x}", u32::from(character))),
                _ => self.push(character.encode_utf8(&mut [0; 4])),
            }?;
        }
        self.push("\"")
    }
}

fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => self::float(float),
        _ => number.to_string(),
    }
}

/// The shortest digits that read back equal; an exponent below 10^-6 and from 10^21 on.
fn float(float: f64) -> String {
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{float:e}");
        if size < 1.0 { text } else { text.replace('e', "e+") }
    } else {
        format!("{float}")
    }
}
