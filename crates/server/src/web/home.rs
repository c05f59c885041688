//! Home: what is next, and does it need me?

use jiff::SignedDuration;
use mentoring::integration::IntegrationState;
use mentoring::repetition::OccurrenceState;
use mentoring::role::Role;
use mentoring::track::Track;

use super::actor::SignedIn;
use super::answer::{Answer, Failed, view};
use super::meetings;
use super::pages::frame::Here;
use super::pages::home::{Hint, Home, HomeTrack};
use super::pages::meetings::MeetingLine;
use super::pages::shown::Way;
use super::proposals;
use crate::store::meetings::{Filter, List, Part, Whose, list};
use crate::store::{integrations, tracks};

/// How many meetings home shows after the next one.
const LATER: u64 = 4;

/// How many meetings home asks about, and for how long after they were over.
const MOST_ASKED: u64 = 3;
const ASKED_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The page that asks how a meeting went, from that of the meeting.
fn outcome_of(address: &str) -> String {
    match address.split_once('?') {
        Some((page, occurrence)) => format!("{page}/outcome?{occurrence}"),
        None => format!("{address}/outcome"),
    }
}

/// Home.
pub async fn show(signed_in: SignedIn) -> Answer {
    let now = signed_in.app.clock.now();
    let (store, sight) = (&signed_in.app.store, &signed_in.sight);
    let coming = List {
        filter: Filter {
            state: Some(OccurrenceState::Scheduled),
            ..Filter::default()
        },
        ..List::of(Whose::Mine, Part::Coming(now), 1 + LATER)
    };
    let found = list(store, sight, &coming).await?;
    let lines = found.lines.iter();
    let mut lines = lines.map(|listed| meetings::line(&signed_in, listed));
    let unanswered = Part::Unanswered(now - ASKED_FOR, now);
    let unanswered = List::of(Whose::Mine, unanswered, MOST_ASKED);
    let unanswered = list(store, sight, &unanswered).await?.lines;
    let asked = unanswered.iter().map(|listed| {
        let line = meetings::line(&signed_in, listed);
        MeetingLine {
            address: outcome_of(&line.address),
            ..line
        }
    });
    let tracks = tracks::list(store, sight).await?;
    view(&Home {
        frame: signed_in.frame_with(Here::Home, &tracks).await?,
        first_name: signed_in.member().first_name.clone(),
        next: lines.next(),
        waits: proposals::waits(&signed_in).await?,
        later: lines.collect(),
        asked: asked.collect(),
        tracks: home_tracks(&signed_in, tracks).await?,
        hints: hints(&signed_in).await?,
    })
}

async fn home_tracks(signed_in: &SignedIn, tracks: Vec<Track>) -> Result<Vec<HomeTrack>, Failed> {
    let store = &signed_in.app.store;
    let people = tracks::count_participants(store, &signed_in.sight).await?;
    let actor = &signed_in.acting().actor;
    let shown = |track: Track| {
        let roles = actor.enrolments.get(&track.id);
        let labels: Vec<&str> =
            roles.map_or(Vec::new(), |roles| roles.iter().map(Role::label).collect());
        HomeTrack {
            roles: labels.join(", "),
            summary: match people.get(&track.id) {
                None | Some(0) => "Nobody yet".to_owned(),
                Some(1) => "1 person".to_owned(),
                Some(count) => format!("{count} people"),
            },
            can_meet: actor.may_create_meeting_in(track.id),
            tag: None,
            slug: track.slug,
            name: track.name,
        }
    };
    Ok(tracks.into_iter().map(shown).collect())
}

async fn hints(signed_in: &SignedIn) -> Result<Vec<Hint>, Failed> {
    if !signed_in.acting().actor.may_manage_organization()
        || !signed_in.app.instance.integrates_teams
    {
        return Ok(Vec::new());
    }
    let integration = integrations::find(&signed_in.app.store, &signed_in.sight).await?;
    let (text, label) = match integration.state {
        IntegrationState::NotIntegrated | IntegrationState::Removed => (
            "Meetings can take place on Microsoft Teams once it is integrated.",
            "Integrate Microsoft Teams",
        ),
        IntegrationState::AwaitingConfirmation => (
            "Somebody has to confirm the account that will host every Teams meeting.",
            "Look at the account",
        ),
        _ => return Ok(Vec::new()),
    };
    Ok(vec![Hint {
        text: text.to_owned(),
        way: Way::new(label, signed_in.to("manage/integrations/teams")),
    }])
}
