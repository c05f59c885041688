//! Program Settings, Meetings: how many are planned, were held or missed. Who administers
//! a track sees numbers here, and nothing of what was said.

use std::collections::BTreeMap;

use axum::extract::Path;
use mentoring::member::Member;
use mentoring::organization::MemberId;
use mentoring::track::Track;

use super::{administered, mark};
use crate::store::meetings::{Count, Counts, count_of_track};
use crate::store::members;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, view};
use crate::web::csv;
use crate::web::pages::frame::Here;
use crate::web::pages::tracks::{CountLine, MeetingCounts};

struct Named {
    total: Count,
    people: Vec<(String, Count)>,
    pairs: Vec<(String, Count)>,
}

async fn counted(actor: &SignedIn, track: &Track) -> Result<Named, Failed> {
    let store = &actor.app.store;
    let Counts {
        total,
        people,
        pairs,
    } = count_of_track(store, &actor.sight, track.id).await?;
    let ids: Vec<MemberId> = people.keys().copied().collect();
    // Also those who have left the track since.
    let names: BTreeMap<MemberId, String> =
        members::list_for_work(store, actor.sight.organization, &ids)
            .await?
            .iter()
            .map(|member| (member.id, Member::name(member)))
            .collect();
    let name = |id: &MemberId| names.get(id).cloned().unwrap_or_default();
    let mut people: Vec<(String, Count)> = people
        .iter()
        .map(|(id, count)| (name(id), *count))
        .collect();
    let mut pairs: Vec<(String, Count)> = pairs
        .iter()
        .map(|((one, other), count)| {
            let mut both = [name(one), name(other)];
            both.sort_unstable();
            (both.join(" and "), *count)
        })
        .collect();
    people.sort_by(|one, other| one.0.cmp(&other.0));
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(Named {
        total,
        people,
        pairs,
    })
}

fn line((who, count): &(String, Count)) -> CountLine {
    CountLine {
        who: who.clone(),
        planned: count.planned,
        held: count.held,
        missed: count.missed,
        unanswered: count.unanswered,
    }
}

/// `/tracks/{track}/settings/meetings`
pub async fn show(actor: SignedIn, Path((_, slug)): Path<(String, String)>) -> Answer {
    let track = administered(&actor, &slug).await?;
    let counted = counted(&actor, &track).await?;
    view(&MeetingCounts {
        frame: actor.frame(Here::Track(track.slug.clone())).await?,
        track: mark(&track),
        total: line(&("All meetings".to_owned(), counted.total)),
        people: counted.people.iter().map(line).collect(),
        pairs: counted.pairs.iter().map(line).collect(),
    })
}

/// `/tracks/{track}/settings/meetings.csv`
pub async fn export(actor: SignedIn, Path((_, slug)): Path<(String, String)>) -> Answer {
    let track = administered(&actor, &slug).await?;
    let counted = counted(&actor, &track).await?;
    let row = |kind: &str, (who, count): &(String, Count)| {
        let Count {
            planned,
            held,
            missed,
            unanswered,
        } = count;
        [
            kind.to_owned(),
            who.clone(),
            planned.to_string(),
            held.to_string(),
            missed.to_string(),
            unanswered.to_string(),
        ]
    };
    let all = (track.name.clone(), counted.total);
    let rows = std::iter::once(row("track", &all))
        .chain(counted.people.iter().map(|one| row("participant", one)))
        .chain(counted.pairs.iter().map(|one| row("pair", one)));
    csv::file(
        &format!("{}-meetings", track.slug),
        ["kind", "who", "planned", "held", "missed", "unanswered"],
        rows,
    )
}
