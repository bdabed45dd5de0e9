//! What is searched for: keys in each form they take, and plaintext.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hkdf::Hkdf;
use sealkit_envelope::DataKey;
use sealkit_rig::Canary;
use sha2::Sha512;

mod schedule;

#[derive(Default)]
pub(super) struct Needles {
    needles: Vec<(String, Canary)>,
}

impl Needles {
    pub(super) fn add(&mut self, name: &str, needle: Canary) {
        self.needles.push((name.to_owned(), needle));
    }

    /// An AES-256 key: raw, in base64, and the round keys that the cipher expands it to. The first two round keys
    /// are the key itself.
    pub(super) fn add_key(&mut self, name: &str, key: &[u8; 32]) {
        self.add(name, Canary::of(key));
        // The last characters depend on what follows the key.
        self.add(&format!("{name} in base64"), Canary::of(&BASE64_STANDARD.encode(key).as_bytes()[..42]));
        for (number, round_key) in schedule::expand(key).iter().enumerate().skip(2) {
            self.add(&format!("round key {number} of {name}"), Canary::of(round_key));
        }
    }

    /// The data key of a message and what is derived from it: message-format.md, keys.
    pub(super) fn add_message_keys(&mut self, data_key: &DataKey, message: &[u8]) {
        let (suite, message_id) = (&message[1..3], &message[3..35]);
        let (pseudorandom, hkdf) = Hkdf::<Sha512>::extract(Some(message_id), data_key.expose_secret());
        let mut derived = [0; 32];
        hkdf.expand(&[suite, b"DERIVEKEY"].concat(), &mut derived).unwrap();
        self.add_key("data key", data_key.expose_secret());
        self.add("pseudorandom key", Canary::of(&pseudorandom));
        self.add_key("derived key", &derived);
    }

    /// The key in a key file.
    pub(super) fn add_local_key(&mut self, file: &Path) {
        let content = std::fs::read_to_string(file).unwrap();
        let base64 = content.lines().find_map(|line| line.strip_prefix("key: ")).unwrap();
        let key = BASE64_STANDARD.decode(base64).unwrap();
        self.add_key("local key", key.as_slice().try_into().unwrap());
    }

    /// The names of the needles in `memory`, in one pass for all of them.
    pub(super) fn found_in(&self, memory: &[u8]) -> BTreeSet<&str> {
        let mut by_first_byte: [Vec<&(String, Canary)>; 256] = std::array::from_fn(|_| Vec::new());
        for needle in &self.needles {
            by_first_byte[usize::from(needle.1.first_byte().expect("no needle is empty"))].push(needle);
        }
        let mut found = BTreeSet::new();
        for (at, byte) in memory.iter().enumerate() {
            for (name, needle) in &by_first_byte[usize::from(*byte)] {
                if needle.is_at(memory, at) {
                    found.insert(name.as_str());
                }
            }
        }
        found
    }
}
