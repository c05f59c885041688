//! What everyone in a history stands on: the choices, the trace, and the boundaries at which
//! whoever works may be stopped, overtaken or lost.
//!
//! One future at a time is polled, from one named boundary to the next, and waited for in
//! between, so that how fast the machine is decides nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use ithaca::clock::Clock;
use jiff::Timestamp;
use mentoring::organization::OrganizationId;

use crate::choices::Choices;
use crate::weather::Weather;

/// Who is being polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acting {
    pub node: usize,
    pub organization: OrganizationId,
    /// Until when the rows it works on are its own, by the true time.
    pub holds_until: Timestamp,
}

pub struct Inner {
    pub choices: Choices,
    pub weather: Weather,
    pub acting: Option<Acting>,
    /// What broke a promise.
    pub broken: Vec<String>,
    parked: Option<String>,
    trace: Vec<String>,
    digest: u64,
    started_at: Timestamp,
}

/// Shared by everyone of one history.
#[derive(Clone)]
pub struct Stage {
    inner: Arc<Mutex<Inner>>,
    /// The true time.
    pub clock: Clock,
    prints: bool,
}

impl Stage {
    pub fn new(seed: u64, weather: Weather, clock: Clock, prints: bool) -> Self {
        let inner = Inner {
            choices: Choices::new(seed),
            weather,
            acting: None,
            broken: Vec::new(),
            parked: None,
            trace: Vec::new(),
            digest: 0xCBF2_9CE4_8422_2325,
            started_at: clock.now(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            clock,
            prints,
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what happens.
    pub fn note(&self, what: &str) {
        let now = self.clock.now();
        let mut inner = self.lock();
        let since = now.duration_since(inner.started_at);
        let line = format!("{:>10.1} s  {what}", since.as_secs_f64());
        for byte in line.bytes() {
            inner.digest = (inner.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        if self.prints {
            println!("{line}");
        }
        inner.trace.push(line);
    }

    /// Takes note of a broken promise.
    pub fn broken(&self, what: String) {
        self.note(&format!("BROKEN {what}"));
        self.lock().broken.push(what);
    }

    pub fn below(&self, below: usize) -> usize {
        self.lock().choices.below(below)
    }

    pub fn happens(&self, in_a_thousand: usize) -> bool {
        self.lock().choices.happens(in_a_thousand)
    }

    /// The whole trace, as one number.
    pub fn digest(&self) -> u64 {
        self.lock().digest
    }

    pub fn trace(&self) -> Vec<String> {
        self.lock().trace.clone()
    }

    /// A point at which whoever works may be stopped for any time, and never go on.
    pub fn boundary(&self, name: impl Into<String>) -> Boundary {
        Boundary {
            stage: self.clone(),
            name: Some(name.into()),
        }
    }

    /// Polls one future until it ends or stands at a boundary, and waits for what it waits for.
    pub async fn advance<F: Future + ?Sized>(
        &self,
        acting: Acting,
        mut future: Pin<&mut F>,
    ) -> Stop<F::Output> {
        self.lock().acting = Some(acting);
        let stop = std::future::poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Stop::Ended(output)),
            Poll::Pending => match self.lock().parked.take() {
                Some(name) => Poll::Ready(Stop::At(name)),
                None => Poll::Pending,
            },
        })
        .await;
        self.lock().acting = None;
        stop
    }
}

/// Where a future came to a stop.
pub enum Stop<T> {
    Ended(T),
    At(String),
}

pub struct Boundary {
    stage: Stage,
    name: Option<String>,
}

impl Future for Boundary {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.name.take() {
            Some(name) => {
                self.stage.lock().parked = Some(name);
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}
