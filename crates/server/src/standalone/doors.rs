//! Where the sandbox tenant is reached: which places the flags name, and who answers there.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use sandbox::Sandbox;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::serve::StartError;
use crate::server::{self, Tls};

/// So often is another free port tried, where one of the addresses has it in use.
const TRIES: usize = 20;

/// This machine's own names, all of which lead to a door on loopback.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A host and a port, as a flag names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub host: String,
    pub port: u16,
}

/// The text is no host with a port.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a host and a port are wanted, such as localhost:8081")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (host, port) = text.rsplit_once(':').ok_or(NoPlace)?;
        // A bare IPv6 address would leave open where its port begins.
        let is_whole = host.starts_with('[') == host.ends_with(']');
        if host.is_empty() || !is_whole || (host.contains(':') && !host.starts_with('[')) {
            return Err(NoPlace);
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port: port.parse().map_err(|_| NoPlace)?,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// One port, listened at on every loopback address that a name leads to.
#[derive(Debug)]
pub struct Door {
    /// As it was asked for, with the port that it got.
    pub place: Place,
    listeners: Vec<TcpListener>,
}

impl Door {
    /// Listens at every address that the host resolves to, on one port.
    pub async fn open(place: &Place, flag: &str) -> Result<Self, StartError> {
        let addresses = addresses(place, flag).await?;
        let mut tries = if place.port == 0 { TRIES } else { 1 };
        loop {
            tries -= 1;
            match listen(&addresses, flag).await {
                Ok((port, listeners)) => {
                    return Ok(Self {
                        place: Place {
                            host: place.host.clone(),
                            port,
                        },
                        listeners,
                    });
                }
                Err(error) if tries == 0 => return Err(StartError(error.to_string())),
                Err(_) => {}
            }
        }
    }

    /// What is listened at already, under this name.
    pub fn at(host: &str, listeners: Vec<TcpListener>) -> Self {
        let first = listeners.first().and_then(|one| one.local_addr().ok());
        Self {
            place: Place {
                host: host.to_owned(),
                port: first.map_or(0, |address| address.port()),
            },
            listeners,
        }
    }

    /// The addresses that lead here, the one that was asked for first.
    pub fn urls(&self, scheme: &str) -> Vec<String> {
        let Place { host, port } = &self.place;
        let others = NAMES.iter().filter(|name| *name != host);
        std::iter::once(&host.as_str())
            .chain(others)
            .map(|host| format!("{scheme}://{host}:{port}"))
            .collect()
    }

    /// The address that was asked for.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.place)
    }
}

async fn addresses(place: &Place, flag: &str) -> Result<Vec<SocketAddr>, StartError> {
    let found = tokio::net::lookup_host((place.host.trim_matches(['[', ']']), place.port))
        .await
        .map_err(|error| {
            StartError(format!(
                "{} is not known on this machine ({error}). Choose another host with {flag}, such as localhost.",
                place.host
            ))
        })?;
    let mut addresses: Vec<SocketAddr> = found.collect();
    addresses.sort_unstable();
    addresses.dedup();
    match addresses.iter().find(|address| !address.ip().is_loopback()) {
        Some(address) => Err(StartError(format!(
            "{} is reached from other machines, and whoever reaches the sandbox owns it. Choose a loopback address with {flag}, such as localhost.",
            address.ip()
        ))),
        None => Ok(addresses),
    }
}

async fn listen(
    addresses: &[SocketAddr],
    flag: &str,
) -> Result<(u16, Vec<TcpListener>), server::ListenError> {
    let mut listeners = Vec::new();
    let mut port = 0;
    let mut absent = None;
    for address in addresses {
        let port_here = if port == 0 { address.port() } else { port };
        match server::listen(SocketAddr::new(address.ip(), port_here), flag).await {
            Ok(listener) => {
                port = listener.local_addr().map_or(port_here, |here| here.port());
                listeners.push(listener);
            }
            // A machine without that kind of address does not need it.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => absent = Some(error),
            Err(error) => return Err(error),
        }
    }
    match absent {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok((port, listeners)),
    }
}

/// Every way into the sandbox tenant.
#[derive(Debug)]
pub struct Doors {
    pub http: Door,
    pub https: Option<(Door, Tls)>,
    pub admin: Door,
    pub mail: Door,
}

impl Doors {
    fn told(&self) -> sandbox::Doors {
        let https = self.https.as_ref();
        sandbox::Doors {
            url: self.http.url("http"),
            tls_url: https.map(|(door, _)| door.url("https")),
            smtp: Some(self.mail.place.to_string()),
            admin_url: Some(self.admin.url("http")),
        }
    }
}

/// Serves the sandbox tenant until `stop`, and keeps its state in `state_file`.
pub async fn serve(
    pretend: Sandbox,
    doors: Doors,
    state_file: Option<PathBuf>,
    stop: CancellationToken,
) -> Result<(), StartError> {
    pretend.tell_doors(doors.told());
    let mut tasks = JoinSet::new();
    let router = pretend.door(&doors.http.urls("http"));
    for door in doors.http.listeners {
        tasks.spawn(server::serve(door, router.clone(), stop.clone()));
    }
    if let Some((https, tls)) = doors.https {
        let router = pretend.door(&https.urls("https"));
        for door in https.listeners {
            tasks.spawn(server::serve_tls(
                door,
                tls.clone(),
                router.clone(),
                stop.clone(),
            ));
        }
    }
    for door in doors.admin.listeners {
        tasks.spawn(server::serve(door, pretend.admin_router(), stop.clone()));
    }
    for door in doors.mail.listeners {
        let (mails, stopped) = (pretend.clone(), stop.clone().cancelled_owned());
        tasks.spawn(async move {
            if let Err(error) = sandbox::smtp::serve(mails, door, stopped).await {
                tracing::error!(%error, "the sandbox's mail server ended");
            }
        });
    }
    let kept = if let Some(path) = &state_file {
        pretend.keep(path, stop.cancelled()).await
    } else {
        stop.cancelled().await;
        Ok(())
    };
    tasks.join_all().await;
    kept.map_err(|error| StartError(format!("The sandbox's state could not be kept: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_host_and_a_port() {
        for text in ["localhost:8081", "127.0.0.1:0", "[::1]:8443"] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.to_string(), text);
        }
        for text in [
            "",
            "localhost",
            ":80",
            "::1:80",
            "localhost:http",
            "[::1:80",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn every_loopback_address_of_a_name_answers_on_one_port() {
        let place = "localhost:0".parse().unwrap();
        let door = Door::open(&place, "--listen").await.unwrap();
        assert_ne!(door.place.port, 0);
        let resolved = addresses(&door.place, "--listen").await.unwrap();
        assert_eq!(door.listeners.len(), resolved.len());
        for listener in &door.listeners {
            assert_eq!(listener.local_addr().unwrap().port(), door.place.port);
        }
        assert_eq!(
            door.url("https"),
            format!("https://localhost:{}", door.place.port)
        );
    }

    #[tokio::test]
    async fn nobody_from_another_machine_gets_in() {
        let place = "0.0.0.0:0".parse().unwrap();
        let refused = Door::open(&place, "--tls-listen").await.unwrap_err();
        assert!(
            refused
                .0
                .contains("Choose a loopback address with --tls-listen")
        );
    }
}
