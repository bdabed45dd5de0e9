//! Lets an HTTP/2 server accept whatever `:authority` a client sends.
//!
//! kube-apiservers put the socket's path there, raw or percent-encoded, which is no authority to the `http` crate, and
//! so h2 resets every such call. Nothing here looks at the authority, but it must parse.
//!
//! [`Adapted`] wraps a connection. It follows the frames that the client sends and changes, inside of header blocks, the
//! text of an `:authority` that does not parse: to another one *of the same length*, as it is encoded. Frame lengths,
//! padding, flow control and both ends' HPACK tables stay as they were, so there is nothing to keep in step: what is
//! not understood passes as it is, and h2 judges it as it would have anyway.
//!
//! ```text
//! bytes read ── frames ── block ── hpack, table: which field is it
//!               whole       └───── rewrite: huffman or raw, same length
//!               blocks
//! ```
//!
//! An *empty* authority does not parse either and has no text to change. Sent as a static index (as encoders do) or
//! without indexing, the field is taken out, the rest of the block moves up, and `accept: ""`, one byte each, fills its
//! end. Sent with indexing, its name is changed to another of the same length, behind the last pseudo-header; where
//! that would change the order of the table's entries it passes as it is, and h2 resets the call.

mod block;
#[cfg(test)]
mod differential;
mod frames;
mod hpack;
mod huffman;
mod rewrite;
#[cfg(test)]
mod script;
mod stream;
mod table;

pub(crate) use stream::Adapted;

#[cfg(test)]
mod tests;
