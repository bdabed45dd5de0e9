//! The adapter as a stream.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Tells from outside whether the client began HTTP/2.
#[derive(Clone, Debug, Default)]
pub(crate) struct Greeting(Arc<AtomicBool>);

impl Greeting {
    /// Whether the client's connection preface was read in full.
    pub(crate) fn is_complete(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection whose requests an HTTP/2 server accepts, whatever their `:authority` is.
#[derive(Debug)]
pub(crate) struct Adapted<S> {
    inner: S,
    greeting: Greeting,
}

impl<S> Adapted<S> {
    /// Adapts what is read from `inner`.
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, greeting: Greeting::default() }
    }

    /// Tells when the client began HTTP/2.
    pub(crate) fn greeted(&self) -> Greeting {
        self.greeting.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Adapted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.greeting.0.store(true, Ordering::Relaxed);
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Adapted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
