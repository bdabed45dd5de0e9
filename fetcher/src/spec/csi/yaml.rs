//! YAML 1.1 as Kubernetes reads it, into a tree with places.
//!
//! Own forms of specification are read strictly; this one is read as its users' files were read so far: aliases and
//! merge keys are followed, the last of equal keys counts, scalars have the types of YAML 1.1. What is surprising in
//! that is told as a notice, not refused.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use sealkit_host::config::Position;

use super::Findings;
use super::scalar::Scalar;

/// How deep lists and mappings nest.
const DEEPEST: usize = 64;

/// How many values a text may have, those that aliases repeat among them: a few lines can stand for gigabytes.
const MOST_VALUES: usize = 100_000;

/// A value, and where it begins.
#[derive(Clone, Debug)]
pub(in crate::spec) struct Node {
    pub(in crate::spec) at: Position,
    pub(in crate::spec) value: Value,
    /// How many values it has, itself among them.
    size: usize,
}

#[derive(Clone, Debug)]
pub(in crate::spec) enum Value {
    Scalar(Scalar),
    /// A string whose lines stand below where it begins, one for one (`|`).
    Literal(String),
    List(Vec<Node>),
    Mapping(Vec<Member>),
}

/// A key and its value; no key of a mapping is there twice.
#[derive(Clone, Debug)]
pub(in crate::spec) struct Member {
    pub(in crate::spec) key: String,
    pub(in crate::spec) at: Position,
    pub(in crate::spec) node: Node,
}

impl Node {
    /// The value of the member `key`, if this is a mapping that has it.
    pub(in crate::spec) fn member(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Mapping(members) => members.iter().find(|member| member.key == key).map(|member| &member.node),
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub(in crate::spec) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Literal(text) | Value::Scalar(Scalar::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(in crate::spec) fn is_null(&self) -> bool {
        matches!(self.value, Value::Scalar(Scalar::Null))
    }

    /// What it is, for `must be …, not …`.
    pub(in crate::spec) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Scalar(Scalar::Null) => "nothing",
            Value::Scalar(Scalar::Boolean(_)) => "a boolean",
            Value::Scalar(Scalar::Integer(_)) => "an integer",
            Value::Scalar(Scalar::Float(_)) => "a float",
            Value::Scalar(Scalar::String(_)) | Value::Literal(_) => "a string",
            Value::List(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }
}

/// What a text holds.
#[derive(Debug)]
pub(in crate::spec) struct Documents {
    /// Its documents in order; one that is empty is null.
    pub(in crate::spec) documents: Vec<Node>,
    /// What is surprising, and where.
    pub(in crate::spec) doubts: Vec<(Position, String)>,
}

/// The documents of a file; nothing, and a mistake, if it is no YAML.
pub(in crate::spec) fn read(text: &str, findings: &mut Findings) -> Option<Vec<Node>> {
    match parse(text) {
        Ok(Documents { documents, doubts }) => {
            doubts.into_iter().for_each(|(at, doubt)| findings.notice(Some(at), doubt));
            Some(documents)
        }
        Err((at, message)) => {
            findings.mistake(Some(at), message);
            None
        }
    }
}

/// Parses all documents of a text.
///
/// # Errors
/// The first thing that is no YAML, and where.
pub(in crate::spec) fn parse(text: &str) -> Result<Documents, (Position, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| (position(*error.marker()), error.info().to_owned()))?;
        let at = position(span.start);
        builder.take(event, at).map_err(|message| (at, message))?;
    }
    Ok(Documents { documents: builder.documents, doubts: builder.doubts })
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

/// Puts events together.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    values: usize,
    documents: Vec<Node>,
    doubts: Vec<(Position, String)>,
}

/// A list or mapping that is begun.
struct Open {
    at: Position,
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Mapping { members: Vec<Member>, key: Option<Key> },
}

/// A key whose value comes next.
enum Key {
    Word(String, Position),
    /// The members of the value become members of this mapping.
    Merge(Position),
}

