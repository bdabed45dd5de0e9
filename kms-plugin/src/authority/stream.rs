//! The adapter as a stream: reads pass through [`Frames`], writes as they are.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{Frames, LONGEST_BLOCK};

/// What is read at a time, at least, beside a header block that is held.
const READ: usize = 8 * 1024;

/// Tells from outside whether the client began HTTP/2.
#[derive(Clone, Debug, Default)]
pub(crate) struct Greeting(Arc<AtomicBool>);

impl Greeting {
    /// Whether the client's connection preface was read in full.
    pub(crate) fn is_complete(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection whose requests an HTTP/2 server accepts, whatever their `:authority` is. It holds 24 KiB.
#[derive(Debug)]
pub(crate) struct Adapted<S> {
    inner: S,
    frames: Frames,
    greeting: Greeting,
    /// `start..passed` may be read, `passed..end` waits for the rest of its header block.
    buffer: Box<[u8]>,
    start: usize,
    passed: usize,
    end: usize,
}

impl<S> Adapted<S> {
    /// Adapts what is read from `inner`.
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            frames: Frames::new(),
            greeting: Greeting::default(),
            buffer: vec![0; LONGEST_BLOCK + READ].into_boxed_slice(),
            start: 0,
            passed: 0,
            end: 0,
        }
    }

    /// Tells when the client began HTTP/2.
    pub(crate) fn greeted(&self) -> Greeting {
        self.greeting.clone()
    }
}

impl<S: AsyncRead + Unpin> Adapted<S> {
    /// Reads until something may pass; nothing may at the end of the connection.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.start == self.passed {
            self.buffer.copy_within(self.passed..self.end, 0);
            self.end -= self.passed;
            (self.start, self.passed) = (0, 0);

            let mut free = ReadBuf::new(&mut self.buffer[self.end..]);
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut free))?;
            let read = free.filled().len();
            if read == 0 {
                // Cut off within a block: h2 shall see it.
                self.passed = self.end;
                return Poll::Ready(Ok(()));
            }
            self.end += read;
            self.passed = self.frames.follow(&mut self.buffer[..self.end]);
            if self.frames.greeted() {
                self.greeting.0.store(true, Ordering::Relaxed);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Adapted<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_fill(cx))?;
        let length = (this.passed - this.start).min(buf.remaining());
        let passing = &mut this.buffer[this.start..this.start + length];
        buf.put_slice(passing);
        // Requests carry what is to be encrypted, and the buffer lives as long as the connection.
        passing.fill(0);
        this.start += length;
        Poll::Ready(Ok(()))
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
