//! Published vectors: Wycheproof, NIST and the RFCs, by each backend.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hex::FromHex;
use wycheproof::{TestResult, aead, ecdsa, hkdf};

#[cfg(any(feature = "aws-lc", feature = "fips"))]
use super::backends::AwsLc;
use super::backends::{Backend, RustCrypto};

macro_rules! by_each_backend {
    ($($test:ident)*) => {
        mod rustcrypto {
            $(#[test] fn $test() { super::$test::<super::RustCrypto>(); })*
        }
        #[cfg(any(feature = "aws-lc", feature = "fips"))]
        mod aws_lc {
            $(#[test] fn $test() { super::$test::<super::AwsLc>(); })*
        }
    };
}

by_each_backend! {
    wycheproof_aes_256_gcm
    wycheproof_hkdf_sha512
    wycheproof_ecdsa_p384
    nist_gcm_test_case_16
    fips_180_sha384
    rfc_6979_p384
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn wycheproof_aes_256_gcm<B: Backend>() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let ours = |group: &&aead::TestGroup| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128);
    let mut ran = 0;
    for test in set.test_groups.iter().filter(ours).flat_map(|group| &group.tests) {
        let key = B::gcm_key(&test.key[..].try_into().unwrap());
        let (nonce, tag) = (test.nonce[..].try_into().unwrap(), test.tag[..].try_into().unwrap());
        let mut opened = test.ct.to_vec();
        let authentic = B::open(&key, &nonce, &test.aad, &mut opened, &tag);
        assert_eq!(authentic, test.result == TestResult::Valid, "{} opens {}", B::NAME, test.tc_id);
        if authentic {
            assert_eq!(opened, test.pt[..], "{} opens {}", B::NAME, test.tc_id);
            assert_eq!(B::seal(&key, &nonce, &test.aad, &mut opened), tag, "{} seals {}", B::NAME, test.tc_id);
            assert_eq!(opened, test.ct[..], "{} seals {}", B::NAME, test.tc_id);
        }
        ran += 1;
    }
    assert_eq!(ran, 66);
}

fn wycheproof_hkdf_sha512<B: Backend>() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha512).unwrap();
    let mut ran = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        if test.result == TestResult::Invalid {
            assert!(test.size > 255 * 64, "the one fault is a length that no caller asks for");
            continue;
        }
        let mut out = vec![0; test.size];
        B::hkdf_sha512(&test.salt, &test.ikm, &[&test.info], &mut out);
        assert_eq!(out, test.okm[..], "{} derives {}", B::NAME, test.tc_id);
        ran += 1;
    }
    assert_eq!(ran, 80);
}

fn wycheproof_ecdsa_p384<B: Backend>() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp384r1Sha384).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let point = compress(&group.key.key);
        for test in &group.tests {
            let digest = B::sha384(&[&test.msg]);
            let verified = B::verify(&point, &digest, &test.sig);
            assert_eq!(verified, test.result == TestResult::Valid, "{} verifies {}", B::NAME, test.tc_id);
            *if verified { &mut valid } else { &mut invalid } += 1;
        }
    }
    assert_eq!((valid, invalid), (194, 310));
}

/// The vectors hold 04 ‖ x ‖ y; messages hold the sign of y, then x.
fn compress(uncompressed: &[u8]) -> [u8; 49] {
    assert_eq!((uncompressed.len(), uncompressed[0]), (97, 4));
    let mut point = [0; 49];
    point[0] = 2 + (uncompressed[96] & 1);
    point[1..].copy_from_slice(&uncompressed[1..49]);
    point
}

/// McGrew and Viega, The Galois/Counter Mode of Operation, appendix B.
fn nist_gcm_test_case_16<B: Backend>() {
    let key = B::gcm_key(&bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
    let nonce = bytes("cafebabefacedbaddecaf888");
    let aad: [u8; 20] = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let mut buffer = Vec::from_hex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    )
    .unwrap();
    let tag = B::seal(&key, &nonce, &aad, &mut buffer);
    assert_eq!(tag, bytes("76fc6ece0f4e1768cddf8853bb2d551b"));
    let ciphertext = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                      8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662";
    assert_eq!(hex::encode(buffer), ciphertext);
}

fn fips_180_sha384<B: Backend>() {
    let abc = bytes(
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
         8086072ba1e7cc2358baeca134c825a7",
    );
    assert_eq!(B::sha384(&[b"abc"]), abc);
    assert_eq!(B::sha384(&[b"a", b"", b"bc"]), abc);
}

/// RFC 6979, A.2.6: SHA-384 of "sample", a signature of 104 bytes, for both numbers have their highest bit set.
fn rfc_6979_p384<B: Backend>() {
    let point = bytes(
        "02ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64\
         def8f0ea9055866064a254515480bc13",
    );
    let signature: [u8; 104] = bytes(
        "3066\
         02310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46\
         02310099ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
    );
    assert!(B::verify(&point, &B::sha384(&[b"sample"]), &signature));
    assert!(!B::verify(&point, &B::sha384(&[b"Sample"]), &signature));
}
