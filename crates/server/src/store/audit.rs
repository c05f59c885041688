//! The audit log: who did what to whom, when and from where. Each entry carries the hash
//! of the one before it, so that a missing or altered one shows (N11).

use jiff::Timestamp;
use mentoring::event::Event;
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use sha2::{Digest, Sha256};

use super::{Store, StoreError, Stored, Tx, instant, millis};

/// Who stands behind a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The member, if it was one; otherwise Ithaca itself or the operator.
    pub member: Option<MemberId>,
    /// Their name at the time.
    pub name: String,
    /// The network address that the request came from, or empty.
    pub address: String,
}

impl Author {
    /// A change that nobody asked for just now: a reconciler's.
    pub fn ithaca() -> Self {
        Self {
            member: None,
            name: "Ithaca".to_owned(),
            address: String::new(),
        }
    }

    /// A change made with the command line.
    pub fn operator() -> Self {
        Self {
            member: None,
            name: "Operator".to_owned(),
            address: String::new(),
        }
    }
}

/// One line of the audit log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Counts from 1 in each organization.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: String,
    /// From where.
    pub address: String,
    /// What, as a word: `meeting.cancelled`.
    pub action: String,
    /// What, as a sentence.
    pub sentence: String,
}

/// Adds an entry to the end of the organization's chain. The caller's transaction holds
/// the organization's lock, so there is one end only.
pub async fn append(
    tx: &Tx,
    organization: OrganizationId,
    author: &Author,
    event: &Event,
) -> Stored<()> {
    let last = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .order_by_desc(row::Column::Number)
        .one(tx.on())
        .await?;
    let (number, previous) = last.map_or((1, Vec::new()), |row| (row.number + 1, row.hash));
    let details =
        serde_json::to_string(event).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let (subject_kind, subject_id) = event.subject();
    let mut entry = row::Model {
        organization_id: organization.0,
        number,
        at: millis(tx.now),
        member_id: author.member.map(|id| id.0),
        author: author.name.clone(),
        address: author.address.clone(),
        action: event.action().to_owned(),
        subject_kind: subject_kind.to_owned(),
        subject_id,
        sentence: event.sentence(),
        details,
        hash: Vec::new(),
    };
    entry.hash = chain(&previous, &entry);
    row::ActiveModel {
        organization_id: Set(entry.organization_id),
        number: Set(entry.number),
        at: Set(entry.at),
        member_id: Set(entry.member_id),
        author: Set(entry.author),
        address: Set(entry.address),
        action: Set(entry.action),
        subject_kind: Set(entry.subject_kind),
        subject_id: Set(entry.subject_id),
        sentence: Set(entry.sentence),
        details: Set(entry.details),
        hash: Set(entry.hash),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

fn chain(previous: &[u8], entry: &row::Model) -> Vec<u8> {
    let mut hash = Sha256::new();
    let number = entry.number.to_string();
    let at = entry.at.to_string();
    let parts: [&str; 9] = [
        &number,
        &at,
        &entry.author,
        &entry.address,
        &entry.action,
        &entry.subject_kind,
        &entry.subject_id,
        &entry.sentence,
        &entry.details,
    ];
    hash.update(previous);
    for part in parts {
        // The length goes first, so that no two different entries hash the same text.
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().to_vec()
}

/// Which entries are looked for; what is empty looks for everything.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of an author's name.
    pub author: String,
    /// What an action begins with: `meeting`.
    pub action: String,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Up to before this moment.
    pub until: Option<Timestamp>,
}

/// Which part of a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From the newest on.
    Newest,
    /// The next older ones before this number.
    Before(i64),
    /// The next newer ones after this number.
    After(i64),
}

/// Entries, newest first, for global administrators alone: others see an empty log.
pub async fn list(
    store: &Store,
    sight: &Sight,
    filter: &Filter,
    part: Part,
    most: u64,
) -> Stored<Vec<Entry>> {
    if !sight.everything {
        return Ok(Vec::new());
    }
    let mut query =
        row::Entity::find().filter(row::Column::OrganizationId.eq(sight.organization.0));
    if !filter.action.is_empty() {
        query = query.filter(row::Column::Action.starts_with(&filter.action));
    }
    if !filter.author.is_empty() {
        let author = Func::lower(Expr::col(row::Column::Author));
        let part = format!("%{}%", filter.author.to_lowercase());
        query = query.filter(Expr::expr(author).like(part));
    }
    if let Some(from) = filter.from {
        query = query.filter(row::Column::At.gte(millis(from)));
    }
    if let Some(until) = filter.until {
        query = query.filter(row::Column::At.lt(millis(until)));
    }
    let query = match part {
        Part::Newest => query.order_by_desc(row::Column::Number),
        Part::Before(number) => query
            .filter(row::Column::Number.lt(number))
            .order_by_desc(row::Column::Number),
        Part::After(number) => query
            .filter(row::Column::Number.gt(number))
            .order_by_asc(row::Column::Number),
    };
    let mut rows = query.limit(most).all(store.read()).await?;
    if matches!(part, Part::After(_)) {
        rows.reverse();
    }
    Ok(rows
        .into_iter()
        .map(|row| Entry {
            number: row.number,
            at: instant(row.at),
            author: row.author,
            address: row.address,
            action: row.action,
            sentence: row.sentence,
        })
        .collect())
}

/// Reads the whole chain and answers the number of the first entry that does not follow
/// from the one before it.
pub async fn first_break(store: &Store, organization: OrganizationId) -> Stored<Option<i64>> {
    let mut previous = Vec::new();
    let mut expected = 1;
    loop {
        let rows = row::Entity::find()
            .filter(row::Column::OrganizationId.eq(organization.0))
            .filter(row::Column::Number.gte(expected))
            .order_by_asc(row::Column::Number)
            .limit(500)
            .all(store.read())
            .await?;
        if rows.is_empty() {
            return Ok(None);
        }
        for row in rows {
            if row.number != expected || row.hash != chain(&previous, &row) {
                return Ok(Some(expected));
            }
            previous = row.hash;
            expected += 1;
        }
    }
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_entries")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub at: i64,
        pub member_id: Option<Uuid>,
        pub author: String,
        pub address: String,
        pub action: String,
        pub subject_kind: String,
        pub subject_id: String,
        pub sentence: String,
        pub details: String,
        pub hash: Vec<u8>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
