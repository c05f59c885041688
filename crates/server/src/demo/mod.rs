//! `ithaca demo`: everything on this machine with nothing to configure. It is the same
//! program as in production; what differs is where Microsoft is, and that one signs in by
//! choosing a name.

mod seed;
mod tenant;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use microsoft::{Application, Cloud, NetworkSettings, Transport};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Randomness};
use crate::config;
use crate::instance::{DemoPlaces, Instance};
use crate::mail::{Sender, Smtp};
use crate::program::{Parts, Program, microsoft_client};
use crate::serve::{StartError, alone_with, refuse_without_keys, unopened, writable};
use crate::server;
use crate::store::{self, Store};
use crate::vault::Vault;

pub use tenant::Apart;
use tenant::{Registered, Tenant, listen};

/// How the demo is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Ithaca listens.
    pub listen: SocketAddr,
    /// Where the sandbox tenant listens, where it is the demo's own.
    pub sandbox_listen: SocketAddr,
    /// A sandbox tenant that runs apart.
    pub sandbox: Option<Apart>,
    /// Where everything is kept; without it, nowhere for long.
    pub data: Option<PathBuf>,
    /// A PostgreSQL database, for what would be in a file there.
    pub database: Option<String>,
    /// Whether the first line is for programs.
    pub json: bool,
}

/// The first line of `--json`.
#[derive(Serialize)]
struct Ready {
    url: String,
    sandbox_url: String,
    mail_url: String,
    sandbox_admin_url: String,
    organizations: Vec<seed::Organization>,
}

