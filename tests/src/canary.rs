//! Markers that show where a secret went: kept masked, so that a search finds only leaks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What masked bytes are combined with. Any value that leaves no byte as it was does.
const MASK: u8 = 0xa5;

/// A secret that a test plants and later searches for. This type holds it masked only.
///
/// It has no `Debug`: a failed assertion must not print what it looks for.
pub struct Canary {
    masked: Vec<u8>,
}

impl Canary {
    /// A random marker of 32 printable characters, which survive text formats and logs unchanged.
    ///
    /// # Panics
    ///
    /// When the system gives no random bytes.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        Self { masked: bytes.map(|byte| (b'a' + byte % 26) ^ MASK).to_vec() }
    }

    /// A needle from a secret that is known already. The caller wipes its own copy.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self { masked: secret.iter().map(|byte| byte ^ MASK).collect() }
    }

    /// A needle from bytes that are masked already.
    #[must_use]
    pub fn from_masked(masked: Vec<u8>) -> Self {
        Self { masked }
    }

    /// The masked bytes, to hand the needle to another process without planting it there.
    #[must_use]
    pub fn masked(&self) -> &[u8] {
        &self.masked
    }

    /// Lends the secret to `use_secret`, and wipes the copy made for it.
    pub fn reveal<T>(&self, use_secret: impl FnOnce(&[u8]) -> T) -> T {
        let mut secret: Vec<u8> = self.masked.iter().map(|byte| byte ^ MASK).collect();
        let result = use_secret(&secret);
        secret.fill(0);
        // Keeps the fill above from being optimised away as a dead store.
        std::hint::black_box(&mut secret);
        result
    }

    /// Whether the secret begins at the offset `at` of `haystack`; it is never put together for the search.
    #[must_use]
    pub fn is_at(&self, haystack: &[u8], at: usize) -> bool {
        let candidate = haystack.get(at..at + self.masked.len());
        candidate.is_some_and(|candidate| candidate.iter().zip(&self.masked).all(|(a, b)| a ^ MASK == *b))
    }

    /// The secret's first byte, by which a search for many needles sorts out candidates.
    #[must_use]
    pub fn first_byte(&self) -> Option<u8> {
        self.masked.first().map(|first| first ^ MASK)
    }

    /// Offsets of the secret in `haystack`.
    #[must_use]
    pub fn find_in(&self, haystack: &[u8]) -> Vec<usize> {
        let Some(first) = self.first_byte() else { return Vec::new() };
        let candidates = haystack.iter().enumerate().filter(|(_, byte)| **byte == first);
        candidates.map(|(at, _)| at).filter(|&at| self.is_at(haystack, at)).collect()
    }

    /// Whether `haystack` holds the secret.
    #[must_use]
    pub fn is_in(&self, haystack: &[u8]) -> bool {
        !self.find_in(haystack).is_empty()
    }

    /// All files below `directory` that hold the secret, symbolic links not followed.
    ///
    /// # Errors
    ///
    /// When the tree cannot be read; a file that vanishes meanwhile is no error.
    pub fn files_below(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                found.extend(self.files_below(&entry.path())?);
            } else if kind.is_file() {
                match fs::read(entry.path()) {
                    Ok(content) if self.is_in(&content) => found.push(entry.path()),
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_where_it_is_and_nowhere_else() {
        let canary = Canary::random();
        let mut haystack = vec![b'x'; 100];
        assert!(!canary.is_in(&haystack));
        canary.reveal(|secret| haystack.extend(secret));
        assert_eq!(canary.find_in(&haystack), [100]);
        haystack.pop();
        assert!(!canary.is_in(&haystack), "a part is no match");
    }

    #[test]
    fn the_masked_form_is_no_match() {
        let canary = Canary::random();
        assert!(!canary.is_in(canary.masked()));
    }

    #[test]
    fn files_are_searched_recursively() {
        let root = tempfile::tempdir().expect("a directory");
        let nested = root.path().join("a/b");
        fs::create_dir_all(&nested).expect("directories");
        let canary = Canary::random();
        canary.reveal(|secret| fs::write(nested.join("leak"), secret)).expect("a file");
        fs::write(root.path().join("clean"), b"nothing").expect("a file");
        assert_eq!(canary.files_below(root.path()).expect("a search"), [nested.join("leak")]);
    }
}
