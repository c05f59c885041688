//! That no second program works on the same SQLite file.
//!
//! SQLite is for one node: leases are
//! taken by the clock of the program, and doorbells ring in it alone. Commands of the
//! operator are no node and need not ask.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Holds a database file for one program, until it is dropped or the program ends, of
/// whatever cause.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "it holds the lock while it is open")] File);

impl Alone {
    /// Takes the database file, or says that another program has it.
    pub fn with(database: &Path) -> io::Result<Option<Self>> {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(beside(database))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The lock is a file of its own, since SQLite locks parts of the database file itself. It
/// stays: whoever removed it could remove another's.
fn beside(database: &Path) -> PathBuf {
    let mut name = database
        .file_name()
        .map_or_else(OsString::new, OsString::from);
    name.push(".lock");
    database.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_second_program_is_told_until_the_first_has_ended() {
        let folder = Scratch::new();
        let database = folder.path().join("ithaca.db");
        let first = Alone::with(&database).unwrap().expect("nobody is there");
        assert!(Alone::with(&database).unwrap().is_none());
        drop(first);
        assert!(Alone::with(&database).unwrap().is_some());
    }
}
