//! Over real sockets on loopback, with servers that don't play by the rules.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use microsoft::transport::TransportError;
use microsoft::{Client, Clock, Cloud, Failure, Group, Kind, NetworkSettings, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::fake::{SCHEDULER, account, application, randomness, today, token};

/// A server that reads a request's head and then does as it likes.
async fn server<F, A>(act: F) -> SocketAddr
where
    F: Fn(TcpStream, String) -> A + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let act = Arc::new(act);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let act = Arc::clone(&act);
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
                    head.push(byte[0]);
                }
                act(stream, String::from_utf8_lossy(&head).into_owned()).await;
            });
        }
    });
    address
}

fn settings(deadline: Duration) -> NetworkSettings {
    NetworkSettings {
        allow_plain_http_on_loopback: true,
        deadline,
        ..NetworkSettings::default()
    }
}

fn client(at: SocketAddr, settings: &NetworkSettings) -> Client {
    let address: Url = format!("http://{at}").parse().unwrap();
    let cloud = Cloud::at(address.clone(), address, vec![at.to_string()]).unwrap();
    let transport = Transport::network(settings).unwrap();
    Client::new(
        cloud,
        application(),
        transport,
        Clock::new(today),
        randomness(),
    )
}

async fn me(at: SocketAddr, settings: &NetworkSettings) -> Result<(), Failure> {
    let token = token();
    client(at, settings).users(&token).me().await.map(drop)
}

const PATIENT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_honest_answer_arrives() {
    let at = server(|mut stream, head| async move {
        assert!(head.starts_with("GET /v1.0/me?$select="), "{head}");
        assert!(!head.to_lowercase().contains("accept-encoding"), "{head}");
        assert!(!head.to_lowercase().contains("cookie"), "{head}");
        let body = account(SCHEDULER, "scheduler@larkspur.example", None).to_string();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: a=b\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    me(at, &settings(PATIENT)).await.unwrap();
}

/// Silence, a dribbled head, a dribbled body. Each ends at the deadline.
#[tokio::test]
async fn g04_a_server_that_takes_its_time_is_left_at_the_deadline() {
    let dribbles: [&'static str; 3] = [
        "",
        "HTTP/1.1 200 OK\r\nx-very-slow-header: ",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{",
    ];
    for beginning in dribbles {
        let at = server(move |mut stream, _| async move {
            let mut sending = stream.write_all(beginning.as_bytes()).await;
            while sending.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if beginning.is_empty() {
                    // Nothing at all, until the other side hangs up.
                    if stream.read(&mut [0]).await.is_ok_and(|read| read == 0) {
                        return;
                    }
                } else {
                    sending = stream.write_all(b" ").await;
                }
            }
        })
        .await;
        let begun = Instant::now();
        let failure = me(at, &settings(Duration::from_millis(400)))
            .await
            .unwrap_err();
        assert_eq!(failure.kind, Kind::TooSlow, "{beginning:?}: {failure}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn g03_a_gigabyte_and_an_answer_without_end_are_cut_at_one_mebibyte() {
    for head in [
        "content-length: 1073741824\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n",
    ] {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let at = server(move |mut stream, _| {
            let counted = Arc::clone(&counted);
            async move {
                let start = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{head}");
                let mut sending = stream.write_all(start.as_bytes()).await;
                let piece = if head.contains("chunked") {
                    format!("10000\r\n{}\r\n", "x".repeat(0x10000)).into_bytes()
                } else {
                    vec![b'x'; 0x10000]
                };
                while sending.is_ok() && counted.load(Ordering::SeqCst) < 1 << 30 {
                    counted.fetch_add(piece.len(), Ordering::SeqCst);
                    sending = stream.write_all(&piece).await;
                }
            }
        })
        .await;
        let failure = me(at, &settings(PATIENT)).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Garbage, "{failure}");
        let sent = sent.load(Ordering::SeqCst);
        assert!(sent < 64 << 20, "{sent} bytes were taken");
    }
}

/// Nothing is unpacked that nobody asked to be packed.
#[tokio::test]
async fn g03_a_bomb_of_gzip_is_refused_as_it_came() {
    const UNPACKED: usize = 64 << 20;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &vec![b' '; UNPACKED]).unwrap();
    let packed = Arc::new(packed.finish().unwrap());
    assert!(packed.len() < UNPACKED / 500, "{} bytes", packed.len());
    let at = server(move |mut stream, _| {
        let packed = Arc::clone(&packed);
        async move {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                 content-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
                packed.len()
            );
            // Who has read enough hangs up.
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&packed).await;
        }
    })
    .await;
    let failure = me(at, &settings(PATIENT)).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Garbage, "{failure}");
    let detail = failure.detail.as_deref();
    assert_eq!(detail, Some("a compressed answer nobody asked for"));
}

