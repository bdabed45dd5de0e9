//! What one socket encrypts and decrypts with: one write key, further read keys, a cache of unwraps, and, in the
//! local-KEK mode, keys of our own under the write key.
//!
//! [`KeySet`] takes plaintext and gives bytes for etcd, and the reverse. It knows neither gRPC nor health: each
//! call that it makes is told to an [`Observer`], and whoever asks decides what follows.
//!
//! ```text
//! encrypt ─┬─ service ── KMS ── blob ── direct form
//!          └─ kek ── local-KEK form
//! decrypt ─┬─ direct form ── blob ── unwraps ─┬─ in memory
//!          │                                  └─ lineup, key after key ── service ── KMS
//!          └─ local-KEK form ── kek ─┬─ in memory
//!                                    └─ lineup
//! ```

mod api;
mod blob;
mod clients;
mod directory;
mod distinct;
mod following;
mod kek;
mod lineup;
mod malformed;
mod observer;
mod probe;
mod refusal;
mod report;
mod request_id;
mod rotation;
mod service;
mod set;
mod settings;
mod state;
mod unwraps;

pub use api::Api;
pub use clients::AwsClients;
pub use kek::{KekStatistics, WritingKek, form};
pub use malformed::Malformed;
pub use observer::{KmsCall, KmsOperation, Observer, Source};
pub use refusal::{KeyMistake, KeySetError, Refusal};
pub use report::ProbeReport;
pub use rotation::{ListOutcome, RotationStatus};
pub(crate) use service::check_key_file;
pub use set::{KeySet, Request, Wrapped};
pub use settings::{KeySetSettings, KeySettings, LocalKekSettings};
pub use state::StateFileHealth;
pub use unwraps::{Flushed, Statistics};

#[cfg(test)]
mod tests;
