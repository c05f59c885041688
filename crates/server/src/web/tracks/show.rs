//! A track: who is here, what is planned?

use axum::extract::Path;
use mentoring::member::MemberState;
use mentoring::role::Role;
use mentoring::track::Track;

use crate::store::{self, tracks};
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, view};
use crate::web::meetings;
use crate::web::pages;
use crate::web::pages::frame::{Here, TrackMark};
use crate::web::pages::tracks::Participant;

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
    let mut lines =
        store::meetings::list_of_track(store, &signed_in.sight, track.id, now, MOST).await?;
    lines.retain(|line| line.occurrence.is_ahead(now));
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
        meetings: meetings::lines(&signed_in, lines).await?,
        can_meet: actor.may_create_meeting_in(track.id),
        may_set: actor.may_administer_track(track.id),
    })
}
