#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use http::uri::Authority;
use proptest::prelude::*;

use super::differential::{adapted, check};
use super::script::{AUTHORITIES, frame, integer, perform, string};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The header block that comes out for `block`.
fn adapt_block(block: &[u8]) -> Vec<u8> {
    let mut wire = PREFACE.to_vec();
    frame(&mut wire, 1, 0x4, 1, block);
    check(&wire);
    adapted(&wire, &[])[PREFACE.len() + 9..].to_vec()
}

/// A literal under the static name `:authority`.
fn authority(first: u8, prefix: u32, value: &str, coded: bool) -> Vec<u8> {
    let mut block = Vec::new();
    integer(&mut block, first, prefix, 1);
    string(&mut block, value.as_bytes(), coded);
    block
}

fn decode(block: &[u8]) -> Vec<(String, String)> {
    let fields = fluke_hpack::Decoder::new().decode(block).unwrap();
    fields
        .into_iter()
        .map(|(name, value)| (String::from_utf8(name).unwrap(), String::from_utf8(value).unwrap()))
        .collect()
}

fn fields(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_path_becomes_a_name_of_the_same_length_raw_or_coded() {
    for coded in [false, true] {
        for (sent, given) in [
            ("/var/run/x.sock", "-var-run-x.sock"),
            ("%2Fvar%2Frun%2Fx.sock", "-2Fvar-2Frun-2Fx.sock"),
            ("@a/b", if coded { "~a-b" } else { "-a-b" }),
            ("localhost", "localhost"),
            ("@abstract", "@abstract"),
        ] {
            let block = adapt_block(&authority(0x40, 6, sent, coded));
            assert_eq!(decode(&block), fields(&[(":authority", given)]), "{sent}, coded: {coded}");
        }
    }
}

#[test]
fn every_form_of_a_literal_is_found() {
    for coded in [false, true] {
        for (first, prefix) in [(0x40, 6), (0x00, 4), (0x10, 4)] {
            let by_index = adapt_block(&authority(first, prefix, "/x", coded));
            assert_eq!(decode(&by_index), fields(&[(":authority", "-x")]));

            let mut by_name = Vec::new();
            integer(&mut by_name, first, prefix, 0);
            string(&mut by_name, b":authority", coded);
            string(&mut by_name, b"/x", coded);
            assert_eq!(decode(&adapt_block(&by_name)), fields(&[(":authority", "-x")]));
        }
    }
}

#[test]
fn a_name_in_the_dynamic_table_is_found_also_when_it_moved() {
    let mut block = authority(0x40, 6, "good", true);
    integer(&mut block, 0x40, 6, 0);
    string(&mut block, b"x", false);
    string(&mut block, b"y", false);
    integer(&mut block, 0x40, 6, 63);
    string(&mut block, b"/bad", true);
    // Newest first: "/bad", x, "good".
    integer(&mut block, 0x80, 7, 62);
    integer(&mut block, 0x80, 7, 64);
    let given =
        [(":authority", "good"), ("x", "y"), (":authority", "-bad"), (":authority", "-bad"), (":authority", "good")];
    assert_eq!(decode(&adapt_block(&block)), fields(&given));
}

#[test]
fn an_evicted_name_is_not_taken_for_another() {
    let mut block = Vec::new();
    integer(&mut block, 0x20, 5, 80);
    block.extend(authority(0x40, 6, "a", false));
    // 33 + 1 + 9: together with the first one's 43 more than 80.
    integer(&mut block, 0x40, 6, 0);
    string(&mut block, b"x", false);
    string(&mut block, b"123456789", false);
    integer(&mut block, 0x40, 6, 62);
    string(&mut block, b"/stays", false);
    let given = [(":authority", "a"), ("x", "123456789"), ("x", "/stays")];
    assert_eq!(decode(&adapt_block(&block)), fields(&given));
}

#[test]
fn entries_go_at_exactly_the_size_of_the_table() {
    // Entries of 10 + 1 + 32 and 1 + 9 + 32 bytes.
    for (limit, stays) in [(85, true), (84, false)] {
        for coded in [false, true] {
            let mut block = Vec::new();
            integer(&mut block, 0x20, 5, limit);
            block.extend(authority(0x40, 6, "a", coded));
            integer(&mut block, 0x40, 6, 0);
            string(&mut block, b"x", coded);
            string(&mut block, b"123456789", coded);
            integer(&mut block, 0x00, 4, 63);
            string(&mut block, b"/bad", coded);
            let changed = adapt_block(&block) != block;
            assert_eq!(changed, stays, "a table of {limit} bytes");
        }
    }
}

#[test]
fn an_empty_authority_is_taken_out_and_the_block_keeps_its_length() {
    for empty in [&[0x81][..], &[0x01, 0x00], &[0x11, 0x00], &[0x11, 0x80]] {
        let block = [&[0x83, 0x86][..], empty, &[0x84, 0x40, 1, b'x', 1, b'y', 0xbe]].concat();
        let given = adapt_block(&block);
        let mut expected = vec![(":method", "POST"), (":scheme", "http"), (":path", "/"), ("x", "y"), ("x", "y")];
        expected.resize(5 + empty.len(), ("accept", ""));
        assert_eq!(decode(&given), fields(&expected));
    }
}

#[test]
fn an_empty_authority_that_enters_the_table_is_renamed_where_h2_allows_it() {
    let last = adapt_block(&[0x83, 0x41, 0x00, 0x92]);
    assert_eq!(decode(&last), fields(&[(":method", "POST"), ("set-cookie", ""), ("accept-ranges", "")]));
    for coded in [false, true] {
        let mut named = vec![0x83, 0x40];
        string(&mut named, b":authority", coded);
        named.push(0);
        assert_eq!(decode(&adapt_block(&named)), fields(&[(":method", "POST"), ("xauthority", "")]));
    }
}

#[test]
fn an_empty_authority_that_enters_the_table_moves_behind_the_pseudo_headers() {
    let moved = adapt_block(&[0x41, 0x00, 0x83, 0x04, 0x01, b'/', 0x92]);
    let given = [(":method", "POST"), (":path", "/"), ("set-cookie", ""), ("accept-ranges", "")];
    assert_eq!(decode(&moved), fields(&given));
    // Here the path enters the table too, behind it.
    let ordered = [0x41, 0x00, 0x83, 0x44, 0x01, b'/'];
    assert_eq!(adapt_block(&ordered), ordered);
}

#[test]
fn an_empty_authority_under_a_name_in_the_table_passes() {
    let mut wire = PREFACE.to_vec();
    frame(&mut wire, 1, 0x4, 1, &authority(0x40, 6, "a", false));
    frame(&mut wire, 1, 0x4, 3, &[0x7e, 0x00]);
    check(&wire);
    assert_eq!(adapted(&wire, &[]), wire);
}

#[test]
fn characters_without_a_stand_in_of_their_length_are_replaced_together() {
    for sent in ["/run/a#b", "###/", "a<b/cccccc", "{x}/yyyyyyyy", "/run/with space/\\/zzzzzzzz"] {
        let given = decode(&adapt_block(&authority(0x40, 6, sent, true)));
        assert_eq!(given[0].1.len(), sent.len());
        assert!(Authority::try_from(given[0].1.as_str()).is_ok(), "{sent} became {}", given[0].1);
    }
}

#[test]
fn what_is_not_understood_passes_as_it_is() {
    let path = authority(0x40, 6, "/x", false);
    for (what, broken) in [
        ("an index that nobody has", [&path[..], &[0xff, 0x7f]].concat()),
        ("a table larger than granted", [&path[..], &[0x3f, 0xff, 0x7f]].concat()),
        ("a value longer than the block", [&path[..], &[0x41, 0x05, b'/']].concat()),
        ("a number without end", [&path[..], &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]].concat()),
        ("the end of a string in a string", [&path[..], &[0x41, 0x84, 0xff, 0xff, 0xff, 0xff]].concat()),
        ("a name without a value", [&path[..], &[0x41]].concat()),
        ("index 0", [&path[..], &[0x80]].concat()),
    ] {
        assert_eq!(adapt_block(&broken), broken, "{what}");
    }
}

