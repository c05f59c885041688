//! `/photo` and `/photos` of a person.
//!
//! Source: "Get profilePhoto".

use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use crate::Sandbox;
use crate::graph::answer::{Answer, Failure};
use crate::graph::asked::Asked;
use crate::graph::{bearer, portrait, users};
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
    let photo = find(sandbox, asked, key)?;
    let is_many = asked.words().contains(&"photos");
    match (is_many, rest) {
        (false, []) => Ok(Answer::json(
            StatusCode::OK,
            described(sandbox, photo, SIZES[8], true),
        )),
        (false, ["$value"]) => Ok(picture(asked, photo, SIZES[8])),
        (true, []) => {
            let list: Vec<Value> = SIZES
                .map(|size| described(sandbox, photo, size, false))
                .into();
            Ok(Answer::json(StatusCode::OK, json!({ "value": list })))
        }
        (true, [size]) => Ok(Answer::json(
            StatusCode::OK,
            described(sandbox, photo, parse_size(size)?, true),
        )),
        (true, [size, "$value"]) => Ok(picture(asked, photo, parse_size(size)?)),
        (_, [.., word]) => Err(Failure::no_segment(word)),
    }
}

fn find(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Photo, Failure> {
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
        let (person, _) = users::find(state, asked, key)?;
        person.photo.ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "ImageNotFound",
                "Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFoundException' \
                 was thrown.",
            )
        })
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

fn picture(asked: &Asked, photo: Photo, size: u16) -> Answer {
    let tag = tag(photo, size);
    let answer = if asked.says(IF_NONE_MATCH.as_str(), &tag) {
        Answer::empty(StatusCode::NOT_MODIFIED)
    } else {
        Answer::bytes("image/jpeg", portrait::draw(photo, size).into())
    };
    answer
        .with(ETAG, tag)
        .with(CACHE_CONTROL, HeaderValue::from_static("private"))
}

fn described(sandbox: &Sandbox, photo: Photo, size: u16, is_alone: bool) -> Value {
    let mut described = json!({
        "@odata.mediaContentType": "image/jpeg",
        "@odata.mediaEtag": tag(photo, size),
        "id": format!("{size}x{size}"),
        "height": size,
        "width": size,
    });
    if is_alone {
        described["@odata.context"] = json!(format!("{}/v1.0/$metadata#photo", sandbox.url()));
    }
    described
}

fn tag(photo: Photo, size: u16) -> String {
    let [red, green, blue] = photo.tint;
    format!("W/\"{red:02x}{green:02x}{blue:02x}-{size}\"")
}
