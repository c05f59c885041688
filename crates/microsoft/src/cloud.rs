//! Which login and Graph addresses, and on which hosts a meeting may be joined.
//!
//! Everything else in this crate takes its addresses from here, so an answer
//! can never send a token elsewhere.

use std::net::IpAddr;

use url::{Host, Url};

use crate::Tenant;
use crate::failure::{Failure, Kind};

/// One of Microsoft's clouds, or a pair of configured addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    login: Url,
    graph: Url,
    join_hosts: Vec<String>,
}

/// Why two addresses can't be a cloud.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    #[error("{0} must begin with https:// (http:// is possible on this machine's loopback only).")]
    Insecure(Url),
    #[error(
        "{0} must be a bare address such as https://login.microsoftonline.com, without a path, a name or a query."
    )]
    NotBare(Url),
    #[error(
        "{0:?} isn't a host that a meeting could be joined on; give a bare host such as teams.microsoft.com, or host:port."
    )]
    JoinHost(String),
    #[error("At least one host is needed on which meetings may be joined.")]
    NoJoinHost,
}

impl Cloud {
    /// Microsoft's global cloud, which GCC uses too.
    pub fn global() -> Self {
        Self::known(
            "https://login.microsoftonline.com",
            "https://graph.microsoft.com",
            &["teams.microsoft.com", "teams.cloud.microsoft"],
        )
    }

    /// GCC High ("National cloud deployments", L4).
    pub fn us_government_l4() -> Self {
        Self::known(
            "https://login.microsoftonline.us",
            "https://graph.microsoft.us",
            &["gov.teams.microsoft.us"],
        )
    }

    /// The Department of Defense's ("National cloud deployments", L5).
    pub fn us_government_dod() -> Self {
        Self::known(
            "https://login.microsoftonline.us",
            "https://dod-graph.microsoft.us",
            &["dod.teams.microsoft.us"],
        )
    }

    /// Any other pair of addresses, by configuration.
    ///
    /// A join host is `host` (the scheme's own port is meant) or `host:port`.
    pub fn at(login: Url, graph: Url, join_hosts: Vec<String>) -> Result<Self, CloudError> {
        for address in [&login, &graph] {
            let bare = address.path() == "/"
                && address.query().is_none()
                && address.fragment().is_none()
                && address.username().is_empty()
                && address.password().is_none();
            if !bare {
                return Err(CloudError::NotBare(address.clone()));
            }
            if address.scheme() != "https" && !is_plain_loopback(address) {
                return Err(CloudError::Insecure(address.clone()));
            }
        }
        if join_hosts.is_empty() {
            return Err(CloudError::NoJoinHost);
        }
        let join_hosts = join_hosts
            .into_iter()
            .map(|given| {
                let parsed = Url::parse(&format!("https://{given}/"))
                    .map_err(|_| CloudError::JoinHost(given.clone()))?;
                if parsed.path() == "/" && parsed.username().is_empty() && parsed.query().is_none()
                {
                    Ok(given.to_ascii_lowercase())
                } else {
                    Err(CloudError::JoinHost(given))
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            login,
            graph,
            join_hosts,
        })
    }

    fn known(login: &str, graph: &str, join_hosts: &[&str]) -> Self {
        Self {
            login: Url::parse(login).expect("a constant address parses"),
            graph: Url::parse(graph).expect("a constant address parses"),
            join_hosts: join_hosts.iter().map(ToString::to_string).collect(),
        }
    }

    /// Where people sign in: a browser is sent there.
    pub fn login(&self) -> &Url {
        &self.login
    }

    pub fn graph(&self) -> &Url {
        &self.graph
    }

    /// Whether it is reached without TLS, on this machine.
    pub fn is_plain(&self) -> bool {
        is_plain_loopback(&self.login) || is_plain_loopback(&self.graph)
    }

    /// A join address that may be shown to people: on one of the hosts where
    /// meetings are joined, over TLS unless this cloud itself goes without.
    pub fn join_url_accepted(&self, given: &str) -> Result<Url, Failure> {
        const LONGEST: usize = 4096;
        let refused = || Failure::new(Kind::JoinAddressRefused).detailed(given, &[]);
        if given.len() > LONGEST
            || given
                .chars()
                .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
        {
            return Err(refused());
        }
        let url = Url::parse(given).map_err(|_| refused())?;
        let scheme = url.scheme() == "https" || (self.is_plain() && is_plain_loopback(&url));
        let nameless = url.username().is_empty() && url.password().is_none();
        let host = match (url.host_str(), url.port()) {
            (Some(host), None) => host.to_owned(),
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (None, _) => return Err(refused()),
        };
        if scheme && nameless && self.join_hosts.contains(&host) {
            Ok(url)
        } else {
            Err(refused())
        }
    }

    pub(crate) fn authorize(&self, tenant: Tenant) -> Url {
        self.login_at(&format!("/{tenant}/oauth2/v2.0/authorize"))
    }

    pub(crate) fn admin_consent(&self, tenant: Tenant) -> Url {
        self.login_at(&format!("/{tenant}/v2.0/adminconsent"))
    }

    pub(crate) fn token(&self, tenant: Tenant) -> Url {
        self.login_at(&format!("/{tenant}/oauth2/v2.0/token"))
    }

    pub(crate) fn discovery(&self, tenant: Tenant) -> Url {
        self.login_at(&format!("/{tenant}/v2.0/.well-known/openid-configuration"))
    }

    /// What an ID token of this tenant names as its issuer; for `"{tenantid}"`
    /// the template that Microsoft publishes for all tenants at once.
    pub(crate) fn issuer(&self, tenant: &str) -> String {
        format!("{}{tenant}/v2.0", self.login)
    }

    /// Whether an address lies at the login host itself: same scheme, host, port.
    pub(crate) fn is_at_login(&self, address: &Url) -> bool {
        address.origin() == self.login.origin()
            && address.username().is_empty()
            && address.password().is_none()
    }

    pub(crate) fn is_at_graph(&self, address: &Url) -> bool {
        address.origin() == self.graph.origin()
            && address.username().is_empty()
            && address.password().is_none()
    }

    fn login_at(&self, path: &str) -> Url {
        let mut url = self.login.clone();
        url.set_path(path);
        url
    }
}

/// `http://` to an address that never leaves this machine.
pub(crate) fn is_plain_loopback(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    };
    url.scheme() == "http" && loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox() -> Cloud {
        Cloud::at(
            "http://localhost:8081".parse().unwrap(),
            "http://localhost:8081".parse().unwrap(),
            vec!["localhost:8081".into()],
        )
        .unwrap()
    }

