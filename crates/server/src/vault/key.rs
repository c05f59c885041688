//! One key and its file: a line `ithaca-key <id> <base64 of 32 bytes>`.
//!
//! The id is derived from the key, so a damaged file is noticed when it is
//! read, and two keys can't carry the same id.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::VaultError;
use crate::clock::Randomness;

const WORD: &str = "ithaca-key";
const LONGEST_ID: usize = 40;
/// A key file has some 80 bytes; anything much longer is another file.
const LONGEST_FILE: u64 = 1024;

/// A secret key of 256 bits with its id, wiped from memory when dropped.
#[derive(Clone)]
pub struct Key {
    id: String,
    secret: Zeroizing<[u8; 32]>,
}

impl Key {
    pub fn generate(randomness: &Randomness) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        randomness.fill(secret.as_mut());
        Self::of(secret)
    }

    /// Reads a key file, and refuses one that others than its owner (and a
    /// reading group) may open.
    pub fn read(path: &Path) -> Result<Self, VaultError> {
        let refuse = |what: String| VaultError::KeyFile {
            path: path.to_owned(),
            what,
        };
        let file = File::open(path).map_err(|error| {
            refuse(format!(
                "the key file can't be opened ({error}); `ithaca key create {}` makes one",
                path.display()
            ))
        })?;
        let permissions = file
            .metadata()
            .map_err(|error| refuse(format!("the key file can't be read: {error}")))?
            .permissions();
        if permissions.mode() & 0o037 != 0 {
            return Err(refuse(format!(
                "others than its owner may open this key file (mode {:03o}); `chmod 600 {}`",
                permissions.mode() & 0o777,
                path.display()
            )));
        }
        let mut text = Zeroizing::new(String::with_capacity(256));
        file.take(LONGEST_FILE)
            .read_to_string(&mut text)
            .map_err(|_| refuse("this is not a key file of Ithaca".to_owned()))?;
        Self::parse(&text).map_err(|what| refuse(what.to_owned()))
    }

    /// Writes the key to a new file that only its owner may read.
    pub fn write(&self, path: &Path) -> Result<(), VaultError> {
        let refuse = |error: std::io::Error| VaultError::KeyFile {
            path: path.to_owned(),
            what: if error.kind() == std::io::ErrorKind::AlreadyExists {
                "this file exists already, and a key is never written over".to_owned()
            } else {
                format!("the key file can't be written: {error}")
            },
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(refuse)?;
        let encoded = Zeroizing::new(STANDARD.encode(self.secret.as_slice()));
        let line = Zeroizing::new(format!("{WORD} {} {}\n", self.id, *encoded));
        file.write_all(line.as_bytes()).map_err(refuse)?;
        file.sync_all().map_err(refuse)
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    fn of(secret: Zeroizing<[u8; 32]>) -> Self {
        let print = Sha256::new()
            .chain_update(b"ithaca key id")
            .chain_update(secret.as_slice())
            .finalize();
        let id = print[..6].iter().fold(String::from("k"), |id, byte| {
            use std::fmt::Write as _;
            let mut id = id;
            // Writing to a string can't fail.
            let _ = write!(id, "{byte:02x}");
            id
        });
        Self { id, secret }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut words = text.split_whitespace();
        let (Some(WORD), Some(id), Some(encoded), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err("this is not a key file of Ithaca");
        };
        let mut decoded = STANDARD
            .decode(encoded)
            .map_err(|_| "the key in this file is damaged")?;
        let secret = <[u8; 32]>::try_from(decoded.as_slice()).map(Zeroizing::new);
        decoded.zeroize();
        let key = Self::of(secret.map_err(|_| "the key in this file has the wrong length")?);
        if key.id == id {
            Ok(key)
        } else {
            Err("the key in this file is damaged: it does not match its id")
        }
    }
}

/// Whether a text can be a key id, as it stands in an envelope.
pub(super) fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, [redacted])", self.id)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::scratch::Scratch;
    use crate::vault::Vault;

    #[test]
    fn a_key_file_is_made_once_and_only_its_owner_may_read_it() {
        let folder = Scratch::new();
        let path = folder.path().join("key");
        let randomness = Randomness::system();

        let id = Vault::make_key_file(&path, &randomness).unwrap();

        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(Key::read(&path).unwrap().id(), id);
        let before = fs::read(&path).unwrap();
        let again = Vault::make_key_file(&path, &randomness).unwrap_err();
        assert!(again.to_string().contains("never written over"), "{again}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused_with_the_remedy() {
        let folder = Scratch::new();
        let path = folder.path().join("key");
        Vault::make_key_file(&path, &Randomness::system()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = Key::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("mode 644") && error.contains("chmod 600"),
            "{error}"
        );
        // A group that holds the key for the service's own account is common.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Key::read(&path).is_ok());
    }

    #[test]
    fn a_damaged_or_foreign_key_file_is_refused() {
        let key = Key::generate(&Randomness::seeded(1));
        let good = format!("{WORD} {} {}", key.id, STANDARD.encode(key.secret()));
        assert_eq!(Key::parse(&good).unwrap().id(), key.id());
        let other = Key::generate(&Randomness::seeded(2));
        for bad in [
            String::new(),
            "-----BEGIN PRIVATE KEY-----".to_owned(),
            format!("{good} more"),
            good[..good.len() - 4].to_owned(),
            format!("{WORD} {} {}", key.id, STANDARD.encode(other.secret())),
            format!("{WORD} {} !", key.id),
        ] {
            assert!(Key::parse(&bad).is_err(), "{bad}");
        }
        assert!(
            Key::read(Path::new("/nowhere/key"))
                .unwrap_err()
                .to_string()
                .contains("key create")
        );
    }
}
