//! Lists in parts. A page token says where the last part ended; it is sealed for whom it
//! was made and for the list that it belongs to, so that nobody else's, and none that was
//! changed, leads anywhere (I-08).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::problem::{FieldError, Problem};
use super::query::Parameters;
use super::{Answer, Bearer};
use crate::vault::Place;

/// How many a page has if nothing else is asked for.
const USUAL: u16 = 50;
/// How many a page has at most.
pub const MOST: u16 = 100;
/// No token of ours is longer.
const LONGEST: usize = 1_024;

/// Which part of which list is asked for.
#[derive(Debug)]
pub struct Asked<C> {
    /// Where the part before it ended.
    pub after: Option<C>,
    /// How many at most.
    pub size: usize,
    list: Vec<u8>,
}

fn place(bearer: &Bearer) -> Place {
    Place {
        table: "page_tokens",
        column: "cursor",
        organization: bearer.sight.organization.0,
        row: bearer.sight.member.0,
    }
}

impl<C: Serialize + DeserializeOwned> Asked<C> {
    /// Reads `page_token` and `page_size`; `list` says which list it is, filters included.
    pub fn read(bearer: &Bearer, parameters: &mut Parameters, list: &str) -> Result<Self, Problem> {
        let size = parameters.size("page_size", MOST).unwrap_or(USUAL);
        let list = Sha256::digest(list.as_bytes()).to_vec();
        let after = match parameters.text("page_token") {
            None => None,
            Some(token) => Some(open(bearer, &list, &token).ok_or_else(|| {
                Problem::unreadable_fields(vec![FieldError::new(
                    "page_token",
                    "This page token does not belong to this list. Begin without one.",
                )])
            })?),
        };
        Ok(Self {
            after,
            size: usize::from(size),
            list,
        })
    }

    /// Answers a part of the list: `items` has one more than asked for if there is more.
    pub fn answer<T, S: Serialize>(
        &self,
        bearer: &Bearer,
        mut items: Vec<T>,
        cursor: impl Fn(&T) -> C,
        show: impl Fn(T) -> S,
    ) -> Answer {
        let next = if items.len() > self.size {
            items.truncate(self.size);
            items.last().map(|last| self.seal(bearer, &cursor(last)))
        } else {
            None
        };
        let page = Page {
            items: items.into_iter().map(show).collect(),
            next_page_token: next.transpose()?,
        };
        super::meetings::json(&page)
    }

    fn seal(&self, bearer: &Bearer, cursor: &C) -> Result<String, Problem> {
        let mut plain = self.list.clone();
        serde_json::to_writer(&mut plain, cursor)
            .map_err(|error| Problem::broken(error.to_string()))?;
        let sealed = bearer.app.vault.seal(place(bearer), &plain);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }
}

fn open<C: DeserializeOwned>(bearer: &Bearer, list: &[u8], token: &str) -> Option<C> {
    if token.len() > LONGEST {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
    let plain = bearer.app.vault.open(place(bearer), &sealed).ok()?;
    let cursor = plain.expose_secret().strip_prefix(list)?;
    serde_json::from_slice(cursor).ok()
}

#[derive(Serialize)]
struct Page<S> {
    items: Vec<S>,
    next_page_token: Option<String>,
}
