//! Over TLS, with authorities and names of the test's own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use microsoft::transport::Resolver;
use microsoft::{Client, Clock, Cloud, Failure, Kind, NetworkSettings, Transport};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::fake::{SCHEDULER, account, application, randomness, today, token};

const NAME: &str = "graph.larkspur.example";
const PATIENT: Duration = Duration::from_secs(20);

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What a server shows for this name, good for these years.
fn shows(by: &Authority, name: &str, years: std::ops::Range<i32>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    let certificate = params.signed_by(&key, by).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // Fails when one is installed already, which is the same.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn this_year() -> i32 {
    // What verifies a certificate looks at the machine's own clock.
    let now = std::fs::metadata("/proc/self").unwrap().modified().unwrap();
    let now = Timestamp::try_from(now).unwrap();
    jiff::tz::TimeZone::UTC.to_datetime(now).year().into()
}

/// A server that keeps its connections for as long as the other side does.
struct Server {
    at: SocketAddr,
    /// How many requests came.
    heard: Arc<AtomicUsize>,
    /// How many connections are open.
    open: watch::Receiver<usize>,
    /// Hangs up on everybody when it is dropped.
    _up: watch::Sender<()>,
}

impl Server {
    async fn listens(at: SocketAddr, tls: TlsAcceptor) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let at = listener.local_addr().unwrap();
        let heard = Arc::new(AtomicUsize::new(0));
        let (up, down) = watch::channel(());
        let (count, open) = watch::channel(0);
        let (count, counted) = (Arc::new(count), Arc::clone(&heard));
        tokio::spawn(async move {
            let mut ends = down.clone();
            loop {
                let stream = tokio::select! {
                    taken = listener.accept() => taken.unwrap().0,
                    _ = ends.changed() => return,
                };
                let (tls, heard, mut ends) = (tls.clone(), Arc::clone(&counted), down.clone());
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    let Ok(mut stream) = tls.accept(stream).await else {
                        return;
                    };
                    count.send_modify(|open| *open += 1);
                    tokio::select! {
                        () = answers(&mut stream, &heard) => {}
                        _ = ends.changed() => {}
                    }
                    count.send_modify(|open| *open -= 1);
                });
            }
        });
        Self {
            at,
            heard,
            open,
            _up: up,
        }
    }

    fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

