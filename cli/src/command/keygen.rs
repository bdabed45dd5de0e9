//! `sealctl keygen`: a local key, made before it is needed.

use std::path::Path;

use sealkit_host::exit::Exit;
use serde::Serialize;

use crate::args::KeygenArgs;
use crate::error::CliError;
use crate::keys;
use crate::report::{print_json, print_line};

/// Makes the key and prints where it is.
///
/// # Errors
/// A name that is none, a key of that name that exists already, and one that can't be written.
pub(crate) fn run(args: &KeygenArgs) -> Result<Exit, CliError> {
    let made = keys::keygen(&args.name)?;
    if args.json {
        print_json(&KeyRecord {
            kind: "key",
            key: format!("local:{}", made.key.name()),
            name_in_messages: format!("local:{}", made.key.key_name()),
            path: &made.path,
        })?;
    } else {
        print_line(&keys::new_key_note(made.key.name(), &made.path))?;
    }
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct KeyRecord<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    /// What `--key` takes.
    key: String,
    /// What `inspect` and audit lines show.
    name_in_messages: String,
    path: &'a Path,
}
