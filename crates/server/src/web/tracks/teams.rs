//! "Why can't I use Teams?", answered for whoever asks (S3, S10).

use axum::extract::Path;
use mentoring::eligibility::Reason;

use super::show::{find, mark};
use crate::app::AppError;
use crate::store::directory;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, view};
use crate::web::pages::frame::Here;
use crate::web::pages::tracks::{OwnTeams, Question};
use crate::web::times;

/// `/tracks/{track}/teams`
pub async fn show(signed_in: SignedIn, Path((_, slug)): Path<(String, String)>) -> Answer {
    let track = find(&signed_in, &slug).await?;
    let reasons = match signed_in.app.offer(signed_in.acting(), track.id).await {
        Ok(offer) => offer.teams.err().unwrap_or_default(),
        Err(AppError::NotFound) => return Err(Failed::NotFound),
        Err(error) => return Err(error.into()),
    };
    let member = signed_in.member();
    let lookup = directory::list(&signed_in.app.store, &signed_in.sight, &[member.id])
        .await?
        .remove(&member.id)
        .ok_or(Failed::NotFound)?;
    let organization = &signed_in.session.organization_name;
    let answer = |ask: String, well: String, stands_against: fn(Reason) -> bool| {
        let against = reasons.iter().find(|reason| stands_against(**reason));
        Question {
            ask,
            well: against.is_none(),
            answer: against.map_or(well, |reason| reason.sentence(&member.email, organization)),
        }
    };
    let account = lookup
        .account
        .as_ref()
        .map(|account| account.user_principal_name.clone())
        .unwrap_or_default();
    let questions = vec![
        answer(
            format!("Does {organization} use Microsoft Teams with Ithaca?"),
            "Yes, and it works.".to_owned(),
            |reason| {
                matches!(
                    reason,
                    Reason::NotIntegrated | Reason::BeingRemoved | Reason::NeedsAttention(_)
                )
            },
        ),
        answer(
            format!("Does {} use Teams video calls?", track.name),
            "Yes. Its administrators have ticked it.".to_owned(),
            |reason| reason == Reason::ModeOff,
        ),
        answer(
            format!("Do you have an account in {organization}'s Microsoft directory?"),
            format!("Yes: {account}."),
            |reason| {
                matches!(
                    reason,
                    Reason::BeingChecked
                        | Reason::NotInDirectory
                        | Reason::Guest
                        | Reason::Ambiguous
                        | Reason::MemberNotActive
                )
            },
        ),
    ];
    let now = signed_in.app.clock.now();
    view(&OwnTeams {
        may: reasons.is_empty(),
        questions,
        looked_up: lookup
            .looked_up_at
            .map(|at| times::moment(at, now, member.into())),
        frame: signed_in.frame(Here::Track(track.slug.clone())).await?,
        track: mark(&track),
    })
}
