//! Envelope encryption in the AWS Encryption SDK message format: streaming, bounded memory, all cores.
//!
//! A message is encrypted under a fresh *data key*; keyrings wrap the data key (by a local AES key, by AWS KMS),
//! and every wrapped copy travels in the message's header. Any official AWS Encryption SDK reads the result.
//!
//! ```text
//! seal   context -> data key -> wrap (keyring) -> frames -> message
//! open   message -> policy -> unwrap (keyring) -> frames -> plaintext, frame by frame, each verified first
//! ```
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use sealkit_envelope::cmm::DefaultCmm;
//! use sealkit_envelope::keyring::local_key::LocalKey;
//! use sealkit_envelope::{DecryptPolicy, Decryptor, EncryptionContext, Encryptor};
//!
//! let cmm = Arc::new(DefaultCmm::new(Arc::new(LocalKey::generate("example".parse()?)?.keyring())));
//! let context = EncryptionContext::try_from_pairs([("purpose", "example")])?;
//! let message = pollster::block_on(Encryptor::new(cmm.clone()).encrypt(b"attack at dawn", &context))?;
//!
//! let policy = DecryptPolicy::default().require_context_pair("purpose", "example");
//! let (plaintext, _) =
//!     pollster::block_on(Decryptor::new(cmm, policy).decrypt(&message, &EncryptionContext::new()))?;
//! assert_eq!(plaintext.expose_secret(), b"attack at dawn");
//! # Ok(())
//! # }
//! ```
//!
//! Streams: [`Encryptor::begin`], then [`Sealing::run`] between any reader and writer; back by
//! [`UnverifiedHeader::read_from`], [`Decryptor::unwrap`] and [`Opening::run`]. One runnable program a keyring is in
//! `examples/`.
//!
//! | feature | adds |
//! |---|---|
//! | none | raw AES and multi keyrings; RustCrypto: portable Rust, no C compiler |
//! | `kms` | the AWS KMS keyring, with the crates `sealkit-aws` and `aws-sdk-kms` |
//! | `aws-lc` | primitives by aws-lc-rs: faster, needs a C compiler |
//! | `fips` | primitives by the FIPS module of aws-lc-rs: see `docs/fips.md` |
//!
//! The message core is synchronous and performs no I/O of its own; keyrings and the data-key cache are
//! asynchronous without naming a runtime.

pub mod aead;
pub mod armor;
pub mod cache;
pub mod cmm;
pub mod context;
mod decrypt;
mod encrypt;
mod error;
pub mod keyring;
pub mod materials;
pub mod message;
pub mod policy;
mod primitives;
pub mod secret;
mod stream;
pub mod suite;

pub use context::{ContextError, EncryptionContext};
pub use decrypt::{Decryptor, Opened, Opening};
pub use encrypt::{Encryptor, Sealed, Sealing};
pub use error::{DecryptError, EncryptError};
pub use message::{EncryptedDataKey, UnverifiedHeader, VerifiedHeader};
pub use policy::{DecryptPolicy, FrameLength, Limits, PolicyError};
pub use secret::{DataKey, MemoryLock, Plaintext, SecretKey, memory_lock};
pub use stream::{ReadAt, WriteAt};
pub use suite::AlgorithmSuite;

#[cfg(feature = "bench")]
#[doc(hidden)]
pub use primitives::backends;
