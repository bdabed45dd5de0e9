//! `--key local:PATH`: a key file instead of KMS, for test clusters without AWS.
//!
//! | bytes | field |
//! |---|---|
//! | 4 | magic `SLKF` |
//! | 1 | form `0x01` |
//! | 8 | fingerprint of the key, as in its file |
//! | 12 | nonce, random |
//! | n | AES-256-GCM ciphertext |
//! | 16 | tag |
//!
//! Associated data: everything before the nonce, then the encryption context: the number of pairs, and of each key and
//! value its length and its bytes, sorted by key; numbers in 2 bytes, big-endian. The blob takes the place of KMS'
//! `CiphertextBlob`, which begins with 0x01, so neither is taken for the other.
//!
//! The key is in memory and nobody is called, so what it does for kube-apiserver is told as served from memory.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use sealkit_aws::{Fault, FaultClass};
use sealkit_envelope::aead::{self, NONCE_LEN, TAG_LEN};
use sealkit_envelope::keyring::local_key::{LocalKey, MAX_FILE_LEN};
use sealkit_envelope::{DataKey, Plaintext};
use sealkit_host::private_file::{PrivateFile, Readers};

use super::{Call, Encrypted, Generated, KEK_PAIR, Origin, Purpose, Unwrapped, check_context};
use crate::keys::{KeyMistake, KeySettings, Observer, Refusal, Source};

/// What begins a blob; the rest of its header is the fingerprint.
const MAGIC: &[u8] = b"SLKF\x01";

/// Bytes of a fingerprint.
const FINGERPRINT_LEN: usize = 8;

const HEADER_LEN: usize = MAGIC.len() + FINGERPRINT_LEN;

/// What begins the name of a local key.
const SCHEME: &str = "local:";

pub(super) struct Local {
    name: Arc<str>,
    key: LocalKey,
    header: [u8; HEADER_LEN],
    /// Header and context.
    object_data: Vec<u8>,
    kek_data: Vec<u8>,
    arn: Arc<str>,
    observer: Arc<dyn Observer>,
}

/// The path in the name of a local key; `None` if it is a key in KMS.
pub(super) fn path_in(name: &str) -> Option<&Path> {
    name.strip_prefix(SCHEME).map(Path::new)
}

/// Whether a blob has the form of a local key's.
pub(super) fn is_local(blob: &[u8]) -> bool {
    blob.starts_with(MAGIC)
}

