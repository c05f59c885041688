//! A road between two programs on this machine that can be cut at a moment of one's choice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::runtime::{alongside, wait_for};

/// A road; what passes it is passed on as it is until something is asked for.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    rules: Arc<Rules>,
}

#[derive(Debug)]
struct Rules {
    target: SocketAddr,
    /// How many more times this word may pass; at the last, its answer is lost.
    left: AtomicUsize,
    word: &'static [u8],
    cut: watch::Sender<bool>,
    has_lost: AtomicBool,
}

impl Proxy {
    /// A road to `target`, on which `word` matters.
    pub fn to(target: SocketAddr, word: &'static [u8]) -> Self {
        let rules = Arc::new(Rules {
            target,
            left: AtomicUsize::new(0),
            word,
            cut: watch::Sender::new(false),
            has_lost: AtomicBool::new(false),
        });
        let listener = wait_for(TcpListener::bind("127.0.0.1:0")).expect("loopback has a port");
        let address = listener.local_addr().expect("it is bound");
        let of_all = Arc::clone(&rules);
        alongside(async move {
            while let Ok((near, _)) = listener.accept().await {
                alongside(travel(near, Arc::clone(&of_all)));
            }
        });
        Self { address, rules }
    }

    /// From now on the `nth` passing of the word arrives, and what is answered to it doesn't:
    /// the connection ends instead.
    pub fn loses_the_answer(&self, nth: usize) {
        self.rules.has_lost.store(false, Ordering::SeqCst);
        self.rules.left.store(nth, Ordering::SeqCst);
    }

    /// Whether an answer was lost since.
    pub fn has_lost_one(&self) -> bool {
        self.rules.has_lost.load(Ordering::SeqCst)
    }

    /// Nothing passes any more, and every connection ends.
    pub fn is_cut(&self) {
        self.rules.cut.send_replace(true);
    }

    pub fn is_mended(&self) {
        self.rules.cut.send_replace(false);
    }
}

async fn travel(near: TcpStream, rules: Arc<Rules>) {
    let mut cut = rules.cut.subscribe();
    if *cut.borrow_and_update() {
        return;
    }
    let Ok(far) = TcpStream::connect(rules.target).await else {
        return;
    };
    tokio::select! {
        () = pass_both_ways(near, far, &rules) => {}
        _ = cut.wait_for(|is_cut| *is_cut) => {}
    }
}

/// Ends both connections as soon as either side does, or an answer is to be lost.
async fn pass_both_ways(near: TcpStream, far: TcpStream, rules: &Rules) {
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let loses = AtomicBool::new(false);
    let there = async {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_near.read(&mut piece).await {
            let has_word = piece[..length]
                .windows(rules.word.len())
                .any(|window| window == rules.word);
            let is_last = has_word
                && rules
                    .left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                        left.checked_sub(1)
                    })
                    == Ok(1);
            if is_last {
                loses.store(true, Ordering::SeqCst);
            }
            if to_far.write_all(&piece[..length]).await.is_err() {
                break;
            }
        }
    };
    let back = async {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_far.read(&mut piece).await {
            if loses.load(Ordering::SeqCst) {
                rules.has_lost.store(true, Ordering::SeqCst);
                break;
            }
            if to_near.write_all(&piece[..length]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}
