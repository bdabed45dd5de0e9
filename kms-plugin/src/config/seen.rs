//! What is kept of all sockets together, whether or not each of them could be read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sealkit_host::config::{Field, Position};

/// What belongs to one socket alone, and which key files are named.
#[derive(Default)]
pub(super) struct Seen {
    sockets: HashMap<PathBuf, Position>,
    state_files: HashMap<PathBuf, Position>,
    pub(super) key_files: Vec<(Position, String)>,
}

impl Seen {
    /// Two providers at one path would take each other's place.
    pub(super) fn socket(&mut self, field: Field<'_>, path: &Path) {
        note_second(&mut self.sockets, field, path, "path");
    }

    /// Two sockets that share a state file would take each other's KEKs.
    pub(super) fn state_file(&mut self, field: Field<'_>, path: &Path) {
        note_second(&mut self.state_files, field, path, "stateFile");
    }

    pub(super) fn key(&mut self, field: Field<'_>, name: &str) {
        if name.starts_with("local:") {
            self.key_files.push((field.position(), name.to_owned()));
        }
    }
}

fn note_second(seen: &mut HashMap<PathBuf, Position>, field: Field<'_>, path: &Path, name: &str) {
    if let Some(first) = seen.get(path) {
        let path = path.display();
        field.mistake::<()>(format!("`{name}`: {path} is another socket's, at {first}"));
    } else {
        seen.insert(path.to_owned(), field.position());
    }
}
