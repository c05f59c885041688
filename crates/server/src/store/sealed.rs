//! Every value here that the vault has sealed: with which key, and sealed anew.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mentoring::organization::OrganizationId;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::{Store, Stored, Tx, sql};
use crate::vault::{Place, Vault, VaultError};

/// A column whose values are sealed, one by one.
#[derive(Clone, Copy, Debug)]
struct Column {
    table: &'static str,
    name: &'static str,
    /// Whether whoever has not its key may not even start: what it holds is of use for long.
    is_needed: bool,
}

const fn column(table: &'static str, name: &'static str, is_needed: bool) -> Column {
    Column {
        table,
        name,
        is_needed,
    }
}

const COLUMNS: [Column; 6] = [
    column("credentials", "refresh_token", true),
    column("credentials", "access_token", true),
    column("reconnections", "refresh_token", true),
    column("reconnections", "access_token", true),
    column("notes", "text", true),
    // Of a sign-in at Microsoft that is under way: minutes.
    column("consents", "sealed", false),
];

/// The member of a message's content that is sealed by itself, in base64.
const ADDRESS: &str = "sealed_address";

/// An envelope's head with the longest id of a key, and its nonce.
const HEAD: usize = 2 + 40 + 24;
/// So many rows are read at once.
const PAGE: usize = 100;

#[derive(FromQueryResult)]
struct Found {
    organization_id: Uuid,
    id: Uuid,
    value: Vec<u8>,
}

/// A sealed value, as far as somebody has to know who looks for its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its table.
    pub table: &'static str,
    /// The key that opens it.
    pub key: String,
}

/// One value for each key that is needed to open what is stored here. A value that nobody
/// sealed hides no other: it is refused where it is used.
pub async fn keys(store: &Store) -> Stored<Vec<Sealed>> {
    let on = store.read();
    let mut known: Vec<Sealed> = Vec::new();
    for Column {
        table,
        name: column,
        ..
    } in COLUMNS.into_iter().filter(|one| one.is_needed)
    {
        // A database from before this table has nothing in it.
        if !sql::has_column(on, table, column).await? {
            continue;
        }
        let text = format!(
            "SELECT organization_id, id, substr({column}, 1, {HEAD}) AS value FROM {table} \
             WHERE {column} IS NOT NULL"
        );
        let statement = Statement::from_string(on.get_database_backend(), text);
        for row in Found::find_by_statement(statement).all(on).await? {
            let organization = OrganizationId(row.organization_id);
            let Ok(key) = Vault::key_of(place(table, column, &row), &row.value) else {
                tracing::warn!(organization.id = %organization, table, "a stored secret is none that was ever sealed");
                continue;
            };
            if !known.iter().any(|one| one.key == key) {
                known.push(Sealed {
                    organization,
                    table,
                    key: key.to_owned(),
                });
            }
        }
    }
    Ok(known)
}

fn place(table: &'static str, column: &'static str, row: &Found) -> Place {
    Place {
        table,
        column,
        organization: row.organization_id,
        row: row.id,
    }
}

/// What sealing anew came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values that the current key opens now.
    pub anew: u64,
    /// Values that no key here opens, with the reason.
    pub left: Vec<String>,
}

