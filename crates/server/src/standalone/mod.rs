//! `ithaca sandbox`: the sandbox tenant as a program of its own, for whoever builds something
//! that speaks to Entra ID and Microsoft Graph.

pub mod doors;

use std::io::Write;
use std::path::{Path, PathBuf};

use sandbox::{Sandbox, Seed, TenantListing};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::serve::{StartError, writable};
use crate::server::{self, Tls};
use doors::{Door, Doors, Place};

/// How the sandbox tenant is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: Place,
    pub tls_listen: Place,
    pub smtp_listen: Place,
    pub admin_listen: Place,
    /// What there is to begin with; without it, the sandbox's own seed.
    pub seed: Option<PathBuf>,
    /// Where the state is kept; without it, nowhere.
    pub state: Option<PathBuf>,
    /// Where the certificate of the authority is written to.
    pub ca_out: Option<PathBuf>,
    /// Whether the first line is for programs.
    pub json: bool,
}

/// The first line of `--json`.
#[derive(Debug, Serialize)]
struct Ready {
    url: String,
    tls_url: String,
    smtp: String,
    admin_url: String,
    tenants: Vec<TenantListing>,
}

/// Runs the sandbox tenant until it is asked to stop.
pub async fn run(settings: Settings) -> Result<(), StartError> {
    let say = |error: &dyn std::fmt::Display| StartError(error.to_string());
    let asked_to_stop = server::asked_to_stop().map_err(|error| say(&error))?;
    for file in [&settings.state, &settings.ca_out].into_iter().flatten() {
        writable(file)?;
    }
    let seed = match &settings.seed {
        Some(path) => read_seed(path)?,
        None => Seed::standalone(),
    };
    let http = Door::open(&settings.listen, "--listen").await?;
    let https = Door::open(&settings.tls_listen, "--tls-listen").await?;
    let mail = Door::open(&settings.smtp_listen, "--smtp-listen").await?;
    let admin = Door::open(&settings.admin_listen, "--admin-listen").await?;

    let url = http.url("http");
    let pretend = open(&settings, seed, &url)?;
    let certificate = pretend.certificate().map_err(|error| say(&error))?;
    let tls = Tls::new(certificate.certificate, certificate.key.into_der())
        .map_err(|error| say(&error))?;
    if let Some(path) = &settings.ca_out {
        let pem = pretend.authority_pem().map_err(|error| say(&error))?;
        write_whole(path, &pem)?;
    }
    let ready = Ready {
        url,
        tls_url: https.url("https"),
        smtp: mail.place.to_string(),
        admin_url: admin.url("http"),
        tenants: pretend.tenants(),
    };
    let stop = CancellationToken::new();
    let doors = Doors {
        http,
        https: Some((https, tls)),
        admin,
        mail,
    };
    let serving = tokio::spawn(doors::serve(
        pretend,
        doors,
        settings.state.clone(),
        stop.clone(),
    ));
    announce(&settings, &ready)?;
    asked_to_stop.await;
    stop.cancel();
    serving.await.map_err(|error| say(&error))?
}

fn read_seed(path: &Path) -> Result<Seed, StartError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        StartError(format!(
            "The seed file {} cannot be read ({error}). Name another with --seed.",
            path.display()
        ))
    })?;
    Seed::parse(&text).map_err(|error| {
        StartError(format!(
            "The seed file {} cannot be used: {error}. docs/sandbox.md says what may stand in it.",
            path.display()
        ))
    })
}

fn open(settings: &Settings, seed: Seed, url: &str) -> Result<Sandbox, StartError> {
    let pretend = sandbox::Settings {
        seed,
        ..sandbox::Settings::new(url, "")
    };
    match &settings.state {
        None => Ok(Sandbox::new(pretend)),
        Some(path) => load(pretend, path),
    }
}

/// The sandbox that was kept in this file, or a fresh one.
pub fn load(settings: sandbox::Settings, path: &Path) -> Result<Sandbox, StartError> {
    Sandbox::load(settings, path).map_err(|error| {
        StartError(format!(
            "The sandbox's state {} cannot be read ({error}). Move the file away to begin anew.",
            path.display()
        ))
    })
}

/// Whoever reads the file while it is written finds it whole or not at all.
fn write_whole(path: &Path, text: &str) -> Result<(), StartError> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|error| {
            StartError(format!(
                "{} cannot be written ({error}). Choose another file with --ca-out.",
                path.display()
            ))
        })
}

fn announce(settings: &Settings, ready: &Ready) -> Result<(), StartError> {
    let mut out = std::io::stdout().lock();
    let written = if settings.json {
        serde_json::to_string(ready)
            .map_err(std::io::Error::other)
            .and_then(|line| writeln!(out, "{line}"))
    } else {
        write!(out, "{}", told(settings, ready))
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| StartError(format!("Standard output cannot be written: {error}")))
}

/// What a person wants to know first.
fn told(settings: &Settings, ready: &Ready) -> String {
    let doors = format!(
        "The sandbox tenant is ready.\n\n  {}\n      look inside, with everyone's password\n  {}\n      the same for clients that insist on HTTPS\n  {}\n      takes mail; everyone's mailboxes are at {}/mail\n  {}\n      levers and truth, for tests",
        ready.url, ready.tls_url, ready.smtp, ready.url, ready.admin_url
    );
    let first = ready.tenants.first();
    let app = first
        .and_then(|tenant| Some((tenant, tenant.apps.first()?)))
        .map(|(tenant, app)| {
            format!(
                "  tenant         {} ({})\n  client id      {}\n  client secret  {}",
                tenant.id,
                tenant.domain,
                app.client_id,
                app.client_secret.as_deref().unwrap_or("none")
            )
        });
    let trust = match &settings.ca_out {
        Some(path) => format!(
            "Clients trust its HTTPS with the certificate in {}.",
            path.display()
        ),
        None => "--ca-out FILE writes the certificate with which clients trust its HTTPS.".into(),
    };
    let parts = [Some(doors), app, Some(trust + "\nCtrl-C stops it.\n")];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}
