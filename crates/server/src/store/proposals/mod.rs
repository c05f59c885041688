//! Times that people offer each other: the rows, and what one thing that happens to them
//! makes of rows, audit log and outbox in one commit.

mod busy;
mod news;

use std::collections::{BTreeMap, BTreeSet};

use mentoring::meeting::Meeting;
use mentoring::organization::{MeetingId, MemberId, OrganizationId, ProposalId};
use mentoring::proposal::{Proposal, ProposalState, Step};
use mentoring::role::Sight;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Select,
};
use uuid::Uuid;

use super::audit::{self, Author};
use super::meetings::{self, StoredMeeting, attended_by};
use super::{Store, StoreError, Stored, Tx, instant, millis, word};
use crate::clock::Randomness;
use crate::instance::Instance;

pub use busy::busy;

/// What is needed to save what happened.
#[derive(Clone, Copy, Debug)]
pub struct Taking<'a> {
    /// The change that it is part of.
    pub tx: &'a Tx,
    /// Whose addresses are told.
    pub instance: &'a Instance,
    /// Makes the messages' ids.
    pub randomness: &'a Randomness,
    /// Who did it.
    pub author: &'a Author,
}

impl Taking<'_> {
    /// Saves the proposals of a step, records what happened, and puts what people are told
    /// into the outbox. The meeting is the one after it; its own row is saved elsewhere.
    pub async fn take(self, meeting: &Meeting, step: &Step) -> Stored<()> {
        for proposal in &step.proposals {
            save(self.tx, meeting.id, proposal).await?;
        }
        for event in &step.events {
            audit::append(self.tx, meeting.organization, self.author, event).await?;
        }
        self.tell(meeting, step).await
    }
}

/// Writes a proposal as it is now, and when something is to happen to it by itself.
async fn save(tx: &Tx, meeting: MeetingId, proposal: &Proposal) -> Stored<()> {
    let unreadable = |error: serde_json::Error| StoreError::Unreadable(error.to_string());
    let organization = proposal.organization.0;
    let row = row::ActiveModel {
        organization_id: Set(organization),
        id: Set(proposal.id.0),
        meeting_id: Set(meeting.0),
        by_member: Set(proposal.by.0),
        about: Set(proposal.about.map(|original| original.to_string())),
        times: Set(serde_json::to_string(&proposal.times).map_err(unreadable)?),
        note: Set(proposal.note.clone()),
        state: Set(proposal.state.as_str().to_owned()),
        reply: Set(proposal.reply.clone()),
        reminded: Set(proposal.reminded),
        created_at: Set(millis(proposal.created_at)),
        expires_at: Set(millis(proposal.expires_at)),
        attempts: Set(0),
        due_at: Set(proposal.due_at().map(millis)),
        lease_owner: Set(None),
        lease_until: Set(None),
        fencing: Set(0),
    };
    let changing = [
        row::Column::State,
        row::Column::Reply,
        row::Column::Reminded,
        row::Column::DueAt,
    ];
    row::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([row::Column::OrganizationId, row::Column::Id])
                .update_columns(changing)
                .to_owned(),
        )
        .exec_without_returning(tx.on())
        .await?;
    for (member, can) in &proposal.answers {
        let row = answer::ActiveModel {
            organization_id: Set(organization),
            proposal_id: Set(proposal.id.0),
            member_id: Set(member.0),
            times: Set(serde_json::to_string(can).map_err(unreadable)?),
            answered_at: Set(millis(tx.now)),
        };
        answer::Entity::insert(row)
            .on_conflict(
                OnConflict::columns([
                    answer::Column::OrganizationId,
                    answer::Column::ProposalId,
                    answer::Column::MemberId,
                ])
                .update_columns([answer::Column::Times, answer::Column::AnsweredAt])
                .to_owned(),
            )
            .exec_without_returning(tx.on())
            .await?;
    }
    Ok(())
}

fn read(row: row::Model, answers: BTreeMap<MemberId, BTreeSet<usize>>) -> Stored<Proposal> {
    let about = row.about.as_deref().map(str::parse).transpose();
    Ok(Proposal {
        id: ProposalId(row.id),
        organization: OrganizationId(row.organization_id),
        by: MemberId(row.by_member),
        about: about.map_err(|_| StoreError::Unreadable("proposals.about".to_owned()))?,
        times: serde_json::from_str(&row.times)
            .map_err(|error| StoreError::Unreadable(format!("proposals.times: {error}")))?,
        note: row.note,
        state: word(
            ProposalState::parse(&row.state),
            "proposals.state",
            &row.state,
        )?,
        reply: row.reply,
        answers,
        reminded: row.reminded,
        created_at: instant(row.created_at),
        expires_at: instant(row.expires_at),
    })
}

