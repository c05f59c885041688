//! The calendar that somebody's programs subscribe to, and its address on their profile.

use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::actor::SignedIn;
use super::answer::{Answer, Failed, see, see_and_say, view};
use super::profile;
use crate::app::App;
use crate::mail::{Sender, calendar};

/// The calendar. Whoever has the address may read it; a program that has read this one is
/// told so in one line.
pub async fn show(State(app): State<App>, Path(file): Path<String>, headers: HeaderMap) -> Answer {
    let code = file.strip_suffix(".ics").ok_or(Failed::NotFound)?;
    let mut feed = app.feed(code).await?;
    for object in &mut feed.objects {
        object.organizer.0 = Sender::name_for(&object.organizer.0);
    }
    let broken = |error: &dyn std::fmt::Display| Failed::Broken(error.to_string());
    let sender = Sender::new(&app.instance.mail_from).map_err(|error| broken(&error))?;
    let name = format!("Ithaca: {}", feed.organization);
    let text = calendar::write_feed(&name, &feed.time_zone, &feed.objects, &sender)
        .map_err(|error| broken(&error))?;
    let mark = BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(text.as_bytes())[..16]);
    let mark = format!("\"{mark}\"");
    let known = is_known(&headers, &mark);
    let fixed = [
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        ),
        (
            header::ETAG,
            HeaderValue::try_from(mark).map_err(|error| broken(&error))?,
        ),
    ];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    let kind = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "inline; filename=\"ithaca.ics\"",
        ),
    ];
    Ok((StatusCode::OK, fixed, kind, text).into_response())
}

/// Whether the program has what has this mark (RFC 9110, section 13.1.2).
fn is_known(headers: &HeaderMap, mark: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == mark)
}

/// The address is on the profile, and is shown once.
pub async fn again(signed_in: SignedIn) -> Answer {
    see(&signed_in.to("profile"))
}

/// Makes the address, or a new one.
pub async fn make(signed_in: SignedIn) -> Answer {
    let address = signed_in
        .app
        .make_calendar_address(signed_in.acting())
        .await?;
    view(&profile::made(&signed_in, address).await?)
}

/// Ends it.
pub async fn end(signed_in: SignedIn) -> Answer {
    signed_in
        .app
        .end_calendar_address(signed_in.acting())
        .await?;
    see_and_say(
        &signed_in.to("profile"),
        "The address of your calendar has ended.",
    )
}
