//! The control of the memory search: a process that keeps the 32-byte key from its standard input, its base64,
//! and a cipher made of it, until it exits.

use std::error::Error;
use std::io::Read;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::KeyInit;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

fn main() -> Result<(), Box<dyn Error>> {
    let mut key = Box::new([0_u8; 32]);
    std::io::stdin().read_exact(key.as_mut_slice())?;
    Box::leak(BASE64_STANDARD.encode(key.as_slice()).into_boxed_str());
    match std::env::args().nth(1).as_deref() {
        Some("aes-gcm") => drop(Box::leak(Box::new(Aes256Gcm::new(&(*key).into())))),
        Some("aws-lc-rs") => {
            let cipher = aws_lc_rs::aead::UnboundKey::new(&aws_lc_rs::aead::AES_256_GCM, key.as_slice());
            let cipher = cipher.map_err(|_| "the key has 32 bytes")?;
            Box::leak(Box::new(aws_lc_rs::aead::LessSafeKey::new(cipher)));
        }
        _ => return Err("give a backend: aes-gcm or aws-lc-rs".into()),
    }
    Box::leak(key);
    // Held at its exit only once its input has ended.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
