//! Program Settings, Permissions: the meeting modes of a track (S8, S11, S15), and who
//! gets into its Teams meetings without waiting.

use std::collections::BTreeSet;

use axum::extract::Path;
use http::StatusCode;
use mentoring::lobby::LobbyScope;
use mentoring::refusal::Refusal;
use mentoring::repetition::OccurrenceState;
use mentoring::track::{Mode, Modes, Track};

use super::{address, administered, mark};
use crate::app::AppError;
use crate::app::tracks::{ModesChange, TeamsMeetings};
use crate::store::integrations::{self, Integration};
use crate::store::meetings::{self, Part, Whose};
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, refused, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::meetings::{line, mode as shown};
use crate::web::pages::frame::Here;
use crate::web::pages::meetings::MeetingLine;
use crate::web::pages::shown::Way;
use crate::web::pages::tracks::{Closed, ModePermission, Permissions, Unticked};
use crate::web::pages::{Choice, Errors};
use crate::web::revision;

/// How many of the affected meetings are named.
const NAMED: usize = 5;

/// What the form says, and the answer to the question about planned Teams meetings.
#[derive(Debug)]
pub struct Said {
    revision: String,
    modes: Vec<Mode>,
    lobby: String,
    links: String,
    replacement: String,
}

impl FromFields for Said {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            revision: fields.one("revision")?,
            modes: modes(fields)?,
            lobby: fields.one("lobby")?,
            links: fields.one("links")?,
            replacement: fields.one("replacement")?,
        })
    }
}

/// The ticked modes: one a field, or several in one, set apart by spaces.
pub(in crate::web) fn modes(fields: &mut Fields) -> Result<Vec<Mode>, Failed> {
    let given = fields.several("modes");
    given
        .iter()
        .flat_map(|text| text.split_whitespace())
        .map(|word| {
            Mode::parse(word).ok_or_else(|| {
                Failed::Refused(
                    StatusCode::BAD_REQUEST,
                    "There is no such meeting mode.".to_owned(),
                )
            })
        })
        .collect()
}

/// The modes as boxes. Teams can't be ticked while it does not work; where it `has` been
/// ticked before, it may stay and be unticked.
pub(in crate::web) fn boxes(
    actor: &SignedIn,
    integration: &Integration,
    ticked: &[Mode],
    has: bool,
) -> Vec<ModePermission> {
    let state = &integration.state;
    let one = |mode: &Mode| {
        let is_off = *mode == Mode::Teams && !state.offers_teams();
        let way = actor.acting().actor.may_manage_organization().then(|| {
            Way::new(
                "Look at the integration",
                actor.to("manage/integrations/teams"),
            )
        });
        ModePermission {
            mode: shown(*mode),
            ticked: ticked.contains(mode) && (!is_off || has),
            closed: (is_off && !has).then(|| Closed {
                reason: state.why_not_offered(),
                way,
            }),
            help: (is_off && has).then(|| state.why_not_offered()),
        }
    };
    Mode::ALL.iter().map(one).collect()
}

fn stored_mark(track: &Track) -> String {
    let modes: Vec<&str> = track.modes.iter().map(Mode::as_str).collect();
    revision::mark(&[&modes.join(" "), track.lobby.as_str()])
}

async fn page(
    actor: &SignedIn,
    track: &Track,
    said: &Said,
    errors: Errors,
) -> Result<Permissions, Failed> {
    let integration = integrations::find(&actor.app.store, &actor.sight).await?;
    let has = track.modes.contains(Mode::Teams);
    Ok(Permissions {
        frame: actor.frame(Here::Track(track.slug.clone())).await?,
        track: mark(track),
        revision: said.revision.clone(),
        errors,
        modes: boxes(actor, &integration, &said.modes, has),
        lobby: LobbyScope::ALL
            .iter()
            .map(|scope| {
                let chosen = scope.as_str() == said.lobby;
                Choice::new(scope.as_str(), scope.label(), chosen).with_help(scope.help())
            })
            .collect(),
    })
}

/// `/tracks/{track}/settings/permissions`
pub async fn show(actor: SignedIn, Path((_, slug)): Path<(String, String)>) -> Answer {
    let track = administered(&actor, &slug).await?;
    let said = Said {
        revision: stored_mark(&track),
        modes: track.modes.iter().collect(),
        lobby: track.lobby.as_str().to_owned(),
        links: String::new(),
        replacement: String::new(),
    };
    view(&page(&actor, &track, &said, Errors::none()).await?)
}

