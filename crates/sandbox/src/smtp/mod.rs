//! The mail server: takes every message that is well formed, for whomever it
//! is, and puts it into the mailboxes. Plain TCP, no sign-in, no relaying.
//!
//! Source: RFC 5321, with SIZE (RFC 1870), 8BITMIME (6152), PIPELINING (2920), SMTPUTF8 (6531) and
//! enhanced status codes (2034). What many real servers refuse is refused here too: bare line
//! feeds, lines of more than 998 octets.

mod dialogue;
mod faults;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Sandbox;
use dialogue::{Dialogue, Next};
pub use faults::{Act, Fault, Faults, On, Queued, Stage, What};

/// The largest message that is taken, in bytes.
pub const LARGEST: usize = 2 << 20;

/// RFC 5321, 4.5.3.1.6: a line of text, its end included.
const LINE_OF_TEXT: usize = 1000;

/// RFC 5321, 4.5.3.1.4 says 512; the extensions of MAIL lengthen it.
const LINE_OF_COMMAND: usize = 2048;

const CLIENTS: usize = 64;

/// RFC 5321, 4.5.3.2.7: a server waits five minutes for the next command.
const PATIENCE: Duration = Duration::from_mins(5);

/// Takes mail at this listener until `stopped` resolves.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    sandbox: Sandbox,
    listener: TcpListener,
    stopped: impl Future<Output = ()>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(CLIENTS));
    let mut clients = JoinSet::new();
    tokio::pin!(stopped);
    loop {
        let (stream, _) = tokio::select! {
            () = &mut stopped => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // The client left before it was greeted, or too many files are open for now.
                Err(error) => {
                    tracing::warn!(%error, "A mail client could not be greeted.");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
            Some(_) = clients.join_next(), if !clients.is_empty() => continue,
        };
        let sandbox = sandbox.clone();
        let places = Arc::clone(&places);
        clients.spawn(async move {
            let place = places.try_acquire();
            if let Err(error) = converse(&sandbox, stream, place.is_ok()).await {
                tracing::debug!(%error, "A mail client left.");
            }
        });
    }
}

/// One client, from greeting to farewell.
async fn converse(sandbox: &Sandbox, stream: TcpStream, has_place: bool) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (from, to) = stream.into_split();
    let mut client = Client {
        from: BufReader::new(from),
        to,
        late: Vec::new(),
    };
    if !has_place {
        return client.say("421 4.3.2 Too many connections\r\n").await;
    }
    let mut dialogue = Dialogue::default();
    let mut next = Dialogue::greet(sandbox);
    loop {
        next = match next {
            Next::Say(reply) => {
                client.late.extend_from_slice(reply.as_bytes());
                match client.command().await? {
                    Some(line) => dialogue.answer(sandbox, &line),
                    None => return Ok(()),
                }
            }
            Next::TakeMessage(reply) => {
                client.say(&reply).await?;
                match client.message().await? {
                    Some(message) => dialogue.take(sandbox, message),
                    None => return Ok(()),
                }
            }
            Next::SayLater(wait, reply) => {
                client.flush().await?;
                tokio::time::sleep(wait).await;
                *reply
            }
            Next::SayFarewell(reply) => return client.say(&reply).await,
            Next::Cut => {
                // What was answered before is sent; the rest is cut with a reset.
                client.flush().await?;
                client.from.get_ref().as_ref().set_zero_linger()?;
                return Ok(());
            }
        };
    }
}

/// What came between DATA and the single dot.
enum Sent {
    Message(Vec<u8>),
    TooLarge,
    LineTooLong,
    BareLineFeed,
}

/// A line of a command, without its end.
enum Line {
    Whole(String),
    TooLong,
}

struct Client {
    from: BufReader<OwnedReadHalf>,
    to: OwnedWriteHalf,
    /// Replies that wait until the client has nothing more to say (RFC 2920, 3.2).
    late: Vec<u8>,
}

impl Client {
    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.late.extend_from_slice(reply.as_bytes());
        self.flush().await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.to.write_all(&self.late).await?;
        self.late.clear();
        Ok(())
    }

    /// The next command; none when the client has left or says nothing for too long.
    async fn command(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let mut length = 0;
        loop {
            let part = self.part(LINE_OF_COMMAND).await?;
            let Some(part) = part else { return Ok(None) };
            length += part.len();
            let is_end = part.last() == Some(&b'\n');
            if length <= LINE_OF_COMMAND {
                line.extend_from_slice(&part);
            }
            if !is_end {
                continue;
            }
            if length > LINE_OF_COMMAND {
                return Ok(Some(Line::TooLong));
            }
            let text = String::from_utf8_lossy(&line);
            return Ok(Some(Line::Whole(text.trim_end().to_owned())));
        }
    }

    /// A message up to the line with a single dot, which alone ends it.
    async fn message(&mut self) -> io::Result<Option<Sent>> {
        let mut message = Vec::new();
        let mut refused = None;
        let mut line = Vec::new();
        // Whether the head of the line was dropped already, so that no dot in it ends the message.
        let mut is_rest = false;
        loop {
            let Some(part) = self.part(LINE_OF_TEXT + 1).await? else {
                return Ok(None);
            };
            line.extend_from_slice(&part);
            if line.ends_with(b"\n") && !line.ends_with(b"\r\n") {
                refused = Some(Sent::BareLineFeed);
            } else if line.len() > LINE_OF_TEXT + 1 {
                refused.get_or_insert(Sent::LineTooLong);
            }
            if !line.ends_with(b"\r\n") {
                if refused.is_some() {
                    line.drain(..line.len() - 1);
                    is_rest = true;
                }
                continue;
            }
            if line == b".\r\n" && !is_rest {
                return Ok(Some(refused.unwrap_or(Sent::Message(message))));
            }
            let text = line.strip_prefix(b".").unwrap_or(&line);
            if text.len() > LINE_OF_TEXT {
                refused.get_or_insert(Sent::LineTooLong);
            }
            if message.len() + text.len() > LARGEST {
                refused.get_or_insert(Sent::TooLarge);
            } else if refused.is_none() {
                message.extend_from_slice(text);
            }
            line.clear();
            is_rest = false;
        }
    }

    /// What is there, up to a line's end or `most` octets. Replies leave before it waits.
    async fn part(&mut self, most: usize) -> io::Result<Option<Vec<u8>>> {
        if self.from.buffer().is_empty() {
            self.flush().await?;
        }
        let Ok(available) = timeout(PATIENCE, self.from.fill_buf()).await else {
            self.say("421 4.4.2 You said nothing for five minutes\r\n")
                .await?;
            return Ok(None);
        };
        let available = available?;
        if available.is_empty() {
            return Ok(None);
        }
        let end = available
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(available.len(), |at| at + 1)
            .min(most);
        let part = available[..end].to_vec();
        self.from.consume(end);
        Ok(Some(part))
    }
}
