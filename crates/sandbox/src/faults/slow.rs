//! Bodies that fail, stop half-way or drip.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::Response;
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt as _;

use super::{Drip, Lost};

/// The same answer with a body that fails after its first bytes, at which the server cuts the
/// connection. None at all go before it when `sent` is 0.
pub(super) async fn cut(response: Response, sent: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let left = match (sent, body.collect().await) {
        (1.., Ok(collected)) => {
            let whole = collected.to_bytes();
            whole.slice(..sent.min(whole.len()))
        }
        _ => Bytes::new(),
    };
    parts.extensions.insert(Lost);
    Response::from_parts(parts, Body::new(Failing { left }))
}

pub(super) async fn drip(response: Response, drip: Drip) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let left = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let pause = Duration::from_millis(drip.every_ms);
    let drops = Dripping {
        left,
        pause,
        portion: drip.bytes,
        next: Box::pin(tokio::time::sleep(pause)),
    };
    Response::from_parts(parts, Body::new(drops))
}

struct Failing {
    left: Bytes,
}

impl http_body::Body for Failing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left.is_empty() {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
        }
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.left)))))
    }
}

struct Dripping {
    left: Bytes,
    pause: Duration,
    portion: usize,
    next: Pin<Box<tokio::time::Sleep>>,
}

impl http_body::Body for Dripping {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if self.next.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let again = tokio::time::Instant::now() + self.pause;
        self.next.as_mut().reset(again);
        let portion = self.portion.min(self.left.len());
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(portion)))))
    }
}
