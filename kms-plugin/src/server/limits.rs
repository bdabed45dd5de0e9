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
    /// Statuses and Versions at a time on one connection; more are answered ResourceExhausted.
    pub quick: usize,
    /// Bytes of memory for Encrypts and Decrypts at a time on the socket, from a call's first byte until its answer is
    /// taken; what goes beyond it is answered ResourceExhausted.
    pub memory: usize,
    /// Bytes of a call's headers, counted as HTTP/2 does.
    pub header_list: u32,
    /// Bytes of a request. kube-apiserver's longest is a v1 DEK of 65,535 bytes; what is longer than KMS takes is
    /// refused with a clear text by the service, so it must get that far.
    pub message: usize,
    /// Bytes of a Status or Version, which say next to nothing.
    pub quick_message: usize,
    /// From a call's headers to the end of its message, if its deadline is not over before.
    pub body: Duration,
    /// From an answer to the moment when its client has taken it; its connection is closed after that.
    pub answer: Duration,
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
            streams: 256,
            calls: 4096,
            quick: 64,
            memory: 32 * 1024 * 1024,
            header_list: 16 * 1024,
            message: 128 * 1024,
            quick_message: 1024,
            body: Duration::from_secs(10),
            answer: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            keepalive: Duration::from_secs(60),
            keepalive_answer: Duration::from_secs(20),
            drain: Duration::from_secs(5),
        }
    }
}
