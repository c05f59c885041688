//! The one seam: an HTTP request goes in, an HTTP response comes out.
//!
//! In production it is a network client, in simulations any tower service (the
//! router of a pretend tenant). What must hold for every answer, whoever gives
//! it, is held here: one deadline, one size, no redirects, no compression.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use secrecy::SecretString;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};
use url::Url;

use crate::cloud::is_plain_loopback;
use crate::failure::{Failure, Kind};

/// From the first byte sent to the last byte read, unless set otherwise.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The longest answer that is read, in bytes.
pub const LONGEST_ANSWER: usize = 1024 * 1024;

/// A connection that nobody uses is let go of after this, unless set otherwise.
pub const IDLE: Duration = Duration::from_mins(1);

pub type RequestBody = Full<Bytes>;
pub type ResponseBody = UnsyncBoxBody<Bytes, BoxError>;

/// How the network is reached.
#[derive(Clone, Debug)]
pub struct NetworkSettings {
    /// Certificates (PEM, one or several) trusted beside the machine's own:
    /// those of a company's proxy, or of a sandbox tenant. Nothing can turn
    /// verification off.
    pub extra_root_certificates: Option<Vec<u8>>,
    /// Lets `http://` through, to addresses on this machine alone.
    pub allow_plain_http_on_loopback: bool,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the whole exchange may take.
    pub deadline: Duration,
    /// How long a connection that nobody uses is kept. The next one asks anew where the
    /// name leads.
    pub idle: Duration,
    /// Who knows where a name leads, if not this machine.
    pub resolver: Option<Resolver>,
}

/// Knows the addresses of a name; handed in. Asked for each connection, and for nothing else.
#[derive(Clone)]
pub struct Resolver(Arc<Addresses>);

type Addresses = dyn Fn(&str) -> std::io::Result<Vec<SocketAddr>> + Send + Sync;

impl Resolver {
    pub fn new(
        addresses: impl Fn(&str) -> std::io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(addresses))
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let found = (self.0)(name.as_str());
        Box::pin(async move {
            let found: reqwest::dns::Addrs = Box::new(found?.into_iter());
            Ok(found)
        })
    }
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            extra_root_certificates: None,
            allow_plain_http_on_loopback: false,
            connect_timeout: Duration::from_secs(10),
            deadline: DEADLINE,
            idle: IDLE,
            resolver: None,
        }
    }
}

/// Why no network client could be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("The extra root certificates can't be read: {0}")]
    RootCertificates(String),
    #[error("No HTTPS client could be made (are the system's CA certificates installed?): {0}")]
    Client(String),
}

/// Sends a request and brings back the response.
#[derive(Clone)]
pub struct Transport {
    service: BoxCloneSyncService<Request<RequestBody>, Response<ResponseBody>, BoxError>,
    deadline: Duration,
    answered: Option<Watch>,
}

type Watch = Arc<dyn Fn(&Method, &Uri) + Send + Sync>;

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

impl Transport {
    /// Over the network: rustls with ring, HTTP/2 or HTTP/1.1, no redirects, no
    /// cookies, no compression.
    ///
    /// `HTTPS_PROXY` is honoured, except where plain HTTP on loopback is allowed.
    pub fn network(settings: &NetworkSettings) -> Result<Self, TransportError> {
        // Fails when one is installed already, which then is the program's choice.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = settings.allow_plain_http_on_loopback;
        let certificates = extra_certificates(settings)?;
        let made = client(settings, certificates.clone(), false).or_else(|error| {
            // A machine without any CA certificate can still speak with itself.
            if plain {
                client(settings, certificates, true)
            } else {
                Err(error)
            }
        });
        let client = made.map_err(|error| TransportError::Client(chain(&error)))?;
        let network = Self::service(tower::service_fn(move |request| {
            over_network(client.clone(), plain, request)
        }));
        Ok(Self {
            deadline: settings.deadline,
            ..network
        })
    }

    /// The same, telling of each answer once it is read and before anything is made of it.
    #[must_use]
    pub fn watched(self, answered: impl Fn(&Method, &Uri) + Send + Sync + 'static) -> Self {
        Self {
            answered: Some(Arc::new(answered)),
            ..self
        }
    }

