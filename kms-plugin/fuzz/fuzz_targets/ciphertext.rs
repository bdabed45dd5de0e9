//! Any bytes as a ciphertext of either API, and as its annotation: no panic, nothing beyond the limits, and what a parser
//! takes is what a writer writes.
#![no_main]
#![allow(dead_code, reason = "the modules are the plugin's own, and this target uses a part of them")]

use libfuzzer_sys::fuzz_target;

#[path = "../../src/keys"]
mod keys {
    mod api;
    mod blob;
    pub(crate) mod kek {
        pub(crate) mod form;
    }
    mod malformed;

    use api::Api;
    use kek::form::{self, Sealed};
    use malformed::Malformed;

    /// The direct form.
    pub(crate) fn direct(bytes: &[u8]) {
        for (api, longest) in [(Api::V1Beta1, 6145), (Api::V2, 1024)] {
            let Ok(blob) = blob::parse(api, bytes) else { continue };
            assert!(!blob.is_empty() && bytes.ends_with(blob) && bytes.len() <= longest);
            if bytes.len() > blob.len() {
                assert_eq!(blob::serialize(api, blob).as_deref(), Ok(bytes));
            }
        }
    }

    /// Both forms under a local KEK.
    pub(crate) fn local_kek(bytes: &[u8], annotation: &[u8]) {
        if let Ok(sealed) = form::parse_v1(bytes) {
            let head = form::v1_head(sealed.wrapped_kek).expect("its length was in order");
            is_whole(bytes, &sealed, &head);
            assert_eq!(&*sealed.aad(), &*head);
        }
        if let Ok(sealed) = form::parse_v2(bytes, Some(annotation)) {
            is_whole(bytes, &sealed, &form::v2_head(sealed.kek_id));
            assert_eq!(sealed.wrapped_kek, annotation);
        }
        assert!(form::parse_v2(bytes, None).is_err());
    }

    fn is_whole(bytes: &[u8], sealed: &Sealed<'_>, head: &[u8]) {
        assert!(form::is_local_kek(bytes) && !sealed.ciphertext.is_empty());
        assert_eq!(form::serialize(head, sealed.nonce, sealed.ciphertext, sealed.tag), bytes);
    }
}

fuzz_target!(|input: &[u8]| {
    keys::direct(input);
    keys::local_kek(input, &[]);
    // Chance finds no hash: what comes first is the annotation, and what follows is given its KEK's name.
    let Some((&length, rest)) = input.split_first() else { return };
    let Some((annotation, rest)) = rest.split_at_checked(usize::from(length)) else { return };
    let head = keys::kek::form::v2_head(keys::kek::form::KekId::of(annotation));
    keys::local_kek(&[&head, rest].concat(), annotation);
});
