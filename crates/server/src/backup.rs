//! `ithaca backup`, `restore`, `fence` and `unfence`: an instance put away, brought back, and
//! kept from doing what another one may be doing already.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::config::Config;
use crate::serve::{self, StartError};
use crate::store::fence::{self, Released};
use crate::store::{Place, Store, Stored, copy, sealed};
use crate::vault::Vault;

const RESTORED: &str = "This Ithaca was restored from a backup.";
const ASKED: &str = "Whoever runs this Ithaca has fenced it.";

fn say(error: impl std::fmt::Display) -> StartError {
    StartError(error.to_string())
}

/// Copies the database of a running instance into a new file that only its owner may read.
/// The copy is fenced: wherever it is opened, it does nothing before `unfence`.
pub async fn backup(config: &Path, file: &Path) -> Result<String, StartError> {
    let config = Config::load(config).map_err(say)?;
    let source = sqlite(&config, "backup")?;
    if !source.exists() {
        return Err(StartError(format!(
            "There is no database at {} yet. Nothing was made.",
            source.display()
        )));
    }
    if file.exists() {
        return Err(exists(file));
    }
    let partial = beside(file, "partial");
    let made = make(&source, &partial).await;
    let keys = match made {
        Ok(keys) => keys,
        Err(error) => {
            let _ = fs::remove_file(&partial);
            return Err(error);
        }
    };
    // A link fails where a file of that name came up meanwhile; a rename would replace it.
    let linked = fs::hard_link(&partial, file);
    let _ = fs::remove_file(&partial);
    linked.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(file),
        _ => unwritten(file, &error),
    })?;
    sync_folder(file)?;
    let keys = if keys.is_empty() {
        "It holds no tokens of Microsoft.".to_owned()
    } else {
        format!(
            "Its tokens are sealed with {}: keep the key file too, and apart from it.",
            keys.join(" and ")
        )
    };
    Ok(format!("The backup is in {}. {keys}", file.display()))
}

async fn make(source: &Path, partial: &Path) -> Result<Vec<String>, StartError> {
    new_file(partial)?;
    let live = connect(source).await?;
    let copied = copy::into_file(&live, partial).await;
    live.close().await;
    copied.map_err(|error| StartError(format!("The database cannot be copied ({error}).")))?;
    let copied = Store::open(&Place::Sqlite(partial.to_owned()), Clock::system())
        .await
        .map_err(say)?;
    let keys = seal_off(&copied).await;
    copied.close().await;
    let keys = keys?;
    sync(partial)?;
    Ok(keys)
}

/// Puts the fence up in a copy, and answers the keys that it needs.
async fn seal_off(copied: &Store) -> Result<Vec<String>, StartError> {
    let tx = copied.begin_unscoped().await.map_err(say)?;
    fence::raise(&tx, RESTORED).await.map_err(say)?;
    tx.commit().await.map_err(say)?;
    let mut keys: Vec<String> = sealed::keys(copied)
        .await
        .map_err(say)?
        .into_iter()
        .map(|one| one.key)
        .collect();
    keys.sort();
    Ok(keys)
}

/// Puts a backup in the place of the database. What is there is only moved aside, and only
/// if `replaces` says so.
pub async fn restore(config: &Path, file: &Path, replaces: bool) -> Result<String, StartError> {
    let config = Config::load(config).map_err(say)?;
    let target = sqlite(&config, "restore")?;
    serve::writable(&target)?;
    let _alone = serve::alone_with(&Place::Sqlite(target.clone()))?;
    if target.exists() && !replaces {
        return Err(StartError(format!(
            "There is a database at {}. Add --replace to put the backup in its place; what is there is moved aside. Nothing was changed.",
            target.display()
        )));
    }
    let coming = beside(&target, "restoring");
    let checked = bring(&config, file, &coming).await;
    if let Err(error) = checked {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(with(&coming, suffix));
        }
        return Err(error);
    }
    let mut aside = None;
    if target.exists() {
        let stamp = Clock::system().now().strftime("%Y%m%d-%H%M%S").to_string();
        let name = beside(&target, &format!("before-{stamp}"));
        for suffix in ["-wal", "-shm", ""] {
            let part = with(&target, suffix);
            if part.exists() {
                fs::rename(&part, with(&name, suffix)).map_err(|error| unwritten(&part, &error))?;
            }
        }
        aside = Some(name);
    }
    fs::rename(&coming, &target).map_err(|error| unwritten(&target, &error))?;
    sync_folder(&target)?;
    let aside = aside.map_or_else(String::new, |name| {
        format!(" What was there is now {}.", name.display())
    });
    Ok(format!(
        "The backup is restored to {}.{aside}\nIt is fenced: people can look, nothing is sent and Microsoft is not asked. When you are sure that no other Ithaca works on this data, say so with `ithaca unfence`.",
        target.display()
    ))
}

