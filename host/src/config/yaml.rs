//! From YAML 1.2 (core schema) to a tree.
//!
//! A subset on purpose: what a configuration of ours never needs is refused by name rather than read in a way that
//! surprises. Aliases and tags (a few lines can stand for gigabytes, or for a type), several documents in a file, and
//! whole numbers with a leading zero, which are octal to readers of YAML 1.1 and decimal to those of 1.2.
//!
//! Source: YAML 1.2.2, section 10.3 (core schema).

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

use super::mistakes::{Notes, quoted};
use super::tree::{Entry, Node, Position, Value};

/// How deep lists and mappings nest; ours are five deep.
const DEEPEST: usize = 64;

/// Parses it. A syntax error ends the reading, for behind it nothing is certain. All else that is refused is noted, and
/// what stands beside it is given.
pub(super) fn parse(text: &str, notes: &Notes) -> Option<Node> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::new(notes);
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                builder.take(event, position(span.start))?;
            }
            Err(error) => {
                let (at, message) = syntax_error(text, &error);
                notes.add(at, message);
                return None;
            }
        }
    }
    builder.root()
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

/// Where a syntax error is, and what. Of a tab that indents, the parser gives the value before it, lines above perhaps.
fn syntax_error<'e>(text: &str, error: &'e ScanError) -> (Position, &'e str) {
    let at = position(*error.marker());
    let indented_by_tab = |line: &str| line.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t');
    let lines = text.split('\n').enumerate().skip(at.line - 1);
    let mut tabs = lines.filter_map(|(index, line)| Some((index + 1, indented_by_tab(line)? + 1)));
    match tabs.next() {
        Some((line, column)) if error.info().contains("tab") => {
            (Position { line, column }, "a tab indents this line: YAML takes blanks only")
        }
        _ => (at, error.info()),
    }
}

/// Puts events together.
struct Builder<'a> {
    notes: &'a Notes,
    /// The lists and mappings that are begun.
    open: Vec<Open>,
    documents: usize,
    root: Option<Node>,
}

/// A list or mapping that is begun, and where.
struct Open {
    at: Position,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        /// Where each key stands first.
        seen: HashMap<String, Position>,
        /// The key whose value comes next, and where it stands; no text where it was refused.
        key: Option<(Option<String>, Position)>,
    },
}

impl<'a> Builder<'a> {
    fn new(notes: &'a Notes) -> Self {
        Self { notes, open: Vec::new(), documents: 0, root: None }
    }

    /// Takes the next event; `None` if nothing behind it is worth reading.
    fn take(&mut self, event: Event<'_>, at: Position) -> Option<()> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.notes.add(at, "a second document begins here: one file holds one");
                    return None;
                }
            }
            Event::Alias(_) => {
                self.notes.add(at, "an alias: write out what it stands for");
                self.put(Node { at, value: Value::Refused });
            }
            Event::Scalar(text, style, _, tag) => {
                self.refuse_tag(tag.is_some(), at);
                // A key is its text, so `1: x` and `on: x` are what they look like.
                let plain = style == ScalarStyle::Plain && !self.awaits_key();
                let value = if plain { self.plain(&text, at) } else { Value::String(text.into_owned()) };
                self.put(Node { at, value });
            }
            Event::SequenceStart(_, tag) => {
                self.refuse_tag(tag.is_some(), at);
                self.begin(at, OpenKind::List(Vec::new()))?;
            }
            Event::MappingStart(_, tag) => {
                self.refuse_tag(tag.is_some(), at);
                self.begin(at, OpenKind::Mapping { entries: Vec::new(), seen: HashMap::new(), key: None })?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Some(())
    }

    fn begin(&mut self, at: Position, kind: OpenKind) -> Option<()> {
        if self.open.len() == DEEPEST {
            self.notes.add(at, format!("nested more than {DEEPEST} deep"));
            return None;
        }
        self.open.push(Open { at, kind });
        Some(())
    }

    fn end(&mut self) {
        let Some(Open { at, kind }) = self.open.pop() else { return };
        let value = match kind {
            OpenKind::List(items) => Value::List(items),
            OpenKind::Mapping { entries, .. } => Value::Table(entries),
        };
        self.put(Node { at, value });
    }

    /// Puts a value where the next one belongs.
    fn put(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.kind {
            OpenKind::List(items) => items.push(node),
            OpenKind::Mapping { entries, seen, key } => match key.take() {
                None => {
                    let at = node.at;
                    let text = match node.value {
                        Value::String(text) => Some(text),
                        Value::Refused => None,
                        _ => {
                            self.notes.add(at, "a key must be a word");
                            None
                        }
                    };
                    *key = Some((text, at));
                }
                // Without a key it has no meaning to read.
                Some((None, _)) => {}
                Some((Some(text), at)) => {
                    if let Some(first) = seen.get(&text) {
                        self.notes.add(at, format!("duplicate key {}, first at {first}", quoted(&text)));
                    } else {
                        seen.insert(text.clone(), at);
                        entries.push(Entry { key: text, at, node });
                    }
                }
            },
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Mapping { key: None, .. }, .. }))
    }

    fn refuse_tag(&self, tagged: bool, at: Position) {
        if tagged {
            self.notes.add(at, "a tag: values have the type that they look like, and quotes make a string");
        }
    }

    /// What an unquoted scalar means.
    fn plain(&self, text: &str, at: Position) -> Value {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
            "true" | "True" | "TRUE" => return Value::Boolean(true),
            "false" | "False" | "FALSE" => return Value::Boolean(false),
            _ => {}
        }
        if let Some(integer) = integer(text) {
            let digits = text.trim_start_matches(['-', '+']);
            if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                let message =
                    format!("{} is octal to some readers of YAML and decimal to others: quote it", quoted(text));
                self.notes.add(at, message);
                return Value::Refused;
            }
            return integer.map_or_else(
                || {
                    self.notes.add(at, "integer out of range");
                    Value::Refused
                },
                Value::Integer,
            );
        }
        if is_float(text) { Value::Float } else { Value::String(text.to_owned()) }
    }

    /// The document; a table without entries for one that has nothing.
    fn root(self) -> Option<Node> {
        let table = |entries| Node { at: Position { line: 1, column: 1 }, value: Value::Table(entries) };
        match self.root {
            None | Some(Node { value: Value::Null, .. }) => Some(table(Vec::new())),
            // What is missing in the document is missing at its beginning, whatever comments stand there.
            Some(Node { value: Value::Table(entries), .. }) => Some(table(entries)),
            // Noted already, and nothing is left to read.
            Some(Node { value: Value::Refused, .. }) => None,
            Some(root) => Some(root),
        }
    }
}

/// `[-+]?[0-9]+`, `0o[0-7]+` or `0x[0-9a-fA-F]+`: its value if that fits.
fn integer(text: &str) -> Option<Option<i64>> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'o', ..] => (&text[2..], 8),
        [b'0', b'x', ..] => (&text[2..], 16),
        _ => (text.strip_prefix(['-', '+']).unwrap_or(text), 10),
    };
    let all = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    let signed = if radix == 10 { text } else { digits };
    all.then(|| i64::from_str_radix(signed, radix).ok())
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, infinities and `.nan`.
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|it| it.strip_prefix(['-', '+']).unwrap_or(it));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|it| !it.is_empty() && digits(it))
}
