//! What the upkeep of Teams asks of meetings.

use jiff::Timestamp;
use mentoring::meeting::{Meeting, MeetingState};
use mentoring::organization::OrganizationId;
use mentoring::repetition::OccurrenceState;
use mentoring::track::Mode;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::occurrences::occurrence;
use super::{instant, millis, row};
use crate::store::{Stored, Tx};

/// When people next meet on Teams.
pub async fn next_teams_start_in(
    tx: &Tx,
    organization: OrganizationId,
) -> Stored<Option<Timestamp>> {
    let now = millis(tx.now);
    let on_teams = Query::select()
        .column(row::Column::Id)
        .from(row::Entity)
        .and_where(row::Column::OrganizationId.eq(organization.0))
        .and_where(row::Column::Mode.eq(Mode::Teams.as_str()))
        .and_where(row::Column::State.eq(MeetingState::Scheduled.as_str()))
        .and_where(row::Column::LastEndsAt.gt(now))
        .take();
    let next: Option<Option<i64>> = occurrence::Entity::find()
        .select_only()
        .column_as(occurrence::Column::StartsAt.min(), "next")
        .filter(occurrence::Column::OrganizationId.eq(organization.0))
        .filter(occurrence::Column::MeetingId.in_subquery(on_teams))
        .filter(occurrence::Column::State.eq(OccurrenceState::Scheduled.as_str()))
        .filter(occurrence::Column::StartsAt.gt(now))
        .into_tuple()
        .one(tx.on())
        .await?;
    Ok(next.flatten().map(instant))
}

/// Writes a higher SEQUENCE for a meeting of which nothing else changed: its link did. No
/// form that somebody has open becomes out of date by that.
pub async fn raise_sequence(tx: &Tx, meeting: &Meeting) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::Sequence, meeting.sequence.into())
        .col_expr(row::Column::ChangedAt, millis(tx.now).into())
        .filter(row::Column::OrganizationId.eq(meeting.organization.0))
        .filter(row::Column::Id.eq(meeting.id.0))
        .exec(tx.on())
        .await?;
    Ok(())
}