async fn answers(
    stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin),
    count: &AtomicUsize,
) {
    let mut head = Vec::new();
    let mut byte = [0];
    while stream.read_exact(&mut byte).await.is_ok() {
        head.push(byte[0]);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        head.clear();
        count.fetch_add(1, Ordering::SeqCst);
        let body = account(SCHEDULER, "scheduler@larkspur.example", None).to_string();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A client that trusts this authority beside the machine's own.
fn client(trusts: &Authority, port: u16, resolver: Resolver, idle: Duration) -> Client {
    let settings = NetworkSettings {
        extra_root_certificates: Some(trusts.pem().into_bytes()),
        // Of the machine's own proxy nothing is wanted here.
        allow_plain_http_on_loopback: true,
        deadline: PATIENT,
        idle,
        resolver: Some(resolver),
        ..NetworkSettings::default()
    };
    let address: url::Url = format!("https://{NAME}:{port}").parse().unwrap();
    let cloud = Cloud::at(address.clone(), address, vec!["teams.example".to_owned()]).unwrap();
    let transport = Transport::network(&settings).unwrap();
    let clock = Clock::new(today);
    Client::new(cloud, application(), transport, clock, randomness())
}

async fn me(client: &Client) -> Result<(), Failure> {
    let token = token();
    client.users(&token).me().await.map(drop)
}

fn always(ip: IpAddr) -> Resolver {
    Resolver::new(move |name| {
        assert_eq!(name, NAME);
        Ok(vec![SocketAddr::new(ip, 0)])
    })
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

#[tokio::test]
async fn g20_a_certificate_that_is_wrong_expired_or_a_strangers_gets_no_request() {
    let (ours, strangers) = (authority(), authority());
    let year = this_year();
    let cases = [
        (
            "the right one",
            shows(&ours, NAME, year - 1..year + 2),
            true,
        ),
        (
            "of another name",
            shows(&ours, "graph.quillfield.example", year - 1..year + 2),
            false,
        ),
        ("expired", shows(&ours, NAME, year - 3..year), false),
        ("of tomorrow", shows(&ours, NAME, year + 1..year + 2), false),
        (
            "of an authority that nobody here trusts",
            shows(&strangers, NAME, year - 1..year + 2),
            false,
        ),
    ];
    for (what, certificate, is_good) in cases {
        let server = Server::listens(SocketAddr::new(HERE, 0), certificate).await;
        let client = client(&ours, server.at.port(), always(HERE), PATIENT);
        let answered = me(&client).await;
        if is_good {
            answered.unwrap();
            assert_eq!(server.heard(), 1, "{what}");
            continue;
        }
        let failure = answered.expect_err(what);
        assert_eq!(failure.kind, Kind::Unreachable, "{what}: {failure}");
        let detail = failure.detail.unwrap_or_default();
        assert!(detail.contains("certificate"), "{what}: {detail}");
        assert_eq!(server.heard(), 0, "{what}: a token was sent");
    }
}

/// All there is to be set: whoever adds to it looks whether it lets a certificate pass.
#[test]
fn g20_no_setting_turns_the_look_at_certificates_off() {
    let NetworkSettings {
        extra_root_certificates,
        allow_plain_http_on_loopback,
        connect_timeout: _,
        deadline: _,
        idle: _,
        resolver: _,
    } = NetworkSettings::default();
    assert_eq!(extra_root_certificates, None);
    assert!(!allow_plain_http_on_loopback);
}

/// A name that leads where the test says, and how often it was asked for.
#[derive(Clone)]
struct Name(Arc<Mutex<(IpAddr, usize)>>);

impl Name {
    fn leads_to(ip: IpAddr) -> Self {
        Self(Arc::new(Mutex::new((ip, 0))))
    }

    fn changes_to(&self, ip: IpAddr) {
        self.0.lock().unwrap().0 = ip;
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }

    fn resolver(&self) -> Resolver {
        let name = self.clone();
        Resolver::new(move |_| {
            let mut name = name.0.lock().unwrap();
            name.1 += 1;
            Ok(vec![SocketAddr::new(name.0, 0)])
        })
    }
}

/// Waits until nobody is connected to a server.
async fn is_left(mut open: watch::Receiver<usize>) {
    let left = open.wait_for(|open| *open == 0);
    tokio::time::timeout(PATIENT, left).await.unwrap().unwrap();
}

#[tokio::test]
async fn f46_an_address_that_has_changed_is_followed_once_the_connection_rests() {
    const IDLE: Duration = Duration::from_millis(300);
    let (ours, year) = (authority(), this_year());
    let good = || shows(&ours, NAME, year - 1..year + 2);
    let old = Server::listens(SocketAddr::new(HERE, 0), good()).await;
    let new = Server::listens(SocketAddr::new(THERE, old.at.port()), good()).await;
    let name = Name::leads_to(HERE);
    let client = client(&ours, old.at.port(), name.resolver(), IDLE);
    me(&client).await.unwrap();
    me(&client).await.unwrap();
    assert_eq!((old.heard(), name.asked()), (2, 1), "one connection");
    name.changes_to(THERE);
    is_left(old.open.clone()).await;
    me(&client).await.unwrap();
    assert_eq!((old.heard(), new.heard(), name.asked()), (2, 1, 2));
    assert_eq!(NetworkSettings::default().idle, Duration::from_mins(1));
}

#[tokio::test]
async fn f46_an_address_that_has_changed_is_followed_when_the_old_one_hangs_up() {
    let (ours, year) = (authority(), this_year());
    let good = || shows(&ours, NAME, year - 1..year + 2);
    let old = Server::listens(SocketAddr::new(HERE, 0), good()).await;
    let new = Server::listens(SocketAddr::new(THERE, old.at.port()), good()).await;
    let name = Name::leads_to(HERE);
    let an_hour = Duration::from_hours(1);
    let client = client(&ours, old.at.port(), name.resolver(), an_hour);
    me(&client).await.unwrap();
    name.changes_to(THERE);
    let open = old.open.clone();
    drop(old);
    is_left(open).await;
    // A call may leave before the end of its connection is heard.
    let followed = async { while me(&client).await.is_err() {} };
    tokio::time::timeout(PATIENT, followed).await.unwrap();
    assert_eq!((new.heard(), name.asked()), (1, 2));
}
