//! The one configuration file: typed, complete, and strict.
//!
//! An unknown key is refused with its line and the nearest key that exists.
//! Secrets are never in the file; it names the files that hold them, and the
//! environment may name others ([`OVERRIDES`]).
//!
//! `ithaca.example.toml` explains every setting; a test keeps it and these
//! types together.

mod check;
mod network;
mod read;

use std::fmt;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ::microsoft::Cloud;
use secrecy::SecretString;
use serde::Deserialize;
use thiserror::Error;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroize as _;

pub use check::Finding;
pub use network::Network;

/// Everything an operator may set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address people use: scheme and host, nothing after it.
    #[serde(deserialize_with = "read::url")]
    pub public_url: Url,
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// So long it says that it is not ready any more before it ends.
    #[serde(default)]
    pub drain_seconds: u16,
    /// Whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<Network>,
    /// The key that secrets are sealed with.
    #[serde(default)]
    pub key_file: PathBuf,
    /// Keys that only open what was sealed with them before.
    #[serde(default)]
    pub retired_key_files: Vec<PathBuf>,
    pub database: Database,
    /// Without it no mail is sent.
    pub smtp: Option<Smtp>,
    /// Without it Teams can't be integrated.
    pub microsoft: Option<Microsoft>,
    /// Without it nobody is shown how the instance does.
    pub operator: Option<Operator>,
    #[serde(default)]
    pub log: Log,
    #[serde(default)]
    pub limits: Limits,
    /// On which line each setting stands, for [`Config::check`].
    #[serde(skip)]
    lines: read::Lines,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:` with a path, or `postgres://user@host/name`.
    pub url: String,
    /// The password that `url` may not contain.
    pub password_file: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    port: Option<u16>,
    #[serde(default)]
    pub tls: Tls,
    pub user: Option<String>,
    pub password_file: Option<PathBuf>,
    /// A certificate authority of one's own, in PEM form, trusted besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// The instance's own address: sender of every mail, ORGANIZER of every
    /// calendar entry.
    #[serde(deserialize_with = "read::address")]
    pub from: String,
}

/// How the way to the mail server is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Not at all: only towards this machine.
    None,
    /// By STARTTLS, which is required: a server that does not offer it gets nothing.
    #[default]
    Starttls,
    /// From the first byte.
    Implicit,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Microsoft {
    /// One of Microsoft's clouds; or else `login`, `graph` and `join_hosts`.
    pub cloud: Option<CloudName>,
    #[serde(default, deserialize_with = "read::some_url")]
    pub login: Option<Url>,
    #[serde(default, deserialize_with = "read::some_url")]
    pub graph: Option<Url>,
    #[serde(default)]
    pub join_hosts: Vec<String>,
    /// "Application (client) ID" of the app registration.
    pub client_id: Uuid,
    /// Every secret that is valid now: two while one is being replaced.
    #[serde(default)]
    pub client_secret_files: Vec<PathBuf>,
}

/// Microsoft's clouds that know Teams meetings ("National cloud deployments").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloudName {
    Global,
    UsGovernmentL4,
    UsGovernmentDod,
}

/// The operator's own door.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    pub listen: SocketAddr,
    /// What whoever comes there has to know.
    pub secret_file: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// As `tracing` reads it: `info`, or `info,ithaca=debug`.
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Failed sign-ins per account and per client address within 15 minutes.
    pub sign_in_failures: u16,
    /// Mails on their way to the mail server at once.
    pub mails_at_once: u16,
    /// Requests of one API token within a minute, over all nodes.
    pub api_requests_per_minute: u16,
}

/// Environment variables that name other files than the configuration does.
///
/// They are for places that hand secrets to a program as files (systemd credentials,
/// container secrets). Several files are separated by colons.
pub const OVERRIDES: [&str; 6] = [
    "ITHACA_KEY_FILE",
    "ITHACA_RETIRED_KEY_FILES",
    "ITHACA_DATABASE_PASSWORD_FILE",
    "ITHACA_SMTP_PASSWORD_FILE",
    "ITHACA_MICROSOFT_CLIENT_SECRET_FILES",
    "ITHACA_OPERATOR_SECRET_FILE",
];

/// A configuration that can't be used, with all that is known to be wrong.
#[derive(Debug, Error)]
pub struct ConfigError {
    path: PathBuf,
    pub findings: Vec<Finding>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}", finding.in_file(&self.path))?;
        }
        Ok(())
    }
}

