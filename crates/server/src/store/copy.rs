//! A whole database, copied while it is used, and looked at before it is believed.

use std::path::Path;

use sea_orm::{ConnectionTrait, Statement};

use super::{Store, StoreError, Stored};

/// Copies a SQLite database into a file that is empty or not there, as of one moment:
/// whoever reads or writes meanwhile is not held up.
pub async fn into_file(store: &Store, file: &Path) -> Stored<()> {
    let on = store.read();
    let Some(file) = file.to_str() else {
        return Err(StoreError::Unreadable("the path is not text".to_owned()));
    };
    on.execute_raw(Statement::from_sql_and_values(
        on.get_database_backend(),
        "VACUUM INTO $1",
        [file.into()],
    ))
    .await?;
    Ok(())
}

/// What SQLite finds wrong with its file, page by page; nothing, if it is whole. A text that
/// was written over within its page can't be told from another one.
pub async fn damages(store: &Store) -> Stored<Vec<String>> {
    let on = store.read();
    let rows = on
        .query_all_raw(Statement::from_string(
            on.get_database_backend(),
            "PRAGMA quick_check(10)",
        ))
        .await?;
    let mut found = Vec::new();
    for row in rows {
        let line: String = row.try_get_by_index(0)?;
        if line != "ok" {
            found.push(line);
        }
    }
    Ok(found)
}
