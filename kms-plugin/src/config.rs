//! The configuration file: YAML, read strictly, with line and column for every mistake.
//!
//! All that flags say can stand there, and more: several keys a socket, a context and a Region for each, replicas,
//! limits of local KEKs. `docs/kms-plugin-config.md` names every field; `docs/kms-plugin-config.schema.json` is for
//! editors.

mod keys;
mod seen;
mod socket;

use std::path::Path;

use sealkit_host::config::{ConfigErrors, Document, Field, Position, Table};
use sealkit_host::private_file::{PrivateFile, PrivateFileError, Readers};

use seen::Seen;
pub(crate) use socket::{MOST_CACHE_ENTRIES, flush_after};

use crate::settings::{self, LOG_FORMATS, LOG_LEVELS, Layer};

/// The largest capacity of the bucket that retries are paid from; the SDK has no larger one.
const MOST_RETRY_TOKENS: usize = 500_000_000;

/// Reads the text of the file, which nobody but its owner may change: it names the keys.
pub(crate) fn text(path: &Path) -> Result<String, PrivateFileError> {
    PrivateFile::open(path, Readers::Anyone)?.read_text(sealkit_host::config::MAX_BYTES)
}

/// What could be read of a file.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// What it says; nothing where that is wrong.
    pub(crate) layer: Layer,
    /// Whether it has `sockets`, rightly or wrongly; unknown where the text is no YAML.
    pub(crate) names_sockets: Option<bool>,
    /// The keys that are files, and where they are named.
    pub(crate) key_files: Vec<(Position, String)>,
    /// Every mistake.
    pub(crate) mistakes: Option<ConfigErrors>,
}

/// Reads its meaning; `path` only names it in mistakes.
pub(crate) fn parse(path: &Path, text: &str) -> Parsed {
    let (mut parsed, mut seen) = (Parsed::default(), Seen::default());
    let read = Document::parse_yaml(path, text).and_then(|document| {
        document.read(|table| {
            parsed.layer = layer(table, &mut parsed.names_sockets, &mut seen);
            Some(())
        })
    });
    Parsed { key_files: seen.key_files, mistakes: read.err(), ..parsed }
}

fn layer(table: &mut Table<'_>, names_sockets: &mut Option<bool>, seen: &mut Seen) -> Layer {
    *names_sockets = Some(false);
    let mut providers = table.optional("sockets", |field| {
        *names_sockets = Some(true);
        field.list(|item| item.table(|table| socket::provider(table, seen)))
    });
    if let Some([]) = providers.as_deref() {
        providers = table.mistake("`sockets` is empty: give at least one, or leave it out and use flags");
    }
    Layer {
        providers,
        health_port: table.optional("healthPort", Field::parse),
        healthz_path: table.optional("healthzPath", |field| field.parse_with(settings::http_path)),
        livez_path: table.optional("livezPath", |field| field.parse_with(settings::http_path)),
        deep_healthz: table.optional("deepHealthz", Field::boolean),
        profile: table.optional("profile", Field::string),
        region: table.optional("region", |field| field.parse_with(settings::region)),
        kms_endpoint: table.optional("kmsEndpoint", |field| field.parse_with(settings::url)),
        source_arn: table.optional("sourceArn", Field::parse),
        retry_tokens: table.optional("retryTokenCapacity", |field| field.integer(1..=MOST_RETRY_TOKENS)),
        audit: table.optional("audit", |field| field.parse_with(settings::path)),
        log_format: table.optional("logFormat", |field| field.choice(&LOG_FORMATS)),
        log_level: table.optional("logLevel", |field| field.choice(&LOG_LEVELS)),
    }
}

#[cfg(test)]
mod tests;
