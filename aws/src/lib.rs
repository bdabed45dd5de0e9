//! The AWS side of Sealkit: one way to an SDK configuration, one [`Fault`] for every SDK error, and
//! the names of KMS keys.
//!
//! ```text
//! flags, environment, profile ── AwsConfig ── SdkConfig of a Region ── client ── call
//!                                                                                 │ SdkError
//!                                                          class, text ── Fault ──┘
//! ```
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use sealkit_aws::{AwsConfig, Fault, Options};
//!
//! let config = AwsConfig::load(&Options::new("example-1.0")).await?;
//! let client = aws_sdk_kms::Client::new(&config.for_region("eu-west-1"));
//! let key = "alias/app";
//! let described = client.describe_key().key_id(key).send().await;
//! described.map_err(|it| Fault::from_sdk("kms:DescribeKey", key, Some("eu-west-1"), &it))?;
//! # Ok(())
//! # }
//! ```

pub mod arn;
mod config;
mod credentials;
mod environment;
mod error;
pub mod fault;
mod http;
mod login_files;
mod pod_identity;
mod profile;
mod proxy;
mod region;
mod retry;
mod roots;
mod source;

pub use config::{AwsConfig, Options};
pub use credentials::{CredentialsSource, PodIdentityAddress};
pub use environment::Environment;
pub use error::ConfigError;
pub use fault::{Fault, FaultClass};
pub use login_files::LoginFiles;
pub use roots::RootsOrigin;
pub use source::{SourceArn, SourceArnError, SourceHeaders};
