//! What stands before several nodes: hands each request to the next node that says that it
//! is ready, and remembers to which.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::reader::CLIENT;
use crate::runtime::{alongside, wait_for};

/// How often a node is asked whether it is ready.
const LOOKS: Duration = Duration::from_millis(200);

/// One node as the balancer sees it.
#[derive(Clone, Debug)]
struct Behind {
    address: String,
    health: String,
    ready: bool,
    handed: usize,
}

/// A round robin over nodes.
#[derive(Clone, Debug)]
pub struct Balancer {
    pub url: String,
    nodes: Arc<Mutex<Vec<Behind>>>,
}

impl Balancer {
    /// Listens at a free port, with nobody behind it yet.
    pub fn listens() -> Self {
        let listener = wait_for(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let nodes = Arc::new(Mutex::new(Vec::new()));
        let balancer = Self { url, nodes };
        let (hands, asks) = (balancer.clone(), balancer.clone());
        alongside(async move {
            let mut turn = 0;
            while let Ok((client, _)) = listener.accept().await {
                turn += 1;
                alongside(hands.clone().hand(client, turn));
            }
        });
        alongside(async move {
            let mut looks = tokio::time::interval(LOOKS);
            while Arc::strong_count(&asks.nodes) > 2 {
                looks.tick().await;
                asks.look().await;
            }
        });
        balancer
    }

    /// Puts a node behind it.
    pub fn adds(&self, address: &str, health: &str) {
        self.nodes.lock().unwrap().push(Behind {
            address: address.to_owned(),
            health: health.to_owned(),
            ready: false,
            handed: 0,
        });
    }

    /// Whether all nodes are ready, as far as it knows.
    pub fn all_are_ready(&self) -> bool {
        self.nodes.lock().unwrap().iter().all(|node| node.ready)
    }

    /// How many requests each node was handed.
    pub fn handed(&self) -> Vec<usize> {
        let nodes = self.nodes.lock().unwrap();
        nodes.iter().map(|node| node.handed).collect()
    }

    /// Asks every node whether it is ready.
    async fn look(&self) {
        let all = self.nodes.lock().unwrap().clone();
        for (place, node) in all.into_iter().enumerate() {
            let asked = CLIENT
                .get(&node.health)
                .timeout(Duration::from_secs(1))
                .send()
                .await;
            let ready = asked.is_ok_and(|answer| answer.status().is_success());
            self.nodes.lock().unwrap()[place].ready = ready;
        }
    }

    fn next(&self, turn: usize) -> Option<String> {
        let mut nodes = self.nodes.lock().unwrap();
        let ready: Vec<usize> = (0..nodes.len())
            .filter(|place| nodes[*place].ready)
            .collect();
        let place = *ready.get(turn % ready.len().max(1))?;
        nodes[place].handed += 1;
        Some(nodes[place].address.clone())
    }

    /// One request a connection, so that each request may go to another node.
    async fn hand(self, mut client: TcpStream, turn: usize) {
        let mut head = Vec::new();
        let end = loop {
            if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            let mut piece = [0; 4096];
            match client.read(&mut piece).await {
                Ok(length @ 1..) => head.extend_from_slice(&piece[..length]),
                _ => return,
            }
        };
        head.splice(end..end, *b"\r\nconnection: close");
        let node = match self.next(turn) {
            Some(address) => TcpStream::connect(address).await.ok(),
            None => None,
        };
        let Some(mut node) = node else {
            let nobody =
                b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = client.write_all(nobody).await;
            return;
        };
        if node.write_all(&head).await.is_ok() {
            let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
        }
    }
}