/// `POST /tracks/{track}/settings/permissions`
pub async fn change(
    actor: SignedIn,
    Path((_, slug)): Path<(String, String)>,
    Form(said): Form<Said>,
) -> Answer {
    let track = administered(&actor, &slug).await?;
    let here = address(&actor, &track, "permissions");
    let changes = [
        (
            "Meeting modes",
            labels(track.modes.iter()),
            labels(said.modes.iter().copied()),
        ),
        (
            "Who gets in without waiting",
            track.lobby.label().to_owned(),
            lobby_label(&said.lobby),
        ),
    ];
    revision::check(&said.revision, &stored_mark(&track), changes, &here)?;

    let mut errors = Errors::none();
    let lobby = LobbyScope::parse(&said.lobby);
    if lobby.is_none() {
        errors.push("lobby", "Choose who gets in without waiting.");
    }
    let modes = Modes::from_iter(said.modes.iter().copied());
    if let Err(refusal) = &modes {
        errors.push("modes", refusal.to_string());
    }
    let (Some(lobby), Ok(modes)) = (lobby, modes) else {
        let page = page(&actor, &track, &said, errors).await?;
        return view_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let answer = match said.links.as_str() {
        "" => None,
        "keep" => Some(TeamsMeetings::Keep),
        _ => match Mode::parse(&said.replacement) {
            Some(mode) if modes.contains(mode) => Some(TeamsMeetings::Become(mode)),
            _ => return ask(&actor, &track, &said, true).await,
        },
    };
    let acting = actor.acting();
    let outcome = actor
        .app
        .change_modes(acting, track.id, modes, answer)
        .await;
    let error = match outcome {
        Ok(ModesChange::Saved) => {
            actor.app.change_lobby(acting, track.id, lobby).await?;
            return see_and_say(&here, "Saved.");
        }
        Ok(ModesChange::AskAboutMeetings(_)) => {
            return ask(&actor, &track, &said, false).await;
        }
        // Teams went away between the page and the form.
        Err(AppError::Conflict(_)) if said.modes.contains(&Mode::Teams) => {
            let integration = integrations::find(&actor.app.store, &actor.sight).await?;
            AppError::Refused(vec![Refusal::TeamsUnavailable(
                integration.state.why_not_offered(),
            )])
        }
        Err(error) => error,
    };
    let refused = refused(error)?;
    let page = page(&actor, &track, &said, refused.errors).await?;
    view_as(refused.status, &page)
}

fn labels(modes: impl Iterator<Item = Mode>) -> String {
    let labels: Vec<&str> = modes.map(Mode::label).collect();
    labels.join(", ")
}

fn lobby_label(word: &str) -> String {
    LobbyScope::parse(word).map_or_else(String::new, |scope| scope.label().to_owned())
}

/// What is to happen to the planned Teams meetings?
async fn ask(actor: &SignedIn, track: &Track, said: &Said, answered: bool) -> Answer {
    let (store, sight) = (&actor.app.store, &actor.sight);
    let planned = meetings::count_future_teams(store, sight).await?;
    let planned = planned.get(&track.id).copied().unwrap_or(0);
    let staying = said.modes.iter().filter(|mode| **mode != Mode::Teams);
    let mut errors = Errors::none();
    if answered {
        errors.push("replacement", "Choose what they become.");
    }
    let page = Unticked {
        frame: actor.frame(Here::Track(track.slug.clone())).await?,
        track: mark(track),
        revision: said.revision.clone(),
        modes: staying.clone().map(|mode| shown(*mode)).collect(),
        lobby: said.lobby.clone(),
        errors,
        count: usize::try_from(planned).unwrap_or(usize::MAX),
        meetings: first_planned(actor, track).await?,
        links: said.links.clone(),
        replacements: staying
            .map(|mode| {
                let chosen = mode.as_str() == said.replacement;
                Choice::new(mode.as_str(), mode.label(), chosen)
            })
            .collect(),
    };
    let status = if answered {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    view_as(status, &page)
}

async fn first_planned(actor: &SignedIn, track: &Track) -> Result<Vec<MeetingLine>, Failed> {
    let (store, sight) = (&actor.app.store, &actor.sight);
    let now = actor.app.clock.now();
    let asked = meetings::List {
        filter: meetings::Filter {
            mode: Some(Mode::Teams),
            state: Some(OccurrenceState::Scheduled),
            ..meetings::Filter::default()
        },
        ..meetings::List::of(Whose::Track(track.id), Part::Coming(now), 100)
    };
    let mut planned = meetings::list(store, sight, &asked).await?.lines;
    let mut named = BTreeSet::new();
    planned.retain(|listed| named.insert(listed.meeting));
    planned.truncate(NAMED);
    Ok(planned.iter().map(|listed| line(actor, listed)).collect())
}
