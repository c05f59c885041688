//! Times that are offered, by the link of a mail and without signing in. To open it changes
//! nothing; only the buttons on it do, for programs that look for harm in mails open every
//! link.

use axum::extract::{Path, State};
use http::StatusCode;
use mentoring::member::Member;

use super::answer::{Deed, Words};
use super::{Looking, Problem, offers};
use crate::app::{Acting, App, AppError};
use crate::store::meetings::{StoredMeeting, people_of};
use crate::store::organizations;
use crate::web::answer::{Answer, Failed, refused, see, see_and_say, view, view_as};
use crate::web::answers::gone;
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::meetings::mode;
use crate::web::meetings::words::names;
use crate::web::pages::proposals::ByLink;
use crate::web::pages::shown::Way;

type Linked = (Acting, Member, StoredMeeting);

async fn linked(app: &App, caller: &Caller, code: &str) -> Result<Linked, Failed> {
    match app.find_by_link(code, &caller.network_address).await {
        Err(AppError::NotFound) => Err(gone()),
        other => Ok(other?),
    }
}

/// Shows them.
pub async fn show(State(app): State<App>, caller: Caller, Path(code): Path<String>) -> Answer {
    let linked = linked(&app, &caller, &code).await?;
    view(&page(&caller, &code, &linked, None).await?)
}

/// Who asks for the address of a form gets the page it stands on.
pub async fn again(Path((code, deed)): Path<(String, String)>) -> Answer {
    Deed::of(&deed)?;
    see(&format!("/a/{code}/times"))
}

/// Does what a button says, in the name of the one whom the mail was for.
pub async fn give(
    State(app): State<App>,
    caller: Caller,
    Path((code, deed)): Path<(String, String)>,
    Form(words): Form<Words>,
) -> Answer {
    let deed = Deed::of(&deed)?;
    let linked = linked(&app, &caller, &code).await?;
    app.count_by_link(&code).await?;
    let (acting, _, stored) = &linked;
    let (status, sentence) = match deed.attempt(&app, acting, stored, &words).await {
        Ok(()) => return see_and_say(&format!("/a/{code}/times"), deed.done()),
        Err(AppError::Conflict(reason)) => (StatusCode::CONFLICT, reason),
        Err(AppError::NotFound) => return Err(gone()),
        Err(error) => {
            let refused = refused(error)?;
            let all: Vec<String> = refused.refusals.iter().map(ToString::to_string).collect();
            (refused.status, all.join(" "))
        }
    };
    let linked = self::linked(&app, &caller, &code).await?;
    let problem = words.problem(sentence);
    view_as(status, &page(&caller, &code, &linked, problem).await?)
}

async fn page(
    caller: &Caller,
    code: &str,
    (acting, member, stored): &Linked,
    problem: Option<Problem>,
) -> Result<ByLink, Failed> {
    let app = &caller.app;
    let sight = acting.sight();
    let looking = Looking {
        app,
        sight: &sight,
        member,
        base: format!("/a/{code}/times"),
        other: None,
    };
    let offers = offers(&looking, stored, problem.as_ref()).await?;
    let people = people_of(&app.store, &sight, [stored]).await?;
    let others: Vec<&str> = people
        .values()
        .filter(|person| person.id != member.id && stored.meeting.is_attended_by(person.id))
        .map(|person| person.first_name.as_str())
        .collect();
    let organization = organizations::find(&app.store, member.organization).await?;
    let is_shown = |problem: &Problem| {
        let id = problem.proposal.to_string();
        offers.iter().any(|offer| offer.id == id)
    };
    let closed = match problem {
        Some(problem) if !is_shown(&problem) => Some(problem.sentence),
        _ if offers.is_empty() => Some("There is nothing to answer any more.".to_owned()),
        _ => None,
    };
    Ok(ByLink {
        frame: caller.frame(organization.as_ref()),
        name: member.name(),
        title: stored.meeting.title.clone(),
        mode: mode(stored.meeting.mode),
        people: names(&others),
        closed,
        offers,
        way: organization.map(|organization| {
            Way::new(
                "Look at the meeting",
                format!("/{}/meetings/{}", organization.slug, stored.meeting.id),
            )
        }),
    })
}
