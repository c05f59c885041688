//! The sandbox tenant of a demo: one of its own, or one that runs apart (`ithaca sandbox`), so
//! that Ithaca may be killed while the truth stays.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use sandbox::Sandbox;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::serve::StartError;
use crate::server;
use crate::standalone;
use crate::standalone::doors::{self, Door, Doors, Place};

/// A sandbox on this machine answers at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// Where a sandbox tenant is that runs apart.
#[derive(Clone, Debug)]
pub struct Apart {
    pub url: Url,
    pub admin_url: Url,
}

/// What is known of the sandbox tenant.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) url: String,
    pub(super) admin_url: String,
    pub(super) mail: Place,
    own: Option<Doors>,
}

/// An app registration.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) client_id: Uuid,
    pub(super) client_secret: SecretString,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    pretend: Sandbox,
    doors: Doors,
}

impl Tenant {
    /// Listens for a sandbox of the demo's own.
    pub(super) async fn of_its_own(address: SocketAddr) -> Result<Self, StartError> {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let doors = Doors {
            http: front_door(address).await?,
            https: None,
            admin: Door::at("127.0.0.1", vec![listen(local, "--listen").await?]),
            mail: Door::at("127.0.0.1", vec![listen(local, "--listen").await?]),
        };
        Ok(Self {
            url: doors.http.url("http"),
            admin_url: doors.admin.url("http"),
            mail: doors.mail.place.clone(),
            own: Some(doors),
        })
    }

    /// Asks a sandbox that runs apart where its mail goes.
    pub(super) async fn apart(apart: &Apart) -> Result<Self, StartError> {
        if apart.url.scheme() != "http" {
            return Err(StartError(format!(
                "{} is not where the sandbox answers over HTTP. Give --sandbox-url the `url` of its first line.",
                apart.url
            )));
        }
        let admin_url = apart.admin_url.as_str().trim_end_matches('/').to_owned();
        let doors: ToldDoors = ask(&admin_url, Method::GET, "doors", None).await?;
        let mail = doors.smtp.and_then(|smtp| smtp.parse().ok());
        Ok(Self {
            url: apart.url.as_str().trim_end_matches('/').to_owned(),
            mail: mail.ok_or_else(|| {
                StartError(format!(
                    "The sandbox at {admin_url} takes no mail. Start it with `ithaca sandbox`."
                ))
            })?,
            admin_url,
            own: None,
        })
    }

    /// Registers Ithaca's app, which sends codes to this address.
    pub(super) async fn register(
        &mut self,
        redirect_uri: String,
        state_file: &std::path::Path,
    ) -> Result<Registered, StartError> {
        let Some(doors) = self.own.take() else {
            let wanted = json!({
                "name": "Ithaca",
                "publisher": "Ithaca (self-hosted)",
                "redirects": [{ "type": "web", "uri": redirect_uri }],
                "delegated": microsoft::SCOPES,
            });
            let told: ToldRegistration =
                ask(&self.admin_url, Method::POST, "applications", Some(&wanted)).await?;
            return Ok(Registered {
                client_id: told.client_id,
                client_secret: SecretString::from(told.client_secret),
                running: None,
            });
        };
        let settings = sandbox::Settings::new(&self.url, redirect_uri);
        let pretend = standalone::load(settings, state_file)?;
        let (client_id, secret) = pretend.ithaca();
        Ok(Registered {
            client_id: client_id.0,
            client_secret: SecretString::from(secret.reveal().to_owned()),
            running: Some(Running { pretend, doors }),
        })
    }
}

impl Registered {
    /// Serves the demo's own sandbox until `stop`; one that runs apart serves itself.
    pub(super) async fn serve(
        self,
        state_file: Option<PathBuf>,
        stop: CancellationToken,
    ) -> Result<(), StartError> {
        match self.running {
            Some(Running { pretend, doors }) => {
                doors::serve(pretend, doors, state_file, stop).await
            }
            None => Ok(()),
        }
    }
}

#[derive(Deserialize)]
struct ToldDoors {
    smtp: Option<String>,
}

#[derive(Deserialize)]
struct ToldRegistration {
    client_id: Uuid,
    client_secret: String,
}

/// Asks the admin doors of a sandbox that runs apart.
async fn ask<T: serde::de::DeserializeOwned>(
    admin_url: &str,
    method: Method,
    what: &str,
    body: Option<&serde_json::Value>,
) -> Result<T, StartError> {
    let failed = |error: &dyn std::fmt::Display| {
        StartError(format!(
            "No sandbox answers at {admin_url} ({error}). Start it with `ithaca sandbox`, and give --sandbox-admin-url the `admin_url` of its first line."
        ))
    };
    let request = Request::builder()
        .method(method)
        .uri(format!("{admin_url}/_sandbox/{what}"))
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(
            body.map(ToString::to_string).unwrap_or_default(),
        )))
        .map_err(|error| failed(&error))?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let exchange = async {
        let answer = client
            .request(request)
            .await
            .map_err(|error| failed(&error))?;
        let status = answer.status();
        let text = Limited::new(answer.into_body(), LONGEST)
            .collect()
            .await
            .map_err(|error| failed(&error))?
            .to_bytes();
        if !status.is_success() {
            return Err(failed(&status));
        }
        serde_json::from_slice(&text).map_err(|error| failed(&error))
    };
    tokio::time::timeout(PATIENCE, exchange)
        .await
        .map_err(|_| failed(&"it takes too long"))?
}

pub(super) async fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, StartError> {
    server::listen(address, flag)
        .await
        .map_err(|error| StartError(error.to_string()))
}

/// `localhost` may be looked up as either loopback address: both answer.
async fn front_door(address: SocketAddr) -> Result<Door, StartError> {
    let mut listeners = vec![listen(address, "--sandbox-listen").await?];
    let port = listeners[0]
        .local_addr()
        .map_err(|error| StartError(error.to_string()))?
        .port();
    let other = match address.ip() {
        IpAddr::V4(ip) if ip == Ipv4Addr::LOCALHOST => Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        IpAddr::V6(ip) if ip == Ipv6Addr::LOCALHOST => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => None,
    };
    if let Some(other) = other {
        // A machine without the other kind of address does not need it.
        listeners.extend(TcpListener::bind((other, port)).await);
    }
    Ok(Door::at("localhost", listeners))
}
