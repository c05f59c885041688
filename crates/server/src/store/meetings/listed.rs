//! Lists of meetings as pages show them: narrowed down, and each line with all that it
//! shows, in two statements however long the list and however many meetings there are.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mentoring::link::LinkState;
use mentoring::organization::{MeetingId, MemberId, OrganizationId, TrackId};
use mentoring::repetition::{Occurrence, OccurrenceState};
use mentoring::role::Sight;
use mentoring::track::Mode;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::list::After;
use super::{local, minutes};
use crate::store::{Store, StoreError, Stored, instant, millis, sql, word};

/// Whose meetings a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The actor's own.
    Mine,
    /// Those of a track: all for who administers it, their own for everybody else.
    Track(TrackId),
}

/// Which part of time a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What is not over at this instant, soonest first.
    Coming(Timestamp),
    /// What was over at this instant, latest first.
    Past(Timestamp),
    /// What takes place between these instants, soonest first.
    Between(Timestamp, Timestamp),
    /// What ended between these instants and of which the actor has not said how it went,
    /// latest first.
    Unanswered(Timestamp, Timestamp),
}

/// What a list is narrowed down to; nothing of it narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// How people meet.
    pub mode: Option<Mode>,
    /// Of which track.
    pub track: Option<TrackId>,
    /// What has become of it.
    pub state: Option<OccurrenceState>,
    /// Letters of the name of somebody else who attends.
    pub person: String,
    /// Letters of the title.
    pub title: String,
}

/// What a list is asked for.
#[derive(Clone, Debug)]
pub struct List {
    /// Whose meetings.
    pub whose: Whose,
    /// When.
    pub part: Part,
    /// Which of them.
    pub filter: Filter,
    /// Goes on after this one.
    pub after: Option<After>,
    /// How many at most.
    pub most: u64,
}

impl List {
    /// This part of these meetings from its beginning, whatever they are.
    pub fn of(whose: Whose, part: Part, most: u64) -> Self {
        Self {
            whose,
            part,
            filter: Filter::default(),
            after: None,
            most,
        }
    }
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its lines, in their order.
    pub lines: Vec<Listed>,
    /// Where it goes on, if it does.
    pub next: Option<After>,
}

/// A line of a list: one occurrence, with all that a page shows of it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its meeting.
    pub meeting: MeetingId,
    /// The meeting's title.
    pub title: String,
    /// The track's name.
    pub track: String,
    /// How people meet.
    pub mode: Mode,
    /// The secret part of the join address: for its people alone.
    pub join_code: String,
    /// Whether the meeting is a series.
    pub repeats: bool,
    /// Which of its occurrences.
    pub occurrence: Occurrence,
    /// How its link stands, if it has one.
    pub link: Option<LinkState>,
    /// Its people, the organizer first.
    pub people: Vec<Attending>,
}

/// Somebody of a meeting in a list.
#[derive(Clone, Debug)]
pub struct Attending {
    /// Who.
    pub member: MemberId,
    /// Whether they planned it.
    pub organizer: bool,
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    pub last_name: String,
    /// Their zone (IANA name).
    pub time_zone: String,
    /// Whether there is a photo of them.
    pub has_photo: bool,
}

impl Listed {
    /// Whether this member is of the meeting.
    pub fn is_attended_by(&self, member: MemberId) -> bool {
        self.people.iter().any(|person| person.member == member)
    }

    fn place(&self) -> After {
        After {
            starts_at: self.occurrence.starts_at,
            meeting: self.meeting,
            original_start: self.occurrence.original_start,
        }
    }
}

/// No meeting is longer: what began before that is over.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The meetings that are asked for, as far as the actor may see them.
pub async fn list(store: &Store, sight: &Sight, asked: &List) -> Stored<Found> {
    let on = store.read();
    let statement = Query::of(sight, asked).statement(on);
    let mut rows = Row::find_by_statement(statement).all(on).await?;
    let most = usize::try_from(asked.most).unwrap_or(usize::MAX);
    let goes_on = rows.len() > most;
    rows.truncate(most);
    let mut people = people(store, sight.organization, &rows).await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let people = people.get_mut(&row.id).map(|people| people.clone());
        lines.push(row.read(people.unwrap_or_default())?);
    }
    let next = lines.last().filter(|_| goes_on).map(Listed::place);
    // Letters that the database can't fold were let through, whatever stands in their place.
    lines.retain(|line| asked.filter.fits(line, sight.member));
    Ok(Found { lines, next })
}