impl Local {
    pub(super) fn open(
        settings: &KeySettings,
        path: &Path,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Vec<KeyMistake>> {
        let mut mistakes: Vec<_> = check_context(settings).err().into_iter().collect();
        if let Some(region) = settings.replicas.first() {
            let (name, cause) = (settings.name.clone(), "a local key has no replicas".to_owned());
            mistakes.push(KeyMistake::Replica { name, region: region.clone(), cause });
        }
        let key = match read(path) {
            Ok(key) if mistakes.is_empty() => key,
            Ok(_) => return Err(mistakes),
            Err(cause) => {
                mistakes.push(KeyMistake::KeyFile { path: path.to_owned(), cause });
                return Err(mistakes);
            }
        };
        let mut header = [0; HEADER_LEN];
        let (magic, fingerprint) = header.split_at_mut(MAGIC.len());
        magic.copy_from_slice(MAGIC);
        hex::decode_to_slice(key.fingerprint(), fingerprint).expect("a fingerprint is 16 hexadecimal digits");
        let mut kek_context = settings.context.clone();
        kek_context.insert(KEK_PAIR.0.to_owned(), KEK_PAIR.1.to_owned());
        Ok(Self {
            name: settings.name.as_str().into(),
            arn: format!("{SCHEME}{}", key.key_name()).into(),
            object_data: associated_data(&header, &settings.context),
            kek_data: associated_data(&header, &kek_context),
            header,
            key,
            observer,
        })
    }

    pub(super) fn fingerprint(&self) -> &str {
        self.key.fingerprint()
    }

    /// Whether a blob says that it is under this key.
    pub(super) fn made(&self, blob: &[u8]) -> bool {
        blob.starts_with(&self.header)
    }

    pub(super) fn encrypt(&self, call: &Call<'_>, purpose: Purpose, plaintext: &[u8]) -> Result<Encrypted, Refusal> {
        let blob = self.seal(purpose, plaintext)?;
        if let Source::Traffic(api) = call.source {
            self.observer.encrypted_in_memory(api, &self.arn, None);
        }
        Ok(Encrypted { blob, origin: self.origin() })
    }

    pub(super) fn decrypt(&self, call: &Call<'_>, purpose: Purpose, blob: &[u8]) -> Result<Unwrapped, Refusal> {
        let plaintext = self.unseal(purpose, blob)?;
        if let Source::Traffic(api) = call.source {
            self.observer.served_from_memory(api, &self.arn, None);
        }
        Ok(Unwrapped { plaintext, origin: self.origin() })
    }

    pub(super) fn generate_data_key(&self) -> Result<Generated, Refusal> {
        let mut key = DataKey::zeroed();
        getrandom::fill(key.expose_secret_mut()).map_err(|_| NO_RANDOM)?;
        let blob = self.seal(Purpose::LocalKek, key.expose_secret())?;
        Ok(Generated { key, blob, origin: self.origin() })
    }

    fn seal(&self, purpose: Purpose, plaintext: &[u8]) -> Result<Vec<u8>, Refusal> {
        // Encrypted where it is wiped if that fails, then copied as ciphertext.
        let mut content = Plaintext::from_slice(plaintext);
        let sealed = aead::seal_in_place(self.key.key(), self.data(purpose), content.expose_secret_mut());
        let (nonce, tag) = sealed.map_err(|_| NO_RANDOM)?;
        Ok([&self.header[..], &nonce, content.expose_secret(), &tag].concat())
    }

    fn unseal(&self, purpose: Purpose, blob: &[u8]) -> Result<Plaintext, Box<Fault>> {
        let rest = blob.strip_prefix(&self.header).ok_or_else(|| self.refused("it is not under this key"))?;
        let parts = rest.split_first_chunk::<NONCE_LEN>();
        let parts = parts.and_then(|(nonce, rest)| Some((nonce, rest.split_last_chunk::<TAG_LEN>()?)));
        let (nonce, (ciphertext, tag)) = parts.ok_or_else(|| self.refused("it is cut short"))?;
        let mut content = Plaintext::from_slice(ciphertext);
        let opened = aead::open_in_place(self.key.key(), nonce, self.data(purpose), content.expose_secret_mut(), tag);
        opened.map_err(|_| self.refused("the ciphertext was changed, or has another encryption context"))?;
        Ok(content)
    }

    fn data(&self, purpose: Purpose) -> &[u8] {
        match purpose {
            Purpose::Object => &self.object_data,
            Purpose::LocalKek => &self.kek_data,
        }
    }

    fn refused(&self, cause: &str) -> Box<Fault> {
        let hint = "give the key the encryption context that it had, or restore the object from a backup of etcd";
        Box::new(Fault::new("Decrypt", &self.name, None, FaultClass::Refused, cause).with_hint(hint))
    }

    fn origin(&self) -> Origin {
        Origin { arn: Arc::clone(&self.arn), region: None, request_id: None, key_material: None }
    }
}

const NO_RANDOM: Refusal = Refusal::Internal("the system gives no random bytes");

/// Whether there is a key in this file.
pub(super) fn check(path: &Path) -> Result<(), KeyMistake> {
    read(path).map(drop).map_err(|cause| KeyMistake::KeyFile { path: path.to_owned(), cause })
}

/// Reads a key file that `sealctl keygen` made.
fn read(path: &Path) -> Result<LocalKey, String> {
    if path.as_os_str().is_empty() {
        return Err("no path follows \"local:\"".to_owned());
    }
    let file = PrivateFile::open(path, Readers::OwnerOnly).map_err(|error| {
        let text = match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        error.remedy().map_or_else(|| text.clone(), |remedy| format!("{text}: run `{remedy}`"))
    })?;
    let mut content = Plaintext::zeroed(MAX_FILE_LEN + 1);
    let mut filled = 0;
    while filled < content.len() {
        match file.file().read(&mut content.expose_secret_mut()[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    content.truncate(filled);
    LocalKey::parse(content.expose_secret()).map_err(|error| error.to_string())
}

fn associated_data(header: &[u8], context: &BTreeMap<String, String>) -> Vec<u8> {
    let length = |length: usize| u16::try_from(length).expect("a context was checked to be short").to_be_bytes();
    let mut data = [header, &length(context.len())].concat();
    for text in context.iter().flat_map(|(key, value)| [key, value]) {
        data.extend_from_slice(&length(text.len()));
        data.extend_from_slice(text.as_bytes());
    }
    data
}
