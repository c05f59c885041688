//! `ithaca sandbox`, started the way somebody with a project of their own would.

use std::path::{Path, PathBuf};

use reqwest::Version;
use serde::Deserialize;
use serde_json::Value;

use crate::child::Child;
use crate::runtime::{PATIENCE, wait_for};

/// A running sandbox tenant.
#[derive(Debug)]
pub struct Standalone {
    pub program: Child,
    pub first_line: FirstLine,
    folder: PathBuf,
}

/// The first line of `--json`, and nothing besides.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstLine {
    pub url: String,
    pub tls_url: String,
    pub smtp: String,
    pub admin_url: String,
    pub tenants: Vec<Tenant>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    pub id: String,
    pub domain: String,
    pub apps: Vec<App>,
    pub people: Vec<Account>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub client_id: String,
    pub client_secret: String,
    pub redirect_uris: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub upn: String,
    pub object_id: String,
    pub password: String,
}

/// Flags that pick free ports for every door.
const FREE_PORTS: [&str; 8] = [
    "--listen",
    "localhost:0",
    "--tls-listen",
    "localhost:0",
    "--smtp-listen",
    "localhost:0",
    "--admin-listen",
    "localhost:0",
];

fn begins(arguments: &[&str]) -> Child {
    let arguments: Vec<&str> = ["sandbox"].iter().chain(arguments).copied().collect();
    Child::starts(env!("CARGO_BIN_EXE_ithaca"), &arguments, &[])
}

impl Standalone {
    pub fn starts(name: &str) -> Self {
        Self::starts_with(name, &[])
    }

    /// Starts it with a folder of its own, for a test of this name, and with more arguments.
    pub fn starts_with(name: &str, more: &[&str]) -> Self {
        let folder = folder(name);
        let authority = folder.join("ca.pem");
        let mut arguments = FREE_PORTS.to_vec();
        arguments.extend(["--json", "--ca-out", authority.to_str().unwrap()]);
        arguments.extend(more);
        let program = begins(&arguments);
        let line = program.next_line();
        let first_line = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!("the first line is not what --json promises: {error}\n{line}")
        });
        Self {
            program,
            first_line,
            folder,
        }
    }

    /// A client that trusts nobody but the authority of this sandbox.
    pub fn client(&self) -> reqwest::ClientBuilder {
        trusting(&self.folder.join("ca.pem"))
    }

    fn issuer_at(&self, client: &reqwest::Client, url: &str) -> (Version, String) {
        let tenant = &self.first_line.tenants[0].id;
        let url = format!("{url}/{tenant}/v2.0/.well-known/openid-configuration");
        let (version, document) = wait_for(async {
            let answer = client.get(&url).send().await?;
            Ok::<_, reqwest::Error>((answer.version(), answer.text().await?))
        })
        .unwrap_or_else(|error| panic!("{url}: {error:?}"));
        let document: Value = serde_json::from_str(&document).unwrap();
        (version, document["issuer"].as_str().unwrap().to_owned())
    }
}

impl Drop for Standalone {
    fn drop(&mut self) {
        self.program.stops();
    }
}

/// A folder for a test of this name, empty at the beginning where no other try left it.
pub fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ithaca-sandbox-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn trusting(authority: &Path) -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pem = std::fs::read(authority).unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "this client trusts one authority and no other"
    )]
    reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        .no_proxy()
        .timeout(PATIENCE)
}