impl Filter {
    fn fits(&self, line: &Listed, reader: MemberId) -> bool {
        let holds =
            |text: &str, sought: &str| text.to_lowercase().contains(&sought.trim().to_lowercase());
        let is_sought = |person: &Attending| {
            let name = format!("{} {}", person.first_name, person.last_name);
            person.member != reader && holds(&name, &self.person)
        };
        holds(&line.title, &self.title)
            && (self.person.trim().is_empty() || line.people.iter().any(is_sought))
    }
}

/// A statement on its way: its text so far and what stands in its gaps.
struct Query {
    text: String,
    values: Vec<Value>,
}

const COLUMNS: &str = "SELECT m.id, m.title, m.mode, m.join_code, \
    CASE WHEN m.repetition IS NULL THEN 0 ELSE 1 END AS repeats, t.name AS track, \
    o.original_start, o.local_start, o.duration_minutes, o.starts_at, o.ends_at, o.state, \
    l.state AS link, l.reason ";
/// By the agenda of one member.
const OF_MEMBER: &str = "FROM agenda k JOIN occurrences o \
    ON o.organization_id = k.organization_id AND o.meeting_id = k.meeting_id \
    AND o.original_start = k.original_start ";
/// By the occurrences of one track.
const OF_TRACK: &str = "FROM occurrences o ";
const REST: &str = "JOIN meetings m ON m.organization_id = o.organization_id AND m.id = o.meeting_id \
    JOIN tracks t ON t.organization_id = m.organization_id AND t.id = m.track_id \
    LEFT JOIN meeting_links l ON l.organization_id = m.organization_id AND l.id = m.id ";

impl Query {
    fn of(sight: &Sight, asked: &List) -> Self {
        let mut query = Self {
            text: COLUMNS.to_owned(),
            values: Vec::new(),
        };
        let organization = query.value(sight.organization.0);
        // What the index leads by: the agenda's own columns, or those of the occurrences.
        let key = match asked.whose {
            Whose::Track(track) if sight.everything || sight.administers.contains(&track) => {
                query.add(OF_TRACK);
                query.add(REST);
                let track = query.value(track.0);
                query.add(&format!(
                    "WHERE o.organization_id = {organization} AND o.track_id = {track}"
                ));
                "o"
            }
            Whose::Track(_) | Whose::Mine => {
                query.add(OF_MEMBER);
                query.add(REST);
                let member = query.value(sight.member.0);
                query.add(&format!(
                    "WHERE k.organization_id = {organization} AND k.member_id = {member}"
                ));
                if let Whose::Track(track) = asked.whose {
                    let track = query.value(track.0);
                    query.add(&format!(" AND m.track_id = {track}"));
                }
                "k"
            }
        };
        query.during(key, asked.part, sight.member);
        query.fitting(&asked.filter, sight.member);
        query.in_order(key, asked);
        query
    }

    fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A gap that this value stands in.
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn during(&mut self, key: &str, part: Part, reader: MemberId) {
        let (from, until) = match part {
            Part::Coming(from) => (Some(from), None),
            Part::Between(from, until) => (Some(from), Some(until)),
            Part::Unanswered(from, until) => {
                let (from, until) = (self.value(millis(from)), self.value(millis(until)));
                let reader = self.value(reader.0);
                self.add(&format!(
                    " AND {key}.starts_at > {from} AND {key}.starts_at <= {until} \
                     AND {key}.ends_at <= {until} AND o.state <> 'cancelled' \
                     AND m.state IN ('scheduled', 'held', 'missed') \
                     AND NOT EXISTS (SELECT 1 FROM outcomes s \
                     WHERE s.organization_id = o.organization_id AND s.meeting_id = o.meeting_id \
                     AND s.original_start = o.original_start AND s.member_id = {reader})"
                ));
                return;
            }
            Part::Past(until) => {
                let until = self.value(millis(until));
                self.add(&format!(
                    " AND {key}.starts_at < {until} AND {key}.ends_at <= {until}"
                ));
                return;
            }
        };
        if let Some(from) = from {
            let earliest = self.value(millis(from - LONGEST));
            let from = self.value(millis(from));
            self.add(&format!(
                " AND {key}.starts_at >= {earliest} AND {key}.ends_at > {from}"
            ));
        }
        if let Some(until) = until {
            let until = self.value(millis(until));
            self.add(&format!(" AND {key}.starts_at < {until}"));
        }
    }

