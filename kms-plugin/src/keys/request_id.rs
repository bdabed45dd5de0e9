//! The id of a request to KMS, small enough to be kept for thousands of cached values.

/// Characters of a UUID.
const UUID_LEN: usize = 36;

/// Where the hyphens of a UUID stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// A request id. KMS' are UUIDs: 16 bytes in place of 36 and an allocation.
pub(super) enum RequestId {
    Uuid([u8; 16]),
    Other(Box<str>),
}

impl RequestId {
    pub(super) fn new(text: Box<str>) -> Self {
        packed(&text).map_or(Self::Other(text), Self::Uuid)
    }

    /// Gives the text to `look`, without an allocation.
    pub(super) fn with<T>(&self, look: impl FnOnce(&str) -> T) -> T {
        match self {
            Self::Uuid(bytes) => {
                let text = unpacked(bytes);
                look(std::str::from_utf8(&text).expect("hexadecimal digits and hyphens are ASCII"))
            }
            Self::Other(text) => look(text),
        }
    }
}

/// The bytes of a UUID in lower case; `None` for all that would not come out as it went in.
fn packed(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; UUID_LEN] = text.as_bytes().try_into().ok()?;
    let mut digits = [0; 32];
    let mut rest = digits.iter_mut();
    for (index, &character) in text.iter().enumerate() {
        match character {
            b'-' if HYPHENS.contains(&index) => {}
            b'0'..=b'9' | b'a'..=b'f' if !HYPHENS.contains(&index) => *rest.next()? = character,
            _ => return None,
        }
    }
    let mut bytes = [0; 16];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}

fn unpacked(bytes: &[u8; 16]) -> [u8; UUID_LEN] {
    let mut digits = [0; 32];
    hex::encode_to_slice(bytes, &mut digits).expect("two digits a byte");
    let mut digits = digits.into_iter();
    std::array::from_fn(|index| if HYPHENS.contains(&index) { b'-' } else { digits.next().unwrap_or(b'-') })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_comes_out_as_it_went_in() {
        let uuid = "0123abcd-4567-89ef-0123-456789abcdef";
        let long = "x".repeat(36);
        for text in [uuid, &uuid.to_uppercase(), &uuid.replace('-', "0"), &uuid.replace("-4567", "4-567"), "", &long] {
            let id = RequestId::new(text.into());
            assert_eq!(id.with(str::to_owned), text);
            assert_eq!(matches!(id, RequestId::Uuid(_)), text == uuid, "{text}");
        }
    }
}
