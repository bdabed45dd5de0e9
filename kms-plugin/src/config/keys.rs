//! Keys and local KEKs, as they stand in an item of `sockets`.

use std::collections::BTreeMap;
use std::time::Duration;

use sealkit_host::config::{Field, Table};

use super::seen::Seen;
use crate::keys::{KeySettings, LocalKekSettings};
use crate::settings;

/// A KEK that is replaced more often than this makes KMS calls, and entries in every plugin's memory, without end.
const SHORTEST_RENEWAL: Duration = Duration::from_secs(60);

/// The fields of a key, in a socket or in an item of its `readKeys`.
pub(super) fn key(table: &mut Table<'_>, seen: &mut Seen) -> Option<KeySettings> {
    let name = table.required("key", |field| {
        let name = field.parse_with(settings::key_name)?;
        seen.key(field, &name);
        Some(name)
    });
    let context = table.optional("context", |field| field.map(Field::string)).unwrap_or_default();
    let region = table.optional("region", |field| field.parse_with(settings::region));
    let replicas = table.optional("replicas", |field| field.distinct_list(|it| it.parse_with(settings::region)));
    let encrypt_failover = table.optional("encryptFailover", Field::boolean).unwrap_or_default();
    if encrypt_failover && replicas.as_ref().is_none_or(Vec::is_empty) {
        table.mistake::<()>("`encryptFailover` needs `replicas` to fail over to");
    }
    Some(KeySettings {
        name: name?,
        context: BTreeMap::from_iter(context),
        region,
        replicas: replicas.unwrap_or_default(),
        encrypt_failover,
    })
}

/// `true`, `false`, or the limits.
pub(super) fn local_kek(field: Field<'_>) -> Option<Option<LocalKekSettings>> {
    if field.is_table() {
        return field.table(limits).map(Some);
    }
    let is_on = field.boolean()?;
    Some(is_on.then(LocalKekSettings::default))
}

fn limits(table: &mut Table<'_>) -> Option<LocalKekSettings> {
    let default = LocalKekSettings::default();
    let time = |field: Field<'_>| field.parse_with(settings::duration);
    let uses = |field: Field<'_>| field.integer(1..=default.max_uses);
    let limits = LocalKekSettings {
        renew_after: table.optional("renewAfter", time).unwrap_or(default.renew_after),
        max_age: table.optional("maxAge", time).unwrap_or(default.max_age),
        renew_after_uses: table.optional("renewAfterUses", uses).unwrap_or(default.renew_after_uses),
        max_uses: table.optional("maxUses", uses).unwrap_or(default.max_uses),
    };
    if limits.renew_after < SHORTEST_RENEWAL {
        table.mistake::<()>("`renewAfter` must be a minute at least");
    }
    if limits.renew_after > limits.max_age {
        let [renewed, ended] = [limits.renew_after, limits.max_age].map(settings::duration_text);
        table.mistake::<()>(format!("`renewAfter` ({renewed}) must not be longer than `maxAge` ({ended})"));
    }
    if limits.renew_after_uses > limits.max_uses {
        let (renewed, ended) = (limits.renew_after_uses, limits.max_uses);
        table.mistake::<()>(format!("`renewAfterUses` ({renewed}) must not be more than `maxUses` ({ended})"));
    }
    Some(limits)
}
