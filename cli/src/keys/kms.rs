//! Keys in AWS KMS, or in a build without AWS, what to say about them. Both have the same face.

#[cfg(not(feature = "aws"))]
mod absent;
#[cfg(feature = "aws")]
mod service;

#[cfg(not(feature = "aws"))]
pub(crate) use self::absent::{Kms, is_key_arn, same_key, unavailable};
#[cfg(feature = "aws")]
pub(crate) use self::service::{Kms, is_key_arn, same_key};
