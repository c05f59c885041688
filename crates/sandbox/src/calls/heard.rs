//! Bodies as they pass by: the first bytes are kept, the rest is counted.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// How much of a body is kept, in bytes.
pub(super) const KEPT: usize = 8 << 10;

/// What was heard of a body so far.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    pieces: Vec<Bytes>,
    kept: usize,
    length: u64,
}

impl Heard {
    /// The first bytes, and how many there were in all.
    pub(super) fn read(&self) -> (Vec<u8>, u64) {
        let inner = self.lock();
        (inner.pieces.concat(), inner.length)
    }

    fn hear(&self, piece: &Bytes) {
        let mut inner = self.lock();
        inner.length += piece.len() as u64;
        let room = KEPT - inner.kept;
        if room == 0 || piece.is_empty() {
            return;
        }
        // A part of a large piece is copied, for a slice would hold all of it.
        let kept = if piece.len() <= room {
            piece.clone()
        } else {
            Bytes::copy_from_slice(&piece[..room])
        };
        inner.kept += kept.len();
        inner.pieces.push(kept);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that is listened to.
pub(super) struct Overheard {
    body: Body,
    heard: Heard,
}

impl Overheard {
    pub(super) fn new(body: Body, heard: Heard) -> Self {
        Self { body, heard }
    }
}

impl http_body::Body for Overheard {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(piece) = frame.data_ref()
        {
            self.heard.hear(piece);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
