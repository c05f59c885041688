//! Home: what is next, and does it need me?

use jiff::SignedDuration;
use mentoring::integration::IntegrationState;
use mentoring::role::Role;

use super::actor::SignedIn;
use super::answer::{Answer, Failed, view};
use super::meetings;
use super::pages::frame::Here;
use super::pages::home::{Hint, Home, HomeTrack};
use super::pages::shown::Way;
use crate::store::{self, integrations, tracks};

/// How many meetings home shows after the next one.
const LATER: usize = 4;

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
    let mut lines =
        store::meetings::list_mine(&signed_in.app.store, &signed_in.sight, now, None, 50).await?;
    lines.retain(|line| line.occurrence.is_ahead(now));
    lines.truncate(1 + LATER);
    let mut lines = meetings::lines(&signed_in, lines).await?.into_iter();
    let asked = (now - ASKED_FOR, now);
    let asked =
        store::meetings::list_unanswered(&signed_in.app.store, &signed_in.sight, asked, MOST_ASKED)
            .await?;
    let mut asked = meetings::lines(&signed_in, asked).await?;
    for line in &mut asked {
        line.address = outcome_of(&line.address);
    }
    view(&Home {
        frame: signed_in.frame(Here::Home).await?,
        first_name: signed_in.member().first_name.clone(),
        next: lines.next(),
        later: lines.collect(),
        asked,
        tracks: home_tracks(&signed_in).await?,
        hints: hints(&signed_in).await?,
    })
}

async fn home_tracks(signed_in: &SignedIn) -> Result<Vec<HomeTrack>, Failed> {
    let store = &signed_in.app.store;
    let people = tracks::count_participants(store, &signed_in.sight).await?;
    let actor = &signed_in.acting().actor;
    let shown = |track: mentoring::track::Track| {
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
    let tracks = tracks::list(store, &signed_in.sight).await?;
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
