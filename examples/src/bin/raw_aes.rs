//! Encrypts a value under a local key and reads it back. Needs nothing: no service, no runtime.
//!
//! ```text
//! cargo run -p sealkit-examples --bin raw_aes
//! ```

use std::error::Error;
use std::sync::Arc;

use sealkit_envelope::cmm::DefaultCmm;
use sealkit_envelope::keyring::local_key::{LocalKey, NAMESPACE};
use sealkit_envelope::{DecryptPolicy, Decryptor, EncryptionContext, Encryptor};

fn main() -> Result<(), Box<dyn Error>> {
    // A program keeps `key.serialize()` in a file of mode 0600 and reads it by `LocalKey::parse`.
    let key = LocalKey::generate("example".parse()?)?;
    let keyring = Arc::new(key.keyring());
    println!("key: {NAMESPACE}/{}", key.key_name());

    // The context is not secret. It binds the message to its purpose: what is stored here must be expected there.
    let context = EncryptionContext::try_from_pairs([("purpose", "example")])?;
    let encryptor = Encryptor::new(DefaultCmm::new(Arc::clone(&keyring) as Arc<_>));
    let message = pollster::block_on(encryptor.encrypt(b"attack at dawn", &context))?;
    println!("message: {} bytes", message.len());

    // The policy says whose messages are read at all, before any key is used.
    let policy = DecryptPolicy::default().require_context_pair("purpose", "example");
    let decryptor = Decryptor::new(DefaultCmm::new(keyring), policy);
    let (plaintext, header) = pollster::block_on(decryptor.decrypt(&message, &EncryptionContext::new()))?;
    println!("restored: {} bytes, context {:?}", plaintext.len(), header.context().get("purpose"));
    assert_eq!(plaintext.expose_secret(), b"attack at dawn");
    Ok(())
}
