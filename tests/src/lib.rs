//! The rig that Sealkit's tests stand on: an AWS endpoint in process, programs as a test runs
//! them, clients that speak to them, and canaries that show a leak.
//!
//! ```no_run
//! use sealkit_rig::{AwsDouble, Effect, FaultRule, Operation};
//!
//! let aws = AwsDouble::start();
//! let key = aws.kms().create_key("us-east-1");
//! aws.inject(FaultRule::new(Effect::Status(503)).on(Operation::Decrypt).times(2));
//! // ... point an SDK at aws.url(), then:
//! assert_eq!(aws.calls().count(Operation::Decrypt), 3);
//! # drop(key);
//! ```
//!
//! # Why a double of our own
//!
//! moto, which the interoperability tests use, gets wrong what Sealkit must be tested on: it encrypts
//! with disabled keys, answers a wrong `KeyId` with `AccessDenied`, and its replicas cannot decrypt.
//!
//! The crate winterbaume-kms 0.2.1 was tried as the state behind this endpoint and not taken:
//!
//! - a replica gets a new key id, in the primary's own Region, so that it cannot decrypt what the
//!   primary encrypted: the very thing that failover tests need;
//! - `DryRun` is parsed and ignored; the states `PendingImport` and `Unavailable` do not exist;
//! - key material is random and cannot be given, so no committed vector could be read again;
//! - it brings 250 crates (50 s to check on two cores), among them `ring`, which this workspace bans,
//!   and second versions of aes-gcm, rcgen and sha2.
//!
//! Its crates for Secrets Manager and Parameter Store bring the same dependencies, page no batch, and know neither
//! a key that is disabled nor a denial.
//!
//! What remained to be used was a map of keys, and the four operations needed here are less code than
//! the corrections would have been. The ciphertexts are real AES-256-GCM with the encryption context
//! as associated data.

pub mod aws_double;
pub mod canary;
mod cargo;
pub mod fetcher;
pub mod http2;
pub mod kms_client;
pub mod kms_plugin;
pub mod moto;
pub mod schema;
pub mod sealctl;
mod set_on_drop;

pub use aws_double::calls::Call;
pub use aws_double::credentials::Expired;
pub use aws_double::faults::{Effect, FaultRule};
pub use aws_double::kms::{KeyState, Kms, Lag};
pub use aws_double::operation::Operation;
pub use aws_double::pages::Pages;
pub use aws_double::parameters::{ParameterType, Parameters};
pub use aws_double::secrets::{NewSecret, SecretValue, Secrets};
pub use aws_double::tls::{Handshake, TlsFault};
pub use aws_double::wire::ErrorForm;
pub use aws_double::{AwsDouble, Builder};
pub use canary::Canary;
pub use fetcher::Fetcher;
pub use kms_client::{KmsClient, Sealed};
pub use kms_plugin::KmsPlugin;
pub use sealctl::Sealctl;
pub use set_on_drop::SetOnDrop;