impl Config {
    /// Reads the file at `path` and the overrides of the environment. Paths
    /// within it are relative to the folder it lies in.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let failed = |finding| ConfigError {
            path: path.to_owned(),
            findings: vec![finding],
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            failed(Finding {
                line: None,
                what: format!("the configuration can't be read: {error}"),
                remedy: "`ithaca.example.toml` is one to start from".to_owned(),
            })
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder, |name| std::env::var(name).ok()).map_err(failed)
    }

    fn parse(
        text: &str,
        folder: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Finding> {
        let mut config: Self = toml::from_str(text).map_err(|error| read::finding(text, &error))?;
        config.lines = read::Lines::of(text);
        config.override_files(environment);
        config.resolve(folder);
        if config.key_file.as_os_str().is_empty() {
            return Err(Finding {
                line: None,
                what: "`key_file` is missing".to_owned(),
                remedy: "`ithaca key create FILE` makes one; name it here".to_owned(),
            });
        }
        Ok(config)
    }

    fn override_files(&mut self, environment: impl Fn(&str) -> Option<String>) {
        let [key, retired, database, smtp, microsoft, operator] = OVERRIDES.map(&environment);
        let several = |value: String| value.split(':').map(PathBuf::from).collect();
        if let Some(value) = key {
            self.key_file = value.into();
        }
        if let Some(value) = retired {
            self.retired_key_files = several(value);
        }
        if let Some(value) = database {
            self.database.password_file = Some(value.into());
        }
        if let (Some(value), Some(section)) = (smtp, &mut self.smtp) {
            section.password_file = Some(value.into());
        }
        if let (Some(value), Some(section)) = (microsoft, &mut self.microsoft) {
            section.client_secret_files = several(value);
        }
        if let (Some(value), Some(section)) = (operator, &mut self.operator) {
            section.secret_file = Some(value.into());
        }
    }

    fn resolve(&mut self, folder: &Path) {
        let smtp = self.smtp.iter_mut();
        let microsoft = self.microsoft.iter_mut();
        let operator = self.operator.iter_mut();
        let paths = std::iter::once(&mut self.key_file)
            .chain(&mut self.retired_key_files)
            .chain(&mut self.database.password_file)
            .chain(smtp.flat_map(|smtp| smtp.password_file.iter_mut().chain(&mut smtp.ca_file)))
            .chain(microsoft.flat_map(|microsoft| &mut microsoft.client_secret_files))
            .chain(operator.flat_map(|operator| &mut operator.secret_file));
        for path in paths.filter(|path| !path.as_os_str().is_empty()) {
            *path = folder.join(&*path);
        }
        if let Some(file) = self.database.sqlite_file() {
            self.database.url = format!("sqlite:{}", folder.join(file).display());
        }
    }
}

impl Database {
    /// The file, where the database is one.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let path = self.url.strip_prefix("sqlite:")?;
        Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
    }

    /// The address of a database server, with its password.
    pub fn postgres_url(&self) -> std::io::Result<SecretString> {
        let Some(path) = &self.password_file else {
            return Ok(SecretString::from(self.url.clone()));
        };
        let mut url = Url::parse(&self.url).map_err(std::io::Error::other)?;
        let password = read_secret(path)?;
        url.set_password(Some(secrecy::ExposeSecret::expose_secret(&password)))
            .map_err(|()| std::io::Error::other("the database's address names no host"))?;
        Ok(SecretString::from(String::from(url)))
    }
}

impl Microsoft {
    /// The addresses that are meant, or what is missing in a sentence.
    pub fn addresses(&self) -> Result<Cloud, String> {
        match (self.cloud, &self.login, &self.graph) {
            (Some(name), None, None) if self.join_hosts.is_empty() => Ok(match name {
                CloudName::Global => Cloud::global(),
                CloudName::UsGovernmentL4 => Cloud::us_government_l4(),
                CloudName::UsGovernmentDod => Cloud::us_government_dod(),
            }),
            (None, Some(login), Some(graph)) => {
                Cloud::at(login.clone(), graph.clone(), self.join_hosts.clone())
                    .map_err(|error| error.to_string())
            }
            _ => Err("either `cloud` is needed, or `login`, `graph` and `join_hosts`".to_owned()),
        }
    }

