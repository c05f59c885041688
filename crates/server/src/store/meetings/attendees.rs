//! Who attends a meeting: a row a person, which outlives the changes of the meeting.

use std::collections::BTreeMap;

use mentoring::answer::{Answer, Reply};
use mentoring::meeting::{Attendee, Meeting};
use mentoring::organization::{MeetingId, MemberId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::store::{Store, Stored, Tx, millis, word};

fn given(row: &attendee::Model) -> Stored<Option<Answer>> {
    row.answer
        .as_deref()
        .map(|text| word(Answer::parse(text), "attendees.answer", text))
        .transpose()
}

/// The people of these meetings, the organizer first.
pub(super) async fn of(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: &[Uuid],
) -> Stored<BTreeMap<Uuid, Vec<Attendee>>> {
    let rows = attendee::Entity::find()
        .filter(attendee::Column::OrganizationId.eq(organization.0))
        .filter(attendee::Column::MeetingId.is_in(ids.iter().copied()))
        .all(on)
        .await?;
    let mut found: BTreeMap<Uuid, Vec<Attendee>> = BTreeMap::new();
    for row in rows {
        found.entry(row.meeting_id).or_default().push(Attendee {
            member: MemberId(row.member_id),
            organizer: row.organizer,
            answer: given(&row)?,
        });
    }
    for attendees in found.values_mut() {
        attendees.sort_by_key(|attendee| (!attendee.organizer, attendee.member));
    }
    Ok(found)
}

/// Adds people to a meeting; what of it is over before `since` is none of theirs.
pub(super) async fn insert(
    tx: &Tx,
    meeting: &Meeting,
    new: impl Iterator<Item = Attendee>,
    since: i64,
) -> Stored<()> {
    let rows: Vec<attendee::ActiveModel> = new
        .map(|attendee| attendee::ActiveModel {
            organization_id: Set(meeting.organization.0),
            member_id: Set(attendee.member.0),
            meeting_id: Set(meeting.id.0),
            organizer: Set(attendee.organizer),
            starts_at: Set(millis(meeting.schedule.starts_at)),
            since: Set(since),
            answer: Set(attendee.answer.map(|answer| answer.as_str().to_owned())),
            ..Default::default()
        })
        .collect();
    if !rows.is_empty() {
        attendee::Entity::insert_many(rows)
            .exec_without_returning(tx.on())
            .await?;
    }
    Ok(())
}

/// Makes the rows of the people what they should be, and leaves those alone who stay: a
/// row also holds what its person answered, until they are asked again. Says whether
/// others are of it now.
pub(super) async fn keep(tx: &Tx, meeting: &Meeting) -> Stored<bool> {
    let ids = [meeting.id.0];
    let stored = of(tx.on(), meeting.organization, &ids)
        .await?
        .remove(&meeting.id.0)
        .unwrap_or_default();
    let gone: Vec<Uuid> = stored
        .iter()
        .filter(|attendee| !meeting.is_attended_by(attendee.member))
        .map(|attendee| attendee.member.0)
        .collect();
    let is_new = |attendee: &Attendee| {
        let mut stored = stored.iter();
        stored.all(|known| known.member != attendee.member)
    };
    let new: Vec<Attendee> = meeting.attendees.iter().copied().filter(is_new).collect();
    let unanswered = |known: &&Attendee| {
        let mut all = meeting.attendees.iter();
        known.answer.is_some()
            && all.any(|attendee| attendee.member == known.member && attendee.answer.is_none())
    };
    let asked_again: Vec<Uuid> = stored
        .iter()
        .filter(unanswered)
        .map(|attendee| attendee.member.0)
        .collect();
    if !asked_again.is_empty() {
        attendee::Entity::update_many()
            .set(attendee::ActiveModel {
                answer: Set(None),
                note: Set(None),
                answered_at: Set(None),
                ..Default::default()
            })
            .filter(attendee::Column::OrganizationId.eq(meeting.organization.0))
            .filter(attendee::Column::MeetingId.eq(meeting.id.0))
            .filter(attendee::Column::MemberId.is_in(asked_again))
            .exec(tx.on())
            .await?;
    }
    if !gone.is_empty() {
        attendee::Entity::delete_many()
            .filter(attendee::Column::OrganizationId.eq(meeting.organization.0))
            .filter(attendee::Column::MeetingId.eq(meeting.id.0))
            .filter(attendee::Column::MemberId.is_in(gone.iter().copied()))
            .exec(tx.on())
            .await?;
    }
    let is_different = !gone.is_empty() || !new.is_empty();
    insert(tx, meeting, new.into_iter(), millis(tx.now)).await?;
    Ok(is_different)
}

/// The ids of the meetings that somebody is of.
pub(in crate::store) fn attended_by(
    organization: OrganizationId,
    member: MemberId,
) -> SelectStatement {
    Query::select()
        .column(attendee::Column::MeetingId)
        .from(attendee::Entity)
        .and_where(attendee::Column::OrganizationId.eq(organization.0))
        .and_where(attendee::Column::MemberId.eq(member.0))
        .take()
}

/// Whether the actor is of the meeting with the id in this column: one look by the key,
/// however many others they are of.
pub(super) fn is_attended(sight: &Sight, id: impl IntoColumnRef) -> Expr {
    let column = |column| Expr::col((attendee::Entity, column));
    Expr::exists(
        Query::select()
            .expr(Expr::value(1))
            .from(attendee::Entity)
            .and_where(column(attendee::Column::OrganizationId).eq(sight.organization.0))
            .and_where(column(attendee::Column::MemberId).eq(sight.member.0))
            .and_where(column(attendee::Column::MeetingId).equals(id))
            .take(),
    )
}

/// What the people of a meeting said who answered, with their notes. Whoever asks found
/// the meeting within their sight, and shows the notes to its people alone.
pub async fn replies(
    store: &Store,
    sight: &Sight,
    meeting: MeetingId,
) -> Stored<BTreeMap<MemberId, Reply>> {
    let rows = attendee::Entity::find()
        .filter(attendee::Column::OrganizationId.eq(sight.organization.0))
        .filter(attendee::Column::MeetingId.eq(meeting.0))
        .all(store.read())
        .await?;
    let mut found = BTreeMap::new();
    for row in rows {
        if let Some(reply) = reply(&row)? {
            found.insert(MemberId(row.member_id), reply);
        }
    }
    Ok(found)
}

fn reply(row: &attendee::Model) -> Stored<Option<Reply>> {
    Ok(given(row)?.map(|answer| Reply {
        answer,
        note: row.note.clone().unwrap_or_default(),
    }))
}

/// Keeps what somebody of a meeting answered. The meeting's own row stays as it is.
pub async fn save_reply(tx: &Tx, meeting: &Meeting, member: MemberId, reply: &Reply) -> Stored<()> {
    attendee::Entity::update_many()
        .set(attendee::ActiveModel {
            answer: Set(Some(reply.answer.as_str().to_owned())),
            note: Set(Some(reply.note.clone()).filter(|note| !note.is_empty())),
            answered_at: Set(Some(millis(tx.now))),
            ..Default::default()
        })
        .filter(attendee::Column::OrganizationId.eq(meeting.organization.0))
        .filter(attendee::Column::MeetingId.eq(meeting.id.0))
        .filter(attendee::Column::MemberId.eq(member.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Who is asked, and what they have said.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose organization.
    pub organization: OrganizationId,
    /// By which meeting.
    pub meeting: MeetingId,
    /// Who.
    pub member: MemberId,
    /// What they said, if they did.
    pub reply: Option<Reply>,
}

/// Whom the links of a mail ask. Whoever has them may answer: the code is 128 random bits,
/// and it ends with its person's place in the meeting.
pub async fn find_asked(store: &Store, code: &str) -> Stored<Option<Asked>> {
    attendee::Entity::find()
        .filter(attendee::Column::AnswerCode.eq(code))
        .one(store.read())
        .await?
        .map(|row| {
            Ok(Asked {
                organization: OrganizationId(row.organization_id),
                meeting: MeetingId(row.meeting_id),
                member: MemberId(row.member_id),
                reply: reply(&row)?,
            })
        })
        .transpose()
}

/// The code by which somebody answers from a mail; the first mail makes it.
pub async fn answer_code(
    tx: &Tx,
    meeting: &Meeting,
    member: MemberId,
    make: impl FnOnce() -> String,
) -> Stored<Option<String>> {
    let key = (meeting.organization.0, member.0, meeting.id.0);
    let Some(row) = attendee::Entity::find_by_id(key).one(tx.on()).await? else {
        return Ok(None);
    };
    if row.answer_code.is_some() {
        return Ok(row.answer_code);
    }
    let code = make();
    attendee::Entity::update_many()
        .col_expr(attendee::Column::AnswerCode, Some(code.clone()).into())
        .filter(attendee::Column::OrganizationId.eq(meeting.organization.0))
        .filter(attendee::Column::MeetingId.eq(meeting.id.0))
        .filter(attendee::Column::MemberId.eq(member.0))
        .exec(tx.on())
        .await?;
    Ok(Some(code))
}

mod attendee {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "attendees")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub member_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub meeting_id: Uuid,
        pub organizer: bool,
        /// The first start: nodes of the version before list by it.
        pub starts_at: i64,
        /// What was over at this instant is none of theirs: they came later.
        pub since: i64,
        pub answer: Option<String>,
        pub note: Option<String>,
        pub answered_at: Option<i64>,
        /// The secret of the links in this person's mails.
        pub answer_code: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
