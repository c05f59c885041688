//! Handing one message to the mail server, and saying honestly what became of it.
//!
//! Commands are given one by one rather than through lettre's transport: only
//! so can a connection that is lost after the message was handed over (it may
//! have been delivered) be told from one that is lost before (it was not).

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use tokio::time::timeout;

use super::text;
use crate::config::{self, Tls};

/// For everything up to the message itself: name, connection, TLS, sign-in,
/// sender and recipient.
const GREETING: Duration = Duration::from_mins(1);
/// From the message to the server's word for it. RFC 5321 (section 4.5.3.2.6)
/// asks for ten minutes; a reconciler that waits so long holds its lease too
/// long, and an answer that comes later is an unknown one.
const HANDING_OVER: Duration = Duration::from_mins(2);

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The mail server has taken the message and answers for it.
    Delivered,
    /// It will never take this message: do not try again.
    Refused(String),
    /// It did not take the message this time.
    TryAgain(String),
    /// The message was handed over and the answer was lost: it may have been
    /// delivered. Try again with the same Message-ID.
    Unknown(String),
}

/// Why a configuration of the mail server can't be used.
#[derive(Debug, Error)]
pub enum SmtpError {
    #[error("the file {path} can't be read: {cause}")]
    File { path: String, cause: std::io::Error },
    #[error("{path} holds no certificate in PEM form")]
    Certificate { path: String },
    #[error("“{0}” is not a host name")]
    Host(String),
}

/// How mail leaves.
pub struct Smtp(Way);

enum Way {
    Server(Server),
    Service(Taking),
}

type Taking =
    Box<dyn Fn(lettre::Message) -> Pin<Box<dyn Future<Output = Delivery> + Send>> + Send + Sync>;

impl Smtp {
    /// Over the network, to the mail server of a configuration. `hello` is the name this
    /// instance greets with, the domain of its own address.
    pub fn new(settings: &config::Smtp, hello: &str) -> Result<Self, SmtpError> {
        Ok(Self(Way::Server(Server::new(settings, hello)?)))
    }

    /// Through anything that takes a message and says what became of it.
    pub fn service<F>(service: impl Fn(lettre::Message) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Delivery> + Send + 'static,
    {
        Self(Way::Service(Box::new(move |message| {
            Box::pin(service(message))
        })))
    }

    /// Tries once to hand over one message.
    pub async fn deliver(&self, message: &lettre::Message) -> Delivery {
        match &self.0 {
            Way::Server(server) => server.deliver(message).await,
            Way::Service(service) => service(message.clone()).await,
        }
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Way::Server(server) => write!(f, "Smtp({}:{}, [redacted])", server.host, server.port),
            Way::Service(_) => f.write_str("Smtp"),
        }
    }
}

/// The mail server of a configuration.
struct Server {
    host: String,
    port: u16,
    tls: Tls,
    trusted: Option<TlsParameters>,
    credentials: Option<(String, SecretString)>,
    greeting: ClientId,
    deadlines: (Duration, Duration),
}

