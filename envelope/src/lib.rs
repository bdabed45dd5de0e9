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
//! The message core is synchronous and performs no I/O of its own; keyrings and the data-key cache are
//! asynchronous without naming a runtime.

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
