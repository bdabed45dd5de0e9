//! How rotation stands, for metrics.

use std::sync::Arc;
use std::time::SystemTime;

use sealkit_aws::FaultClass;

/// How `kms:ListKeyRotations` last ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOutcome {
    /// It was not needed yet.
    #[default]
    NotAsked,
    /// It answered.
    Answered,
    /// KMS did not answer, or refused.
    Failed(FaultClass),
}

/// What is announced, and whether the list can be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RotationStatus {
    /// The `key_id` that is announced; none until KMS answered.
    pub key_id: Option<Arc<str>>,
    /// When AWS rotated to the material announced; none for a key's first material, or where the list was not had.
    pub rotated: Option<SystemTime>,
    /// How the list last ended. While it fails, rotation is not seen.
    pub list: ListOutcome,
    /// Whether other material than announced was seen last, and is not announced yet.
    pub waiting: bool,
}
