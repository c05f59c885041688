//! Takes connections and hands their requests to a router; ends by letting the requests
//! that run finish.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use axum::response::IntoResponse as _;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::phase;

/// A client has so long to send its request's head (W-17).
const HEAD: Duration = Duration::from_secs(15);
/// Requests that run at the end have so long (F36).
pub const DRAIN: Duration = Duration::from_secs(25);
/// More connections than this wait to be accepted.
const CONNECTIONS: usize = 8_192;
/// Headers of a request, all together, in bytes.
const HEADERS: usize = 64 * 1024;

/// Why an address cannot be listened at, with the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{what} {remedy}")]
pub struct ListenError {
    kind: io::ErrorKind,
    what: String,
    remedy: String,
}

impl ListenError {
    /// What the operating system said.
    pub fn kind(&self) -> io::ErrorKind {
        self.kind
    }
}

/// Listens at an address.
pub async fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|error| {
        let (what, remedy) = match error.kind() {
            io::ErrorKind::AddrInUse => (
                format!("Port {} on {} is in use.", address.port(), address.ip()),
                format!(
                    "Stop what uses it, or choose another with {flag} (port 0 picks a free one)."
                ),
            ),
            io::ErrorKind::PermissionDenied => (
                format!("This user may not listen at port {}.", address.port()),
                format!("Choose a port above 1023 with {flag}."),
            ),
            _ => (
                format!("Nothing can listen at {address}: {error}."),
                format!("Choose another address with {flag}."),
            ),
        };
        ListenError {
            kind: error.kind(),
            what,
            remedy,
        }
    })
}

/// A certificate with its key, for doors that speak HTTPS.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// Shows this certificate (in DER), whose key is in PKCS #8.
    pub fn new(certificate: Vec<u8>, key: Vec<u8>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate)],
                PrivateKeyDer::Pkcs8(key.into()),
            )?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(***)")
    }
}

/// A door that is there before what is behind it: until then it says that we live and are
/// not ready.
#[derive(Clone, Debug, Default)]
pub struct Opening(Arc<OnceLock<Router>>);

impl Opening {
    /// What is behind it from now on.
    pub fn open(&self, router: Router) {
        // Nobody opens twice.
        let _ = self.0.set(router);
    }

    /// The door.
    pub fn router(&self) -> Router {
        let behind = self.0.clone();
        Router::new().fallback(async move |request: Request| match behind.get() {
            Some(router) => router.clone().oneshot(request).await.into_response(),
            None if request.uri().path() == "/health/live" => "alive\n".into_response(),
            None => phase::unready("starting\n"),
        })
    }
}

/// Serves until `stop`, then lets what runs finish.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    accept(listener, None, router, stop).await;
}

/// The same over TLS, with HTTP/2 for those who offer it (ALPN).
pub async fn serve_tls(listener: TcpListener, tls: Tls, router: Router, stop: CancellationToken) {
    accept(listener, Some(tls), router, stop).await;
}

async fn accept(listener: TcpListener, tls: Option<Tls>, router: Router, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let builder = Arc::new(builder());
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = places.clone().acquire_owned() => place,
        };
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // The client left, or files have run out; either passes (F42).
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let _ = stream.set_nodelay(true);
        let (watcher, builder, stop) = (graceful.watcher(), builder.clone(), stop.clone());
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            match tls {
                None => converse(stream, peer, router, &builder, watcher).await,
                Some(Tls(acceptor)) => {
                    let greeting = tokio::time::timeout(HEAD, acceptor.accept(stream));
                    tokio::select! {
                        () = stop.cancelled() => {}
                        // Whoever cannot greet is not worth a line.
                        greeted = greeting => if let Ok(Ok(stream)) = greeted {
                            converse(stream, peer, router, &builder, watcher).await;
                        },
                    }
                }
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .max_header_list_size(u32::try_from(HEADERS).unwrap_or(u32::MAX));
    builder
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    builder: &Builder<TokioExecutor>,
    watcher: Watcher,
) {
    let service = TowerToHyperService::new(tower::service_fn(move |request: http::Request<_>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    }));
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    // A client that breaks off is no news.
    let _ = watcher.watch(connection).await;
}

/// Listens for Ctrl-C and SIGTERM from now on; what it answers resolves at the first one.
/// Call it before anything says that the program is ready, or a stop that comes right then
/// leaves things behind.
pub fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn a_door_says_that_it_starts_until_something_is_behind_it() {
        let opening = Opening::default();
        let door = opening.router();
        let status = async |path: &str| {
            let request = http::Request::get(path).body(axum::body::Body::empty());
            let answer = door.clone().oneshot(request.unwrap()).await.unwrap();
            answer.status()
        };
        assert_eq!(status("/health/live").await, StatusCode::OK);
        assert_eq!(
            status("/health/ready").await,
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert_eq!(status("/larkspur").await, StatusCode::SERVICE_UNAVAILABLE);
        opening.open(Router::new().route("/larkspur", axum::routing::get(async || "hello")));
        assert_eq!(status("/larkspur").await, StatusCode::OK);
        assert_eq!(status("/health/ready").await, StatusCode::NOT_FOUND);
    }
}
