//! HPACK's tables (RFC 7541, sections 2.3 and 4), as far as they tell which index is an `:authority`.

use std::collections::VecDeque;

/// The size that a server grants unless it says otherwise, and ours does not (RFC 9113, section 6.5.2).
const GRANTED: usize = 4096;
/// What an entry costs beside its octets.
const OVERHEAD: usize = 32;

/// The index of the newest entry of the dynamic table.
pub(super) const FIRST_DYNAMIC: usize = STATIC.len() + 1;

/// Names of the static table, from index 1.
const STATIC: [&str; 61] = [
    ":authority",
    ":method",
    ":method",
    ":path",
    ":path",
    ":scheme",
    ":scheme",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "accept",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
];

/// What a field's name is, to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// `:authority`
    Authority,
    /// Another that begins with a colon, or one that could.
    Pseudo,
    /// Any other.
    Regular,
}

impl Name {
    /// Of a name that is written out.
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b":authority" => Self::Authority,
            [b':', ..] => Self::Pseudo,
            _ => Self::Regular,
        }
    }
}

/// An entry of either table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: Name,
    pub(super) name_length: usize,
    pub(super) value_length: usize,
}

impl Entry {
    fn size(self) -> usize {
        self.name_length + self.value_length + OVERHEAD
    }
}

/// Both tables, as the client and the server have them after the last header block.
#[derive(Debug)]
pub(super) struct Table {
    /// Newest first.
    entries: VecDeque<Entry>,
    size: usize,
    limit: usize,
    /// Cleared when a block was not followed: from then on nothing is known of the dynamic table.
    known: bool,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { entries: VecDeque::new(), size: 0, limit: GRANTED, known: true }
    }

    /// The entry at an index; none if there is no such entry.
    pub(super) fn entry(&self, index: usize) -> Option<Entry> {
        let place = index.checked_sub(1)?;
        if let Some(name) = STATIC.get(place) {
            // Only of an authority does it matter here that the value is empty.
            return Some(Entry { name: Name::of(name.as_bytes()), name_length: name.len(), value_length: 0 });
        }
        if !self.known {
            return Some(Entry { name: Name::Pseudo, name_length: 0, value_length: 0 });
        }
        self.entries.get(place - STATIC.len()).copied()
    }

    /// Adds an entry, which takes the oldest ones' room. One that is larger than the table empties it.
    pub(super) fn insert(&mut self, entry: Entry) {
        if !self.known {
            return;
        }
        self.evict(self.limit.saturating_sub(entry.size()));
        if entry.size() <= self.limit {
            self.size += entry.size();
            self.entries.push_front(entry);
        }
    }

    /// Changes the size of the dynamic table; none if that is more than the server grants.
    pub(super) fn resize(&mut self, limit: usize) -> Option<()> {
        if limit > GRANTED {
            return None;
        }
        self.limit = limit;
        self.evict(limit);
        Some(())
    }

    /// Forgets the dynamic table, for good.
    pub(super) fn lose(&mut self) {
        self.known = false;
        self.entries.clear();
        self.size = 0;
    }

    fn evict(&mut self, limit: usize) {
        while self.size > limit {
            let Some(oldest) = self.entries.pop_back() else { break };
            self.size -= oldest.size();
        }
    }
}
