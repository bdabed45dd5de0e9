//! The bodies of a call: read whole within bounds before anything looks at it, and answered whole.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tonic::Status;

use super::held::Share;

/// The five bytes before a message.
pub(super) const PREFIX: usize = 5;
/// The least that is reserved.
const LEAST: usize = 64;

/// The body of a request, of at most `longest` bytes; `share` covers it, if there is one. What it was made of is
/// copied, so that small pieces do not keep large buffers.
pub(super) async fn read<B>(mut body: B, longest: usize, mut share: Option<&mut Share>) -> Result<Vec<u8>, Status>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut whole: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        // Its client has reset it, or is gone.
        let frame = frame.map_err(|_| Status::cancelled("the request broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        let needed = whole.len() + data.len();
        if needed > longest {
            return Err(Status::out_of_range(format!("the message is too large: the limit is {longest} bytes")));
        }
        if needed > whole.capacity() {
            let capacity = needed.max(whole.capacity() * 2).clamp(LEAST, longest.max(LEAST));
            if share.as_mut().is_some_and(|share| !share.cover(capacity)) {
                return Err(Status::resource_exhausted("too much data in calls at once: try again later"));
            }
            whole.reserve_exact(capacity - whole.len());
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

/// The body of an answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) data: Option<Bytes>,
    pub(super) trailers: Option<HeaderMap>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(Frame::data);
        Poll::Ready(data.or_else(|| self.trailers.take().map(Frame::trailers)).map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, Bytes::len) as u64)
    }
}