impl Server {
    /// Reads the password and certificate files that `settings` name.
    fn new(settings: &config::Smtp, hello: &str) -> Result<Self, SmtpError> {
        let trusted = match settings.tls {
            Tls::None => None,
            Tls::Starttls | Tls::Implicit => Some(trust(settings)?),
        };
        let credentials = match (&settings.user, &settings.password_file) {
            (Some(user), Some(path)) => {
                let password = config::read_secret(path).map_err(|cause| SmtpError::File {
                    path: path.display().to_string(),
                    cause,
                })?;
                Some((user.clone(), password))
            }
            _ => None,
        };
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port(),
            tls: settings.tls,
            trusted,
            credentials,
            greeting: ClientId::Domain(hello.to_owned()),
            deadlines: (GREETING, HANDING_OVER),
        })
    }

    async fn deliver(&self, message: &lettre::Message) -> Delivery {
        let (greeting, handing_over) = self.deadlines;
        let mut connection = match timeout(greeting, self.prepare(message)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(delivery)) => return delivery,
            Err(_) => return Delivery::TryAgain("the mail server did not answer in time".into()),
        };
        let bytes = message.formatted();
        match timeout(handing_over, connection.message(&bytes)).await {
            Ok(Ok(_)) => {
                // The message is in the server's hands; how the connection ends
                // changes nothing.
                let _ = timeout(Duration::from_secs(5), connection.quit()).await;
                Delivery::Delivered
            }
            Ok(Err(error)) if error.is_permanent() => Delivery::Refused(words(&error)),
            Ok(Err(error)) if error.is_transient() => Delivery::TryAgain(words(&error)),
            Ok(Err(error)) => Delivery::Unknown(words(&error)),
            Err(_) => {
                Delivery::Unknown("the mail server took the message and never answered".into())
            }
        }
    }

    /// Everything up to the server's "go ahead".
    async fn prepare(&self, message: &lettre::Message) -> Result<AsyncSmtpConnection, Delivery> {
        let mut connection = self.connect().await.map_err(Delivery::TryAgain)?;
        let envelope = message.envelope();
        let answer = async {
            connection
                .command(Mail::new(envelope.from().cloned(), Vec::new()))
                .await?;
            for recipient in envelope.to() {
                connection
                    .command(Rcpt::new(recipient.clone(), Vec::new()))
                    .await?;
            }
            connection.command(Data).await
        }
        .await;
        match answer {
            Ok(_) => Ok(connection),
            Err(error) => {
                let _ = timeout(Duration::from_secs(5), connection.quit()).await;
                Err(if error.is_permanent() {
                    Delivery::Refused(words(&error))
                } else {
                    Delivery::TryAgain(words(&error))
                })
            }
        }
    }

    /// Connects, secures the connection and signs in. A failure here says
    /// nothing about any one message, whatever its code.
    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|error| format!("the mail server {} is not found: {error}", self.host))?
            .collect();
        if self.tls == Tls::None && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(format!(
                "{} is not on this machine, and without TLS mail is sent only to this machine",
                self.host
            ));
        }
        let implicit = self.trusted.clone().filter(|_| self.tls == Tls::Implicit);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            addresses.as_slice(),
            None,
            &self.greeting,
            implicit,
            None,
        )
        .await
        .map_err(|error| words(&error))?;
        if self.tls == Tls::Starttls
            && let Some(trusted) = &self.trusted
        {
            // Fails where the server, or someone in between, does not offer it.
            connection
                .starttls(trusted.clone(), &self.greeting)
                .await
                .map_err(|error| words(&error))?;
        }
        if let Some((user, password)) = &self.credentials {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(|error| words(&error))?;
        }
        Ok(connection)
    }
}

fn trust(settings: &config::Smtp) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParametersBuilder::new(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path).map_err(|cause| SmtpError::File {
            path: path.display().to_string(),
            cause,
        })?;
        let no_certificate = || SmtpError::Certificate {
            path: path.display().to_string(),
        };
        if !pem
            .windows(27)
            .any(|part| part == b"-----BEGIN CERTIFICATE-----")
        {
            return Err(no_certificate());
        }
        builder = builder
            .add_root_certificate(Certificate::from_pem(&pem).map_err(|_| no_certificate())?);
    }
    builder
        .build()
        .map_err(|_| SmtpError::Host(settings.host.clone()))
}

