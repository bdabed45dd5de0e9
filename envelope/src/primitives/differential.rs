//! The two backends against each other: a build's features never change what is written or accepted.

use proptest::collection::vec;
use proptest::prelude::*;

use super::backends::{AwsLc, Backend, RustCrypto};

/// Around the lengths at which an implementation changes its stride, and some beyond.
fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..70), vec(any::<u8>(), 250..270), vec(any::<u8>(), 4000..4200)]
}

proptest! {
    #[test]
    fn seal_alike_and_open_each_other(
        key: [u8; 32], nonce: [u8; 12], aad in vec(any::<u8>(), 0..100), plaintext in content(), flip: u8,
    ) {
        let (ours, theirs) = (RustCrypto::gcm_key(&key), AwsLc::gcm_key(&key));
        let (mut sealed, mut sealed_too) = (plaintext.clone(), plaintext.clone());
        let tag = RustCrypto::seal(&ours, &nonce, &aad, &mut sealed);
        prop_assert_eq!(AwsLc::seal(&theirs, &nonce, &aad, &mut sealed_too), tag);
        prop_assert_eq!(&sealed, &sealed_too);

        let mut forged = tag;
        forged[usize::from(flip % 16)] ^= 1 << (flip / 32);
        for tag in [tag, forged] {
            let (mut opened, mut opened_too) = (sealed.clone(), sealed.clone());
            let authentic = RustCrypto::open(&ours, &nonce, &aad, &mut opened, &tag);
            prop_assert_eq!(AwsLc::open(&theirs, &nonce, &aad, &mut opened_too, &tag), authentic);
            prop_assert_eq!(authentic, tag != forged);
            if authentic {
                prop_assert_eq!(&opened, &plaintext);
                prop_assert_eq!(&opened_too, &plaintext);
            }
        }
    }

    #[test]
    fn derive_alike(
        salt in vec(any::<u8>(), 1..150), ikm in vec(any::<u8>(), 0..150), info in vec(vec(any::<u8>(), 0..60), 0..4),
        length in 1_usize..200,
    ) {
        let info: Vec<&[u8]> = info.iter().map(Vec::as_slice).collect();
        let (mut ours, mut theirs) = (vec![0; length], vec![0; length]);
        RustCrypto::hkdf_sha512(&salt, &ikm, &info, &mut ours);
        AwsLc::hkdf_sha512(&salt, &ikm, &info, &mut theirs);
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn hash_alike(parts in vec(content(), 0..5)) {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(RustCrypto::sha384(&parts), AwsLc::sha384(&parts));
    }

    #[test]
    fn verify_each_other(digest in any::<[u8; 32]>(), flip: u8) {
        check_signatures::<RustCrypto, AwsLc>(&digest, flip)?;
        check_signatures::<AwsLc, RustCrypto>(&digest, flip)?;
    }
}

fn check_signatures<Signer: Backend, Verifier: Backend>(seed: &[u8], flip: u8) -> Result<(), TestCaseError> {
    let digest = Signer::sha384(&[seed]);
    let key = Signer::signing_key();
    let point = Signer::public_key(&key);
    let mut signature = Signer::sign(&key, &digest);
    prop_assert!(Verifier::verify(&point, &digest, &signature));
    let index = usize::from(flip) % signature.len();
    signature[index] ^= 1;
    prop_assert!(!Verifier::verify(&point, &digest, &signature));
    prop_assert!(!Signer::verify(&point, &digest, &signature));
    Ok(())
}
