//! The notes of a meeting: shared ones, and those that one keeps for oneself.

use axum::extract::Path;
use http::StatusCode;
use mentoring::member::Member;
use mentoring::note::Audience;
use mentoring::organization::MemberId;

use crate::app::AppError;
use crate::app::notes::Notes;
use crate::store;
use crate::store::meetings::StoredMeeting;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, refused, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::pages::form::Errors;
use crate::web::pages::frame::Here;
use crate::web::pages::notes::{Notes as Page, Part};
use crate::web::times::{self, Reader};

/// What the form says: one of the two, never both.
pub struct Written {
    audience: Audience,
    revision: i64,
    text: String,
}

impl FromFields for Written {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        let unreadable = || {
            let reason = "This form does not say whose notes these are.".to_owned();
            Failed::Refused(StatusCode::BAD_REQUEST, reason)
        };
        let revision = fields.one("revision")?;
        let (audience, text) = match (fields.optional("shared")?, fields.optional("private")?) {
            (Some(text), None) => (Audience::Shared, text),
            (None, Some(text)) => (Audience::Private, text),
            _ => return Err(unreadable()),
        };
        Ok(Self {
            audience,
            revision: revision.parse().map_err(|_| unreadable())?,
            text,
        })
    }
}

/// Paragraphs, one per line.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The notes.
pub async fn show(signed_in: SignedIn, Path((_, id)): Path<(String, String)>) -> Answer {
    let stored = super::find(&signed_in, &id).await?;
    view(&page(&signed_in, &stored, None, Errors::none()).await?)
}

async fn page(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    typed: Option<&Written>,
    errors: Errors,
) -> Result<Page, Failed> {
    let meeting = &stored.meeting;
    let people =
        store::meetings::people_of(&signed_in.app.store, &signed_in.sight, [stored]).await?;
    let now = signed_in.app.clock.now();
    let reader = Reader::from(signed_in.member());
    let name = |id: &MemberId| people.get(id).map_or("Somebody".to_owned(), Member::name);
    let part = |audience: Audience, notes: Notes| {
        let typed = typed.filter(|typed| typed.audience == audience);
        let overtaken = typed.is_some_and(|typed| typed.revision != notes.revision);
        let changed = notes.changed.map(|(who, at)| {
            let at = times::moment(at, now, reader);
            match audience {
                Audience::Shared => format!("Changed by {}: {at}.", name(&who)),
                Audience::Private => format!("Changed: {at}."),
            }
        });
        Part {
            revision: notes.revision.to_string(),
            changed,
            theirs: if overtaken {
                Some(lines(&notes.text))
            } else {
                None
            },
            text: typed.map_or(notes.text, |typed| typed.text.clone()),
        }
    };
    let acting = signed_in.acting();
    let read = async |audience| signed_in.app.notes(acting, meeting, audience).await;
    Ok(Page {
        frame: signed_in.frame(Here::Meetings).await?,
        id: meeting.id.to_string(),
        title: meeting.title.clone(),
        shared: part(Audience::Shared, read(Audience::Shared).await?),
        private: part(Audience::Private, read(Audience::Private).await?),
        errors,
    })
}

/// Keeps them. Who was overtaken sees both versions, and saves what is to stand.
pub async fn change(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Form(written): Form<Written>,
) -> Answer {
    let stored = super::find(&signed_in, &id).await?;
    let Written {
        audience,
        revision,
        text,
    } = &written;
    let changed = signed_in
        .app
        .change_notes(
            signed_in.acting(),
            stored.meeting.id,
            *audience,
            *revision,
            text,
        )
        .await;
    match changed {
        Ok(()) => see_and_say(
            &signed_in.to(&format!("meetings/{}/notes", stored.meeting.id)),
            "Saved.",
        ),
        Err(AppError::Conflict(_)) => {
            let mut errors = Errors::none();
            errors.refusal = Some(
                "These notes were changed while you wrote. Both versions are below: put together what is to stand, and save it."
                    .to_owned(),
            );
            let page = page(&signed_in, &stored, Some(&written), errors).await?;
            view_as(StatusCode::CONFLICT, &page)
        }
        Err(error) => {
            let refused = refused(error)?;
            let mut errors = Errors::none();
            for (_, sentence) in refused.errors.fields {
                errors.push(audience.as_str(), sentence);
            }
            let page = page(&signed_in, &stored, Some(&written), errors).await?;
            view_as(refused.status, &page)
        }
    }
}