/// What the server said, for the log and the administrator: one bounded line.
/// Servers quote what they dislike, so addresses are left out: a join address
/// is for its people only.
fn words(error: &smtp::Error) -> String {
    let mut words = text::one_line(&error.to_string())
        .split_whitespace()
        .map(|word| {
            if word.contains("://") {
                "[address]"
            } else {
                word
            }
        })
        .collect::<Vec<_>>()
        .join(" ");
    if words.len() > 300 {
        words.truncate(words.floor_char_boundary(300));
    }
    words
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    /// What a mail server does with the one message it is offered.
    #[derive(Clone, Copy)]
    enum Habit {
        Takes,
        /// Answers a command that begins so with these words.
        Answers(&'static str, &'static str),
        /// Answers the message itself with these words.
        AnswersMessage(&'static str),
        /// Takes the message whole and breaks the connection before its answer.
        LosesAnswer,
        /// Breaks the connection when this command arrives.
        Breaks(&'static str),
        /// Says nothing more from this command on.
        Silent(&'static str),
        SilentAfterMessage,
    }

    struct Fake {
        port: u16,
        received: Arc<Mutex<Vec<String>>>,
    }

    impl Fake {
        async fn start(habit: Habit) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let received = Arc::new(Mutex::new(Vec::new()));
            let kept = received.clone();
            tokio::spawn(async move {
                let (stream, _) = listener.accept().await.unwrap();
                // A client that hangs up ends the conversation, nothing more.
                let _ = converse(BufReader::new(stream), habit, &kept).await;
            });
            Self { port, received }
        }

        fn received(&self) -> Vec<String> {
            self.received.lock().unwrap().clone()
        }

        fn client(&self) -> Server {
            let settings = config::Smtp::plain("127.0.0.1", self.port, "ithaca@larkspur.example");
            let mut client = Server::new(&settings, "larkspur.example").unwrap();
            client.deadlines = (Duration::from_millis(500), Duration::from_millis(500));
            client
        }
    }

    async fn converse(
        mut stream: BufReader<tokio::net::TcpStream>,
        habit: Habit,
        received: &Mutex<Vec<String>>,
    ) -> std::io::Result<()> {
        stream.write_all(b"220 mail\r\n").await?;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            match habit {
                Habit::Breaks(command) if line.starts_with(command) => return Ok(()),
                Habit::Silent(command) if line.starts_with(command) => {
                    std::future::pending::<()>().await;
                }
                Habit::Answers(command, answer) if line.starts_with(command) => {
                    stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
                    continue;
                }
                _ => {}
            }
            let answer = match line.split([' ', '\r']).next().unwrap() {
                "EHLO" => "250-mail\r\n250 8BITMIME",
                "DATA" => {
                    stream.write_all(b"354 go ahead\r\n").await?;
                    let mut message = String::new();
                    loop {
                        let mut line = String::new();
                        stream.read_line(&mut line).await?;
                        if line == ".\r\n" {
                            break;
                        }
                        message.push_str(&line);
                    }
                    received.lock().unwrap().push(message);
                    match habit {
                        Habit::LosesAnswer => return Ok(()),
                        Habit::SilentAfterMessage => std::future::pending().await,
                        Habit::AnswersMessage(answer) => answer,
                        _ => "250 taken",
                    }
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }

    fn message() -> lettre::Message {
        lettre::Message::builder()
            .from("ithaca@larkspur.example".parse().unwrap())
            .to("luis@larkspur.example".parse().unwrap())
            .message_id(Some("<7@larkspur.example>".into()))
            .date(std::time::SystemTime::UNIX_EPOCH)
            .body("One\n.\nMAIL FROM:<evil@example>\n.dot\n".to_owned())
            .unwrap()
    }

    async fn outcome(habit: Habit) -> (Delivery, Vec<String>) {
        let server = Fake::start(habit).await;
        let delivery = server.client().deliver(&message()).await;
        (delivery, server.received())
    }

    #[tokio::test]
    async fn a_message_that_the_server_takes_is_delivered() {
        let (delivery, received) = outcome(Habit::Takes).await;
        assert_eq!(delivery, Delivery::Delivered);
        assert_eq!(received.len(), 1);
    }

    #[tokio::test]
    async fn e11_a_dot_alone_on_a_line_does_not_end_the_message() {
        let (_, received) = outcome(Habit::Takes).await;
        assert!(received[0].contains("One\r\n..\r\nMAIL FROM:<evil@example>\r\n..dot\r\n"));
    }

    #[tokio::test]
    async fn e10_a_refusal_for_good_is_not_tried_again() {
        for habit in [
            Habit::Answers("RCPT", "550 5.1.1 no such person"),
            Habit::Answers("MAIL", "553 not you"),
            Habit::AnswersMessage("554 5.7.1 not wanted, see https://larkspur.example/j/secret"),
        ] {
            let (delivery, _) = outcome(habit).await;
            let Delivery::Refused(why) = delivery else {
                panic!("{delivery:?}");
            };
            assert!(why.contains("55") && !why.contains("secret"), "{why}");
        }
    }

    #[tokio::test]
    async fn e10_what_may_pass_is_tried_again() {
        for habit in [
            Habit::Answers("RCPT", "451 greylisted"),
            Habit::AnswersMessage("452 no space"),
            Habit::Answers("EHLO", "554 not now"),
            Habit::Breaks("EHLO"),
            Habit::Breaks("RCPT"),
            Habit::Breaks("DATA"),
            Habit::Silent("MAIL"),
            Habit::Silent("DATA"),
        ] {
            let (delivery, _) = outcome(habit).await;
            assert!(matches!(delivery, Delivery::TryAgain(_)), "{delivery:?}");
        }
        let nobody = Fake {
            port: 1,
            received: Arc::default(),
        };
        let delivery = nobody.client().deliver(&message()).await;
        assert!(matches!(delivery, Delivery::TryAgain(_)), "{delivery:?}");
    }

    #[tokio::test]
    async fn f31_a_lost_answer_is_unknown_and_the_second_attempt_is_the_same_mail() {
        for habit in [
            Habit::LosesAnswer,
            Habit::SilentAfterMessage,
            Habit::AnswersMessage("gibberish"),
        ] {
            let (delivery, first) = outcome(habit).await;
            assert!(matches!(delivery, Delivery::Unknown(_)), "{delivery:?}");
            let (_, second) = outcome(Habit::Takes).await;
            assert_eq!(first, second);
            assert!(first[0].contains("Message-ID: <7@larkspur.example>"));
        }
    }

    #[tokio::test]
    async fn e11_a_server_that_does_not_offer_starttls_gets_nothing() {
        let server = Fake::start(Habit::Takes).await;
        let mut settings = config::Smtp::plain("127.0.0.1", server.port, "ithaca@larkspur.example");
        settings.tls = Tls::Starttls;
        let client = Server::new(&settings, "larkspur.example").unwrap();
        let delivery = client.deliver(&message()).await;
        assert!(matches!(delivery, Delivery::TryAgain(_)), "{delivery:?}");
        assert!(server.received().is_empty());
    }

    #[tokio::test]
    async fn without_tls_mail_stays_on_this_machine() {
        let settings = config::Smtp::plain("192.0.2.1", 25, "ithaca@larkspur.example");
        let client = Server::new(&settings, "larkspur.example").unwrap();
        let Delivery::TryAgain(why) = client.deliver(&message()).await else {
            panic!("nothing is sent");
        };
        assert!(why.contains("not on this machine"), "{why}");
    }

    #[test]
    fn k06_the_password_is_not_shown() {
        let folder = crate::scratch::Scratch::new();
        let mut settings = config::Smtp::plain("127.0.0.1", 25, "ithaca@larkspur.example");
        settings.user = Some("ithaca".into());
        settings.password_file = Some(folder.file("password", "canary\n", 0o600));
        let client = Smtp::new(&settings, "larkspur.example").unwrap();
        assert!(!format!("{client:?} {settings:?}").contains("canary"));
        let client = Server::new(&settings, "larkspur.example").unwrap();
        assert_eq!(client.credentials.unwrap().1.expose_secret(), "canary");
    }
}
