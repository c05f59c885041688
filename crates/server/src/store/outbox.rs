//! Messages to people. Each is a row that is sent once; who gets what was decided in the
//! change that made it, and the row never changes but for its fate.

use jiff::Timestamp;
use mentoring::organization::{MeetingId, MemberId, OrganizationId};
use mentoring::reminder::Reminder;
use mentoring::role::Sight;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::{Store, StoreError, Stored, Tx, instant, millis, word};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// To be sent.
    Waiting,
    /// The mail server took it.
    Sent,
    /// The mail server refused it for good, or it was tried too often.
    Failed,
    /// It was out of date before it could be sent.
    Dropped,
}

impl Fate {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// Back from what is stored.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Sent, Self::Failed, Self::Dropped]
            .into_iter()
            .find(|fate| fate.as_str() == text)
    }
}

/// A message to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id; the Message-ID is made of it.
    pub id: Uuid,
    /// Whose organization.
    pub organization: OrganizationId,
    /// To whom.
    pub member: MemberId,
    /// About which meeting, if about one.
    pub meeting: Option<MeetingId>,
    /// What tells two messages to one person about one thing apart: method and SEQUENCE
    /// of an invitation, the cause of a notice.
    pub topic: String,
    /// What it says, as data (JSON of the mail module's own type).
    pub content: String,
    /// What became of it.
    pub fate: Fate,
    /// Tries so far, those of messages that it took the place of included.
    pub attempts: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// Why it failed or was dropped.
    pub reason: Option<String>,
}

fn message(row: row::Model) -> Stored<Message> {
    Ok(Message {
        id: row.id,
        organization: OrganizationId(row.organization_id),
        member: MemberId(row.member_id),
        meeting: row.meeting_id.map(MeetingId),
        topic: row.topic,
        content: row.content,
        fate: word(Fate::parse(&row.fate), "outbox.fate", &row.fate)?,
        attempts: row.attempts,
        created_at: instant(row.created_at),
        reason: row.reason,
    })
}

/// Puts a message into the outbox. One that is there already (same person, same thing,
/// same topic) is not put there twice (N3). It is sent at `due_at` at the earliest.
pub async fn put(tx: &Tx, message: &Message, due_at: Timestamp) -> Stored<()> {
    let about = message
        .meeting
        .map_or(message.organization.0, |meeting| meeting.0);
    let row = row::ActiveModel {
        organization_id: Set(message.organization.0),
        id: Set(message.id),
        member_id: Set(message.member.0),
        meeting_id: Set(message.meeting.map(|meeting| meeting.0)),
        about_id: Set(about),
        topic: Set(message.topic.clone()),
        content: Set(message.content.clone()),
        fate: Set(Fate::Waiting.as_str().to_owned()),
        reason: Set(None),
        created_at: Set(millis(tx.now)),
        sent_at: Set(None),
        attempts: Set(message.attempts),
        due_at: Set(Some(millis(due_at))),
        lease_owner: Set(None),
        lease_until: Set(None),
        fencing: Set(0),
    };
    row::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([
                row::Column::OrganizationId,
                row::Column::AboutId,
                row::Column::MemberId,
                row::Column::Topic,
            ])
            .do_nothing()
            .to_owned(),
        )
        .exec_without_returning(tx.on())
        .await?;
    Ok(())
}

/// A message by id, for the reconciler that sends it.
pub async fn find_for_work(
    store: &Store,
    organization: OrganizationId,
    id: Uuid,
) -> Stored<Option<Message>> {
    row::Entity::find_by_id((organization.0, id))
        .one(store.read())
        .await?
        .map(message)
        .transpose()
}