#[test]
fn a_block_longer_than_is_held_passes_and_the_next_one_is_adapted() {
    let mut long = Vec::new();
    for _ in 0..5 {
        integer(&mut long, 0, 4, 0);
        string(&mut long, b"x", false);
        string(&mut long, &[b'y'; 4000], false);
    }
    long.extend(authority(0, 4, "/x", false));
    let mut wire = PREFACE.to_vec();
    let (first, rest) = long.split_at(12_000);
    frame(&mut wire, 1, 0, 1, first);
    frame(&mut wire, 9, 0x4, 1, rest);
    let before = wire.len();
    frame(&mut wire, 1, 0x4, 3, &authority(0, 4, "/x", false));
    check(&wire);
    let given = adapted(&wire, &[]);
    assert_eq!(given[..before], wire[..before]);
    assert!(given.ends_with(b"\x02-x"));
}

#[test]
fn trailers_other_frames_and_frames_that_break_off_are_followed() {
    let path = authority(0x40, 6, "/x", false);
    let mut wire = PREFACE.to_vec();
    frame(&mut wire, 1, 0x4, 1, &path);
    frame(&mut wire, 0, 0, 1, &path);
    frame(&mut wire, 1, 0x5, 1, &path);
    let mut rest = Vec::new();
    frame(&mut rest, 1, 0x4, 3, &path);
    for cut in 0..rest.len() {
        let wire = [&wire[..], &rest[..cut]].concat();
        check(&wire);
        let given = adapted(&wire, &[]);
        assert_eq!(given.windows(2).filter(|two| two == b"-x").count(), 2);
        assert_eq!(given.windows(2).filter(|two| two == b"/x").count(), 1 + usize::from(cut == rest.len()));
    }
}