    /// Reads the client secrets, in the order they are named.
    pub fn client_secrets(&self) -> std::io::Result<Vec<SecretString>> {
        let files = self.client_secret_files.iter();
        files.map(|path| read_secret(path)).collect()
    }
}

impl Smtp {
    /// A mail server without encryption and sign-in, as on this machine.
    pub fn plain(host: &str, port: u16, from: &str) -> Self {
        Self {
            host: host.to_owned(),
            port: Some(port),
            tls: Tls::None,
            user: None,
            password_file: None,
            ca_file: None,
            from: from.to_owned(),
        }
    }

    /// As set, or the usual one for the kind of encryption (RFC 8314).
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            Tls::None => 25,
            Tls::Starttls => 587,
            Tls::Implicit => 465,
        })
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_in_failures: 10,
            mails_at_once: 4,
            api_requests_per_minute: 3_000,
        }
    }
}

/// The secret that a file holds, without the line break editors add.
pub fn read_secret(path: &Path) -> std::io::Result<SecretString> {
    const LONGEST: u64 = 16 * 1024;
    let mut text = String::with_capacity(512);
    std::fs::File::open(path)?
        .take(LONGEST)
        .read_to_string(&mut text)?;
    let secret = SecretString::from(text.trim_end_matches(['\r', '\n']));
    text.zeroize();
    Ok(secret)
}

