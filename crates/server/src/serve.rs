//! `ithaca serve` and the operator's other commands: an instance as its configuration
//! says.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use mentoring::refusal::Refusal;
use microsoft::{Application, Cloud, NetworkSettings, Transport};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::members::NewMember;
use crate::clock::{Clock, Randomness};
use crate::config::{Config, LogFormat, read_secret};
use crate::instance::Instance;
use crate::mail::trial::{self, Trial};
use crate::mail::{Delivery, Sender, Smtp};
use crate::operator::report::{self, Report};
use crate::program::{Parts, Program, microsoft_client};
use crate::sink::Sink;
use crate::store::alone::Alone;
use crate::store::sealed::{self, Sealed};
use crate::store::{self, Store, StoreError, organizations};
use crate::vault::Vault;
use crate::{app, operator, program, server};

/// Why the program does not start, in sentences with the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

impl StartError {
    fn because(what: &str, error: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {error}"))
    }
}

/// Writes log lines to standard error.
pub fn log(filter: &str, format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_default();
    let sink = Sink::open();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(move || sink);
    // A second call in one process is a test's; the first one's subscriber stays.
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

/// Whether a program is a node, or a command beside the nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Node,
    Command,
}

/// Where the database of a configuration is.
pub fn place(config: &Config) -> Result<store::Place, StartError> {
    if let Some(path) = config.database.sqlite_file() {
        return Ok(store::Place::Sqlite(path));
    }
    let url = config
        .database
        .postgres_url()
        .map_err(|error| StartError::because("The database's password cannot be read", error))?;
    Ok(store::Place::Postgres(url.expose_secret().to_owned()))
}

/// Nodes that share a database share its clock; a node alone has the machine's.
fn clock(place: &store::Place) -> Clock {
    match place {
        store::Place::Postgres(_) => Clock::watch(Clock::system().now()),
        _ => Clock::system(),
    }
}

/// Takes the database for this program alone, where it can be no other's.
pub fn alone_with(place: &store::Place) -> Result<Option<Alone>, StartError> {
    let store::Place::Sqlite(file) = place else {
        return Ok(None);
    };
    match Alone::with(file) {
        Ok(Some(alone)) => Ok(Some(alone)),
        Ok(None) => Err(StartError(format!(
            "Another Ithaca works on {} already. Stop it first; several nodes need PostgreSQL (docs/scale.md). Nothing was changed.",
            file.display()
        ))),
        Err(error) => Err(StartError(format!(
            "{}.lock cannot be locked ({error}). The database has to be on a disk of this machine.",
            file.display()
        ))),
    }
}

async fn open(config: &Config, part: Part) -> Result<Program, StartError> {
    let place = place(config)?;
    let clock = clock(&place);
    let randomness = Randomness::system();
    let vault = Vault::load(
        &config.key_file,
        &config.retired_key_files,
        randomness.clone(),
    )
    .map_err(|error| StartError::because("The key cannot be used", error))?;
    if let store::Place::Sqlite(path) = &place {
        writable(path)?;
    }
    let alone = match part {
        Part::Node => alone_with(&place)?,
        Part::Command => None,
    };
    refuse_without_keys(&place, &clock, &vault).await?;
    let store = Store::open(&place, clock.clone())
        .await
        .map_err(|error| unopened(&place, &error))?;
    let (cloud, client_id, client_secrets) = match &config.microsoft {
        Some(settings) => (
            settings.addresses().map_err(|error| {
                StartError::because("Microsoft's addresses do not fit together", error)
            })?,
            settings.client_id,
            settings
                .client_secrets()
                .map_err(|error| StartError::because("A client secret cannot be read", error))?,
        ),
        None => (Cloud::global(), Uuid::nil(), Vec::new()),
    };
    let network = NetworkSettings {
        allow_plain_http_on_loopback: cloud.is_plain(),
        ..NetworkSettings::default()
    };
    let transport = Transport::network(&network)
        .map_err(|error| StartError::because("No HTTPS client can be made", error))?;
    let from = config.smtp.as_ref().map_or_else(
        || format!("ithaca@{}", host(config)),
        |smtp| smtp.from.clone(),
    );
    let instance = Instance {
        public_url: config.public_url.clone(),
        mail_from: from.clone(),
        offers_people: false,
        demo: None,
        trusted_proxies: config.trusted_proxies.clone(),
        sends_mail: config.smtp.is_some(),
        integrates_teams: config.microsoft.is_some(),
    };
    let application = Application {
        client_id,
        client_secrets,
        redirect_uri: instance
            .redirect_uri()
            .parse()
            .map_err(|error| StartError::because("`public_url` does not fit", error))?,
    };
    let smtp = match &config.smtp {
        Some(settings) => Some(Smtp::new(settings, host(config)).map_err(|error| {
            StartError::because("The mail server's settings do not fit", error)
        })?),
        None => None,
    };
    let sender = Sender::new(&from)
        .map_err(|error| StartError::because("The sender's address does not fit", error))?;
    let microsoft = microsoft_client(cloud, application, transport, &clock, &randomness);
    Ok(Program::new(Parts {
        store,
        vault,
        clock,
        randomness,
        instance,
        microsoft,
        smtp,
        sender,
        limits: config.limits.clone(),
        port: config.listen.port(),
        alone,
    }))
}

