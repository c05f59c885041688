//! One's own profile, and the pictures of people.

use axum::extract::Path;
use axum::response::IntoResponse as _;
use http::{StatusCode, header};
use mentoring::organization::MemberId;

use super::actor::SignedIn;
use super::answer::{self, Answer, Failed, refused, see_and_say, view, view_as};
use super::form::{Fields, Form, FromFields};
use super::pages::form::{Choice, Errors};
use super::pages::frame::Here;
use super::pages::profile::{Calendar, MadeCalendar, Profile};
use super::reminders;
use super::times::{self, Reader};
use super::tokens::{self, Typed};
use crate::app::members::LANGUAGES;
use crate::store::{calendar_feeds, directory, sessions};

/// What a profile says.
pub struct Wishes {
    zone: String,
    language: String,
}

impl FromFields for Wishes {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            zone: fields.one("zone")?,
            language: fields.one("language")?,
        })
    }
}

/// One's own profile.
pub async fn show(signed_in: SignedIn) -> Answer {
    let wishes = wishes(&signed_in);
    view(&page(&signed_in, &wishes, &Typed::default(), Errors::none()).await?)
}

/// The profile with the address of the calendar that was just made.
pub(super) async fn made(signed_in: &SignedIn, address: String) -> Result<Profile, Failed> {
    let mut page = page_with(signed_in, &Typed::default(), Errors::none()).await?;
    page.calendar.made = Some(MadeCalendar {
        webcal: webcal(&address),
        address,
    });
    Ok(page)
}

/// What a click on it hands to the calendar program.
fn webcal(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    format!("webcal://{rest}")
}

/// The page with what was typed of a new token, and what is wrong with it.
pub(super) async fn page_with(
    signed_in: &SignedIn,
    typed: &Typed,
    errors: Errors,
) -> Result<Profile, Failed> {
    page(signed_in, &wishes(signed_in), typed, errors).await
}

fn wishes(signed_in: &SignedIn) -> Wishes {
    let member = signed_in.member();
    Wishes {
        zone: member.time_zone.clone(),
        language: member.language.clone(),
    }
}

async fn page(
    signed_in: &SignedIn,
    wishes: &Wishes,
    typed: &Typed,
    errors: Errors,
) -> Result<Profile, Failed> {
    let since = calendar_feeds::find_mine(&signed_in.app.store, &signed_in.sight).await?;
    let now = signed_in.app.clock.now();
    let reader = Reader::from(signed_in.member());
    let browsers = sessions::count_mine(&signed_in.app.store, &signed_in.sight).await?;
    Ok(Profile {
        frame: signed_in.frame(Here::Elsewhere).await?,
        errors,
        face: signed_in.faces(&[signed_in.member()]).await?.remove(0),
        email: signed_in.member().email.to_string(),
        zones: times::zones(&wishes.zone),
        languages: LANGUAGES
            .iter()
            .map(|(tag, name)| Choice::new(*tag, *name, *tag == wishes.language))
            .collect(),
        sessions: if browsers == 1 {
            "You are signed in on this browser only.".to_owned()
        } else {
            format!("You are signed in on {browsers} browsers.")
        },
        reminders: reminders::part(signed_in).await?,
        tokens: tokens::part(signed_in, typed).await?,
        calendar: Calendar {
            since: since.map(|since| times::moment(since, now, reader)),
            made: None,
        },
    })
}

/// Saves it.
pub async fn change(signed_in: SignedIn, Form(wishes): Form<Wishes>) -> Answer {
    let changed = signed_in
        .app
        .change_profile(signed_in.acting(), &wishes.zone, &wishes.language)
        .await;
    match changed {
        Ok(()) => see_and_say(&signed_in.to("profile"), "Saved."),
        Err(error) => {
            let refused = refused(error)?;
            let page = page(&signed_in, &wishes, &Typed::default(), refused.errors).await?;
            view_as(refused.status, &page)
        }
    }
}

/// The picture of somebody within sight, as the directory has it.
pub async fn photo(signed_in: SignedIn, Path((_, id)): Path<(String, String)>) -> Answer {
    let id = MemberId(answer::id(&id)?);
    let photo = directory::photo(&signed_in.app.store, &signed_in.sight, id)
        .await?
        .ok_or(Failed::NotFound)?;
    let kind = if photo.starts_with(b"\x89PNG") {
        "image/png"
    } else {
        "image/jpeg"
    };
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, kind)], photo).into_response())
}