#[tokio::test]
async fn g16_a_redirect_is_not_followed_and_the_token_stays_here() {
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    let elsewhere = server(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {}
    })
    .await;
    let at = server(move |mut stream, _| async move {
        let answer = format!(
            "HTTP/1.1 302 Found\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let failure = me(at, &settings(PATIENT)).await.unwrap_err();
    assert_eq!(failure.kind, Kind::RedirectRefused);
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

/// F02, F18: hung up in the middle, or nobody there.
#[tokio::test]
async fn a_lost_answer_is_an_outage() {
    let at = server(|mut stream, _| async move {
        let half =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
        stream.write_all(half.as_bytes()).await.unwrap();
    })
    .await;
    let failure = me(at, &settings(PATIENT)).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unreachable, "{failure}");
    assert!(failure.outcome_is_unknown());

    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let failure = me(nobody, &settings(PATIENT)).await.unwrap_err();
    assert_eq!(failure.group(), Group::Unreachable, "{failure}");
    assert!(
        !failure.to_string().contains("select"),
        "no address in a log: {failure}"
    );
}

/// Without TLS nothing leaves, unless it was allowed and stays on this machine.
#[tokio::test]
async fn plain_http_is_refused_before_anything_is_sent() {
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    let at = server(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {}
    })
    .await;
    let strict = NetworkSettings {
        extra_root_certificates: None,
        ..NetworkSettings::default()
    };
    // A machine without CA certificates has no HTTPS client to be refused by.
    if let Ok(transport) = Transport::network(&strict) {
        let address: Url = format!("http://{at}").parse().unwrap();
        let cloud = Cloud::at(address.clone(), address, vec![at.to_string()]).unwrap();
        let client = Client::new(
            cloud,
            application(),
            transport,
            Clock::new(today),
            randomness(),
        );
        let token = token();
        let failure = client.users(&token).me().await.unwrap_err();
        assert_eq!(failure.kind, Kind::Unreachable);
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[test]
fn certificates_that_are_none_are_refused_at_the_start() {
    for pem in [
        &b""[..],
        b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n",
        b"hello",
    ] {
        let settings = NetworkSettings {
            extra_root_certificates: Some(pem.to_vec()),
            allow_plain_http_on_loopback: true,
            ..NetworkSettings::default()
        };
        assert!(
            matches!(
                Transport::network(&settings),
                Err(TransportError::RootCertificates(_))
            ),
            "{}",
            String::from_utf8_lossy(pem)
        );
    }
}

/// F46: such a name never is anybody's (RFC 6761, section 6.4).
#[tokio::test]
async fn f46_a_name_that_nobody_knows_heals_by_itself() {
    let address: Url = "https://graph.microsoft.invalid".parse().unwrap();
    let cloud = Cloud::at(address.clone(), address, vec!["teams.invalid".to_owned()]).unwrap();
    let transport = Transport::network(&NetworkSettings::default()).unwrap();
    let clock = Clock::new(today);
    let client = Client::new(cloud, application(), transport, clock, randomness());
    let token = token();
    let failure = client.users(&token).me().await.map(drop).unwrap_err();
    assert!(
        matches!(failure.kind, Kind::Unreachable | Kind::TooSlow),
        "{failure}"
    );
    assert!(failure.heals_by_itself(), "so the row is tried again");
}