/// The proposals that a query finds, each with its meeting, oldest first.
async fn find(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    query: Select<row::Entity>,
) -> Stored<Vec<(MeetingId, Proposal)>> {
    let rows = query
        .filter(row::Column::OrganizationId.eq(organization.0))
        .order_by_asc(row::Column::CreatedAt)
        .order_by_asc(row::Column::Id)
        .all(on)
        .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let given = answer::Entity::find()
        .filter(answer::Column::OrganizationId.eq(organization.0))
        .filter(answer::Column::ProposalId.is_in(rows.iter().map(|row| row.id)))
        .all(on)
        .await?;
    let mut answers: BTreeMap<Uuid, BTreeMap<MemberId, BTreeSet<usize>>> = BTreeMap::new();
    for row in given {
        let can = serde_json::from_str(&row.times)
            .map_err(|error| StoreError::Unreadable(format!("proposal_answers.times: {error}")))?;
        let of = answers.entry(row.proposal_id).or_default();
        of.insert(MemberId(row.member_id), can);
    }
    rows.into_iter()
        .map(|row| {
            let answers = answers.remove(&row.id).unwrap_or_default();
            Ok((MeetingId(row.meeting_id), read(row, answers)?))
        })
        .collect()
}

fn of(meeting: MeetingId) -> Select<row::Entity> {
    row::Entity::find().filter(row::Column::MeetingId.eq(meeting.0))
}

/// The proposals of a meeting inside a change, oldest first.
pub async fn list_in(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
) -> Stored<Vec<Proposal>> {
    let found = find(tx.on(), organization, of(meeting)).await?;
    Ok(found.into_iter().map(|(_, proposal)| proposal).collect())
}

/// The proposals of a meeting that was found within sight, oldest first.
pub async fn list(store: &Store, sight: &Sight, meeting: MeetingId) -> Stored<Vec<Proposal>> {
    let found = find(store.read(), sight.organization, of(meeting)).await?;
    Ok(found.into_iter().map(|(_, proposal)| proposal).collect())
}

/// A proposal with its meeting, for the reconcilers.
pub async fn find_for_work(
    store: &Store,
    organization: OrganizationId,
    id: ProposalId,
) -> Stored<Option<(MeetingId, Proposal)>> {
    let query = row::Entity::find().filter(row::Column::Id.eq(id.0));
    Ok(find(store.read(), organization, query).await?.pop())
}

/// The actor's own meetings for which times are offered that nobody has settled on, each
/// with its open proposals.
pub async fn list_open(
    store: &Store,
    sight: &Sight,
) -> Stored<Vec<(StoredMeeting, Vec<Proposal>)>> {
    let own = attended_by(sight.organization, sight.member);
    let query = row::Entity::find()
        .filter(row::Column::State.eq(ProposalState::Open.as_str()))
        .filter(row::Column::MeetingId.in_subquery(own));
    let mut open: BTreeMap<MeetingId, Vec<Proposal>> = BTreeMap::new();
    for (meeting, proposal) in find(store.read(), sight.organization, query).await? {
        open.entry(meeting).or_default().push(proposal);
    }
    let ids: Vec<MeetingId> = open.keys().copied().collect();
    let mut found: Vec<(StoredMeeting, Vec<Proposal>)> = meetings::list_by_ids(store, sight, &ids)
        .await?
        .into_iter()
        .filter_map(|stored| {
            let proposals = open.remove(&stored.meeting.id)?;
            Some((stored, proposals))
        })
        .collect();
    let ends =
        |(_, all): &(StoredMeeting, Vec<Proposal>)| all.iter().map(|one| one.expires_at).min();
    found.sort_by_key(ends);
    Ok(found)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "proposals")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub meeting_id: Uuid,
        pub by_member: Uuid,
        /// Of a scheduled meeting the occurrence that is to move, by its original start.
        pub about: Option<String>,
        pub times: String,
        pub note: String,
        pub state: String,
        pub reply: String,
        pub reminded: bool,
        pub created_at: i64,
        pub expires_at: i64,
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

mod answer {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "proposal_answers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub proposal_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub member_id: Uuid,
        pub times: String,
        pub answered_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
