//! `/photo` and `/photos` of a person.
//!
//! Source: "Get profilePhoto".

use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::Sandbox;
use crate::graph::answer::{Answer, Failure};
use crate::graph::asked::Asked;
use crate::graph::{bearer, portrait, users};
use crate::ids::ObjectId;
use crate::tenant::person::Photo;

/// The sides of the pictures that Microsoft offers, in pixels.
const SIZES: [u16; 9] = [48, 64, 96, 120, 240, 360, 432, 504, 648];

pub(super) fn answer(
    sandbox: &Sandbox,
    asked: &Asked,
    key: Option<&str>,
    rest: &[&str],
) -> Result<Answer, Failure> {
    if asked.method != Method::GET {
        return Err(Failure::not_allowed());
    }
    let is_many = asked.words().contains(&"photos");
    let (person, photo) = find(sandbox, asked, key)?;
    let show = Show {
        sandbox,
        asked,
        person,
    };
    match (is_many, rest) {
        (false, []) => Ok(show.entity(photo, SIZES[8])),
        (false, ["$value"]) => show.picture(photo, SIZES[8]),
        (true, []) => Ok(show.list(photo)),
        (true, [size]) => Ok(show.entity(photo, parse_size(size)?)),
        (true, [size, "$value"]) => show.picture(photo, parse_size(size)?),
        (_, [.., word]) => Err(Failure::no_segment(word)),
    }
}

/// Whose photo it is, and the photo if there is one.
fn find(
    sandbox: &Sandbox,
    asked: &Asked,
    key: Option<&str>,
) -> Result<(ObjectId, Option<Photo>), Failure> {
    sandbox.read(|state| {
        let is_allowed_alone = bearer::may(
            &asked.bearer,
            &["ProfilePhoto.Read.All"],
            &["ProfilePhoto.Read.All"],
        );
        // Source: "Get profilePhoto": an application needs `User.Read.All`.
        if asked.bearer.person.is_none()
            && !is_allowed_alone
            && !bearer::may(&asked.bearer, &[], &["User.Read.All"])
        {
            return Err(Failure::new(
                StatusCode::FORBIDDEN,
                "ErrorAccessDenied",
                "Access is denied. Check credentials and try again.",
            ));
        }
        let person = if is_allowed_alone {
            users::find_anyone(state, asked, key)?
        } else {
            users::find(state, asked, key)?.0
        };
        if person.mail.is_none() && person.photo.is_none() {
            return Err(Failure::new(
                StatusCode::NOT_FOUND,
                "ErrorNonExistentMailbox",
                "The SMTP address has no mailbox associated with it.",
            ));
        }
        Ok((person.id, person.photo))
    })
}

/// `96x96` as a side in pixels.
fn parse_size(text: &str) -> Result<u16, Failure> {
    SIZES
        .into_iter()
        .find(|size| text == format!("{size}x{size}"))
        .ok_or_else(|| {
            Failure::new(
                StatusCode::BAD_REQUEST,
                "ErrorInvalidImageId",
                format!("The photo id '{text}' isn't valid."),
            )
        })
}

/// Shows the photo of one person.
struct Show<'a> {
    sandbox: &'a Sandbox,
    asked: &'a Asked,
    person: ObjectId,
}

impl Show<'_> {
    fn picture(&self, photo: Option<Photo>, size: u16) -> Result<Answer, Failure> {
        let photo = photo.ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "ImageNotFound",
                "Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFoundException' \
                 was thrown.",
            )
        })?;
        let tag = tag(photo, size);
        let is_known = [tag.as_str(), "*"]
            .iter()
            .any(|known| self.asked.says(IF_NONE_MATCH.as_str(), known));
        let answer = if is_known {
            Answer::empty(StatusCode::NOT_MODIFIED)
        } else {
            Answer::bytes("image/jpeg", portrait::draw(photo, size).into())
        };
        Ok(answer
            .with(ETAG, tag)
            .with(CACHE_CONTROL, HeaderValue::from_static("private")))
    }

    fn entity(&self, photo: Option<Photo>, size: u16) -> Answer {
        let mut entity = Map::new();
        entity.insert(
            "@odata.context".to_owned(),
            json!(self.context(if self.is_of_many() {
                "photos/$entity"
            } else {
                "photo/$entity"
            })),
        );
        entity.extend(described(photo, size));
        Answer::json(StatusCode::OK, Value::Object(entity))
    }

    fn list(&self, photo: Option<Photo>) -> Answer {
        let list: Vec<Value> = match photo {
            Some(_) => SIZES
                .map(|size| Value::Object(described(photo, size)))
                .into(),
            None => Vec::new(),
        };
        Answer::json(
            StatusCode::OK,
            json!({"@odata.context": self.context("photos"), "value": list}),
        )
    }

    fn is_of_many(&self) -> bool {
        self.asked.words().contains(&"photos")
    }

    fn context(&self, tail: &str) -> String {
        let (url, person) = (self.sandbox.url(), self.person);
        format!("{url}/v1.0/$metadata#users('{person}')/{tail}")
    }
}

/// What there is to say about a photo. Where there is none, the description is that of a picture
/// of one pixel. Source: "Get profilePhoto".
fn described(photo: Option<Photo>, size: u16) -> Map<String, Value> {
    let (kind, pixels) = match photo {
        Some(_) => ("image/jpeg", size),
        None => ("image/gif", 1),
    };
    let mut described = Map::new();
    described.insert("@odata.mediaContentType".to_owned(), json!(kind));
    if let Some(photo) = photo {
        described.insert("@odata.mediaEtag".to_owned(), json!(tag(photo, size)));
    }
    described.insert("id".to_owned(), json!(format!("{pixels}x{pixels}")));
    described.insert("height".to_owned(), json!(pixels));
    described.insert("width".to_owned(), json!(pixels));
    described
}

fn tag(photo: Photo, size: u16) -> String {
    let [red, green, blue] = photo.tint;
    format!("W/\"{red:02x}{green:02x}{blue:02x}-{size}\"")
}