    /// Through any service of that shape, such as an axum `Router`.
    pub fn service<S, B>(service: S) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let service = service
            .map_response(|response: Response<B>| {
                response.map(|body| body.map_err(Into::into).boxed_unsync())
            })
            .map_err(Into::into);
        Self {
            service: BoxCloneSyncService::new(service),
            deadline: DEADLINE,
            answered: None,
        }
    }

    /// Sends, and reads the whole answer. `sent` are the secrets in the request.
    pub(crate) async fn exchange(
        &self,
        request: Request<RequestBody>,
        sent: &[&SecretString],
    ) -> Result<Answer, Failure> {
        let unreachable = |error: BoxError| {
            Failure::new(Kind::Unreachable).detailed(&chain(error.as_ref()), sent)
        };
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let exchange = async {
            let response = self
                .service
                .clone()
                .oneshot(request)
                .await
                .map_err(unreachable)?;
            let (parts, body) = response.into_parts();
            if parts.status.is_redirection() {
                return Err(Failure::new(Kind::RedirectRefused)
                    .with_status(parts.status)
                    .with_ids(&parts.headers));
            }
            let compressed = parts
                .headers
                .get(header::CONTENT_ENCODING)
                .is_some_and(|encoding| encoding != "identity");
            if compressed {
                return Err(Failure::garbage("a compressed answer nobody asked for")
                    .with_status(parts.status)
                    .with_ids(&parts.headers));
            }
            let body = match read(body).await {
                Ok(Some(body)) => body,
                Ok(None) => {
                    return Err(Failure::garbage("an answer longer than 1 MiB")
                        .with_status(parts.status)
                        .with_ids(&parts.headers));
                }
                Err(error) => return Err(unreachable(error).with_ids(&parts.headers)),
            };
            if let Some(answered) = &self.answered {
                answered(&method, &uri);
            }
            Ok(Answer {
                status: parts.status,
                headers: parts.headers,
                body,
            })
        };
        match tokio::time::timeout(self.deadline, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::new(Kind::TooSlow)),
        }
    }
}

/// An answer, whole and within bounds, and not believed yet.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// Its body as JSON, if it says that it is JSON. `serde_json` goes 128
    /// levels deep and no further.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        let wrong = |what: &str| {
            Failure::garbage(what)
                .with_status(self.status)
                .with_ids(&self.headers)
        };
        if !self.says_json() {
            return Err(wrong("an answer that isn't JSON"));
        }
        // The message of serde_json names lines and fields, and for a wrong
        // type also the value, so it isn't kept.
        serde_json::from_slice(&self.body).map_err(|error| {
            wrong(&format!(
                "JSON of another shape than documented ({:?} error at line {}, column {})",
                error.classify(),
                error.line(),
                error.column()
            ))
        })
    }

    fn says_json(&self) -> bool {
        let essence = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(|value| value.split(';').next().unwrap_or_default().trim());
        essence.is_some_and(|essence| {
            essence.eq_ignore_ascii_case("application/json")
                || essence.eq_ignore_ascii_case("application/jwk-set+json")
        })
    }
}

fn extra_certificates(
    settings: &NetworkSettings,
) -> Result<Vec<reqwest::Certificate>, TransportError> {
    let Some(pem) = &settings.extra_root_certificates else {
        return Ok(Vec::new());
    };
    let unreadable = |error: reqwest::Error| TransportError::RootCertificates(chain(&error));
    let read = reqwest::Certificate::from_pem_bundle(pem).map_err(unreadable)?;
    if read.is_empty() {
        let reason = "there is none in the file".to_owned();
        return Err(TransportError::RootCertificates(reason));
    }
    // They are looked into only when a client is made of them.
    client(settings, read.clone(), true).map_err(unreadable)?;
    Ok(read)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that makes the HTTP client"
)]
fn client(
    settings: &NetworkSettings,
    certificates: Vec<reqwest::Certificate>,
    without_the_machines_own: bool,
) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("ithaca/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .gzip(false)
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(settings.idle)
        .https_only(!settings.allow_plain_http_on_loopback);
    let builder = match &settings.resolver {
        Some(resolver) => builder.dns_resolver(resolver.clone()),
        None => builder,
    };
    let builder = if without_the_machines_own {
        builder.tls_certs_only(certificates)
    } else {
        builder.tls_certs_merge(certificates)
    };
    if settings.allow_plain_http_on_loopback {
        builder.no_proxy().build()
    } else {
        builder.build()
    }
}

async fn over_network(
    client: reqwest::Client,
    plain: bool,
    request: Request<RequestBody>,
) -> Result<Response<reqwest::Body>, BoxError> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string())?;
    if url.scheme() != "https" && !(plain && is_plain_loopback(&url)) {
        return Err("without TLS nothing is sent beyond this machine".into());
    }
    let body = body.collect().await?.to_bytes();
    let sent = client
        .request(parts.method, url)
        .headers(parts.headers)
        .body(body)
        .send()
        .await
        // The address may hold somebody's e-mail.
        .map_err(reqwest::Error::without_url)?;
    Ok(sent.into())
}

/// The whole body, or nothing when it is longer than [`LONGEST_ANSWER`].
async fn read(body: ResponseBody) -> Result<Option<Bytes>, BoxError> {
    let mut body = body;
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else {
            continue;
        };
        if whole.len() + piece.len() > LONGEST_ANSWER {
            return Ok(None);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(Some(whole.freeze()))
}

/// An error with its causes, on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text.push_str(": ");
        text.push_str(&deeper.to_string());
        cause = deeper.source();
    }
    text
}
