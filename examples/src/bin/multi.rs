//! Encrypts under two keys, of which either decrypts: a working key, and one that lies in a safe.
//!
//! ```text
//! cargo run -p sealkit-examples --bin multi
//! ```

use std::error::Error;
use std::sync::Arc;

use sealkit_envelope::cmm::DefaultCmm;
use sealkit_envelope::keyring::Keyring;
use sealkit_envelope::keyring::local_key::LocalKey;
use sealkit_envelope::keyring::multi::MultiKeyring;
use sealkit_envelope::{DecryptPolicy, Decryptor, EncryptionContext, Encryptor, UnverifiedHeader};

fn main() -> Result<(), Box<dyn Error>> {
    let working: Arc<dyn Keyring> = Arc::new(LocalKey::generate("working".parse()?)?.keyring());
    let recovery: Arc<dyn Keyring> = Arc::new(LocalKey::generate("recovery".parse()?)?.keyring());

    // The generator makes the data key; every child wraps it as well. If one cannot, there is no message.
    let both = MultiKeyring::new(Some(Arc::clone(&working)), vec![Arc::clone(&recovery)])?;
    let encryptor = Encryptor::new(DefaultCmm::new(Arc::new(both)));
    let message = pollster::block_on(encryptor.encrypt(b"attack at dawn", &EncryptionContext::new()))?;

    let policy = DecryptPolicy::default();
    let header = UnverifiedHeader::parse(&message, &policy.limits)?;
    for wrapped in header.encrypted_data_keys() {
        println!("wrapped under {:?}", wrapped.key());
    }
    for (who, keyring) in [("working", working), ("recovery", recovery)] {
        let decryptor = Decryptor::new(DefaultCmm::new(keyring), policy.clone());
        let (plaintext, _) = pollster::block_on(decryptor.decrypt(&message, &EncryptionContext::new()))?;
        println!("the {who} key restores {} bytes", plaintext.len());
    }
    Ok(())
}
