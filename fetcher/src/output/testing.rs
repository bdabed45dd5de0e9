//! Plans and answers for tests, in few words.

use sealkit_envelope::Plaintext;
use sealkit_host::audit;

use super::Origin;
use crate::failure::Failure;
use crate::plan::{Plan, Request};
use crate::source::Item;
use crate::spec::{Batch, Destination, Entry, File, Form, Object, Output, Place, SecretRef, Select};

pub(crate) fn secret(id: &str) -> Object {
    Object::Secret(SecretRef { id: id.to_owned(), version_id: None, version_stage: None })
}

pub(crate) fn entry(label: &str, outputs: Vec<Output>) -> Entry {
    Entry {
        label: label.to_owned(),
        at: None,
        object: secret(label),
        optional: false,
        region: None,
        failover: Vec::new(),
        role: None,
        fallback: None,
        outputs,
    }
}

pub(crate) fn file(path: &str) -> File {
    File { path: path.to_owned(), ..File::default() }
}

pub(crate) fn output(select: Select, to: Destination) -> Output {
    Output { at: None, select, decode: None, to }
}

/// A plan with one request for each entry.
pub(crate) fn plan(form: Form, entries: Vec<Entry>) -> Plan {
    let request = |entry: &Entry| Request {
        object: entry.object.clone(),
        region: None,
        failover: Vec::new(),
        role: None,
        fallback: None,
    };
    Plan {
        form,
        origin: "spec.yaml".to_owned(),
        place: Place::default(),
        batch: Batch::Auto,
        defaults: File::default(),
        requests: entries.iter().map(request).collect(),
        entries: entries.into_iter().enumerate().map(|(place, entry)| (entry, place)).collect(),
        composites: Vec::new(),
        notices: Vec::new(),
    }
}

pub(crate) fn item(name: &str, value: &[u8]) -> Item {
    Item {
        name: name.to_owned(),
        value: Plaintext::from_slice(value),
        version: "v1".to_owned(),
        region: None,
        request_id: None,
        stands_in_for: None,
    }
}

/// What stands in manifests of an [`item`].
pub(crate) fn origin(name: &str) -> Origin {
    Origin { object: name.to_owned(), version: "v1".to_owned(), region: None, is_fallback: false }
}

pub(crate) fn absent(label: &str) -> Failure {
    Failure::other(label, audit::Failure::NotFound, "there is no such secret", "")
}