/// Looks, before anything is touched, whether every stored secret could be opened here.
pub async fn refuse_without_keys(
    place: &store::Place,
    clock: &Clock,
    vault: &Vault,
) -> Result<(), StartError> {
    if let store::Place::Sqlite(file) = place
        && !file.exists()
    {
        return Ok(());
    }
    let untouched = Store::connect(place, clock.clone())
        .await
        .map_err(|error| unopened(place, &error))?;
    let keys = sealed::keys(&untouched).await;
    untouched.close().await;
    let keys = keys.map_err(|error| unopened(place, &error))?;
    match keys.iter().find(|one| !vault.has_key(&one.key)) {
        None => Ok(()),
        Some(Sealed {
            organization,
            table,
            key,
        }) => {
            let what = if *table == "notes" { "note" } else { "token" };
            Err(StartError(format!(
                "A stored {what} (organization {organization}) is sealed with key {key}, which is not here. Name its file under `key_file` or `retired_key_files`. Nothing was changed."
            )))
        }
    }
}

/// Why the database does not open, and what to do.
pub fn unopened(place: &store::Place, error: &StoreError) -> StartError {
    let remedy = match (place, error) {
        (_, StoreError::Newer(_)) => {
            return StartError::because("The database cannot be opened", error);
        }
        (store::Place::Postgres(_), _) => {
            "Look whether the server of `database.url` runs and lets Ithaca in"
        }
        _ => "Restore it from a backup, or name another place for it",
    };
    let file = match place {
        store::Place::Sqlite(file) => format!(" {}", file.display()),
        _ => String::new(),
    };
    StartError(format!(
        "The database{file} cannot be opened ({error}). {remedy}. Nothing was changed."
    ))
}

fn host(config: &Config) -> &str {
    config.public_url.host_str().unwrap_or("localhost")
}

/// Says in a sentence when a database file cannot live where it should.
pub fn writable(file: &Path) -> Result<(), StartError> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let probe = folder.join(format!(".ithaca-{}", std::process::id()));
    match std::fs::write(&probe, b"") {
        Ok(()) => {
            let _ = std::fs::remove_file(&probe);
            Ok(())
        }
        Err(error) => Err(StartError(format!(
            "The directory {} cannot be written ({error}). Make it, or give it to the user that runs Ithaca.",
            folder.display()
        ))),
    }
}

/// Serves an instance until it is asked to stop.
pub async fn serve(path: &Path) -> Result<(), StartError> {
    let config = Config::load(path).map_err(|error| StartError(error.to_string()))?;
    log(&config.log.filter, config.log.format);
    let asked_to_stop = server::asked_to_stop()
        .map_err(|error| StartError::because("Ctrl-C cannot be heard", error))?;
    let listener = server::listen(config.listen, "`listen`")
        .await
        .map_err(|error| StartError(error.to_string()))?;
    let stop = CancellationToken::new();
    let (pages, status) = (server::Opening::default(), server::Opening::default());
    // Who asks while we start is told so.
    let served = tokio::spawn(server::serve(listener, pages.router(), stop.clone()));
    let operator = match &config.operator {
        Some(settings) => Some(operators_door(settings, &status, &stop).await?),
        None => None,
    };
    let program = open(&config, Part::Node).await?;
    pages.open(program::router(program.app.clone()));
    let secret = operator.as_ref().and_then(|door| door.secret.as_ref());
    status.open(operator::router(&program, secret));
    let phase = program.app.phase.clone();
    let running = tokio::spawn(program.work_while(async move {
        // A panic in it has been told, and ends the program all the same.
        let _ = served.await;
    }));
    tracing::info!(address = %config.public_url, "Ithaca is ready");
    asked_to_stop.await;
    phase.drain();
    tokio::time::sleep(Duration::from_secs(config.drain_seconds.into())).await;
    stop.cancel();
    running
        .await
        .map_err(|error| StartError::because("Ithaca did not end cleanly", error))
}

/// The operator's door, served.
struct OperatorsDoor {
    secret: Option<SecretString>,
}

async fn operators_door(
    settings: &crate::config::Operator,
    status: &server::Opening,
    stop: &CancellationToken,
) -> Result<OperatorsDoor, StartError> {
    let secret = settings
        .secret_file
        .as_deref()
        .map(read_secret)
        .transpose()
        .map_err(|error| StartError::because("The operator's secret cannot be read", error))?;
    let listener = server::listen(settings.listen, "`operator.listen`")
        .await
        .map_err(|error| StartError(error.to_string()))?;
    tokio::spawn(server::serve(listener, status.router(), stop.clone()));
    Ok(OperatorsDoor { secret })
}