#[test]
fn what_is_not_http_2_passes() {
    for wire in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"", b"P", &PREFACE[..23]] {
        check(wire);
        assert_eq!(adapted(wire, &[]), wire);
    }
}

#[test]
fn a_flood_of_empty_continuations_is_bounded() {
    let mut wire = PREFACE.to_vec();
    frame(&mut wire, 1, 0, 1, &[0x83]);
    for _ in 0..3000 {
        frame(&mut wire, 9, 0, 1, &[]);
    }
    assert_eq!(adapted(&wire, &[]), wire);
    assert_eq!(adapted(&wire, &[7]), wire);
}

#[test]
fn the_whole_matrix_in_every_form_of_frame() {
    for value in 0..u8::try_from(AUTHORITIES.len()).unwrap() {
        // Under a static and a literal name, raw and coded, as each of the three kinds of literal.
        for (name, coded, kind) in each([4, 10], [0, 0x10], [0, 0x20, 0x40]) {
            for shape in 0..16 {
                check(&perform(&[2, name | coded | kind, 1, value, 0, 0, shape, 3, 1, 1, 1]));
            }
        }
    }
}

fn each(names: [u8; 2], codings: [u8; 2], kinds: [u8; 3]) -> impl Iterator<Item = (u8, u8, u8)> {
    let pairs = names.into_iter().flat_map(move |name| codings.into_iter().map(move |coded| (name, coded)));
    pairs.flat_map(move |(name, coded)| kinds.into_iter().map(move |kind| (name, coded, kind)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_a_client_says_both_ends_understand_the_same(script: Vec<u8>) {
        check(&perform(&script));
    }

    #[test]
    fn any_bytes_behind_a_preface_pass_in_any_pieces(bytes: Vec<u8>) {
        check(&[PREFACE, &bytes].concat());
    }

    #[test]
    fn any_header_block_is_decoded_alike(block in proptest::collection::vec(any::<u8>(), 0..300)) {
        adapt_block(&block);
    }
}
