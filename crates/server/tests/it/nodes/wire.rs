//! The wire between the nodes and their database: it can go dead in one direction or in
//! both, without anybody being told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::runtime::{GLANCE, alongside, wait_for};

/// A wire to one address.
#[derive(Clone, Debug)]
pub struct Wire {
    pub port: u16,
    /// Nothing that is asked arrives.
    pub asks_nothing: Arc<AtomicBool>,
    /// Nothing that is answered arrives.
    pub answers_nothing: Arc<AtomicBool>,
}

impl Wire {
    /// Leads to that address from a free port.
    pub fn leads_to(address: &str) -> Self {
        let listener = wait_for(TcpListener::bind("127.0.0.1:0")).unwrap();
        let wire = Self {
            port: listener.local_addr().unwrap().port(),
            asks_nothing: Arc::default(),
            answers_nothing: Arc::default(),
        };
        let (address, asks, answers) = (
            address.to_owned(),
            wire.asks_nothing.clone(),
            wire.answers_nothing.clone(),
        );
        alongside(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(&address).await else {
                    continue;
                };
                let (near_reads, near_writes) = near.into_split();
                let (far_reads, far_writes) = far.into_split();
                alongside(carry(near_reads, far_writes, asks.clone()));
                alongside(carry(far_reads, near_writes, answers.clone()));
            }
        });
        wire
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, dead: Arc<AtomicBool>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        while dead.load(Ordering::SeqCst) {
            tokio::time::sleep(GLANCE).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