/// Where the demo keeps its things.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn open(data: Option<&Path>, randomness: &Randomness) -> Result<Self, StartError> {
        let (path, temporary) = match data {
            Some(path) => (path.to_owned(), false),
            None => (
                std::env::temp_dir().join(format!("ithaca-demo-{}", randomness.code())),
                true,
            ),
        };
        std::fs::create_dir_all(&path).map_err(|error| {
            StartError(format!(
                "The directory {} cannot be made ({error}). Choose another with --data.",
                path.display()
            ))
        })?;
        writable(&path.join("ithaca.db"))?;
        Ok(Self { path, temporary })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn database(&self) -> store::Place {
        store::Place::Sqlite(self.file("ithaca.db"))
    }

    /// The key is made before the database, so that a database without one has lost it.
    fn vault(&self, randomness: &Randomness) -> Result<Vault, StartError> {
        let key = self.file("ithaca.key");
        if !key.exists() && self.file("ithaca.db").exists() {
            return Err(StartError(format!(
                "The key {} is missing, and what is beside it was sealed with it. Put it back, or choose another directory with --data. Nothing was changed.",
                key.display()
            )));
        }
        if !key.exists() {
            Vault::make_key_file(&key, randomness)
                .map_err(|error| StartError(error.to_string()))?;
        }
        Vault::load(&key, &[], randomness.clone()).map_err(|error| StartError(error.to_string()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // Nothing of it is wanted; what cannot be removed is the system's to clean.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Runs the demo until it is asked to stop.
pub async fn run(settings: Settings) -> Result<(), StartError> {
    let clock = Clock::system();
    let randomness = Randomness::system();
    let say = |error: &dyn std::fmt::Display| StartError(error.to_string());
    let asked_to_stop = server::asked_to_stop().map_err(|error| say(&error))?;
    let mut tenant = match &settings.sandbox {
        Some(apart) => Tenant::apart(apart).await?,
        None => Tenant::of_its_own(settings.sandbox_listen).await?,
    };
    let listener = listen(settings.listen, "--listen").await?;
    let port = listener.local_addr().map_err(|error| say(&error))?.port();

    let folder = Folder::open(settings.data.as_deref(), &randomness)?;
    let url = format!("http://{}", SocketAddr::new(settings.listen.ip(), port));
    let sandbox_url = tenant.url.clone();
    let mail_url = format!("{sandbox_url}/mail");
    let instance = Instance {
        public_url: url.parse().map_err(|error| say(&error))?,
        mail_from: "ithaca@ithaca.example".to_owned(),
        offers_people: true,
        demo: Some(DemoPlaces {
            sandbox_url: sandbox_url.clone(),
            mail_url: mail_url.clone(),
        }),
        trusted_proxies: Vec::new(),
        sends_mail: true,
        integrates_teams: true,
    };
    let state_file = folder.file("sandbox.json");
    let registered = tenant
        .register(instance.redirect_uri(), &state_file)
        .await?;

    let vault = folder.vault(&randomness)?;
    let place = match &settings.database {
        Some(url) => store::Place::Postgres(url.clone()),
        None => folder.database(),
    };
    let alone = alone_with(&place)?;
    refuse_without_keys(&place, &clock, &vault).await?;
    let store = Store::open(&place, clock.clone())
        .await
        .map_err(|error| unopened(&place, &error))?;
    let microsoft = client(&registered, &sandbox_url, &instance, &clock, &randomness)?;
    let smtp = config::Smtp::plain(&tenant.mail.host, tenant.mail.port, &instance.mail_from);
    let program = Program::new(Parts {
        vault,
        smtp: Some(Smtp::new(&smtp, "localhost").map_err(|error| say(&error))?),
        sender: Sender::new(&instance.mail_from).map_err(|error| say(&error))?,
        store,
        clock,
        randomness,
        instance,
        microsoft,
        limits: config::Limits::default(),
        port,
        alone,
    });
    let organizations = seed::plant(&program.app)
        .await
        .map_err(|error| say(&error))?;

    announce(
        settings.json,
        &Ready {
            url,
            sandbox_url,
            mail_url,
            sandbox_admin_url: tenant.admin_url,
            organizations,
        },
    )?;
    let state_file = (!folder.temporary).then_some(state_file);
    let stop = CancellationToken::new();
    let ithaca = tokio::spawn(program.run(listener, stop.clone()));
    let pretend = tokio::spawn(registered.serve(state_file, stop.clone()));
    asked_to_stop.await;
    stop.cancel();
    let _ = ithaca.await;
    let kept = pretend.await.map_err(|error| say(&error))?;
    drop(folder);
    kept
}

fn client(
    registered: &Registered,
    sandbox_url: &str,
    instance: &Instance,
    clock: &Clock,
    randomness: &Randomness,
) -> Result<microsoft::Client, StartError> {
    let say = |error: &dyn std::fmt::Display| StartError(error.to_string());
    let login: url::Url = sandbox_url.parse().map_err(|error| say(&error))?;
    let join_host = sandbox_url.trim_start_matches("http://").to_owned();
    let cloud = Cloud::at(login.clone(), login, vec![join_host]).map_err(|error| say(&error))?;
    let application = Application {
        client_id: registered.client_id,
        client_secrets: vec![registered.client_secret.clone()],
        redirect_uri: instance
            .redirect_uri()
            .parse()
            .map_err(|error| say(&error))?,
    };
    let network = NetworkSettings {
        allow_plain_http_on_loopback: true,
        ..NetworkSettings::default()
    };
    let transport = Transport::network(&network).map_err(|error| say(&error))?;
    Ok(microsoft_client(
        cloud,
        application,
        transport,
        clock,
        randomness,
    ))
}

fn announce(json: bool, ready: &Ready) -> Result<(), StartError> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let written = if json {
        serde_json::to_string(ready)
            .map_err(std::io::Error::other)
            .and_then(|line| writeln!(out, "{line}"))
    } else {
        writeln!(
            out,
            "Ithaca is ready.\n\n  {}\n      the program: choose whom to continue as\n  {}\n      the sandbox tenant, which answers as Microsoft does\n  {}\n      everyone's mailboxes\n\nCtrl-C stops it.",
            ready.url, ready.sandbox_url, ready.mail_url
        )
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| StartError(format!("Standard output cannot be written: {error}")))
}
