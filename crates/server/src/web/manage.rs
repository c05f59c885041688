//! Manage: the doors to what a global administrator runs, and the table of all tracks.

use mentoring::integration::IntegrationState;
use mentoring::member::MemberState;
use mentoring::refusal::Refusal;
use mentoring::track::{Mode, Modes, Track};

use super::actor::GlobalAdministrator;
use super::answer::{Answer, Failed, refused, see_and_say, view, view_as};
use super::form::{Fields, Form, FromFields};
use super::meetings::mode;
use super::pages::Errors;
use super::pages::frame::Here;
use super::pages::manage::Manage;
use super::pages::shown::{Tag, Tone};
use super::pages::tracks::{NewTrack, TrackList, TrackRow};
use super::settings::permissions;
use super::tracks::show::mark;
use crate::app::AppError;
use crate::store::{integrations, meetings, members, tracks};

/// "6 members", "1 track".
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// How the integration stands, in a word.
pub(super) fn standing(state: IntegrationState) -> Tag {
    match state {
        IntegrationState::NotIntegrated | IntegrationState::Removed => {
            Tag::new("Not integrated", Tone::Plain)
        }
        IntegrationState::AwaitingConfirmation => Tag::new("Host to be confirmed", Tone::Waiting),
        IntegrationState::Checking => Tag::new("Checking…", Tone::Waiting),
        IntegrationState::Integrated => Tag::new("Integrated", Tone::Well),
        IntegrationState::NeedsAttention(_) => Tag::new("Needs attention", Tone::Wrong),
        IntegrationState::Reconnecting => Tag::new("Changing the host…", Tone::Waiting),
        IntegrationState::Removing => Tag::new("Removing…", Tone::Waiting),
    }
}

/// `/manage`
pub async fn show(admin: GlobalAdministrator) -> Answer {
    let (store, sight) = (&admin.app.store, &admin.sight);
    let integration = integrations::find(store, sight).await?;
    let active = members::count(store, sight, MemberState::Active).await?;
    let invited = members::count(store, sight, MemberState::Invited).await?;
    let mut people = counted(active, "member", "members");
    if invited > 0 {
        people = format!("{people}, {invited} invited");
    }
    let tracks = u64::try_from(tracks::list(store, sight).await?.len()).unwrap_or(0);
    view(&Manage {
        frame: admin.frame(Here::Manage).await?,
        integrations: Some(standing(integration.state)),
        members: people,
        tracks: counted(tracks, "track", "tracks"),
    })
}

/// `/manage/tracks`
pub async fn all_tracks(admin: GlobalAdministrator) -> Answer {
    let (store, sight) = (&admin.app.store, &admin.sight);
    let planned = meetings::count_future_teams(store, sight).await?;
    let people = tracks::count_participants(store, sight).await?;
    let row = |track: Track| TrackRow {
        people: people.get(&track.id).copied().unwrap_or(0),
        modes: track.modes.iter().map(mode).collect(),
        planned: planned
            .get(&track.id)
            .map_or(0, |count| usize::try_from(*count).unwrap_or(usize::MAX)),
        track: mark(&track),
    };
    let rows = tracks::list(store, sight).await?.into_iter().map(row);
    view(&TrackList {
        frame: admin.frame(Here::Manage).await?,
        rows: rows.collect(),
    })
}

/// What a new track's form says.
#[derive(Debug)]
pub struct Draft {
    name: String,
    modes: Vec<Mode>,
}

impl FromFields for Draft {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            name: fields.one("name")?,
            modes: permissions::modes(fields)?,
        })
    }
}

async fn track_form(
    admin: &GlobalAdministrator,
    draft: Draft,
    errors: Errors,
) -> Result<NewTrack, Failed> {
    let integration = integrations::find(&admin.app.store, &admin.sight).await?;
    Ok(NewTrack {
        frame: admin.frame(Here::Manage).await?,
        errors,
        name: draft.name,
        modes: permissions::boxes(admin, &integration, &draft.modes, false),
    })
}

/// `/manage/tracks/new`
pub async fn new_track(admin: GlobalAdministrator) -> Answer {
    let draft = Draft {
        name: String::new(),
        modes: vec![Mode::InPerson, Mode::Phone],
    };
    view(&track_form(&admin, draft, Errors::none()).await?)
}

/// `POST /manage/tracks`
pub async fn create_track(admin: GlobalAdministrator, Form(draft): Form<Draft>) -> Answer {
    let made = match Modes::from_iter(draft.modes.iter().copied()) {
        Ok(modes) => {
            let acting = admin.acting();
            admin
                .app
                .create_track_with(acting, &draft.name, modes)
                .await
        }
        Err(refusal) => Err(refusal.into()),
    };
    let error = match made {
        Ok(track) => {
            let participants = admin.to(&format!("tracks/{}/settings/participants", track.slug));
            let sentence = format!("{} is there. Add its participants.", track.name);
            return see_and_say(&participants, &sentence);
        }
        Err(AppError::Conflict(_)) if draft.modes.contains(&Mode::Teams) => {
            let integration = integrations::find(&admin.app.store, &admin.sight).await?;
            AppError::Refused(vec![Refusal::TeamsUnavailable(
                integration.state.why_not_offered(),
            )])
        }
        Err(error) => error,
    };
    let refused = refused(error)?;
    view_as(
        refused.status,
        &track_form(&admin, draft, refused.errors).await?,
    )
}
