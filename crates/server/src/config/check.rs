//! What `ithaca check` looks at: all that can be known before anything is
//! started or written.

use std::fmt;
use std::io::Read as _;
use std::net::{IpAddr, TcpStream, ToSocketAddrs as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use super::{Config, Microsoft, Operator, Smtp, Tls, read_secret};
use crate::vault::{Key, VaultError};

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line in the file, where it is about one.
    pub line: Option<usize>,
    pub what: String,
    pub remedy: String,
}

impl Finding {
    /// `ithaca.toml:12: what is wrong: what to do`
    pub fn in_file<'a>(&'a self, path: &'a Path) -> impl fmt::Display + 'a {
        std::fmt::from_fn(move |f| {
            write!(f, "{}", path.display())?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
            write!(f, ": {}: {}", self.what, self.remedy)
        })
    }
}

/// How long the mail server may take to greet.
const GREETING: Duration = Duration::from_secs(5);

impl Config {
    /// Looks at everything the configuration names: files and their
    /// permissions, folders, the mail server. Changes nothing; blocks for some
    /// seconds where the mail server does not answer.
    pub fn check(&self) -> Vec<Finding> {
        let mut findings = Findings {
            config: self,
            found: Vec::new(),
        };
        findings.addresses();
        findings.keys();
        findings.database();
        if let Some(smtp) = &self.smtp {
            findings.smtp(smtp);
        }
        if let Some(microsoft) = &self.microsoft {
            findings.microsoft(microsoft);
        }
        if let Some(operator) = &self.operator {
            findings.operator(operator);
        }
        if let Err(error) = EnvFilter::try_new(&self.log.filter) {
            findings.add(
                "log.filter",
                format!("`{}` is not a filter ({error})", self.log.filter),
                "write a level such as info, or info,ithaca=debug",
            );
        }
        for (name, limit) in [
            ("limits.sign_in_failures", self.limits.sign_in_failures),
            ("limits.mails_at_once", self.limits.mails_at_once),
            (
                "limits.api_requests_per_minute",
                self.limits.api_requests_per_minute,
            ),
        ] {
            if limit == 0 {
                findings.add(name, "0 would allow nothing at all", "write 1 or more");
            }
        }
        findings.found
    }
}

