//! Stands between the nodes and Graph, and counts how many calls about a host's meetings are
//! under way at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::runtime::{alongside, wait_for};

/// A road to Graph that counts.
#[derive(Clone, Debug)]
pub struct Meter {
    pub url: String,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    under_way: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
}

impl Meter {
    /// Leads to that address from a free port.
    pub fn leads_to(url: &str) -> Self {
        let listener = wait_for(TcpListener::bind("127.0.0.1:0")).unwrap();
        let meter = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            counts: Arc::default(),
        };
        let target = url.trim_start_matches("http://").to_owned();
        let counts = Arc::clone(&meter.counts);
        alongside(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(&target).await else {
                    continue;
                };
                alongside(carry(near, far, Arc::clone(&counts)));
            }
        });
        meter
    }

    /// How many calls about meetings there were, and how many at once at the most.
    pub fn counted(&self) -> (usize, usize) {
        let Counts { all, most, .. } = &*self.counts;
        (all.load(Ordering::SeqCst), most.load(Ordering::SeqCst))
    }
}

/// A call that is counted until it is answered.
struct UnderWay<'a>(&'a Counts);

impl<'a> UnderWay<'a> {
    fn begins(counts: &'a Counts) -> Self {
        let now = counts.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(now, Ordering::SeqCst);
        counts.all.fetch_add(1, Ordering::SeqCst);
        Self(counts)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One connection, on which calls follow each other: the next is sent when the last is answered.
async fn carry(near: TcpStream, far: TcpStream, counts: Arc<Counts>) {
    let (mut near_reads, mut near_writes) = near.into_split();
    let (mut far_reads, mut far_writes) = far.into_split();
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut under_way = None;
    loop {
        tokio::select! {
            length = near_reads.read(&mut asked) => {
                let Ok(length @ 1..) = length else { return };
                let piece = &asked[..length];
                let path = b"/v1.0/me/onlineMeetings";
                if piece.windows(path.len()).any(|window| window == path) {
                    under_way = Some(UnderWay::begins(&counts));
                }
                if far_writes.write_all(piece).await.is_err() {
                    return;
                }
            }
            length = far_reads.read(&mut answered) => {
                let Ok(length @ 1..) = length else { return };
                drop(under_way.take());
                if near_writes.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
