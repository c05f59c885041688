//! Who meets somebody else at a time that is offered. That is all that is ever said of it:
//! not whom, not what about, and only to the people of the meeting that is proposed.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mentoring::meeting::Meeting;
use mentoring::organization::MemberId;
use mentoring::role::Sight;
use mentoring::schedule::Schedule;
use sea_orm::{FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::store::{Store, Stored, millis};

#[derive(FromQueryResult)]
struct Meets {
    member_id: Uuid,
    starts_at: i64,
    ends_at: i64,
}

/// For each of the times, which people of a meeting that was found within sight have
/// another meeting in Ithaca then. To anybody who is not of it nobody is busy.
pub async fn busy(
    store: &Store,
    sight: &Sight,
    meeting: &Meeting,
    times: &[Schedule],
) -> Stored<Vec<BTreeSet<MemberId>>> {
    let mut busy = vec![BTreeSet::new(); times.len()];
    let first = times.iter().map(|time| time.starts_at).min();
    let last = times.iter().map(|time| time.ends_at).max();
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(busy);
    };
    if !meeting.is_attended_by(sight.member) {
        return Ok(busy);
    }
    let on = store.read();
    // No meeting is longer than a day, so what began before that is over.
    let text = "SELECT a.member_id, a.starts_at, a.ends_at FROM agenda a \
         JOIN attendees p ON p.organization_id = a.organization_id AND p.member_id = a.member_id \
         JOIN occurrences o ON o.organization_id = a.organization_id \
         AND o.meeting_id = a.meeting_id AND o.original_start = a.original_start \
         WHERE p.organization_id = $1 AND p.meeting_id = $2 AND a.meeting_id <> p.meeting_id \
         AND a.starts_at >= $3 AND a.starts_at < $4 AND a.ends_at > $5 AND o.state = 'scheduled'";
    let values: [Value; 5] = [
        meeting.organization.0.into(),
        meeting.id.0.into(),
        millis(first - SignedDuration::from_hours(24)).into(),
        millis(last).into(),
        millis(first).into(),
    ];
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    for meets in Meets::find_by_statement(statement).all(on).await? {
        for (time, busy) in times.iter().zip(&mut busy) {
            if meets.starts_at < millis(time.ends_at) && meets.ends_at > millis(time.starts_at) {
                busy.insert(MemberId(meets.member_id));
            }
        }
    }
    Ok(busy)
}
