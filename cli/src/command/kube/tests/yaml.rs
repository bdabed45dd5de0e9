//! YAML read back as a reader of YAML 1.2 has it.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// The documents of a text.
pub(super) fn documents(text: &str) -> Vec<Value> {
    let events = Parser::new_from_str(text).map(|event| event.expect("it is YAML").0);
    let mut events = events.collect::<Vec<_>>().into_iter();
    let mut documents = Vec::new();
    while let Some(event) = events.next() {
        if matches!(event, Event::DocumentStart(_)) {
            let first = events.next().expect("a document has a node");
            documents.push(node(first, &mut events));
        }
    }
    documents
}

fn node<'a>(event: Event<'a>, events: &mut impl Iterator<Item = Event<'a>>) -> Value {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, _, None) => {
            serde_json::from_str(&text).unwrap_or_else(|_| Value::from(&*text))
        }
        Event::Scalar(text, _, _, None) => Value::from(&*text),
        Event::SequenceStart(_, None) => {
            let mut items = Vec::new();
            loop {
                match events.next().expect("a list ends") {
                    Event::SequenceEnd => return Value::Array(items),
                    item => items.push(node(item, events)),
                }
            }
        }
        Event::MappingStart(_, None) => {
            let mut entries = Map::new();
            loop {
                match events.next().expect("a mapping ends") {
                    Event::MappingEnd => return Value::Object(entries),
                    key => {
                        let key = node(key, events).as_str().expect("a key is text").to_owned();
                        let value = events.next().expect("a key has a value");
                        assert!(entries.insert(key, node(value, events)).is_none(), "a key twice");
                    }
                }
            }
        }
        other => panic!("{other:?}: neither aliases nor tags are printed"),
    }
}