    fn fitting(&mut self, filter: &Filter, reader: MemberId) {
        if let Some(mode) = filter.mode {
            let mode = self.value(mode.as_str());
            self.add(&format!(" AND m.mode = {mode}"));
        }
        if let Some(track) = filter.track {
            let track = self.value(track.0);
            self.add(&format!(" AND m.track_id = {track}"));
        }
        if let Some(state) = filter.state {
            let state = self.value(state.as_str());
            self.add(&format!(" AND o.state = {state}"));
        }
        if !filter.title.trim().is_empty() {
            let title = self.value(sql::pattern(&filter.title));
            self.add(&format!(" AND LOWER(m.title) LIKE {title} ESCAPE '\\'"));
        }
        if !filter.person.trim().is_empty() {
            let person = self.value(sql::pattern(&filter.person));
            let reader = self.value(reader.0);
            self.add(&format!(
                " AND EXISTS (SELECT 1 FROM attendees x JOIN members p \
                 ON p.organization_id = x.organization_id AND p.id = x.member_id \
                 WHERE x.organization_id = o.organization_id AND x.meeting_id = o.meeting_id \
                 AND x.member_id <> {reader} \
                 AND LOWER(p.first_name || ' ' || p.last_name) LIKE {person} ESCAPE '\\')"
            ));
        }
    }

    fn in_order(&mut self, key: &str, asked: &List) {
        let (beyond, order) = match asked.part {
            Part::Past(_) | Part::Unanswered(..) => ("<", "DESC"),
            Part::Coming(_) | Part::Between(..) => (">", "ASC"),
        };
        if let Some(after) = asked.after {
            let starts_at = self.value(millis(after.starts_at));
            let meeting = self.value(after.meeting.0);
            let original = self.value(after.original_start.to_string());
            self.add(&format!(
                " AND ({key}.starts_at, {key}.meeting_id, {key}.original_start) \
                 {beyond} ({starts_at}, {meeting}, {original})"
            ));
        }
        self.add(&format!(
            " ORDER BY {key}.starts_at {order}, {key}.meeting_id {order}, \
             {key}.original_start {order} LIMIT {}",
            asked.most.saturating_add(1)
        ));
    }

    fn statement(self, on: &impl ConnectionTrait) -> Statement {
        Statement::from_sql_and_values(on.get_database_backend(), self.text, self.values)
    }
}

/// The people of these meetings by meeting, the organizer first.
async fn people(
    store: &Store,
    organization: OrganizationId,
    rows: &[Row],
) -> Stored<BTreeMap<Uuid, Vec<Attending>>> {
    let mut found: BTreeMap<Uuid, Vec<Attending>> =
        rows.iter().map(|row| (row.id, Vec::new())).collect();
    if found.is_empty() {
        return Ok(found);
    }
    let mut query = Query {
        text: "SELECT x.meeting_id, x.member_id, x.organizer, p.first_name, p.last_name, \
               p.time_zone, CASE WHEN d.photo IS NULL THEN 0 ELSE 1 END AS has_photo \
               FROM attendees x JOIN members p \
               ON p.organization_id = x.organization_id AND p.id = x.member_id \
               LEFT JOIN directory_accounts d \
               ON d.organization_id = p.organization_id AND d.id = p.id "
            .to_owned(),
        values: Vec::new(),
    };
    let organization = query.value(organization.0);
    let meetings: Vec<String> = found.keys().map(|id| query.value(*id)).collect();
    query.add(&format!(
        "WHERE x.organization_id = {organization} AND x.meeting_id IN ({})",
        meetings.join(", ")
    ));
    let on = store.read();
    for row in Person::find_by_statement(query.statement(on))
        .all(on)
        .await?
    {
        found.entry(row.meeting_id).or_default().push(Attending {
            member: MemberId(row.member_id),
            organizer: row.organizer,
            first_name: row.first_name,
            last_name: row.last_name,
            time_zone: row.time_zone,
            has_photo: row.has_photo != 0,
        });
    }
    for people in found.values_mut() {
        people.sort_by_key(|person| (!person.organizer, person.member));
    }
    Ok(found)
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    title: String,
    mode: String,
    join_code: String,
    repeats: i32,
    track: String,
    original_start: String,
    local_start: String,
    duration_minutes: i32,
    starts_at: i64,
    ends_at: i64,
    state: String,
    link: Option<String>,
    reason: Option<String>,
}

