//! Lists of meetings in parts, for programs: a window of time, and where the part before
//! ended. A meeting stands in a list once, at the first of its occurrences in the window.

use jiff::Timestamp;
use mentoring::organization::TrackId;
use mentoring::role::Sight;
use sea_orm::sea_query::{Condition, Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::attended_by;
use super::list::{After, Line, lines};
use super::occurrences::{agenda, occurrence};
use crate::store::{Store, Stored, millis};

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Starts at or after this instant.
    pub from: Option<Timestamp>,
    /// Starts before this instant.
    pub to: Option<Timestamp>,
    /// Goes on after this one.
    pub after: Option<After>,
    /// How many at most.
    pub most: u64,
}

/// The actor's own meetings, the soonest first.
pub async fn page_mine(store: &Store, sight: &Sight, window: &Window) -> Stored<Vec<Line>> {
    use agenda::Column;
    // Of a series only what its reader attends counts: who came later attends less.
    let earlier = format!(
        "NOT EXISTS (SELECT 1 FROM occurrences o JOIN attendees p \
         ON p.organization_id = o.organization_id AND p.meeting_id = o.meeting_id \
         WHERE o.organization_id = agenda.organization_id AND o.meeting_id = agenda.meeting_id \
         AND p.member_id = agenda.member_id AND o.ends_at > p.since AND {})",
        window.earlier("agenda")
    );
    let keys = agenda::Entity::find()
        .select_only()
        .columns([Column::MeetingId, Column::OriginalStart])
        .filter(Column::OrganizationId.eq(sight.organization.0))
        .filter(Column::MemberId.eq(sight.member.0))
        .filter(window.condition(Column::StartsAt, Column::MeetingId, Column::OriginalStart))
        .filter(Expr::cust(earlier))
        .order_by_asc(Column::StartsAt)
        .order_by_asc(Column::MeetingId)
        .order_by_asc(Column::OriginalStart)
        .limit(window.most)
        .into_tuple()
        .all(store.read())
        .await?;
    lines(store, sight.organization, keys).await
}

/// The meetings of a track that the actor may see, the soonest first.
pub async fn page_of_track(
    store: &Store,
    sight: &Sight,
    track: TrackId,
    window: &Window,
) -> Stored<Vec<Line>> {
    use occurrence::Column;
    let earlier = format!(
        "NOT EXISTS (SELECT 1 FROM occurrences o \
         WHERE o.organization_id = occurrences.organization_id \
         AND o.meeting_id = occurrences.meeting_id AND {})",
        window.earlier("occurrences")
    );
    let mut query = occurrence::Entity::find()
        .select_only()
        .columns([Column::MeetingId, Column::OriginalStart])
        .filter(Column::OrganizationId.eq(sight.organization.0))
        .filter(Column::TrackId.eq(track.0))
        .filter(window.condition(Column::StartsAt, Column::MeetingId, Column::OriginalStart))
        .filter(Expr::cust(earlier));
    if !sight.everything && !sight.administers.contains(&track) {
        let own = attended_by(sight.organization, sight.member);
        query = query.filter(Column::MeetingId.in_subquery(own));
    }
    let keys = query
        .order_by_asc(Column::StartsAt)
        .order_by_asc(Column::MeetingId)
        .order_by_asc(Column::OriginalStart)
        .limit(window.most)
        .into_tuple()
        .all(store.read())
        .await?;
    lines(store, sight.organization, keys).await
}

impl Window {
    /// What an occurrence `o` in the window fulfils that comes before the one at hand.
    fn earlier(&self, table: &str) -> String {
        let from = self.from.map_or(String::new(), |from| {
            format!("o.starts_at >= {} AND ", millis(from))
        });
        format!(
            "{from}(o.starts_at < {table}.starts_at \
             OR (o.starts_at = {table}.starts_at AND o.original_start < {table}.original_start))"
        )
    }

    fn condition<C: ColumnTrait>(&self, start: C, id: C, original: C) -> Condition {
        let mut all = Condition::all();
        if let Some(from) = self.from {
            all = all.add(start.gte(millis(from)));
        }
        if let Some(to) = self.to {
            all = all.add(start.lt(millis(to)));
        }
        if let Some(after) = self.after {
            let place = [start, id, original].map(|column| Expr::col(column));
            let values: [Expr; 3] = [
                millis(after.starts_at).into(),
                after.meeting.0.into(),
                after.original_start.to_string().into(),
            ];
            all = all.add(Expr::tuple(place).gt(Expr::tuple(values)));
        }
        all
    }
}