    #[test]
    fn a_join_address_at_teams_is_accepted() {
        let url =
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_X%40thread.v2/0?context=%7b%7d";
        assert_eq!(
            Cloud::global().join_url_accepted(url).unwrap().as_str(),
            url
        );
        assert!(
            Cloud::global()
                .join_url_accepted("https://TEAMS.microsoft.com/meet/1")
                .is_ok()
        );
    }

    #[test]
    fn g02_a_join_address_anywhere_else_is_refused() {
        for url in [
            "javascript:alert(1)",
            "http://teams.microsoft.com/l/meetup-join/x",
            "https://teams.microsoft.com.evil/x",
            "https://evil/teams.microsoft.com",
            "https://teams.microsoft.com@evil/",
            "https://you@teams.microsoft.com/",
            "https://teams.microsoft.com:444/x",
            "https://teams.microsoft.com/\r\nX: y",
            "https:\\\\teams.microsoft.com/x",
            "//teams.microsoft.com/x",
            "https://gov.teams.microsoft.us/x",
            "http://localhost:8081/l/meetup-join/x",
            "",
        ] {
            let failure = Cloud::global().join_url_accepted(url).unwrap_err();
            assert_eq!(failure.kind, Kind::JoinAddressRefused, "{url}");
        }
        let long = format!("https://teams.microsoft.com/{}", "x".repeat(5000));
        assert!(Cloud::global().join_url_accepted(&long).is_err());
    }

    #[test]
    fn a_plain_join_address_is_accepted_only_where_the_cloud_itself_is_plain() {
        assert!(
            sandbox()
                .join_url_accepted("http://localhost:8081/l/meetup-join/x")
                .is_ok()
        );
        assert!(
            sandbox()
                .join_url_accepted("http://localhost:8082/x")
                .is_err()
        );
        assert!(
            sandbox()
                .join_url_accepted("http://192.0.2.1:8081/x")
                .is_err()
        );
    }

    #[test]
    fn a_configured_cloud_needs_tls_unless_it_is_on_this_machine() {
        let at = |login: &str, graph: &str| {
            Cloud::at(
                login.parse().unwrap(),
                graph.parse().unwrap(),
                vec!["teams.larkspur.example".into()],
            )
        };
        assert!(
            at(
                "https://login.larkspur.example",
                "https://graph.larkspur.example"
            )
            .is_ok()
        );
        assert!(at("http://127.0.0.1:1", "http://[::1]:1").is_ok());
        assert!(matches!(
            at("http://169.254.169.254", "https://graph.larkspur.example"),
            Err(CloudError::Insecure(_))
        ));
        assert!(matches!(
            at(
                "https://login.larkspur.example/tenant",
                "https://graph.larkspur.example"
            ),
            Err(CloudError::NotBare(_))
        ));
        assert!(matches!(
            at(
                "https://you:x@login.larkspur.example",
                "https://graph.larkspur.example"
            ),
            Err(CloudError::NotBare(_))
        ));
    }

    #[test]
    fn issuers_are_built_from_the_login_address() {
        assert_eq!(
            Cloud::global().issuer("{tenantid}"),
            "https://login.microsoftonline.com/{tenantid}/v2.0"
        );
        assert_eq!(sandbox().issuer("x"), "http://localhost:8081/x/v2.0");
    }
}