struct Findings<'a> {
    config: &'a Config,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, setting: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.found.push(Finding {
            line: self.config.lines.find(setting),
            what: format!("{setting}: {}", what.into()),
            remedy: remedy.into(),
        });
    }

    fn addresses(&mut self) {
        let url = &self.config.public_url;
        if url.scheme() != "https" && !is_loopback(url) {
            self.add(
                "public_url",
                format!("{url} is not encrypted, and browsers keep no session there"),
                "write https://; plain http:// works only on this machine's loopback",
            );
        }
        if self
            .config
            .trusted_proxies
            .iter()
            .any(super::Network::is_everyone)
        {
            self.add(
                "trusted_proxies",
                "this believes everyone, so anyone can choose the address they appear from",
                "name only your own reverse proxies",
            );
        }
    }

    fn keys(&mut self) {
        let config = self.config;
        let mut ids = Vec::new();
        let retired = config.retired_key_files.iter();
        let files = std::iter::once(("key_file", &config.key_file))
            .chain(retired.map(|path| ("retired_key_files", path)));
        for (setting, path) in files {
            match Key::read(path) {
                Ok(key) if ids.contains(&key.id().to_owned()) => self.add(
                    setting,
                    format!("{} holds key {} once more", path.display(), key.id()),
                    "name each key once",
                ),
                Ok(key) => ids.push(key.id().to_owned()),
                Err(VaultError::KeyFile { path, what }) => {
                    let (what, remedy) = what
                        .split_once("; ")
                        .unwrap_or((&what, "put back the key file, from your copy of it"));
                    self.add(setting, format!("{}: {what}", path.display()), remedy);
                }
                Err(other) => self.add(setting, other.to_string(), "put back the key file"),
            }
        }
    }

    fn database(&mut self) {
        let database = &self.config.database;
        if let Some(file) = database.sqlite_file() {
            let folder = match file.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            if let Err(error) = can_write(folder) {
                self.add(
                    "database.url",
                    format!("{} can't be written: {error}", folder.display()),
                    "make the folder, and give it to the account that Ithaca runs as",
                );
            }
            return;
        }
        match Url::parse(&database.url) {
            Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => {
                if url.password().is_some() {
                    self.add(
                        "database.url",
                        "a password stands in this address",
                        "move it to a file of its own and name that as `password_file`",
                    );
                }
                if let Some(path) = &database.password_file {
                    self.secret("database.password_file", path);
                }
            }
            _ => self.add(
                "database.url",
                "this is neither SQLite nor PostgreSQL",
                "write sqlite:/var/lib/ithaca/ithaca.db or postgres://user@host/name",
            ),
        }
    }

    fn smtp(&mut self, smtp: &Smtp) {
        match (&smtp.user, &smtp.password_file) {
            (Some(_), None) => self.add(
                "smtp.user",
                "there is a user but no password",
                "name a file with it as `password_file`",
            ),
            (None, Some(_)) => self.add(
                "smtp.password_file",
                "there is a password but no user",
                "name the `user`, or remove the password",
            ),
            _ => {}
        }
        if let Some(path) = &smtp.password_file {
            self.secret("smtp.password_file", path);
        }
        if let Some(path) = &smtp.ca_file
            && let Err(error) = std::fs::File::open(path)
        {
            self.add(
                "smtp.ca_file",
                format!("{} can't be read: {error}", path.display()),
                "name a readable file in PEM form",
            );
        }
        let addresses: Vec<_> = match (smtp.host.as_str(), smtp.port()).to_socket_addrs() {
            Ok(addresses) => addresses.collect(),
            Err(error) => {
                return self.add(
                    "smtp.host",
                    format!("{} is not found: {error}", smtp.host),
                    "check the name, and that this machine can ask for it",
                );
            }
        };
        if smtp.tls == Tls::None && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return self.add(
                "smtp.tls",
                format!(
                    "{} is not on this machine, and mail to it would not be encrypted",
                    smtp.host
                ),
                "write tls = \"starttls\" or \"implicit\"",
            );
        }
        if let Err(error) = greets(smtp, &addresses) {
            self.add(
                "smtp.host",
                format!(
                    "{}:{} does not answer as a mail server: {error}",
                    smtp.host,
                    smtp.port()
                ),
                "check host, port and `tls`, and that a firewall lets this machine through",
            );
        }
    }

    fn microsoft(&mut self, microsoft: &Microsoft) {
        let before = self.found.len();
        let own = microsoft.login.is_some()
            || microsoft.graph.is_some()
            || !microsoft.join_hosts.is_empty();
        match (microsoft.cloud, own) {
            (Some(_), true) => self.add(
                "microsoft.cloud",
                "a cloud is named and so are addresses of another",
                "keep `cloud`, or `login`, `graph` and `join_hosts`",
            ),
            (None, true) if microsoft.login.is_none() || microsoft.graph.is_none() => self.add(
                "microsoft",
                "only one of the two addresses is there",
                "write both `login` and `graph`, or name a `cloud`",
            ),
            (None, false) => self.add(
                "microsoft",
                "it is not said which cloud is meant",
                "write cloud = \"global\"",
            ),
            _ => {}
        }
        for (setting, url) in [
            ("microsoft.login", &microsoft.login),
            ("microsoft.graph", &microsoft.graph),
        ] {
            if let Some(url) = url {
                self.endpoint(setting, url);
            }
        }
        if own && microsoft.join_hosts.is_empty() {
            self.add(
                "microsoft.join_hosts",
                "no host is named where meetings may be joined",
                "write the host of the join addresses, such as teams.microsoft.com",
            );
        }
        if self.found.len() == before
            && let Err(what) = microsoft.addresses()
        {
            self.add(
                "microsoft",
                what.trim_end_matches('.'),
                "`ithaca.example.toml` shows how it is written",
            );
        }
        if microsoft.client_secret_files.is_empty() {
            self.add(
                "microsoft.client_secret_files",
                "there is no client secret",
                "make one in the app registration and name the file that holds it",
            );
        }
        for path in &microsoft.client_secret_files {
            self.secret("microsoft.client_secret_files", path);
        }
    }

    fn operator(&mut self, operator: &Operator) {
        match &operator.secret_file {
            Some(path) => self.secret("operator.secret_file", path),
            None if !operator.listen.ip().is_loopback() => self.add(
                "operator.listen",
                format!(
                    "{} can be reached from other machines, and nobody is asked for a secret",
                    operator.listen
                ),
                "name a file with one as `secret_file`, or listen at 127.0.0.1",
            ),
            None => {}
        }
        if operator.listen == self.config.listen {
            self.add(
                "operator.listen",
                "this is where people are answered",
                "choose another port",
            );
        }
    }

    /// Tokens go there: it must be encrypted, and not a machine inside our own
    /// network that a mistyped or planted address would reach.
    fn endpoint(&mut self, setting: &str, url: &Url) {
        if is_loopback(url) {
            return;
        }
        if url.scheme() != "https" {
            self.add(
                setting,
                format!("{url} is not encrypted"),
                "write https://; plain http:// works only on this machine's loopback",
            );
            return;
        }
        let port = url.port_or_known_default().unwrap_or(443);
        let addresses: Vec<IpAddr> = match url.host() {
            Some(Host::Ipv4(ip)) => vec![ip.into()],
            Some(Host::Ipv6(ip)) => vec![ip.into()],
            Some(Host::Domain(name)) => match (name, port).to_socket_addrs() {
                Ok(addresses) => addresses.map(|address| address.ip()).collect(),
                Err(error) => {
                    return self.add(
                        setting,
                        format!("{name} is not found: {error}"),
                        "check the name, and that this machine can ask for it",
                    );
                }
            },
            None => Vec::new(),
        };
        if let Some(inner) = addresses.into_iter().find(|ip| !is_public(*ip)) {
            self.add(
                setting,
                format!("{url} leads to {inner}, which is not on the internet"),
                "name Microsoft's own address",
            );
        }
    }

    fn secret(&mut self, setting: &str, path: &Path) {
        let shown = path.display();
        match read_secret(path) {
            Err(error) => self.add(
                setting,
                format!("{shown} can't be read: {error}"),
                "make the file, readable for the account that Ithaca runs as",
            ),
            Ok(secret) if secret.expose_secret().trim().is_empty() => {
                self.add(
                    setting,
                    format!("{shown} is empty"),
                    "put the secret into it",
                );
            }
            Ok(_) => {
                let mode = std::fs::metadata(path).map_or(0, |file| file.permissions().mode());
                if mode & 0o007 != 0 {
                    self.add(
                        setting,
                        format!("everyone on this machine may read {shown}"),
                        format!("`chmod 600 {shown}`"),
                    );
                }
            }
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether an address lies on the internet, not on this machine, in a private
/// network or at a link-local metadata server.
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || ip.is_documentation()
                || a == 0
                // Carrier-grade NAT (RFC 6598) and what is kept for later.
                || (a == 100 && (64..128).contains(&b))
                || a >= 240)
        }
        IpAddr::V6(ip) => {
            !(ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unique_local()
                || ip.is_unicast_link_local())
        }
    }
}