/// Records what became of a message.
pub async fn save(tx: &Tx, message: &Message) -> Stored<()> {
    let sent_at = (message.fate == Fate::Sent).then(|| millis(tx.now));
    row::Entity::update_many()
        .set(row::ActiveModel {
            fate: Set(message.fate.as_str().to_owned()),
            reason: Set(message.reason.clone()),
            attempts: Set(message.attempts),
            sent_at: Set(sent_at),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(message.organization.0))
        .filter(row::Column::Id.eq(message.id))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// A message that was dropped before it was sent.
#[derive(Clone, Debug)]
pub struct Dropped {
    /// The message.
    pub message: Message,
    /// When it would have been sent, or tried again.
    pub due_at: Option<Timestamp>,
}

/// Drops the messages about a meeting that a newer one makes out of date, and answers them,
/// oldest first.
pub async fn drop_waiting(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    member: MemberId,
) -> Stored<Vec<Dropped>> {
    // By what it is about, which the index of topics leads by; asked for in order, SQLite
    // would rather walk through all messages of the organization.
    let mut waiting = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::AboutId.eq(meeting.0))
        .filter(row::Column::MemberId.eq(member.0))
        .filter(row::Column::Fate.eq(Fate::Waiting.as_str()))
        // A reminder is about one time of the meeting, and knows itself when that is no more.
        .filter(row::Column::Topic.not_like(format!("{}%", Reminder::TOPIC)))
        .filter(row::Column::LeaseOwner.is_null())
        .all(tx.on())
        .await?;
    waiting.sort_by_key(|row| row.id);
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    row::Entity::update_many()
        .set(row::ActiveModel {
            fate: Set(Fate::Dropped.as_str().to_owned()),
            reason: Set(Some("a newer message takes its place".to_owned())),
            due_at: Set(None),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.is_in(waiting.iter().map(|row| row.id)))
        .exec(tx.on())
        .await?;
    waiting
        .into_iter()
        .map(|row| {
            let due_at = row.due_at.map(instant);
            let message = message(row)?;
            Ok(Dropped { message, due_at })
        })
        .collect()
}

/// The newest messages that could not be delivered, for global administrators.
pub async fn list_failed(store: &Store, sight: &Sight) -> Stored<Vec<Message>> {
    if !sight.everything {
        return Ok(Vec::new());
    }
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::Fate.eq(Fate::Failed.as_str()))
        .order_by_desc(row::Column::CreatedAt)
        .limit(50)
        .all(store.read())
        .await?
        .into_iter()
        .map(message)
        .collect()
}

/// The newest message to a member that is still to be sent and is about no meeting, for
/// global administrators.
pub async fn find_waiting(
    store: &Store,
    sight: &Sight,
    member: MemberId,
) -> Stored<Option<Message>> {
    if !sight.everything {
        return Ok(None);
    }
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::MemberId.eq(member.0))
        .filter(row::Column::MeetingId.is_null())
        .filter(row::Column::Fate.eq(Fate::Waiting.as_str()))
        .order_by_desc(row::Column::Id)
        .one(store.read())
        .await?
        .map(message)
        .transpose()
}

/// Whether nothing waits to be sent.
pub async fn is_empty(store: &Store) -> Stored<bool> {
    let waiting = row::Entity::find()
        .filter(row::Column::Fate.eq(Fate::Waiting.as_str()))
        .count(store.read())
        .await?;
    Ok(waiting == 0)
}

/// Reads a message's content back into the type that wrote it.
pub fn content<T: serde::de::DeserializeOwned>(message: &Message) -> Stored<T> {
    serde_json::from_str(&message.content)
        .map_err(|error| StoreError::Unreadable(format!("outbox.content: {error}")))
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outbox")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub member_id: Uuid,
        pub meeting_id: Option<Uuid>,
        pub about_id: Uuid,
        pub topic: String,
        pub content: String,
        pub fate: String,
        pub reason: Option<String>,
        pub created_at: i64,
        pub sent_at: Option<i64>,
        pub attempts: i64,
        pub due_at: Option<i64>,
        pub lease_owner: Option<String>,
        pub lease_until: Option<i64>,
        pub fencing: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
