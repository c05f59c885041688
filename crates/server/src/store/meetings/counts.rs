//! How many meetings of a track are planned, were held or missed, for who administers it:
//! numbers, and nothing of what the meetings were about.

use std::collections::BTreeMap;

use mentoring::organization::{MemberId, TrackId};
use mentoring::role::Sight;
use sea_orm::{FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::store::{Store, Stored, millis};

/// How many of what. Those called off are not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Ahead.
    pub planned: i64,
    /// Held, as somebody who was to be there says.
    pub held: i64,
    /// Missed, as all say who said anything.
    pub missed: i64,
    /// Over, and nobody said anything.
    pub unanswered: i64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.planned += other.planned;
        self.held += other.held;
        self.missed += other.missed;
        self.unanswered += other.unanswered;
    }
}

/// The meetings of a track in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them, each once.
    pub total: Count,
    /// Those of each person.
    pub people: BTreeMap<MemberId, Count>,
    /// Those of two people alone.
    pub pairs: BTreeMap<(MemberId, MemberId), Count>,
}

#[derive(FromQueryResult)]
struct Row {
    member_id: Uuid,
    meeting_id: Uuid,
    planned: i64,
    held: i64,
    missed: i64,
    unanswered: i64,
}

#[derive(FromQueryResult)]
struct Total {
    planned: Option<i64>,
    held: Option<i64>,
    missed: Option<i64>,
    unanswered: Option<i64>,
}

const SUMS: &str = "\
    CAST(SUM(CASE WHEN o.state = 'scheduled' AND o.ends_at > $3 THEN 1 ELSE 0 END) AS BIGINT) AS planned, \
    CAST(SUM(CASE WHEN o.state = 'held' THEN 1 ELSE 0 END) AS BIGINT) AS held, \
    CAST(SUM(CASE WHEN o.state = 'missed' THEN 1 ELSE 0 END) AS BIGINT) AS missed, \
    CAST(SUM(CASE WHEN o.state = 'scheduled' AND o.ends_at <= $3 THEN 1 ELSE 0 END) AS BIGINT) AS unanswered";

const OF_TRACK: &str = "JOIN meetings m ON m.organization_id = o.organization_id AND m.id = o.meeting_id \
    WHERE o.organization_id = $1 AND o.track_id = $2 AND o.state <> 'cancelled' \
    AND m.state IN ('scheduled', 'held', 'missed')";

/// The meetings of a track that the actor administers; of others nothing.
pub async fn count_of_track(store: &Store, sight: &Sight, track: TrackId) -> Stored<Counts> {
    if !sight.everything && !sight.administers.contains(&track) {
        return Ok(Counts::default());
    }
    let on = store.read();
    let statement = |text: String| {
        let values: [Value; 3] = [
            sight.organization.0.into(),
            track.0.into(),
            millis(store.clock().now()).into(),
        ];
        Statement::from_sql_and_values(on.get_database_backend(), text, values)
    };
    let total = statement(format!("SELECT {SUMS} FROM occurrences o {OF_TRACK}"));
    let total = Total::find_by_statement(total).one(on).await?;
    let rows = statement(format!(
        "SELECT g.member_id AS member_id, g.meeting_id AS meeting_id, {SUMS} FROM occurrences o \
         JOIN agenda g ON g.organization_id = o.organization_id AND g.meeting_id = o.meeting_id \
         AND g.original_start = o.original_start {OF_TRACK} GROUP BY g.member_id, g.meeting_id"
    ));
    let rows = Row::find_by_statement(rows).all(on).await?;
    let mut counts = Counts::default();
    if let Some(total) = total {
        counts.total = Count {
            planned: total.planned.unwrap_or_default(),
            held: total.held.unwrap_or_default(),
            missed: total.missed.unwrap_or_default(),
            unanswered: total.unanswered.unwrap_or_default(),
        };
    }
    let mut meetings: BTreeMap<Uuid, Vec<(MemberId, Count)>> = BTreeMap::new();
    for row in rows {
        let member = MemberId(row.member_id);
        let count = Count {
            planned: row.planned,
            held: row.held,
            missed: row.missed,
            unanswered: row.unanswered,
        };
        counts.people.entry(member).or_default().add(count);
        meetings
            .entry(row.meeting_id)
            .or_default()
            .push((member, count));
    }
    for people in meetings.values() {
        if let [(one, count), (other, _)] = people[..] {
            let pair = (one.min(other), one.max(other));
            counts.pairs.entry(pair).or_default().add(count);
        }
    }
    Ok(counts)
}
