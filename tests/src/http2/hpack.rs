//! Header blocks as clients write them (RFC 7541): any bytes as `:authority`, in each representation that there is.

/// Whether a field is kept for later references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexing {
    /// Literal with incremental indexing; sent again, it is an index. What grpc-go does.
    Incremental,
    /// Literal without indexing.
    Without,
    /// Literal never indexed.
    Never,
}

/// The `:authority` of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    value: Option<Vec<u8>>,
    indexing: Indexing,
    huffman: bool,
    literal_name: bool,
}

impl Authority {
    /// No `:authority` at all.
    #[must_use]
    pub fn absent() -> Self {
        Self { value: None, indexing: Indexing::Without, huffman: false, literal_name: false }
    }

    /// As grpc-go writes it: indexed, and in Huffman's code where that is shorter.
    #[must_use]
    pub fn of(value: &str) -> Self {
        let value = value.as_bytes().to_vec();
        let huffman = huffman(&value).is_some_and(|code| code.len() < value.len());
        Self { value: Some(value), indexing: Indexing::Incremental, huffman, literal_name: false }
    }

    /// Written in another representation.
    #[must_use]
    pub fn with_indexing(mut self, indexing: Indexing) -> Self {
        self.indexing = indexing;
        self
    }

    /// As plain octets.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.huffman = false;
        self
    }

    /// With the name as a literal in place of its index in the static table.
    #[must_use]
    pub fn with_literal_name(mut self) -> Self {
        self.literal_name = true;
        self
    }
}

/// A client's side of the compression; it puts nothing but `:authority` into the dynamic table.
#[derive(Default)]
pub(super) struct Encoder {
    /// What was indexed, oldest first.
    indexed: Vec<Vec<u8>>,
}

/// Index of `:authority` in the static table.
const AUTHORITY: u8 = 1;
/// The first index of the dynamic table.
const FIRST_DYNAMIC: usize = 62;

impl Encoder {
    /// The block of a gRPC request.
    pub(super) fn request(&mut self, authority: &Authority, path: &str) -> Vec<u8> {
        // `:method: POST` and `:scheme: http` are in the static table.
        let mut block = vec![0x80 | 3, 0x80 | 6];
        self.authority(&mut block, authority);
        for (name, value) in [(":path", path), ("content-type", "application/grpc"), ("te", "trailers")] {
            block.push(0);
            string(&mut block, name.as_bytes(), false);
            string(&mut block, value.as_bytes(), false);
        }
        block
    }

    fn authority(&mut self, block: &mut Vec<u8>, authority: &Authority) {
        let Some(value) = &authority.value else { return };
        let incremental = authority.indexing == Indexing::Incremental;
        if let Some(at) = self.indexed.iter().rposition(|known| known == value).filter(|_| incremental) {
            return integer(block, 0x80, 7, FIRST_DYNAMIC + self.indexed.len() - 1 - at);
        }
        let (pattern, prefix) = match authority.indexing {
            Indexing::Incremental => (0x40, 6),
            Indexing::Without => (0x00, 4),
            Indexing::Never => (0x10, 4),
        };
        if authority.literal_name {
            block.push(pattern);
            string(block, b":authority", false);
        } else {
            integer(block, pattern, prefix, usize::from(AUTHORITY));
        }
        string(block, value, authority.huffman);
        if incremental {
            self.indexed.push(value.clone());
        }
    }
}

fn string(block: &mut Vec<u8>, value: &[u8], as_huffman: bool) {
    match huffman(value).filter(|_| as_huffman) {
        Some(code) => {
            integer(block, 0x80, 7, code.len());
            block.extend(code);
        }
        None => {
            integer(block, 0, 7, value.len());
            block.extend(value);
        }
    }
}

fn integer(block: &mut Vec<u8>, pattern: u8, prefix: u32, value: usize) {
    let limit = (1_usize << prefix) - 1;
    let low = |value: usize| u8::try_from(value & 0xff).unwrap_or_default();
    if value < limit {
        return block.push(pattern | low(value));
    }
    block.push(pattern | low(limit));
    let mut rest = value - limit;
    while rest >= 0x80 {
        block.push(low(rest & 0x7f) | 0x80);
        rest >>= 7;
    }
    block.push(low(rest));
}

/// The Huffman code of `value`; none if it has a character that this table leaves out.
fn huffman(value: &[u8]) -> Option<Vec<u8>> {
    let (mut code, mut pending, mut bits) = (Vec::new(), 0_u64, 0);
    for &symbol in value {
        let (symbol, length) = symbol_code(symbol)?;
        pending = pending << length | u64::from(symbol);
        bits += length;
        while bits >= 8 {
            bits -= 8;
            code.push(u8::try_from(pending >> bits & 0xff).ok()?);
        }
    }
    if bits > 0 {
        // The rest of the last octet is the beginning of EOS: ones.
        code.push(u8::try_from((pending << (8 - bits) | (0xff >> bits)) & 0xff).ok()?);
    }
    Some(code)
}

/// RFC 7541, appendix B: the characters of paths, percent-encoding and names.
fn symbol_code(symbol: u8) -> Option<(u32, u32)> {
    const FIVE: &[u8] = b"012aceiost";
    const SIX: &[u8] = b" %-./3456789=A_bdfghlmnpru";
    const SEVEN: &[u8] = b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz";
    let at = |list: &[u8]| list.iter().position(|known| *known == symbol).and_then(|at| u32::try_from(at).ok());
    at(FIVE)
        .map(|at| (at, 5))
        .or_else(|| at(SIX).map(|at| (0x14 + at, 6)))
        .or_else(|| at(SEVEN).map(|at| (0x5c + at, 7)))
        .or((symbol == b'@').then_some((0x1ffa, 13)))
}

#[cfg(test)]
mod tests {
    use fluke_hpack::Decoder;

    use super::*;

    const PATHS: [&str; 6] =
        ["", "/var/run/kmsplugin/socket.sock", "%2Fvar%2Frun%2Fkms.sock", "localhost", "@abstract", "@a/b_C-9=:Zz"];

    #[test]
    fn a_decoder_reads_every_representation() {
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::new());
        for indexing in [Indexing::Incremental, Indexing::Without, Indexing::Never, Indexing::Incremental] {
            for value in PATHS {
                let form = Authority::of(value).with_indexing(indexing);
                for form in [form.clone(), form.clone().plain(), form.with_literal_name()] {
                    let headers = decoder.decode(&encoder.request(&form, "/v2/Status")).expect("a block");
                    assert_eq!(headers[2], (b":authority".to_vec(), value.as_bytes().to_vec()), "{form:?}");
                    assert_eq!(headers[3], (b":path".to_vec(), b"/v2/Status".to_vec()));
                }
            }
        }
        assert_eq!(encoder.indexed.len(), PATHS.len(), "what is indexed is sent as an index");
    }

    #[test]
    fn paths_are_shorter_in_huffman() {
        assert!(Authority::of("/var/run/kmsplugin/socket.sock").huffman);
        assert!(Authority::of("%2Fvar").huffman);
    }
}
