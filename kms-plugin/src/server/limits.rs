//! How much a client may ask for.

use std::time::Duration;

/// Bounds of one socket's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; more are closed as they come. A kube-apiserver holds one a provider and API.
    pub connections: usize,
    /// Calls at a time on one connection, which HTTP/2 tells the client: it waits with more.
    pub streams: u32,
    /// Encrypts and Decrypts at a time on the socket; more are answered ResourceExhausted.
    pub calls: usize,
    /// Bytes of a call's headers, counted as HTTP/2 does.
    pub header_list: u32,
    /// Bytes of a request. kube-apiserver's longest is a v1 DEK of 65,535 bytes; what is longer than KMS takes is
    /// refused with a clear text by the service, so it must get that far.
    pub message: usize,
    /// From the connection to the first bytes of HTTP/2.
    pub handshake: Duration,
    /// A silent client is pinged this often.
    pub keepalive: Duration,
    /// A client that does not answer a ping for this long is gone.
    pub keepalive_answer: Duration,
    /// From the end of serving to the moment when calls still in flight are cut off.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 128,
            streams: 1024,
            calls: 4096,
            header_list: 16 * 1024,
            message: 128 * 1024,
            handshake: Duration::from_secs(10),
            keepalive: Duration::from_secs(60),
            keepalive_answer: Duration::from_secs(20),
            drain: Duration::from_secs(5),
        }
    }
}
