//! Which key material of which key: what a `key_id` stands for.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One key material of one key in KMS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::keys) struct Material {
    /// The key's ARN, in the Region of the configured key: replicas share the materials of their primary.
    pub(in crate::keys) key: String,
    /// AWS' `KeyMaterialId`.
    pub(in crate::keys) id: String,
}

impl Material {
    /// The `key_id` that names it. It follows from key and material alone, so that all instances say the same of the
    /// same blob, whatever they remember.
    pub(in crate::keys) fn key_id(&self) -> Arc<str> {
        self.to_string().into()
    }
}

impl fmt::Display for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.key, self.id)
    }
}