impl Builder {
    fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), String> {
        match event {
            Event::DocumentEnd => self.anchors.clear(),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or("an alias of what it is itself a part of")?;
                self.put(Node { at, ..node }, false)?;
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let is_merge = plain && text == "<<" || tag.as_ref().is_some_and(|tag| is_core(tag, "merge"));
                let value = match style {
                    ScalarStyle::Literal if tag.is_none() => Value::Literal(text.into_owned()),
                    _ => Value::Scalar(scalar(&text, style, tag.as_deref())?),
                };
                let node = Node { at, value, size: 1 };
                self.remember(anchor, &node);
                self.put(node, is_merge)?;
            }
            Event::SequenceStart(anchor, _) => self.begin(at, anchor, OpenKind::List(Vec::new()))?,
            Event::MappingStart(anchor, _) => {
                self.begin(at, anchor, OpenKind::Mapping { members: Vec::new(), key: None })?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
        Ok(())
    }

    fn remember(&mut self, anchor: usize, node: &Node) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn begin(&mut self, at: Position, anchor: usize, kind: OpenKind) -> Result<(), String> {
        if self.open.len() == DEEPEST {
            return Err(format!("nested more than {DEEPEST} deep"));
        }
        self.open.push(Open { at, anchor, kind });
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(Open { at, anchor, kind }) = self.open.pop() else { return Ok(()) };
        let (value, inner) = match kind {
            OpenKind::List(items) => {
                let inner = items.iter().map(|item| item.size).sum();
                (Value::List(items), inner)
            }
            OpenKind::Mapping { members, .. } => {
                let inner: usize = members.iter().map(|member| member.node.size).sum();
                (Value::Mapping(members), inner)
            }
        };
        let node = Node { at, value, size: 1 + inner };
        // What is inside was counted when it was put there.
        self.values -= inner;
        self.remember(anchor, &node);
        self.put(node, false)
    }

    /// Puts a value where the next one belongs.
    fn put(&mut self, node: Node, is_merge: bool) -> Result<(), String> {
        self.values += node.size;
        if self.values > MOST_VALUES {
            return Err(format!("more than {MOST_VALUES} values, those that aliases repeat among them"));
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match &mut open.kind {
            OpenKind::List(items) => items.push(node),
            OpenKind::Mapping { members, key } => match key.take() {
                None if is_merge => *key = Some(Key::Merge(node.at)),
                None => *key = Some(Key::Word(word(&node)?, node.at)),
                Some(Key::Merge(at)) => merge(members, node, at)?,
                Some(Key::Word(word, at)) => {
                    if members.iter().any(|member| member.key == word) {
                        self.doubts.push((at, format!("`{word}` is there twice: the last one counts")));
                    }
                    set(members, Member { key: word, at, node });
                }
            },
        }
        Ok(())
    }
}

/// Sets a member, whatever it was before.
fn set(members: &mut Vec<Member>, member: Member) {
    match members.iter_mut().find(|other| other.key == member.key) {
        Some(other) => *other = member,
        None => members.push(member),
    }
}

/// Merges a mapping, or each of a list of mappings, of which earlier ones count.
///
/// The members stand where the merge key does: they replace what stands above it, and are replaced by what is below.
fn merge(members: &mut Vec<Member>, node: Node, at: Position) -> Result<(), String> {
    let mappings = match node.value {
        Value::List(items) => items.into_iter().rev().map(|item| item.value).collect(),
        value => vec![value],
    };
    for mapping in mappings {
        let Value::Mapping(merged) = mapping else {
            return Err(format!("`<<` at {at} takes a mapping or a list of mappings"));
        };
        merged.into_iter().for_each(|member| set(members, member));
    }
    Ok(())
}

/// The text of a key.
fn word(node: &Node) -> Result<String, String> {
    match &node.value {
        Value::Scalar(scalar) => {
            scalar.clone().into_text().ok_or_else(|| "a key must be a word, not nothing".to_owned())
        }
        Value::Literal(text) => Ok(text.clone()),
        Value::List(_) | Value::Mapping(_) => Err(format!("a key must be a word, not {}", node.kind())),
    }
}

/// What a scalar means: by its tag, if it has one of those of YAML 1.1, else by its looks where it has no quotes.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Scalar, String> {
    let Some(tag) = tag else {
        let plain = style == ScalarStyle::Plain;
        return Ok(if plain { Scalar::plain(text) } else { Scalar::String(text.to_owned()) });
    };
    let scalar = Scalar::plain(text);
    let fits = match (tag.suffix.as_str(), &scalar) {
        _ if !tag.is_yaml_core_schema() => return Ok(Scalar::String(text.to_owned())),
        ("null", Scalar::Null)
        | ("bool", Scalar::Boolean(_))
        | ("int", Scalar::Integer(_))
        | ("float", Scalar::Float(_) | Scalar::Integer(_)) => true,
        ("null" | "bool" | "int" | "float", _) => false,
        ("binary", _) => return Err("`!!binary` is not taken: write the text".to_owned()),
        _ => return Ok(Scalar::String(text.to_owned())),
    };
    if fits { Ok(scalar) } else { Err(format!("this is no `!!{}`", tag.suffix)) }
}

fn is_core(tag: &Tag, suffix: &str) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == suffix
}

#[cfg(test)]
mod tests;