#[derive(FromQueryResult)]
struct Person {
    meeting_id: Uuid,
    member_id: Uuid,
    organizer: bool,
    first_name: String,
    last_name: String,
    time_zone: String,
    has_photo: i32,
}

impl Row {
    fn read(self, people: Vec<Attending>) -> Stored<Listed> {
        let link = self.link.as_deref().map(|state| {
            LinkState::from_columns(state, self.reason.as_deref())
                .ok_or_else(|| StoreError::Unreadable(format!("meeting_links.state = {state:?}")))
        });
        Ok(Listed {
            meeting: MeetingId(self.id),
            title: self.title,
            track: self.track,
            mode: word(Mode::parse(&self.mode), "meetings.mode", &self.mode)?,
            join_code: self.join_code,
            repeats: self.repeats != 0,
            occurrence: Occurrence {
                original_start: local(&self.original_start, "occurrences.original_start")?,
                local_start: local(&self.local_start, "occurrences.local_start")?,
                duration_minutes: minutes(self.duration_minutes, "occurrences.duration_minutes")?,
                starts_at: instant(self.starts_at),
                ends_at: instant(self.ends_at),
                state: word(
                    OccurrenceState::parse(&self.state),
                    "occurrences.state",
                    &self.state,
                )?,
            },
            link: link.transpose()?,
            people,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::store::Place;

    fn sight(administers: Vec<TrackId>) -> Sight {
        Sight {
            organization: OrganizationId(Uuid::from_u128(1)),
            member: MemberId(Uuid::from_u128(2)),
            everything: false,
            enrolled: Vec::new(),
            administers,
        }
    }

    /// How `SQLite` goes about a list, a step a line.
    async fn plan(sight: &Sight, list: &List) -> Vec<String> {
        let clock = Clock::system();
        let store = Store::open(&Place::Memory, clock).await.unwrap();
        let mut query = Query::of(sight, list);
        query.text.insert_str(0, "EXPLAIN QUERY PLAN ");
        let rows = store.read().query_all_raw(query.statement(store.read()));
        let rows = rows.await.unwrap();
        rows.iter()
            .map(|row| row.try_get::<String>("", "detail").unwrap())
            .collect()
    }

    #[tokio::test]
    async fn a_list_goes_by_an_index_whatever_it_is_narrowed_down_to() {
        let track = TrackId(Uuid::from_u128(3));
        let now = Timestamp::UNIX_EPOCH;
        let narrow = Filter {
            mode: Some(Mode::Teams),
            track: Some(track),
            state: Some(OccurrenceState::Cancelled),
            person: "mei".to_owned(),
            title: "steps".to_owned(),
        };
        let after = After {
            starts_at: now,
            meeting: MeetingId(Uuid::nil()),
            original_start: jiff::civil::DateTime::constant(2026, 11, 23, 9, 0, 0, 0),
        };
        for (sight, whose, first) in [
            (sight(vec![]), Whose::Mine, "SEARCH k USING"),
            (sight(vec![]), Whose::Track(track), "SEARCH k USING"),
            (sight(vec![track]), Whose::Track(track), "SEARCH o USING"),
        ] {
            for part in [
                Part::Coming(now),
                Part::Past(now),
                Part::Between(now, now),
                Part::Unanswered(now, now),
            ] {
                for filter in [Filter::default(), narrow.clone()] {
                    for after in [None, Some(after)] {
                        let list = List {
                            filter: filter.clone(),
                            after,
                            ..List::of(whose, part, 30)
                        };
                        let steps = plan(&sight, &list).await;
                        let leads =
                            |step: &String| step.starts_with(first) && step.contains("starts_at");
                        assert!(steps.iter().any(leads), "{list:?}: {steps:#?}");
                        let is_scan = |step: &String| step.starts_with("SCAN");
                        assert!(!steps.iter().any(is_scan), "{list:?}: {steps:#?}");
                        // Nothing is read and put aside only to be sorted.
                        let sorts = |step: &String| step.ends_with("B-TREE FOR ORDER BY");
                        assert!(!steps.iter().any(sorts), "{list:?}: {steps:#?}");
                    }
                }
            }
        }
    }
}
