//! Keys of moto.

use sealkit_rig::moto::Moto;

use crate::ours::client;

/// Creates a symmetric key in us-east-1 and returns its ARN.
pub(super) async fn create_key(moto: &Moto) -> String {
    let created = client(moto.url(), "us-east-1").create_key().send().await.unwrap();
    created.key_metadata.unwrap().arn.unwrap()
}
