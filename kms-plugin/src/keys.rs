//! What one socket encrypts and decrypts with: one write key, further read keys, a cache of unwraps, and, in the
//! local-KEK mode, keys of our own under the write key.
//!
//! [`KeySet`](set) takes plaintext and gives bytes for etcd, and the reverse. It knows neither gRPC nor health: each
//! call that it makes is told to an [`Observer`], and whoever asks decides what follows.

mod observer;
mod report;
mod settings;

pub use observer::{Api, KmsCall, KmsOperation, Observer, Source};
pub use report::ProbeReport;
pub use settings::{KeySetSettings, KeySettings, LocalKekSettings};
