//! One item of `sockets`.

use sealkit_host::config::{Field, Table};

use super::keys;
use super::seen::Seen;
use crate::keys::KeySetSettings;
use crate::settings::{self, DEFAULT_CACHE_ENTRIES, DEFAULT_FLUSH_AFTER, ProviderSettings};
use crate::socket::{DEFAULT_MODE, SocketSettings};

/// More than any cluster has seeds or v1 DEKs worth keeping: 2 GiB of memory.
pub(crate) const MOST_CACHE_ENTRIES: usize = 10_000_000;

/// Longest time from a certain revocation to the flush.
const LONGEST_FLUSH: std::time::Duration = std::time::Duration::from_secs(60 * 60);

pub(super) fn provider(table: &mut Table<'_>, seen: &mut Seen) -> Option<ProviderSettings> {
    let path = table.required("path", |field| {
        let path = field.parse_with(settings::socket_path)?;
        seen.socket(field, &path);
        Some(path)
    });
    let mode = table.optional("mode", mode).unwrap_or(DEFAULT_MODE);
    let owner = table.optional("owner", id);
    let group = table.optional("group", id);
    let allowed_uids = table.optional("allowedUids", |field| field.distinct_list(id));
    let write = keys::key(table, seen);
    let read = table.optional("readKeys", |field| field.list(|item| item.table(|table| keys::key(table, seen))));
    let local_kek = table.optional("localKek", keys::local_kek).flatten();
    let follow_key_material = table.optional("followKeyMaterial", Field::boolean).unwrap_or_default();
    let cache_entries = table.optional("cacheEntries", |field| field.integer(0..=MOST_CACHE_ENTRIES));
    let flush_after = table.optional("flushAfter", |field| field.parse_with(flush_after));
    let state_file = table.optional("stateFile", |field| {
        let path = field.parse_with(settings::path)?;
        seen.state_file(field, &path);
        Some(path)
    });
    Some(ProviderSettings {
        socket: SocketSettings { path: path?, owner, group, mode, allowed_uids },
        keys: KeySetSettings {
            write: write?,
            read: read.unwrap_or_default(),
            local_kek,
            follow_key_material,
            cache_entries: cache_entries.unwrap_or(DEFAULT_CACHE_ENTRIES),
            flush_after: flush_after.unwrap_or(std::time::Duration::from_secs(DEFAULT_FLUSH_AFTER)),
            state_file,
        },
    })
}

/// A string only: what 0660 is as a number, readers of YAML do not agree on.
fn mode(field: Field<'_>) -> Option<u32> {
    let text = field.string()?;
    match settings::mode(&text) {
        Ok(mode) => Some(mode),
        Err(error) => field.mistake(format!("`mode`: {error}")),
    }
}

/// A uid or gid. Not the last one, which means "leave it" to the kernel.
fn id(field: Field<'_>) -> Option<u32> {
    field.integer(0..=u32::MAX - 1)
}

pub(crate) fn flush_after(text: &str) -> Result<std::time::Duration, String> {
    let time = settings::duration(text).map_err(|error| error.to_string())?;
    if time > LONGEST_FLUSH { Err("at most an hour".to_owned()) } else { Ok(time) }
}
