//! The list `objects` as fields, before anything is said about them.

use sealkit_host::config::Position;

use super::embedded::Found;
use super::texts;
use super::yaml::{self, Member, Node, Value};

/// An item of the list. A field that is empty is as good as not there.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) at: Position,
    pub(super) name: Field,
    pub(super) object_type: Field,
    pub(super) alias: Field,
    pub(super) version: Field,
    pub(super) label: Field,
    pub(super) permission: Field,
    pub(super) jmes: Vec<JmesEntry>,
    pub(super) failover: FailoverObject,
}

/// An item of `jmesPath`.
#[derive(Clone, Debug)]
pub(super) struct JmesEntry {
    pub(super) at: Position,
    pub(super) path: Field,
    pub(super) alias: Field,
    pub(super) permission: Field,
}

/// `failoverObject`.
#[derive(Clone, Debug)]
pub(super) struct FailoverObject {
    pub(super) at: Position,
    pub(super) name: Field,
    pub(super) version: Field,
    pub(super) label: Field,
}

/// A string, and where it stands, or what it would belong to.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) at: Position,
    pub(super) text: String,
}

impl Field {
    /// The text, if there is any.
    pub(super) fn get(&self) -> Option<&str> {
        Some(self.text.as_str()).filter(|text| !text.is_empty())
    }
}

/// Reads the list. What can't be read as an object is noted and left out.
pub(super) fn all(text: &str, found: &mut Found<'_>) -> Vec<Object> {
    let documents = match yaml::parse(text) {
        Ok(documents) => documents,
        Err((at, message)) => {
            found.mistake(at, texts::load(&message));
            return Vec::new();
        }
    };
    for (at, doubt) in documents.doubts {
        found.notice(at, doubt);
    }
    if let Some(second) = documents.documents.get(1) {
        found.notice(second.at, "only the first document of `objects` counts");
    }
    let start = Position { line: 1, column: 1 };
    match documents.documents.into_iter().next() {
        Some(Node { at, value: Value::List(items), .. }) => {
            if items.is_empty() {
                found.notice(at, "`objects` is an empty list: nothing is fetched");
            }
            items.iter().filter_map(|item| object(item, found)).collect()
        }
        Some(node) if !node.is_null() => {
            found.mistake(node.at, texts::load(&format!("`objects` must be a list, not {}", node.kind())));
            Vec::new()
        }
        _ => {
            found.mistake(start, "`objects` is empty: there is nothing to fetch");
            Vec::new()
        }
    }
}

fn object(item: &Node, found: &mut Found<'_>) -> Option<Object> {
    if item.is_null() {
        found.mistake(item.at, texts::EMPTY_DESCRIPTOR);
        return None;
    }
    let mistakes = found.mistakes();
    let fields = Fields::of(item, "an object", found)?;
    let object = Object {
        at: item.at,
        name: fields.text("objectName", found),
        object_type: fields.text("objectType", found),
        alias: fields.text("objectAlias", found),
        version: fields.text("objectVersion", found),
        label: fields.text("objectVersionLabel", found),
        permission: fields.text("filePermission", found),
        jmes: fields.find("jmesPath").map_or_else(Vec::new, |node| jmes_entries(node, found)),
        failover: failover(fields.find("failoverObject"), item.at, found),
    };
    fields.tell_unknown(
        &[
            "objectName",
            "objectType",
            "objectAlias",
            "objectVersion",
            "objectVersionLabel",
            "filePermission",
            "jmesPath",
            "failoverObject",
        ],
        found,
    );
    (found.mistakes() == mistakes).then_some(object)
}

fn jmes_entries(node: &Node, found: &mut Found<'_>) -> Vec<JmesEntry> {
    match &node.value {
        _ if node.is_null() => Vec::new(),
        Value::List(items) => items.iter().filter_map(|item| jmes_entry(item, found)).collect(),
        _ => {
            found.mistake(node.at, texts::load(&format!("`jmesPath` must be a list, not {}", node.kind())));
            Vec::new()
        }
    }
}