/// Copies a backup to where it is to live, and looks at it from all sides.
async fn bring(config: &Config, file: &Path, coming: &Path) -> Result<(), StartError> {
    let broken = |what: &dyn std::fmt::Display| {
        StartError(format!(
            "{} cannot be restored: {what}. Take another backup. Nothing was changed.",
            file.display()
        ))
    };
    let mut source = File::open(file).map_err(|error| broken(&error))?;
    let _ = fs::remove_file(coming);
    let mut target = new_file(coming)?;
    std::io::copy(&mut source, &mut target).map_err(|error| unwritten(coming, &error))?;
    drop(target);
    let place = Place::Sqlite(coming.to_owned());
    let copied = Store::connect(&place, Clock::system())
        .await
        .map_err(|error| broken(&error))?;
    let damages = copy::damages(&copied).await;
    copied.close().await;
    if let Some(damage) = damages.map_err(|error| broken(&error))?.first() {
        return Err(broken(&format!("it is damaged ({damage})")));
    }
    let (clock, randomness) = (Clock::system(), crate::clock::Randomness::system());
    let vault = Vault::load(&config.key_file, &config.retired_key_files, randomness)
        .map_err(|error| StartError(format!("The key cannot be used: {error}")))?;
    serve::refuse_without_keys(&place, &clock, &vault).await?;
    let opened = Store::open(&place, clock)
        .await
        .map_err(|error| broken(&error))?;
    let sealed = seal_off(&opened).await;
    opened.close().await;
    sealed?;
    sync(coming)
}

/// Fences an instance, running or not.
pub async fn raise(config: &Path) -> Result<String, StartError> {
    let store = opened(config).await?;
    let raised = async {
        let tx = store.begin_unscoped().await?;
        fence::raise(&tx, ASKED).await?;
        tx.commit().await
    };
    let raised: Stored<()> = raised.await;
    store.close().await;
    raised.map_err(say)?;
    Ok("Ithaca is fenced: people can look, nothing is sent and Microsoft is not asked. `ithaca unfence` ends that.".to_owned())
}

/// Takes the fence down: the operator says that this is the only one.
pub async fn lower(config: &Path, sends: bool) -> Result<String, StartError> {
    let store = opened(config).await?;
    let lowered = async {
        let tx = store.begin_unscoped().await?;
        if fence::find(tx.on()).await?.is_none() {
            return Ok(None);
        }
        let released = fence::lower(&tx, sends).await?;
        tx.commit().await?;
        Ok(Some(released))
    };
    let lowered: Stored<Option<Released>> = lowered.await;
    store.close().await;
    Ok(match lowered.map_err(say)? {
        None => "Ithaca is not fenced.".to_owned(),
        Some(Released {
            dropped,
            integrations,
        }) => format!(
            "Ithaca works again. {dropped} messages that waited in the backup are not sent, since they may have been; {integrations} connections to Microsoft are tested now."
        ),
    })
}

async fn opened(config: &Path) -> Result<Store, StartError> {
    let config = Config::load(config).map_err(say)?;
    let place = serve::place(&config)?;
    if let Place::Sqlite(file) = &place {
        serve::writable(file)?;
    }
    Store::open(&place, Clock::system())
        .await
        .map_err(|error| serve::unopened(&place, &error))
}

async fn connect(file: &Path) -> Result<Store, StartError> {
    let place = Place::Sqlite(file.to_owned());
    Store::connect(&place, Clock::system())
        .await
        .map_err(|error| serve::unopened(&place, &error))
}

fn sqlite(config: &Config, command: &str) -> Result<PathBuf, StartError> {
    config.database.sqlite_file().ok_or_else(|| {
        StartError(format!(
            "The database is PostgreSQL's, whose own tools do this; docs/backup.md has the lines. `ithaca {command}` is for SQLite."
        ))
    })
}

fn exists(file: &Path) -> StartError {
    StartError(format!(
        "{} exists already, and a backup is never written over. Name another file.",
        file.display()
    ))
}

fn unwritten(file: &Path, error: &std::io::Error) -> StartError {
    StartError(format!("{} cannot be written ({error}).", file.display()))
}

/// `ithaca.db` and `restoring` make `ithaca.db.restoring`.
fn beside(file: &Path, what: &str) -> PathBuf {
    with(file, &format!(".{what}"))
}

fn with(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn new_file(file: &Path) -> Result<File, StartError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(|error| unwritten(file, &error))
}

fn sync(file: &Path) -> Result<(), StartError> {
    File::open(file)
        .and_then(|file| file.sync_all())
        .map_err(|error| unwritten(file, &error))
}

/// A name lasts once its folder is written too.
fn sync_folder(file: &Path) -> Result<(), StartError> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    sync(folder)
}
