//! A track: who is here, what is planned?

use axum::extract::Path;
use mentoring::member::MemberState;
use mentoring::repetition::OccurrenceState;
use mentoring::role::Role;
use mentoring::track::Track;

use crate::store::meetings::{Filter, List, Part, Whose, list};
use crate::store::tracks;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, view};
use crate::web::meetings::head::Lists;
use crate::web::pages;
use crate::web::pages::frame::{Here, TrackMark};
use crate::web::pages::tracks::Participant;
use crate::web::proposals;

/// How many planned meetings the track's page shows.
const MOST: u64 = 20;

/// The track with this slug, as far as the actor may see it.
pub async fn find(signed_in: &SignedIn, slug: &str) -> Result<Track, Failed> {
    tracks::find_by_slug(&signed_in.app.store, &signed_in.sight, slug)
        .await?
        .ok_or(Failed::NotFound)
}

/// How a page names a track.
pub fn mark(track: &Track) -> TrackMark {
    TrackMark {
        slug: track.slug.clone(),
        name: track.name.clone(),
    }
}

/// A track's page.
pub async fn show(signed_in: SignedIn, Path((_, slug)): Path<(String, String)>) -> Answer {
    let track = find(&signed_in, &slug).await?;
    let store = &signed_in.app.store;
    let participants = tracks::list_participants(store, &signed_in.sight, track.id).await?;
    let participants: Vec<_> = participants
        .into_iter()
        .filter(|participant| participant.member.state != MemberState::Deactivated)
        .collect();
    let people: Vec<_> = participants.iter().map(|each| &each.member).collect();
    let faces = signed_in.faces(&people).await?;
    let now = signed_in.app.clock.now();
    let asked = List {
        filter: Filter {
            state: Some(OccurrenceState::Scheduled),
            ..Filter::default()
        },
        ..List::of(Whose::Track(track.id), Part::Coming(now), MOST)
    };
    let planned = list(store, &signed_in.sight, &asked).await?;
    let lists = Lists::of_track(&signed_in, track.clone());
    let actor = &signed_in.acting().actor;
    view(&pages::tracks::Track {
        frame: signed_in.frame(Here::Track(track.slug.clone())).await?,
        track: mark(&track),
        description: String::new(),
        people: participants
            .iter()
            .zip(faces)
            .map(|(participant, face)| {
                let labels: Vec<&str> = participant.roles.iter().map(Role::label).collect();
                Participant {
                    id: participant.member.id.to_string(),
                    face,
                    roles: labels.join(", "),
                    email: Some(participant.member.email.to_string()),
                }
            })
            .collect(),
        meetings: planned.lines.iter().map(|each| lists.line(each)).collect(),
        proposed: proposals::proposed_in(&signed_in, track.id).await?,
        can_meet: actor.may_create_meeting_in(track.id),
        may_set: actor.may_administer_track(track.id),
    })
}
