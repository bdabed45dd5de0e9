//! Where values come from.

use sealkit_envelope::Plaintext;

/// What a request was answered with.
#[derive(Debug)]
pub enum Answer {
    /// The one object that was asked for.
    One(Item),
    /// All that match a filter or lie below a path, in the order of their names; perhaps none.
    Many(Vec<Item>),
}

/// One value, and where it comes from.
pub struct Item {
    /// What the service calls it: the secret's name, the parameter's full name, the sealed file's path.
    pub name: String,
    /// The bytes, as they are.
    pub value: Plaintext,
    /// Which version it is: a VersionId, a parameter's number, a digest of a sealed message.
    pub version: String,
    /// The Region that answered.
    pub region: Option<String>,
    /// The request that brought it.
    pub request_id: Option<String>,
    /// Whether a sealed file stood in for the service.
    pub is_fallback: bool,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}