fn default_listen() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 8080).into()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const EXAMPLE: &str = include_str!("../../../../ithaca.example.toml");

    fn parse(text: &str) -> Result<Config, Finding> {
        Config::parse(text, Path::new("/etc/ithaca"), |_| None)
    }

    /// The example with the settings uncommented that `which` chooses by the
    /// words that explain them.
    fn uncommented(which: impl Fn(&str) -> bool) -> String {
        let mut explained = String::new();
        let mut text = String::new();
        for line in EXAMPLE.lines() {
            let prose = line.starts_with("# ") || line == "#";
            if prose {
                explained.push_str(&line[1..]);
            }
            match line.strip_prefix('#') {
                Some(setting) if !prose && which(&explained) => text.push_str(setting),
                _ => text.push_str(line),
            }
            if line.is_empty() {
                explained.clear();
            }
            text.push('\n');
        }
        text
    }

    /// The settings by section, as the types know them: what the error about an
    /// unknown one lists.
    fn known_settings(sections: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
        sections
            .iter()
            .map(|section| {
                let header = format!("[{section}]");
                let text = if section.is_empty() {
                    format!("nonsense = 1\n{EXAMPLE}")
                } else {
                    EXAMPLE.replace(&header, &format!("{header}\nnonsense = 1"))
                };
                let error = toml::from_str::<Config>(&text).unwrap_err();
                let names = error.message().split('`').skip(1).step_by(2);
                let known = names.skip(1).map(str::to_owned).collect();
                ((*section).to_owned(), known)
            })
            .collect()
    }

    #[test]
    fn the_example_has_every_setting_and_no_other() {
        let all = uncommented(|_| true);
        let table: toml::Table = all.parse().unwrap();
        let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, value) in &table {
            written
                .entry(String::new())
                .or_default()
                .insert(name.clone());
            if let toml::Value::Table(section) = value {
                written.insert(name.clone(), section.keys().cloned().collect());
            }
        }
        let sections: Vec<&str> = written.keys().map(String::as_str).collect();
        assert_eq!(known_settings(&sections), written);
        parse(&all).unwrap();
    }

    #[test]
    fn the_example_names_the_defaults_that_apply() {
        let defaults = uncommented(|words| words.contains("Default:"));
        assert_ne!(
            defaults,
            format!("{EXAMPLE}\n"),
            "no default was uncommented"
        );
        assert_eq!(parse(EXAMPLE).unwrap(), parse(&defaults).unwrap());
        assert_eq!(parse(EXAMPLE).unwrap().smtp.unwrap().port(), 587);
    }

    #[test]
    fn the_example_names_every_variable_of_the_environment() {
        for name in OVERRIDES {
            assert!(EXAMPLE.contains(name), "{name}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused_with_its_line_and_the_nearest_one() {
        let text = EXAMPLE.replace("host = \"smtp", "hots = \"smtp");
        let line = text
            .lines()
            .position(|line| line.starts_with("hots"))
            .unwrap()
            + 1;
        let finding = parse(&text).unwrap_err();
        assert_eq!(finding.line, Some(line));
        assert_eq!(finding.what, "`hots` is not a setting");
        assert_eq!(finding.remedy, "did you mean `host`?");
        assert_eq!(
            finding.in_file(Path::new("ithaca.toml")).to_string(),
            format!("ithaca.toml:{line}: `hots` is not a setting: did you mean `host`?")
        );

        let finding = parse(&format!("colour = \"green\"\n{EXAMPLE}")).unwrap_err();
        assert_eq!(finding.line, Some(1));
        assert!(
            finding
                .remedy
                .starts_with("the settings here are public_url, listen")
        );
    }

    #[test]
    fn a_value_that_cannot_be_is_refused_with_its_line() {
        for (right, wrong, what) in [
            (
                "public_url = \"https:",
                "public_url = \"https//",
                "is not an address",
            ),
            (
                "https://ithaca.larkspur.example",
                "https://x/path",
                "is not an address",
            ),
            (
                "https://ithaca.larkspur.example",
                "ftp://x",
                "is not an address",
            ),
            (
                "from = \"ithaca@larkspur.example\"",
                "from = \"a@b,c@d\"",
                "is not an e-mail address",
            ),
            (
                "#listen = \"127.0.0.1:8080\"",
                "listen = \"8080\"",
                "invalid socket address",
            ),
            (
                "#trusted_proxies = []",
                "trusted_proxies = [\"proxy\"]",
                "a range of them",
            ),
            ("#port = 587", "port = 65536", "65536"),
            (
                "#tls = \"starttls\"",
                "tls = \"maybe\"",
                "unknown variant `maybe`",
            ),
            (
                "cloud = \"global\"",
                "cloud = \"china\"",
                "unknown variant `china`",
            ),
            ("client_id = \"0000", "client_id = \"x", "UUID"),
            ("[log]", "[log", ""),
        ] {
            let text = EXAMPLE.replace(right, wrong);
            assert_ne!(text, EXAMPLE, "{right}");
            let finding = parse(&text).unwrap_err();
            assert!(finding.what.contains(what), "{wrong}: {finding:?}");
            let line = finding.line.expect("a line");
            assert!(
                text.lines().nth(line - 1).unwrap().contains(wrong),
                "{wrong}: {finding:?}"
            );
            assert!(!finding.remedy.is_empty());
        }
    }

    #[test]
    fn a_missing_setting_is_named() {
        let without = |line: &str| {
            let text = EXAMPLE.lines().filter(|one| !one.starts_with(line));
            parse(&text.collect::<Vec<_>>().join("\n"))
                .unwrap_err()
                .what
        };
        assert_eq!(without("public_url"), "`public_url` is missing");
        assert_eq!(without("key_file"), "`key_file` is missing");
        assert_eq!(without("from"), "`from` is missing");
    }

    #[test]
    fn the_environment_may_name_other_files() {
        let text = EXAMPLE.replace("key_file = ", "#key_file = ");
        let config = Config::parse(&text, Path::new("/etc/ithaca"), |name| match name {
            "ITHACA_KEY_FILE" => Some("/run/credentials/key".to_owned()),
            "ITHACA_RETIRED_KEY_FILES" => Some("/run/credentials/old:older".to_owned()),
            "ITHACA_SMTP_PASSWORD_FILE" => Some("/run/credentials/smtp".to_owned()),
            _ => None,
        })
        .unwrap();
        assert_eq!(config.key_file, Path::new("/run/credentials/key"));
        assert_eq!(
            config.retired_key_files,
            [
                Path::new("/run/credentials/old"),
                Path::new("/etc/ithaca/older")
            ]
        );
        assert_eq!(
            config.smtp.unwrap().password_file.unwrap(),
            Path::new("/run/credentials/smtp")
        );
    }

    #[test]
    fn paths_are_relative_to_the_file_they_stand_in() {
        let text = EXAMPLE
            .replace("/etc/ithaca/key", "keys/current")
            .replace("sqlite:/var/lib/ithaca/ithaca.db", "sqlite:ithaca.db");
        let config = parse(&text).unwrap();
        assert_eq!(config.key_file, Path::new("/etc/ithaca/keys/current"));
        assert_eq!(
            config.database.sqlite_file().unwrap(),
            Path::new("/etc/ithaca/ithaca.db")
        );
        assert_eq!(
            parse(EXAMPLE).unwrap().database.sqlite_file().unwrap(),
            Path::new("/var/lib/ithaca/ithaca.db")
        );
    }
}