fn jmes_entry(item: &Node, found: &mut Found<'_>) -> Option<JmesEntry> {
    let fields = Fields::of(item, "an item of `jmesPath`", found)?;
    let entry = JmesEntry {
        at: item.at,
        path: fields.text("path", found),
        alias: fields.text("objectAlias", found),
        permission: fields.text("filePermission", found),
    };
    fields.tell_unknown(&["path", "objectAlias", "filePermission"], found);
    Some(entry)
}

fn failover(node: Option<&Node>, at: Position, found: &mut Found<'_>) -> FailoverObject {
    let fields = node.and_then(|node| Fields::of(node, "`failoverObject`", found));
    let fields = fields.unwrap_or(Fields { at, name: "`failoverObject`", members: Vec::new() });
    let failover = FailoverObject {
        at: fields.at,
        name: fields.text("objectName", found),
        version: fields.text("objectVersion", found),
        label: fields.text("objectVersionLabel", found),
    };
    fields.tell_unknown(&["objectName", "objectVersion", "objectVersionLabel"], found);
    failover
}

/// The members of a mapping whose keys match in any case.
struct Fields<'a> {
    at: Position,
    name: &'static str,
    /// In the order in which the provider's reader takes them.
    members: Vec<&'a Member>,
}

impl<'a> Fields<'a> {
    /// Those of `node`; null is a mapping without any.
    fn of(node: &'a Node, name: &'static str, found: &mut Found<'_>) -> Option<Self> {
        let mut members: Vec<_> = match &node.value {
            Value::Mapping(members) => members.iter().collect(),
            _ if node.is_null() => Vec::new(),
            _ => {
                found.mistake(node.at, texts::load(&format!("{name} must be a mapping, not {}", node.kind())));
                return None;
            }
        };
        members.sort_by(|a, b| a.key.cmp(&b.key));
        Some(Self { at: node.at, name, members })
    }

    /// The value of a field; of several spellings the last in order.
    fn find(&self, field: &str) -> Option<&'a Node> {
        self.matching(field).last().map(|member| &member.node)
    }

    fn matching(&self, field: &str) -> impl Iterator<Item = &'a Member> {
        self.members.iter().copied().filter(move |member| is_spelling(&member.key, field))
    }

    /// A string, which numbers and booleans become too. One that is null leaves what an earlier spelling said.
    fn text(&self, field: &str, found: &mut Found<'_>) -> Field {
        let mut text = Field { at: self.at, text: String::new() };
        for member in self.matching(field) {
            let read = match &member.node.value {
                Value::Scalar(scalar) => scalar.clone().into_text(),
                Value::Literal(literal) => Some(literal.clone()),
                Value::List(_) | Value::Mapping(_) => {
                    let kind = member.node.kind();
                    found.mistake(member.node.at, texts::load(&format!("`{field}` must be a string, not {kind}")));
                    None
                }
            };
            if let Some(read) = read {
                text = Field { at: member.node.at, text: read };
            }
        }
        text
    }

    /// Says which keys mean nothing, and which mean the same.
    fn tell_unknown(&self, known: &[&str], found: &mut Found<'_>) {
        let mut last_of = vec![None; known.len()];
        for member in &self.members {
            match known.iter().position(|field| is_spelling(&member.key, field)) {
                None => found.notice(member.at, format!("unknown field `{}` of {} is ignored", member.key, self.name)),
                Some(index) => {
                    if let Some(other) = last_of[index].replace(&member.key) {
                        let message = format!("`{other}` and `{}` are the same field: the latter counts", member.key);
                        found.notice(member.at, message);
                    }
                }
            }
        }
    }
}

/// Whether the key names the field for a reader that ignores case.
fn is_spelling(key: &str, field: &str) -> bool {
    // The two letters beyond ASCII whose simple folding is within.
    let fold = |c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(field.chars().map(fold))
}
