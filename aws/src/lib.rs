//! The AWS side of Sealkit: one way to an SDK configuration, one [`Fault`](fault::Fault) for every
//! SDK error, and the names of KMS keys.

pub mod arn;
pub mod fault;

pub use fault::{Fault, FaultClass};
