//! What pages and the API ask of every request alike, before anybody asks who sends it:
//! whether it is meant for this instance (E-12), and which network address it comes from
//! (W-09).

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::extract::connect_info::MockConnectInfo;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Uri, header};
use url::Url;

use crate::config::Network;

/// The one host that a request wants to reach, if it says exactly one.
pub fn host(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (uri.authority(), hosts.next()) {
        (Some(authority), _) => Some(authority.clone()),
        (None, Some(host)) => Authority::try_from(host.as_bytes()).ok(),
        (None, None) => None,
    };
    host.filter(|_| hosts.next().is_none())
}

/// Whether this instance is reached at that host. On loopback the other names of this machine will do, at the same port.
pub fn is_ours(public_url: &Url, host: &Authority) -> bool {
    let default = if public_url.scheme() == "https" {
        443
    } else {
        80
    };
    let port = match (host.port_u16(), host.port()) {
        (Some(port), _) => port,
        (None, Some(_)) => return false,
        (None, None) => default,
    };
    let name = host.host().to_ascii_lowercase();
    let own = public_url.host_str().unwrap_or_default();
    let same_name = name == own || (is_loopback(own) && is_loopback(&name));
    same_name && !host.as_str().contains('@') && Some(port) == public_url.port_or_known_default()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "127.0.0.1" || host == "[::1]"
}

/// Where a request comes from. `X-Forwarded-For` counts from the right, as far as the proxies are ours (W-09).
pub fn network_address(parts: &Parts, proxies: &[Network]) -> String {
    let Some(mut address) = connected(&parts.extensions) else {
        return "unknown".to_owned();
    };
    let is_ours = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
    let forwarded: Vec<&str> = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in forwarded.into_iter().rev() {
        if !is_ours(address) {
            break;
        }
        let Ok(hop) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        address = hop.to_canonical();
    }
    address.to_string()
}

/// Whether a request was handed on by one of these proxies.
pub fn comes_from(extensions: &http::Extensions, proxies: &[Network]) -> bool {
    connected(extensions).is_some_and(|peer| proxies.iter().any(|proxy| proxy.contains(peer)))
}

/// Who holds the other end of the connection.
fn connected(extensions: &http::Extensions) -> Option<IpAddr> {
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| *address)
        .or_else(|| {
            let mock = extensions.get::<MockConnectInfo<SocketAddr>>()?;
            Some(mock.0)
        })?;
    Some(peer.ip().to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(public_url: &str, host: &str) -> bool {
        is_ours(
            &Url::parse(public_url).unwrap(),
            &Authority::try_from(host).unwrap(),
        )
    }

    #[test]
    fn only_the_configured_host_is_ours() {
        assert!(ours("https://ithaca.example", "ithaca.example"));
        assert!(ours("https://ithaca.example", "Ithaca.Example:443"));
        assert!(!ours("https://ithaca.example", "ithaca.example:8443"));
        assert!(!ours("https://ithaca.example", "evil.example"));
        assert!(!ours("https://ithaca.example", "localhost"));
        assert!(!ours(
            "https://ithaca.example",
            "ithaca.example.evil.example"
        ));
        assert!(!ours("https://ithaca.example", "evil@ithaca.example"));
    }

    #[test]
    fn on_loopback_its_other_names_are_ours_too() {
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(ours("http://127.0.0.1:8080", host), "{host}");
        }
        assert!(!ours("http://127.0.0.1:8080", "localhost:8081"));
        assert!(!ours("http://127.0.0.1:8080", "evil.example:8080"));
    }

    fn from(peer: &str, forwarded: &str, proxies: &[&str]) -> String {
        let peer: SocketAddr = peer.parse().unwrap();
        let (mut parts, ()) = http::Request::builder()
            .header("x-forwarded-for", forwarded)
            .body(())
            .unwrap()
            .into_parts();
        parts.extensions.insert(ConnectInfo(peer));
        let proxies: Vec<Network> = proxies.iter().map(|text| text.parse().unwrap()).collect();
        network_address(&parts, &proxies)
    }

    #[test]
    fn only_our_own_proxies_are_believed() {
        assert_eq!(from("192.0.2.7:5", "198.51.100.9", &[]), "192.0.2.7");
        assert_eq!(
            from("10.0.0.1:5", "203.0.113.9, 198.51.100.9", &["10.0.0.0/8"]),
            "198.51.100.9"
        );
        assert_eq!(
            from("10.0.0.1:5", "203.0.113.9, 10.0.0.2", &["10.0.0.0/8"]),
            "203.0.113.9"
        );
        assert_eq!(from("10.0.0.1:5", "nonsense", &["10.0.0.0/8"]), "10.0.0.1");
    }
}
