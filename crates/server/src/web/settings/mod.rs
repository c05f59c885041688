//! Program Settings: what those who administer a track decide about it.

pub mod general;
pub mod meetings;
pub mod participants;
pub mod permissions;
pub mod teams;

use mentoring::refusal::Refusal;
use mentoring::track::Track;

use super::actor::SignedIn;
use super::answer::Failed;
use super::tracks::show::{find, mark};

/// The track, for who administers it. One that they may see but not administer is
/// refused; one that they may not see does not exist.
async fn administered(actor: &SignedIn, slug: &str) -> Result<Track, Failed> {
    let track = find(actor, slug).await?;
    if actor.acting().actor.may_administer_track(track.id) {
        Ok(track)
    } else {
        Err(Failed::Forbidden(
            Refusal::NotTrackAdministrator.to_string(),
        ))
    }
}

fn address(actor: &SignedIn, track: &Track, tab: &str) -> String {
    actor.to(&format!("tracks/{}/settings/{tab}", track.slug))
}