#[test]
fn the_first_line_says_where_to_look_and_an_app_is_approved_already() {
    let sandbox = Standalone::starts("first-line");
    let line = &sandbox.first_line;
    assert!(line.tls_url.starts_with("https://localhost:"), "{line:?}");
    assert!(line.smtp.starts_with("localhost:"), "{line:?}");
    let larkspur = &line.tenants[0];
    assert_eq!(larkspur.domain, "larkspur.example");
    let [approved, ithaca] = &larkspur.apps[..] else {
        panic!("an approved app and Ithaca's: {larkspur:?}");
    };

    let client = sandbox.client().build().unwrap();
    let asks_for_a_token = |app: &App| {
        let url = format!("{}/{}/oauth2/v2.0/token", line.tls_url, larkspur.id);
        let form = serde_urlencoded::to_string([
            ("grant_type", "client_credentials"),
            ("client_id", &app.client_id),
            ("client_secret", &app.client_secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ])
        .unwrap();
        let answer = wait_for(async {
            client
                .post(url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form)
                .send()
                .await?
                .text()
                .await
        });
        serde_json::from_str::<Value>(&answer.unwrap()).unwrap()
    };
    let refused = asks_for_a_token(ithaca);
    assert_eq!(refused["error"], "unauthorized_client", "{refused}");
    let token = asks_for_a_token(approved);
    let token = token["access_token"].as_str().unwrap();

    let host = larkspur
        .people
        .iter()
        .find(|one| one.upn == "scheduler@larkspur.example")
        .unwrap();
    let made = wait_for(async {
        let url = format!("{}/v1.0/users/{}/onlineMeetings", line.tls_url, host.object_id);
        client
            .post(url)
            .bearer_auth(token)
            .header("content-type", "application/json")
            .body(r#"{"startDateTime":"2030-01-07T09:00:00Z","endDateTime":"2030-01-07T09:30:00Z","subject":"First steps"}"#)
            .send()
            .await
    })
    .unwrap();
    assert_eq!(made.status(), 201);
    let meeting: Value = serde_json::from_str(&wait_for(made.text()).unwrap()).unwrap();
    let join = meeting["joinWebUrl"].as_str().unwrap();
    assert!(
        join.starts_with(&format!("{}/l/meetup-join/", line.url)),
        "join pages open in any browser: {join}"
    );
}

#[test]
fn each_client_finds_the_issuer_under_the_address_that_it_used() {
    let sandbox = Standalone::starts("issuers");
    let line = &sandbox.first_line;
    let tenant = &line.tenants[0].id;
    let client = sandbox.client().build().unwrap();
    let by_address = line.tls_url.replace("localhost", "127.0.0.1");
    for url in [&line.tls_url, &by_address, &line.url] {
        let (_, issuer) = sandbox.issuer_at(&client, url);
        assert_eq!(issuer, format!("{url}/{tenant}/v2.0"));
    }
    let strange = wait_for(async {
        client
            .get(format!(
                "{}/{tenant}/v2.0/.well-known/openid-configuration",
                line.tls_url
            ))
            .version(Version::HTTP_11)
            .header("host", "evil.example")
            .send()
            .await?
            .text()
            .await
    })
    .unwrap();
    assert!(!strange.contains("evil.example"), "{strange}");
    assert!(strange.contains(&line.tls_url), "{strange}");
}

#[test]
fn a_client_chooses_between_the_two_versions_of_http() {
    let sandbox = Standalone::starts("versions");
    let url = &sandbox.first_line.tls_url;
    let newer = sandbox.client().build().unwrap();
    assert_eq!(sandbox.issuer_at(&newer, url).0, Version::HTTP_2);
    let older = sandbox.client().http1_only().build().unwrap();
    assert_eq!(sandbox.issuer_at(&older, url).0, Version::HTTP_11);
}

#[test]
fn whoever_trusted_it_once_still_does_after_a_restart() {
    let state = folder("restart").join("state.json");
    let flags = ["--state", state.to_str().unwrap()];
    let mut before = Standalone::starts_with("restart", &flags);
    let client = before.client();
    let tenants = before.first_line.tenants.clone();
    assert!(before.program.interrupted().success());
    drop(before);

    let after = Standalone::starts_with("restart", &flags);
    assert_eq!(after.first_line.tenants, tenants, "the same secrets");
    after.issuer_at(&client.build().unwrap(), &after.first_line.tls_url);

    let other = Standalone::starts("restart-other");
    assert_ne!(
        other.first_line.tenants[0].apps[0].client_secret, tenants[0].apps[0].client_secret,
        "secrets are new at each start that keeps nothing"
    );
}

#[test]
fn a_seed_of_ones_own_is_the_world_to_begin_with() {
    let file = folder("seed").join("seed.toml");
    let text = "[[tenants]]\nname = \"Fabrikam\"\ndomains = [\"fabrikam.example\"]\ncrowd = 3\n\
        [[tenants.people]]\nname = \"Mei Tanaka\"\npassword = \"correct horse\"\n\
        [[apps]]\nname = \"Room booking\"\nsecrets = [{ value = \"known\" }]\n";
    std::fs::write(&file, text).unwrap();
    let sandbox = Standalone::starts_with("seed", &["--seed", file.to_str().unwrap()]);
    let [tenant] = &sandbox.first_line.tenants[..] else {
        panic!("one tenant: {:?}", sandbox.first_line);
    };
    assert_eq!(tenant.domain, "fabrikam.example");
    let [mei] = &tenant.people[..] else {
        panic!("a crowd is not listed: {tenant:?}");
    };
    assert_eq!(mei.upn, "mei.tanaka@fabrikam.example");
    assert_eq!(mei.password, "correct horse");
    assert_eq!(tenant.apps[0].client_secret, "known");
}

#[test]
fn what_stands_in_the_way_is_named_with_the_remedy_and_nothing_is_touched() {
    let running = Standalone::starts("in-the-way");
    let taken = running.first_line.admin_url.replace("http://", "");
    let broken = folder("in-the-way").join("broken.json");
    std::fs::write(&broken, "{}").unwrap();
    let broken = broken.to_str().unwrap();
    let seed = folder("in-the-way").join("seed.toml");
    std::fs::write(&seed, "[[tenants]]\nname = \"A\"\ndomain = \"a.example\"\n").unwrap();
    let seed = seed.to_str().unwrap();
    for (arguments, sentence) in [
        (
            vec!["--admin-listen", &taken],
            "choose another with --admin-listen",
        ),
        (
            vec!["--tls-listen", "0.0.0.0:0"],
            "Choose a loopback address with --tls-listen",
        ),
        (vec!["--state", broken], "Move the file away to begin anew"),
        (vec!["--seed", seed], "line 3: unknown field `domain`"),
        (vec!["--seed", "/absent.toml"], "Name another with --seed"),
    ] {
        let rest = FREE_PORTS
            .chunks(2)
            .filter(|pair| !arguments.contains(&pair[0]))
            .flatten();
        let arguments: Vec<&str> = rest.copied().chain(arguments.iter().copied()).collect();
        let mut program = begins(&arguments);
        assert_eq!(program.ended().code(), Some(1), "{arguments:?}");
        let said = program.errors();
        assert!(said.contains(sentence), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "one line: {said}");
    }
    assert_eq!(std::fs::read_to_string(broken).unwrap(), "{}");
}
