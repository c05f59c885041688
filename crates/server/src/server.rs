//! Takes connections and hands their requests to a router; ends by letting the requests
//! that run finish.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A client has so long to send its request's head (W-17).
const HEAD: Duration = Duration::from_secs(15);
/// Requests that run at the end have so long (F36).
const DRAIN: Duration = Duration::from_secs(25);
/// More connections than this wait to be accepted.
const CONNECTIONS: usize = 8_192;
/// Headers of a request, all together, in bytes.
const HEADERS: usize = 64 * 1024;

/// Why an address cannot be listened at, with the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{what} {remedy}")]
pub struct ListenError {
    what: String,
    remedy: String,
}

/// Listens at an address.
pub async fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => ListenError {
                what: format!("Port {} on {} is in use.", address.port(), address.ip()),
                remedy: format!(
                    "Stop what uses it, or choose another with {flag} (port 0 picks a free one)."
                ),
            },
            io::ErrorKind::PermissionDenied => ListenError {
                what: format!("This user may not listen at port {}.", address.port()),
                remedy: format!("Choose a port above 1023 with {flag}."),
            },
            _ => ListenError {
                what: format!("Nothing can listen at {address}: {error}."),
                remedy: format!("Choose another address with {flag}."),
            },
        })
}

/// Serves until `stop`, then lets what runs finish.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
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
        let router = router.clone();
        let service =
            TowerToHyperService::new(tower::service_fn(move |request: http::Request<_>| {
                let mut request: Request = request.map(axum::body::Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                router.clone().oneshot(request)
            }));
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off is no news.
            let _ = watched.await;
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
