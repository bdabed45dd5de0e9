//! The two gRPC services of one socket: what kube-apiserver asks, answered from the keys and their health.
//!
//! ```text
//! V1Beta1Service ─┐               ┌─ KeySet ── KMS, or memory
//!                 ├─ SocketState ─┤
//! V2Service ──────┘               └─ KeyHealth ── Status
//! ```
//!
//! Both are thin: what they share (deadline, counting, audit, codes) is done once, in `call`.

mod call;
mod code;
mod state;
mod status;
mod v1beta1;
mod v2;

pub use state::{Instruments, Prepared, SocketState};
pub use v1beta1::V1Beta1Service;
pub use v2::V2Service;

#[cfg(test)]
pub(crate) mod tests;
