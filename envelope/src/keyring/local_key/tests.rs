#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

/// The key 00 01 … 1f; its fingerprint by Python's hashlib.
const FILE: &str = "sealkit-local-key-v1\n\
    name: demo\n\
    fingerprint: 908a6191707a3e34\n\
    key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

fn demo() -> LocalKey {
    LocalKey::parse(FILE.as_bytes()).ok().unwrap()
}

fn error(file: &str) -> LocalKeyError {
    LocalKey::parse(file.as_bytes()).err().unwrap()
}

#[test]
fn a_key_file_is_read_and_written() {
    let key = demo();
    assert_eq!((key.name().as_str(), key.fingerprint()), ("demo", "908a6191707a3e34"));
    assert_eq!(key.key_name(), "demo-908a6191707a3e34");
    assert_eq!(key.serialize().expose_secret(), FILE.as_bytes());
}

#[test]
fn the_longest_name_still_makes_a_file_that_is_read() {
    let key = LocalKey::generate("n".repeat(64).parse().unwrap()).ok().unwrap();
    let file = key.serialize();
    assert!(file.len() <= MAX_FILE_LEN);
    assert_eq!(LocalKey::parse(file.expose_secret()).ok().unwrap().key_name(), key.key_name());
}

#[test]
fn keys_of_one_name_differ_by_fingerprint() {
    let [a, b] = [(); 2].map(|()| LocalKey::generate("demo".parse().unwrap()).ok().unwrap());
    assert_ne!(a.key_name(), b.key_name());
}

#[test]
fn every_departure_from_the_format_is_an_error_with_its_line() {
    let line = |file: &str| match error(file) {
        LocalKeyError::Line { line, .. } => line,
        other => panic!("{other}"),
    };
    assert_eq!(error(""), LocalKeyError::Version);
    assert_eq!(error(&FILE.replace("v1", "v2")), LocalKeyError::Version);
    assert_eq!(error(&FILE.replace('\n', "\r\n")), LocalKeyError::Version);
    assert_eq!(error(&format!("\n{FILE}")), LocalKeyError::Version);
    assert_eq!(line("sealkit-local-key-v1\n"), 2);
    assert_eq!(line(&FILE.replace("name: ", "Name: ")), 2);
    assert_eq!(line(&FILE.replace("name: ", "name:")), 2);
    assert!(matches!(error(&FILE.replace("demo", "../demo")), LocalKeyError::Name { .. }));
    assert!(matches!(error(&FILE.replace("demo", "demo ")), LocalKeyError::Name { .. }));
    assert_eq!(line(&FILE.replace("fingerprint", "finger")), 3);
    assert_eq!(line(&FILE.replace("key: ", "")), 4);
    assert_eq!(line(&FILE.replace("AAEC", "AA C")), 4);
    assert_eq!(line(&FILE.replace("Hh8=", "Hh8")), 4);
    assert_eq!(line(&FILE.replace("Hh8=", "Hh9=")), 4);
    assert_eq!(line(&FILE.replace("Hh8=", "Hh8fICA=")), 4);
    assert_eq!(line(&FILE.replace("Hh8=\n", "Hh8=")), 5);
    assert_eq!(line(&format!("{FILE}\n")), 5);
    assert_eq!(line(&format!("{FILE}x")), 5);
    assert!(matches!(error(&FILE.replace("AAEC", "AAED")), LocalKeyError::Fingerprint { .. }));
    assert!(matches!(error(&FILE.replace("908a6191707a3e34", "0")), LocalKeyError::Fingerprint { .. }));
    assert_eq!(error(&format!("{FILE}{}", "x".repeat(200))), LocalKeyError::TooLong { length: FILE.len() + 200 });
}

#[test]
fn no_error_shows_the_key() {
    for file in [
        FILE.replace("AAEC", "AA!C"),
        FILE.replace("fingerprint", "key: AAECAwQF"),
        FILE.replace("908a6191707a3e34", "x"),
    ] {
        let shown = format!("{0} {0:?}", error(&file));
        assert!(!shown.contains("AwQF"), "{shown}");
    }
}

#[test]
fn names_are_safe_file_names() {
    for good in ["demo", "0", "A.b_c-d", &"n".repeat(64)] {
        assert_eq!(good.parse::<LocalKeyName>().unwrap().as_str(), good);
    }
    for bad in ["", ".", "..", ".demo", "-demo", "_demo", "a/b", "a b", "a\n", "é", "a\0", &"n".repeat(65)] {
        assert!(bad.parse::<LocalKeyName>().is_err(), "{bad:?}");
    }
}

#[test]
fn key_names_in_messages_are_taken_apart() {
    let (name, fingerprint) = split_key_name("a-b-908a6191707a3e34").unwrap();
    assert_eq!((name.as_str(), fingerprint), ("a-b", "908a6191707a3e34"));
    for foreign in
        ["", "demo", "demo-", "-908a6191707a3e34", "demo-5C0F4E1D2B3A6978", "demo-5c0f", "../x-908a6191707a3e34"]
    {
        assert!(split_key_name(foreign).is_none(), "{foreign}");
    }
}

proptest! {
    #[test]
    fn no_file_makes_the_parser_panic(file in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = LocalKey::parse(&file);
    }

    /// What is accepted is exactly what would be written.
    #[test]
    fn a_changed_byte_is_noticed(at in 0..FILE.len(), byte in any::<u8>()) {
        let mut file = FILE.as_bytes().to_vec();
        file[at] = byte;
        if let Ok(key) = LocalKey::parse(&file) {
            let written = key.serialize();
            prop_assert_eq!(written.expose_secret(), &file[..]);
        }
    }
}
