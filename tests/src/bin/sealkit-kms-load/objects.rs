//! Objects in etcd: what was encrypted, as the plugin gets it back, and what it must be decrypted to.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use sealkit_rig::{KmsClient, Sealed};
use tonic::Status;

use crate::args::Api;

/// aws-encryption-provider's mark before a blob of KMS.
const DIRECT: u8 = b'1';

pub(crate) struct Object {
    number: u64,
    form: Form,
}

enum Form {
    V1(Vec<u8>),
    V2(Sealed),
}

impl Object {
    /// Encrypts the plaintext of this number through a plugin.
    pub(crate) async fn through(client: &KmsClient, api: Api, number: u64) -> Result<Self, Status> {
        let plaintext = plaintext(number);
        let form = match api {
            Api::V1 => Form::V1(client.v1_encrypt(&plaintext).await?),
            Api::V2 => Form::V2(client.encrypt(&plaintext, &uid(number)).await?),
        };
        Ok(Self { number, form })
    }

    /// Encrypts it by KMS itself, in aws-encryption-provider's form.
    pub(crate) async fn foreign(kms: &Client, key: &str, api: Api, number: u64) -> Result<Self, aws_sdk_kms::Error> {
        let call = kms.encrypt().key_id(key).plaintext(Blob::new(plaintext(number)));
        let blob = call.send().await?.ciphertext_blob.map(Blob::into_inner).unwrap_or_default();
        let ciphertext = [&[DIRECT], blob.as_slice()].concat();
        let form = match api {
            Api::V1 => Form::V1(ciphertext),
            Api::V2 => Form::V2(Sealed { ciphertext, key_id: key.to_owned(), annotations: Default::default() }),
        };
        Ok(Self { number, form })
    }

    /// Decrypts it and compares; the error's name if that fails.
    pub(crate) async fn read(&self, client: &KmsClient) -> Result<(), String> {
        let plaintext = match &self.form {
            Form::V1(ciphertext) => client.v1_decrypt(ciphertext).await,
            Form::V2(sealed) => client.decrypt(sealed, &uid(self.number)).await,
        };
        self.compare(&plaintext.map_err(|status| code(&status))?)
    }

    /// The same by KMS itself, for an object in aws-encryption-provider's form.
    pub(crate) async fn read_bare(&self, kms: &Client) -> Result<(), String> {
        let (Form::V1(ciphertext) | Form::V2(Sealed { ciphertext, .. })) = &self.form;
        let blob = Blob::new(ciphertext.strip_prefix(&[DIRECT]).unwrap_or(ciphertext));
        let answer = kms.decrypt().ciphertext_blob(blob).send().await;
        let answer = answer.map_err(|error| aws_sdk_kms::Error::from(error).to_string())?;
        self.compare(&answer.plaintext.map(Blob::into_inner).unwrap_or_default())
    }

    fn compare(&self, decrypted: &[u8]) -> Result<(), String> {
        if decrypted == plaintext(self.number) { Ok(()) } else { Err(WRONG.to_owned()) }
    }
}

/// The name that an answer with another plaintext is counted under.
pub(crate) const WRONG: &str = "WrongPlaintext";

/// 32 bytes, as a DEK or seed has.
fn plaintext(number: u64) -> Vec<u8> {
    number.to_be_bytes().repeat(4)
}

pub(crate) fn uid(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// The name of an error's code, such as `DeadlineExceeded`.
pub(crate) fn code(status: &Status) -> String {
    format!("{:?}", status.code())
}
