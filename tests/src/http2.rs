//! An HTTP/2 client that can send any `:authority`: the crates `http` and `h2` refuse to make what old clients send.
//!
//! It writes its own frames and header blocks, one call at a time on one connection. What the server answers is
//! decoded by `fluke-hpack`.

mod hpack;

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use fluke_hpack::Decoder;
use hpack::Encoder;
pub use hpack::{Authority, Indexing};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// How a header block is cut into frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of padding in HEADERS.
    pub padding: Option<u8>,
    /// Whether HEADERS carries a priority.
    pub priority: bool,
    /// The most bytes of the block in one frame; the rest goes into CONTINUATION frames.
    pub fragment: Option<usize>,
    /// Whether each byte is written by itself.
    pub dribble: bool,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a gRPC status: its code, its message, and the message of the answer, if any.
    Grpc {
        /// The code.
        code: u32,
        /// The text, still percent-encoded.
        text: String,
        /// The answer, without its five bytes of framing.
        answer: Option<Vec<u8>>,
    },
    /// The server reset the stream with this error code.
    Reset(u32),
    /// The server said goodbye with this error code.
    GoAway(u32),
}

/// A connection.
pub struct Http2Client {
    stream: UnixStream,
    encoder: Encoder,
    decoder: Decoder<'static>,
    next_stream: u32,
    shape: Shape,
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Http2Client {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    ///
    /// When nothing accepts there.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let mut stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(PREFACE)?;
        write_frame(&mut stream, SETTINGS, 0, 0, &[])?;
        let (encoder, decoder) = (Encoder::default(), Decoder::new());
        Ok(Self { stream, encoder, decoder, next_stream: 1, shape: Shape::default() })
    }

    /// Cuts header blocks like this from now on.
    pub fn set_shape(&mut self, shape: Shape) {
        self.shape = shape;
    }

    /// Makes a unary call of `path` with the encoded `message`, and waits for its end.
    ///
    /// # Errors
    ///
    /// When the connection breaks or the answer is no HTTP/2.
    pub fn call(&mut self, authority: &Authority, path: &str, message: &impl prost::Message) -> io::Result<Ending> {
        let id = self.next_stream;
        self.next_stream += 2;
        let block = self.encoder.request(authority, path);
        let message = message.encode_to_vec();
        let length = u32::try_from(message.len()).map_err(io::Error::other)?;
        let data = [&[0], length.to_be_bytes().as_slice(), &message].concat();
        let mut bytes = Vec::new();
        self.write_headers(&mut bytes, id, &block)?;
        write_frame(&mut bytes, DATA, END_STREAM, id, &data)?;
        if self.shape.dribble {
            for byte in bytes {
                self.stream.write_all(&[byte])?;
            }
        } else {
            self.stream.write_all(&bytes)?;
        }
        self.answer(id)
    }

    fn write_headers(&self, out: &mut Vec<u8>, id: u32, block: &[u8]) -> io::Result<()> {
        let limit = self.shape.fragment.unwrap_or(block.len()).max(1);
        let mut fragments = block.chunks(limit).peekable();
        let (mut payload, mut flags) = (Vec::new(), 0);
        if let Some(padding) = self.shape.padding {
            flags |= PADDED;
            payload.push(padding);
        }
        if self.shape.priority {
            flags |= PRIORITY;
            payload.extend([0, 0, 0, 0, 15]);
        }
        payload.extend(fragments.next().unwrap_or_default());
        payload.resize(payload.len() + usize::from(self.shape.padding.unwrap_or(0)), 0);
        if fragments.peek().is_none() {
            flags |= END_HEADERS;
        }
        write_frame(out, HEADERS, flags, id, &payload)?;
        while let Some(fragment) = fragments.next() {
            let flags = if fragments.peek().is_none() { END_HEADERS } else { 0 };
            write_frame(out, CONTINUATION, flags, id, fragment)?;
        }
        Ok(())
    }

    fn answer(&mut self, id: u32) -> io::Result<Ending> {
        let (mut body, mut code, mut text) = (Vec::new(), None, String::new());
        loop {
            let frame = self.read_frame()?;
            match frame.kind {
                SETTINGS if frame.flags & ACK == 0 => write_frame(&mut self.stream, SETTINGS, ACK, 0, &[])?,
                PING if frame.flags & ACK == 0 => write_frame(&mut self.stream, PING, ACK, 0, &frame.payload)?,
                GOAWAY => return Ok(Ending::GoAway(number(frame.payload.get(4..8)))),
                RST_STREAM if frame.stream == id => return Ok(Ending::Reset(number(frame.payload.get(..4)))),
                HEADERS => {
                    // The server's blocks fit one frame and are neither padded nor prioritised.
                    if frame.flags & END_HEADERS == 0 {
                        return Err(io::Error::other("the answer's headers go on in CONTINUATION"));
                    }
                    let headers = self.decoder.decode(&frame.payload);
                    let headers = headers.map_err(|error| io::Error::other(format!("HPACK: {error:?}")))?;
                    if frame.stream != id {
                        continue;
                    }
                    for (name, value) in headers {
                        let value = String::from_utf8_lossy(&value).into_owned();
                        match name.as_slice() {
                            b"grpc-status" => code = value.parse().ok(),
                            b"grpc-message" => text = value,
                            _ => {}
                        }
                    }
                }
                DATA if frame.stream == id => body.extend(frame.payload),
                _ => {}
            }
            if frame.stream == id && frame.flags & END_STREAM != 0 && matches!(frame.kind, DATA | HEADERS) {
                let code = code.ok_or_else(|| io::Error::other("the answer has no grpc-status"))?;
                return Ok(Ending::Grpc { code, text, answer: body.get(5..).map(<[u8]>::to_vec) });
            }
        }
    }

    fn read_frame(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head)?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.stream.read_exact(&mut payload)?;
        if kind == DATA && !payload.is_empty() {
            // Gives back what was received, so that the connection never runs out of window.
            let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
            write_frame(&mut self.stream, WINDOW_UPDATE, 0, 0, &length.to_be_bytes())?;
        }
        Ok(Frame { kind, flags, stream: u32::from_be_bytes(stream) & (u32::MAX >> 1), payload })
    }
}

fn write_frame(out: &mut impl Write, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?.to_be_bytes();
    out.write_all(&[&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat())
}

fn number(bytes: Option<&[u8]>) -> u32 {
    bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
}