/// How the instance does, read from its database; nothing is changed.
pub async fn status(path: &Path) -> Result<Report, StartError> {
    let config = Config::load(path).map_err(|error| StartError(error.to_string()))?;
    let place = place(&config)?;
    if let store::Place::Sqlite(file) = &place
        && !file.exists()
    {
        return Err(StartError(format!(
            "There is no database {} yet. `ithaca serve` makes it.",
            file.display()
        )));
    }
    let store = Store::connect(&place, clock(&place))
        .await
        .map_err(|error| unopened(&place, &error))?;
    let read = report::read(&store).await;
    store.close().await;
    read.map_err(|error| {
        StartError(format!(
            "The database cannot be read ({error}). Was it made by another version of Ithaca?"
        ))
    })
}

fn refused(error: &app::AppError) -> StartError {
    match error {
        app::AppError::Refused(refusals) => StartError(
            refusals
                .iter()
                .map(at_its_flag)
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        other => StartError(other.to_string()),
    }
}

/// The rules name a form's field; on the command line it is the flag of the same name.
fn at_its_flag(refusal: &Refusal) -> String {
    match refusal.field() {
        Some("name") => format!("<NAME>: {refusal}"),
        Some(field) => format!("--{}: {refusal}", field.replace('_', "-")),
        None => refusal.to_string(),
    }
}

/// Sends a test mail and a test invitation to an address; answers what became of them and
/// what a receiving server will look at.
pub async fn test_mail(path: &Path, address: &str) -> Result<String, StartError> {
    let config = Config::load(path).map_err(|error| StartError(error.to_string()))?;
    let settings = config.smtp.as_ref().ok_or_else(|| {
        StartError(
            "No mail server is configured. Name one under `[smtp]` in the configuration file."
                .to_owned(),
        )
    })?;
    let say = |error: &dyn std::fmt::Display| StartError(error.to_string());
    let smtp = Smtp::new(settings, host(&config))
        .map_err(|error| StartError::because("The mail server's settings do not fit", error))?;
    let sender = Sender::new(&settings.from).map_err(|error| say(&error))?;
    let (now, randomness) = (Clock::system().now(), Randomness::system());
    let ids = [randomness.uuid_v7(now), randomness.uuid_v7(now)];
    let trial =
        Trial::write(address, host(&config), &sender, ids, now).map_err(|error| say(&error))?;
    for mail in [&trial.letter, &trial.invitation] {
        let composed = mail.compose(&sender).map_err(|error| say(&error))?;
        match smtp.deliver(&composed).await {
            Delivery::Delivered => {}
            Delivery::Refused(why) | Delivery::TryAgain(why) | Delivery::Unknown(why) => {
                return Err(StartError(format!(
                    "{}:{} did not take the mail: {why}. Look at `[smtp]` in {}.",
                    settings.host,
                    settings.port(),
                    path.display()
                )));
            }
        }
    }
    let mut said = vec![format!(
        "A test mail and a test invitation are on their way to {address}."
    )];
    said.extend(trial::alignment(settings));
    Ok(said.join("\n"))
}

/// Seals with the current key what a retired one sealed; answers what came of it.
pub async fn reseal(path: &Path) -> Result<String, StartError> {
    let config = Config::load(path).map_err(|error| StartError(error.to_string()))?;
    let app = open(&config, Part::Command).await?.app;
    let done = sealed::reseal(&app.store, &app.vault).await;
    let key = app.vault.current_key();
    let done = done.map_err(|error| {
        StartError::because("Not everything is sealed anew; say it again", error)
    })?;
    if let Some(first) = done.left.first() {
        return Err(StartError(format!(
            "{} secrets are sealed anew with key {key}, and {} could not be opened; the first: {first}",
            done.anew,
            done.left.len()
        )));
    }
    Ok(format!(
        "{} secrets were sealed anew; key {key} opens everything that is stored here. Take the old keys out of `retired_key_files` once no backup is left that needs them.",
        done.anew
    ))
}

/// Begins an organization; answers its address.
pub async fn create_organization(
    path: &Path,
    name: &str,
    slug: &str,
    time_zone: &str,
) -> Result<String, StartError> {
    let config = Config::load(path).map_err(|error| StartError(error.to_string()))?;
    let program = open(&config, Part::Command).await?;
    let made = program
        .app
        .create_organization(name, slug, time_zone)
        .await
        .map_err(|error| refused(&error))?;
    Ok(program.app.instance.address(&format!("/{}", made.slug)))
}

/// Invites a member; answers the address that sets their password.
pub async fn invite_member(path: &Path, slug: &str, new: &NewMember) -> Result<String, StartError> {
    let config = Config::load(path).map_err(|error| StartError(error.to_string()))?;
    let program = open(&config, Part::Command).await?;
    let organization = organizations::find_by_slug(&program.app.store, slug)
        .await
        .map_err(|error| StartError(error.to_string()))?
        .ok_or_else(|| StartError(format!("There is no organization with the address {slug}. `ithaca organization create` makes one.")))?;
    program
        .app
        .invite_as_operator(&organization, new)
        .await
        .map_err(|error| refused(&error))
}
