//! What people answer to times that are offered, on the meeting's page.

use axum::extract::Path;
use mentoring::meeting::MeetingState;
use mentoring::organization::ProposalId;
use mentoring::refusal::Refusal;

use super::Problem;
use crate::app::{Acting, App, AppError, Done};
use crate::store::meetings::StoredMeeting;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, refused, see, see_and_say, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::meetings::schedule::way;
use crate::web::meetings::scope::Named;
use crate::web::meetings::{find, show, when};
use crate::web::pages::failure::Change;

/// What the forms of a proposal say.
#[derive(Debug)]
pub struct Words {
    proposal: String,
    revision: Option<i64>,
    choice: Option<String>,
    can: Vec<String>,
    none: bool,
    note: String,
}

impl FromFields for Words {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        let revision = fields.optional("revision")?;
        Ok(Self {
            proposal: fields.one("proposal")?,
            revision: revision.and_then(|revision| revision.parse().ok()),
            choice: fields.optional("choice")?,
            can: fields.several("can"),
            none: fields.ticked("none")?,
            note: fields.one("note")?,
        })
    }
}

/// What somebody does with a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Accept,
    Answer,
    Decline,
    Withdraw,
}

impl Deed {
    /// By the last part of its address.
    pub fn of(word: &str) -> Result<Self, Failed> {
        Ok(match word {
            "acceptance" => Self::Accept,
            "availability" => Self::Answer,
            "refusal" => Self::Decline,
            "withdrawal" => Self::Withdraw,
            _ => return Err(Failed::NotFound),
        })
    }

    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Accept => "The time is settled. Everyone is told by mail.",
            Self::Answer => "What you can was saved.",
            Self::Decline => "You declined. Whoever offered the times is told.",
            Self::Withdraw => "The times are withdrawn. Whoever was asked is told.",
        }
    }

    /// Does it.
    pub(super) async fn attempt(
        self,
        app: &App,
        acting: &Acting,
        stored: &StoredMeeting,
        words: &Words,
    ) -> Done<()> {
        let id = stored.meeting.id;
        let proposal = words.about().ok_or(AppError::NotFound)?;
        match self {
            Self::Accept => {
                let place = words.place().ok_or(Refusal::TimeNotOffered)?;
                let revision = words.revision;
                app.accept_time(acting, id, (proposal, place), revision)
                    .await
            }
            Self::Answer => {
                let places: Option<Vec<usize>> =
                    words.can.iter().map(|place| place.parse().ok()).collect();
                let can = places.ok_or(Refusal::TimeNotOffered)?;
                if can.is_empty() && !words.none {
                    return Err(Refusal::NothingTicked.into());
                }
                let can = if words.none { &[][..] } else { &can };
                app.answer_times(acting, id, proposal, can).await
            }
            Self::Decline => app.decline_times(acting, id, proposal, &words.note).await,
            Self::Withdraw => app.withdraw_times(acting, id, proposal).await,
        }
    }
}

impl Words {
    fn about(&self) -> Option<ProposalId> {
        self.proposal.parse().ok()
    }

    fn place(&self) -> Option<usize> {
        self.choice.as_deref()?.parse().ok()
    }

    /// What was refused, at its proposal.
    pub(super) fn problem(&self, sentence: String) -> Option<Problem> {
        Some(Problem {
            proposal: self.about()?,
            sentence,
            choice: self.place(),
        })
    }
}

/// The forms are on the meeting's own page.
pub async fn again(signed_in: SignedIn, Path((_, id)): Path<(String, String)>) -> Answer {
    let stored = find(&signed_in, &id).await?;
    see(&signed_in.to(&format!("meetings/{}", stored.meeting.id)))
}

pub async fn accept(
    signed_in: SignedIn,
    path: Path<(String, String)>,
    form: Form<Words>,
) -> Answer {
    give(signed_in, path, form, Deed::Accept).await
}

pub async fn answer(
    signed_in: SignedIn,
    path: Path<(String, String)>,
    form: Form<Words>,
) -> Answer {
    give(signed_in, path, form, Deed::Answer).await
}

pub async fn decline(
    signed_in: SignedIn,
    path: Path<(String, String)>,
    form: Form<Words>,
) -> Answer {
    give(signed_in, path, form, Deed::Decline).await
}

pub async fn withdraw(
    signed_in: SignedIn,
    path: Path<(String, String)>,
    form: Form<Words>,
) -> Answer {
    give(signed_in, path, form, Deed::Withdraw).await
}

async fn give(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Form(words): Form<Words>,
    deed: Deed,
) -> Answer {
    let stored = find(&signed_in, &id).await?;
    let (app, acting) = (&signed_in.app, signed_in.acting());
    match deed.attempt(app, acting, &stored, &words).await {
        Ok(()) => {
            let address = signed_in.to(&format!("meetings/{}", stored.meeting.id));
            see_and_say(&address, deed.done())
        }
        // Somebody was quicker: what became of it is shown beside what was chosen.
        Err(AppError::Conflict(reason)) => Err(Failed::Conflict {
            reason,
            changes: happened(&signed_in, &id).await?,
            again: Some(way(&signed_in, &stored.meeting)),
        }),
        Err(AppError::NotFound) => Err(Failed::NotFound),
        Err(error) => {
            let refused = refused(error)?;
            let sentences: Vec<String> = refused.refusals.iter().map(ToString::to_string).collect();
            let problem = words.problem(sentences.join(" "));
            let problem = problem.ok_or(Failed::NotFound)?;
            let named = Named::default();
            let page = show::page_with(&signed_in, &stored, named, None, Some(&problem)).await?;
            view_as(refused.status, &page)
        }
    }
}

/// When the meeting is now, if somebody settled on a time meanwhile.
async fn happened(signed_in: &SignedIn, id: &str) -> Result<Vec<Change>, Failed> {
    let stored = find(signed_in, id).await?;
    let meeting = &stored.meeting;
    if meeting.state != MeetingState::Scheduled {
        return Ok(Vec::new());
    }
    let store = &signed_in.app.store;
    let people = crate::store::meetings::people_of(store, &signed_in.sight, [&stored]).await?;
    let current = meeting.current(signed_in.app.clock.now());
    let now = when(signed_in, meeting, &current, &people);
    Ok(vec![Change {
        field: "Time".to_owned(),
        theirs: format!("{}, {}", now.day, now.hours),
        yours: "Another one of the times".to_owned(),
    }])
}
