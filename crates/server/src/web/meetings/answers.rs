//! What somebody answers on the meeting's page.

use axum::extract::Path;

use super::scope::Named;
use super::show;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, refused, see, see_and_say, view_as};
use crate::web::answers::Words;
use crate::web::form::Form;

/// The form is on the meeting's own page.
pub async fn again(signed_in: SignedIn, Path((_, id)): Path<(String, String)>) -> Answer {
    let stored = super::find(&signed_in, &id).await?;
    see(&signed_in.to(&format!("meetings/{}", stored.meeting.id)))
}

/// Records it.
pub async fn give(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Form(words): Form<Words>,
) -> Answer {
    let stored = super::find(&signed_in, &id).await?;
    let note = words.note.as_deref().unwrap_or_default();
    let answered = match words.given() {
        Ok(given) => {
            let app = &signed_in.app;
            let id = stored.meeting.id;
            app.answer(signed_in.acting(), id, given, note).await
        }
        Err(error) => Err(error),
    };
    match answered {
        Ok(()) => see_and_say(
            &signed_in.to(&format!("meetings/{}", stored.meeting.id)),
            "Your answer was saved.",
        ),
        Err(error) => {
            let refused = refused(error)?;
            if refused
                .refusals
                .iter()
                .any(|refusal| refusal.field().is_none())
            {
                return Err(Failed::Forbidden(
                    refused.errors.refusal.unwrap_or_default(),
                ));
            }
            let typed = (words, refused.errors);
            let page = show::page(&signed_in, &stored, Named::default(), Some(typed)).await?;
            view_as(refused.status, &page)
        }
    }
}
