//! Lets an HTTP/2 server accept whatever `:authority` a client sends.

mod stream;

pub(crate) use stream::Adapted;