/// Seals with the current key whatever a retired one sealed, each value in a commit of its
/// own: whoever is interrupted begins again and finds only what is left (F39). Ithaca may
/// run meanwhile.
pub async fn reseal(store: &Store, vault: &Vault) -> Stored<Resealed> {
    let mut done = Resealed::default();
    for Column {
        table,
        name: column,
        ..
    } in COLUMNS
    {
        let mut after = (Uuid::nil(), Uuid::nil());
        loop {
            let page = page(store, table, column, after).await?;
            for row in &page {
                let place = place(table, column, row);
                match one(store, vault, place, &row.value).await? {
                    Ok(true) => done.anew += 1,
                    Ok(false) => {}
                    Err(error) => done.left.push(error.to_string()),
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = (last.organization_id, last.id),
                _ => break,
            }
        }
    }
    messages(store, vault, &mut done).await?;
    Ok(done)
}

async fn page(store: &Store, table: &str, column: &str, after: (Uuid, Uuid)) -> Stored<Vec<Found>> {
    let on = store.read();
    let text = format!(
        "SELECT organization_id, id, {column} AS value FROM {table} \
         WHERE {column} IS NOT NULL AND (organization_id, id) > ($1, $2) \
         ORDER BY organization_id, id LIMIT {PAGE}"
    );
    let values: [Value; 2] = [after.0.into(), after.1.into()];
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    Ok(Found::find_by_statement(statement).all(on).await?)
}

/// Seals one value anew. Answers whether it was sealed with another key until now.
async fn one(
    store: &Store,
    vault: &Vault,
    place: Place,
    seen: &[u8],
) -> Stored<Result<bool, VaultError>> {
    // What a finished sign-in leaves is empty.
    if seen.is_empty() {
        return Ok(Ok(false));
    }
    let sealed = match anew(vault, place, seen) {
        Ok(Some(sealed)) => sealed,
        Ok(None) => return Ok(Ok(false)),
        Err(error) => return Ok(Err(error)),
    };
    let tx = store.begin(OrganizationId(place.organization)).await?;
    let text = format!(
        "UPDATE {} SET {column} = $1 WHERE organization_id = $2 AND id = $3 AND {column} = $4",
        place.table,
        column = place.column
    );
    // What was replaced meanwhile is sealed with the current key already.
    let values: [Value; 4] = [
        sealed.into(),
        place.organization.into(),
        place.row.into(),
        seen.into(),
    ];
    let changed = execute(&tx, text, values).await?;
    tx.commit().await?;
    Ok(Ok(changed))
}

async fn execute(tx: &Tx, text: String, values: [Value; 4]) -> Stored<bool> {
    let on = tx.on();
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    Ok(on.execute_raw(statement).await?.rows_affected() == 1)
}

/// The value under the current key; none if that is what seals it.
fn anew(vault: &Vault, place: Place, sealed: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
    if Vault::key_of(place, sealed)? == vault.current_key() {
        return Ok(None);
    }
    vault.seal_anew(place, sealed).map(Some)
}

#[derive(FromQueryResult)]
struct Letter {
    organization_id: Uuid,
    id: Uuid,
    content: String,
}

/// Messages carry the address that sets a password, sealed within their content. There are
/// few, and fewer that still wait.
async fn messages(store: &Store, vault: &Vault, done: &mut Resealed) -> Stored<()> {
    let on = store.read();
    let text = format!(
        "SELECT organization_id, id, content FROM outbox WHERE content LIKE '%\"{ADDRESS}\"%'"
    );
    let statement = Statement::from_string(on.get_database_backend(), text);
    for letter in Letter::find_by_statement(statement).all(on).await? {
        match readdressed(vault, &letter) {
            Ok(Some(content)) => {
                let tx = store.begin(OrganizationId(letter.organization_id)).await?;
                let text = "UPDATE outbox SET content = $1 \
                     WHERE organization_id = $2 AND id = $3 AND content = $4";
                let values: [Value; 4] = [
                    content.into(),
                    letter.organization_id.into(),
                    letter.id.into(),
                    letter.content.into(),
                ];
                done.anew += u64::from(execute(&tx, text.to_owned(), values).await?);
                tx.commit().await?;
            }
            Ok(None) => {}
            Err(error) => done.left.push(error.to_string()),
        }
    }
    Ok(())
}

/// A message's content with its address under the current key; none if it is, or if there is
/// none.
fn readdressed(vault: &Vault, letter: &Letter) -> Result<Option<String>, VaultError> {
    let place = Place {
        table: "outbox",
        column: "content",
        organization: letter.organization_id,
        row: letter.id,
    };
    let Ok(mut content) = serde_json::from_str::<serde_json::Value>(&letter.content) else {
        return Ok(None);
    };
    let Some(address) = content.get_mut(ADDRESS) else {
        return Ok(None);
    };
    let Some(sealed) = address
        .as_str()
        .and_then(|text| BASE64_STANDARD.decode(text).ok())
    else {
        return Ok(None);
    };
    let Some(sealed) = anew(vault, place, &sealed)? else {
        return Ok(None);
    };
    *address = BASE64_STANDARD.encode(sealed).into();
    Ok(Some(content.to_string()))
}