/// A file is made and removed: permission bits don't tell about read-only
/// mounts, full disks and access lists.
fn can_write(folder: &Path) -> std::io::Result<()> {
    let trial = folder.join(format!(".ithaca-check-{}", std::process::id()));
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&trial)?;
    std::fs::remove_file(trial)
}

/// Behind implicit TLS the greeting is encrypted; that someone answers has to do.
fn greets(smtp: &Smtp, addresses: &[std::net::SocketAddr]) -> std::io::Result<()> {
    let mut last = std::io::Error::other("it has no address");
    for address in addresses {
        match TcpStream::connect_timeout(address, GREETING) {
            Ok(_) if smtp.tls == Tls::Implicit => return Ok(()),
            Ok(mut stream) => {
                stream.set_read_timeout(Some(GREETING))?;
                let mut greeting = [0; 3];
                stream.read_exact(&mut greeting)?;
                return if &greeting == b"220" {
                    Ok(())
                } else {
                    Err(std::io::Error::other("it greets with something else"))
                };
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;

    use super::*;
    use crate::clock::Randomness;
    use crate::scratch::Scratch;
    use crate::vault::Vault;

    /// Says these words to everyone who connects, for as long as the tests run.
    fn greeter(words: &'static [u8]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = stream.and_then(|mut stream| stream.write_all(words));
            }
        });
        port
    }

    /// A configuration that is in order, on this machine.
    struct Instance {
        folder: Scratch,
        smtp_port: u16,
    }

    impl Instance {
        fn new() -> Self {
            let folder = Scratch::new();
            Vault::make_key_file(&folder.path().join("key"), &Randomness::system()).unwrap();
            folder.file("client-secret", "s3cret\n", 0o600);
            Self {
                folder,
                smtp_port: greeter(b"220 mail.larkspur.example\r\n"),
            }
        }

        fn text(&self) -> String {
            format!(
                "public_url = \"https://ithaca.larkspur.example\"\n\
                 key_file = \"key\"\n\
                 [database]\n\
                 url = \"sqlite:ithaca.db\"\n\
                 [smtp]\n\
                 host = \"127.0.0.1\"\n\
                 port = {}\n\
                 tls = \"none\"\n\
                 from = \"ithaca@larkspur.example\"\n\
                 [microsoft]\n\
                 cloud = \"global\"\n\
                 client_id = \"4f0e1d5c-8a3b-4c2d-9e1f-0a1b2c3d4e5f\"\n\
                 client_secret_files = [\"client-secret\"]\n",
                self.smtp_port
            )
        }

        fn check(&self, text: &str) -> Vec<Finding> {
            let config = Config::parse(text, self.folder.path(), |_| None).unwrap();
            config.check()
        }

        /// The one finding after `right` was replaced by `wrong`.
        fn finding(&self, right: &str, wrong: &str) -> Finding {
            let text = self.text().replace(right, wrong);
            assert_ne!(text, self.text(), "{right}");
            let mut findings = self.check(&text);
            assert_eq!(findings.len(), 1, "{wrong}: {findings:?}");
            let finding = findings.remove(0);
            let line = finding.line.expect("a line");
            assert!(line <= text.lines().count());
            finding
        }
    }

    #[test]
    fn a_configuration_in_order_has_no_findings() {
        let instance = Instance::new();
        assert_eq!(instance.check(&instance.text()), []);
    }

    /// What is right, what stands there instead, on which line it is found, and the words.
    const WRONG: &[(&str, &str, usize, &str)] = &[
        (
            "https://ithaca.larkspur",
            "http://ithaca.larkspur",
            1,
            "not encrypted",
        ),
        ("\"key\"", "\"keys\"", 2, "can't be opened"),
        (
            "\"key\"",
            "\"key\"\nretired_key_files = [\"key\"]",
            3,
            "once more",
        ),
        ("\"key\"", "\"client-secret\"", 2, "not a key file"),
        (
            "sqlite:ithaca.db",
            "sqlite:nowhere/ithaca.db",
            4,
            "can't be written",
        ),
        ("sqlite:ithaca.db", "mysql://db/ithaca", 4, "neither"),
        (
            "sqlite:ithaca.db",
            "postgres://ithaca:pw@db/ithaca",
            4,
            "password stands in",
        ),
        (
            "tls = \"none\"",
            "tls = \"none\"\nuser = \"ithaca\"",
            9,
            "no password",
        ),
        (
            "tls = \"none\"",
            "tls = \"none\"\nca_file = \"ca\"",
            9,
            "can't be read",
        ),
        (
            "host = \"127.0.0.1\"",
            "host = \"mail.invalid\"",
            6,
            "not found",
        ),
        (
            "host = \"127.0.0.1\"",
            "host = \"192.0.2.1\"",
            8,
            "not on this machine",
        ),
        ("cloud = \"global\"\n", "", 10, "which cloud"),
        (
            "cloud = \"global\"",
            "cloud = \"global\"\nlogin = \"https://127.0.0.1\"\njoin_hosts = [\"x\"]",
            11,
            "addresses of another",
        ),
        (
            "cloud = \"global\"",
            "login = \"https://127.0.0.1\"\njoin_hosts = [\"x\"]",
            10,
            "only one",
        ),
        (
            "cloud = \"global\"",
            "login = \"http://login.larkspur.example\"\ngraph = \"http://127.0.0.1\"\njoin_hosts = [\"x\"]",
            11,
            "not encrypted",
        ),
        (
            "cloud = \"global\"",
            "login = \"https://169.254.169.254\"\ngraph = \"http://localhost\"\njoin_hosts = [\"x\"]",
            11,
            "not on the internet",
        ),
        (
            "cloud = \"global\"",
            "login = \"https://[::ffff:10.0.0.1]\"\ngraph = \"http://localhost\"\njoin_hosts = [\"x\"]",
            11,
            "not on the internet",
        ),
        (
            "cloud = \"global\"",
            "login = \"http://localhost\"\ngraph = \"http://localhost\"",
            10,
            "where meetings may be joined",
        ),
        (
            "cloud = \"global\"",
            "login = \"http://localhost\"\ngraph = \"http://localhost\"\njoin_hosts = [\"a/b\"]",
            10,
            "could be joined on",
        ),
        ("\"client-secret\"", "\"no-secret\"", 13, "can't be read"),
        ("[\"client-secret\"]", "[]", 13, "no client secret"),
        (
            "key_file",
            "trusted_proxies = [\"0.0.0.0/0\"]\nkey_file",
            2,
            "believes everyone",
        ),
        (
            "[microsoft]",
            "[log]\nfilter = \"a=b=c\"\n[microsoft]",
            11,
            "not a filter",
        ),
        (
            "[microsoft]",
            "[operator]\nlisten = \"0.0.0.0:9464\"\n[microsoft]",
            11,
            "nobody is asked for a secret",
        ),
        (
            "[microsoft]",
            "[operator]\nlisten = \"127.0.0.1:8080\"\n[microsoft]",
            11,
            "where people are answered",
        ),
        (
            "[microsoft]",
            "[limits]\nmails_at_once = 0\n[microsoft]",
            11,
            "nothing at all",
        ),
    ];

    #[test]
    fn what_is_wrong_is_found_with_its_line_and_a_remedy() {
        let instance = Instance::new();
        for (right, wrong, line, what) in WRONG {
            let finding = instance.finding(right, wrong);
            assert!(finding.what.contains(what), "{wrong}: {finding:?}");
            assert_eq!(finding.line, Some(*line), "{wrong}: {finding:?}");
            assert!(!finding.remedy.is_empty() && !finding.remedy.ends_with('.'));
        }
    }

    #[test]
    fn secrets_that_everyone_may_read_are_found() {
        let instance = Instance::new();
        instance.folder.file("client-secret", "s3cret", 0o644);
        let findings = instance.check(&instance.text());
        assert_eq!(findings.len(), 1);
        assert!(findings[0].remedy.contains("chmod 600"), "{findings:?}");
        instance.folder.file("client-secret", " \n", 0o600);
        assert!(
            instance.check(&instance.text())[0]
                .what
                .ends_with("is empty")
        );
    }

    #[test]
    fn a_mail_server_that_is_not_one_is_found() {
        let instance = Instance::new();
        let port = greeter(b"HTTP/1.1 400 Bad Request\r\n");
        let own = format!("port = {}", instance.smtp_port);
        let finding = instance.finding(&own, &format!("port = {port}"));
        assert!(
            finding.what.contains("greets with something else"),
            "{finding:?}"
        );
        let finding = instance.finding(&own, "port = 1");
        assert!(finding.what.contains("does not answer"), "{finding:?}");
    }

    #[test]
    fn only_addresses_on_the_internet_are_public() {
        for inner in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
        ] {
            assert!(!is_public(inner.parse().unwrap()), "{inner}");
        }
        for outer in ["20.190.160.1", "2603:1026::1"] {
            assert!(is_public(outer.parse().unwrap()), "{outer}");
        }
    }
}
