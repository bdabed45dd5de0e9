//! The fields at the top of a text, read leniently: enough to tell its form, whatever else is wrong with it.

use saphyr_parser::{Event, Parser};
use sealkit_host::config::Position;

/// The root of a document.
#[derive(Debug)]
pub(super) enum Shape {
    /// An empty document.
    Nothing,
    /// A single value.
    Scalar,
    /// A list.
    List,
    /// A mapping: its keys, and what they stand for.
    Mapping(Vec<(String, Kind)>),
}

/// What a key stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar(String),
    List,
    Mapping,
}

impl Shape {
    /// Those of all documents in a text, as far as it can be parsed; then where and why it can't be parsed further.
    pub(super) fn of_documents(text: &str) -> (Vec<Self>, Option<(Position, String)>) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut documents = Vec::new();
        let (mut depth, mut key) = (0_usize, None);
        for event in Parser::new_from_str(text) {
            let (event, _) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = Position { line: error.marker().line(), column: error.marker().col() + 1 };
                    return (documents, Some((at, error.info().to_owned())));
                }
            };
            let kind = match event {
                Event::DocumentStart(_) => {
                    documents.push(Self::Nothing);
                    (depth, key) = (0, None);
                    continue;
                }
                Event::Scalar(text, ..) => Kind::Scalar(text.into_owned()),
                Event::Alias(_) => Kind::Scalar(String::new()),
                Event::SequenceStart(..) => Kind::List,
                Event::MappingStart(..) => Kind::Mapping,
                Event::SequenceEnd | Event::MappingEnd => {
                    depth -= 1;
                    continue;
                }
                _ => continue,
            };
            let opens = kind == Kind::List || kind == Kind::Mapping;
            match (depth, documents.last_mut()) {
                (0, Some(root)) => *root = Self::root(&kind),
                (1, Some(Self::Mapping(entries))) => match (key.take(), kind) {
                    (Some(key), kind) => entries.push((key, kind)),
                    (None, Kind::Scalar(text)) => key = Some(text),
                    // A key that is no word; its value is passed over with it.
                    (None, _) => key = Some(String::new()),
                },
                _ => {}
            }
            depth += usize::from(opens);
        }
        (documents, None)
    }

    fn root(kind: &Kind) -> Self {
        match kind {
            Kind::Scalar(_) => Self::Scalar,
            Kind::List => Self::List,
            Kind::Mapping => Self::Mapping(Vec::new()),
        }
    }

    /// What `key` stands for.
    pub(super) fn kind(&self, key: &str) -> Option<&Kind> {
        let Self::Mapping(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, kind)| kind)
    }

    /// Whether it has `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.kind(key).is_some()
    }

    /// Whether it is a resource of the Kubernetes API.
    pub(super) fn is_kubernetes(&self) -> bool {
        self.has("apiVersion") && self.has("kind")
            || self.kind("kind").is_some_and(|kind| *kind == Kind::Scalar("SecretProviderClass".to_owned()))
    }
}
