//! Whether a form still shows what is stored: a mark of what its page showed, compared
//! when it comes back, so that nobody writes over what they have not seen.

use sha2::{Digest, Sha256};

use super::answer::Failed;
use super::pages::failure::Change;
use super::pages::shown::Way;

/// The mark of what a page shows.
pub fn mark(shown: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in shown {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    let digest = digest.finalize();
    let head = digest.iter().take(8);
    let number = head.fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("{number:016x}")
}

/// A form without a mark was not made by a page, and has nothing to compare.
pub fn check(
    given: &str,
    stored: &str,
    changes: impl IntoIterator<Item = (&'static str, String, String)>,
    again: &str,
) -> Result<(), Failed> {
    if given.is_empty() || given == stored {
        return Ok(());
    }
    let changes = changes
        .into_iter()
        .filter(|(_, theirs, yours)| theirs != yours)
        .map(|(field, theirs, yours)| Change {
            field: field.to_owned(),
            theirs,
            yours,
        })
        .collect();
    Err(Failed::Conflict {
        reason: "Somebody else changed this while you were looking at it.".to_owned(),
        changes,
        again: Some(Way::new("Look at it again", again)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pages_that_show_something_else_have_different_marks() {
        assert_eq!(mark(&["ab", "c"]), mark(&["ab", "c"]));
        assert_ne!(mark(&["ab", "c"]), mark(&["a", "bc"]));
    }

    #[test]
    fn only_what_differs_is_shown_as_changed() {
        let changes = [
            ("Name", "New".to_owned(), "Old".to_owned()),
            ("Lobby", "x".to_owned(), "x".to_owned()),
        ];
        let refused = check("1", "2", changes, "/larkspur").unwrap_err();
        assert!(matches!(refused, Failed::Conflict { changes, .. } if changes.len() == 1));
        assert!(check("2", "2", [], "/larkspur").is_ok());
    }
}
