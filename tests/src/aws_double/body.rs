//! Bodies of answers: whole, dripping, cut off, or far too long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Bytes of one chunk of an oversized body.
const CHUNK: usize = 64 * 1024;

/// An answer's body.
pub(super) enum Answer {
    /// All at once.
    Whole(Option<Bytes>),
    /// One byte an interval.
    Drip { left: Bytes, interval: Duration, pause: Pin<Box<Sleep>> },
    /// `left` bytes of filler.
    Filler { left: u64 },
    /// Some bytes, then the connection breaks although `Content-Length` promised more.
    CutOff { sent: Option<Bytes> },
}

/// The break of a cut-off body.
#[derive(Debug, thiserror::Error)]
#[error("the body is cut off, as set by the test")]
pub(super) struct CutOff;

impl Answer {
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Some(bytes.into()))
    }

    pub(super) fn drip(bytes: impl Into<Bytes>, interval: Duration) -> Self {
        Self::Drip { left: bytes.into(), interval, pause: Box::pin(sleep(interval)) }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let data = match self.get_mut() {
            Self::Whole(bytes) => bytes.take(),
            Self::Drip { left, .. } if left.is_empty() => None,
            Self::Drip { left, interval, pause } => {
                std::task::ready!(pause.as_mut().poll(context));
                pause.set(sleep(*interval));
                Some(left.split_to(1))
            }
            Self::Filler { left: 0 } => None,
            Self::Filler { left } => {
                let length = usize::try_from(*left).map_or(CHUNK, |left| left.min(CHUNK));
                *left -= length as u64;
                Some(Bytes::from(vec![b' '; length]))
            }
            Self::CutOff { sent } => match sent.take() {
                Some(bytes) => Some(bytes),
                None => return Poll::Ready(Some(Err(CutOff))),
            },
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Drip { left, .. } => SizeHint::with_exact(left.len() as u64),
            Self::Filler { left } => SizeHint::with_exact(*left),
            Self::CutOff { sent } => SizeHint::with_exact(2 * sent.as_ref().map_or(1, Bytes::len) as u64),
        }
    }
}
