//! Tracks, and who is enrolled in them with which roles.

use std::collections::{BTreeMap, BTreeSet};

use mentoring::lobby::LobbyScope;
use mentoring::member::{Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId, TrackId};
use mentoring::role::{Roles, Sight};
use mentoring::track::{Mode, Modes, Track};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Store, StoreError, Stored, Tx, members, millis, word};

fn track(row: row::Model) -> Stored<Track> {
    Ok(Track {
        id: TrackId(row.id),
        organization: OrganizationId(row.organization_id),
        slug: row.slug,
        name: row.name,
        modes: word(parse_modes(&row.modes), "tracks.modes", &row.modes)?,
        lobby: word(LobbyScope::parse(&row.lobby), "tracks.lobby", &row.lobby)?,
    })
}

fn parse_modes(text: &str) -> Option<Modes> {
    let modes: Option<Vec<Mode>> = text.split(',').map(Mode::parse).collect();
    Modes::from_iter(modes?).ok()
}

fn modes_text(modes: &Modes) -> String {
    let words: Vec<&str> = modes.iter().map(Mode::as_str).collect();
    words.join(",")
}

/// Adds a track.
pub async fn insert(tx: &Tx, track: &Track) -> Stored<()> {
    row::ActiveModel {
        organization_id: Set(track.organization.0),
        id: Set(track.id.0),
        slug: Set(track.slug.clone()),
        name: Set(track.name.clone()),
        modes: Set(modes_text(&track.modes)),
        teams_remembered: Set(false),
        lobby: Set(track.lobby.as_str().to_owned()),
        created_at: Set(millis(tx.now)),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// Writes what the rules decided about a track.
pub async fn update(tx: &Tx, track: &Track) -> Stored<()> {
    row::ActiveModel {
        organization_id: Set(track.organization.0),
        id: Set(track.id.0),
        slug: Set(track.slug.clone()),
        name: Set(track.name.clone()),
        modes: Set(modes_text(&track.modes)),
        lobby: Set(track.lobby.as_str().to_owned()),
        ..Default::default()
    }
    .update(tx.on())
    .await?;
    Ok(())
}

/// Remembers whether a track used Teams when the integration was removed, so that
/// integrating again restores it.
pub async fn remember_teams(tx: &Tx, track: &Track, remembered: bool) -> Stored<()> {
    row::ActiveModel {
        organization_id: Set(track.organization.0),
        id: Set(track.id.0),
        teams_remembered: Set(remembered),
        ..Default::default()
    }
    .update(tx.on())
    .await?;
    Ok(())
}

/// The tracks that used Teams before the integration was removed.
pub async fn list_remembered(tx: &Tx, organization: OrganizationId) -> Stored<Vec<Track>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::TeamsRemembered.eq(true))
        .all(tx.on())
        .await?
        .into_iter()
        .map(track)
        .collect()
}

/// What the actor may see: the tracks they are enrolled in or administer, or all.
fn within(sight: &Sight) -> Condition {
    let mine = Condition::all().add(row::Column::OrganizationId.eq(sight.organization.0));
    if sight.everything {
        return mine;
    }
    let seen = sight.enrolled.iter().chain(&sight.administers);
    mine.add(row::Column::Id.is_in(seen.map(|id| id.0)))
}

/// The tracks within sight by name.
pub async fn list(store: &Store, sight: &Sight) -> Stored<Vec<Track>> {
    row::Entity::find()
        .filter(within(sight))
        .order_by_asc(row::Column::Name)
        .all(store.read())
        .await?
        .into_iter()
        .map(track)
        .collect()
}

/// The track with this slug within sight.
pub async fn find_by_slug(store: &Store, sight: &Sight, slug: &str) -> Stored<Option<Track>> {
    row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::Slug.eq(slug))
        .one(store.read())
        .await?
        .map(track)
        .transpose()
}

/// The track with this id within sight.
pub async fn find(store: &Store, sight: &Sight, id: TrackId) -> Stored<Option<Track>> {
    row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::Id.eq(id.0))
        .one(store.read())
        .await?
        .map(track)
        .transpose()
}

/// A track inside a change or a piece of work.
pub(crate) async fn find_on(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    id: TrackId,
) -> Stored<Option<Track>> {
    row::Entity::find_by_id((organization.0, id.0))
        .one(on)
        .await?
        .map(track)
        .transpose()
}

/// A track inside a change.
pub async fn find_in(tx: &Tx, organization: OrganizationId, id: TrackId) -> Stored<Option<Track>> {
    find_on(tx.on(), organization, id).await
}

/// All tracks of an organization inside a change.
pub async fn list_in(tx: &Tx, organization: OrganizationId) -> Stored<Vec<Track>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .all(tx.on())
        .await?
        .into_iter()
        .map(track)
        .collect()
}

/// A member's place in a track.
#[derive(Clone, Debug)]
pub struct Participant {
    /// The person.
    pub member: Member,
    /// What they are in the track.
    pub roles: Roles,
}

fn roles(row: &enrolment::Model) -> Stored<Roles> {
    word(
        Roles::parse_text(&row.roles),
        "enrolments.roles",
        &row.roles,
    )
}

/// Gives a member these roles in a track; none at all ends the enrolment.
pub async fn enrol(
    tx: &Tx,
    organization: OrganizationId,
    track: TrackId,
    member: MemberId,
    roles: &Roles,
) -> Stored<()> {
    if roles.is_empty() {
        enrolment::Entity::delete_by_id((organization.0, track.0, member.0))
            .exec(tx.on())
            .await?;
        return Ok(());
    }
    let row = enrolment::ActiveModel {
        organization_id: Set(organization.0),
        track_id: Set(track.0),
        member_id: Set(member.0),
        roles: Set(roles.to_text()),
        created_at: Set(millis(tx.now)),
    };
    enrolment::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([
                enrolment::Column::OrganizationId,
                enrolment::Column::TrackId,
                enrolment::Column::MemberId,
            ])
            .update_column(enrolment::Column::Roles)
            .to_owned(),
        )
        .exec_without_returning(tx.on())
        .await?;
    Ok(())
}

/// The roles of a member in each of their tracks.
pub async fn enrolments_of(
    store: &Store,
    organization: OrganizationId,
    member: MemberId,
) -> Stored<BTreeMap<TrackId, Roles>> {
    enrolments_on(store.read(), organization, member).await
}

pub(crate) async fn enrolments_on(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    member: MemberId,
) -> Stored<BTreeMap<TrackId, Roles>> {
    enrolment::Entity::find()
        .filter(enrolment::Column::OrganizationId.eq(organization.0))
        .filter(enrolment::Column::MemberId.eq(member.0))
        .all(on)
        .await?
        .iter()
        .map(|row| Ok((TrackId(row.track_id), roles(row)?)))
        .collect()
}

/// The roles of several members in the tracks within sight, by the track's name.
pub async fn enrolments_within(
    store: &Store,
    sight: &Sight,
    members: &[MemberId],
) -> Stored<BTreeMap<MemberId, Vec<(Track, Roles)>>> {
    let mut found: BTreeMap<MemberId, Vec<(Track, Roles)>> = BTreeMap::new();
    let seen = list(store, sight).await?;
    let rows = enrolment::Entity::find()
        .filter(enrolment::Column::OrganizationId.eq(sight.organization.0))
        .filter(enrolment::Column::MemberId.is_in(members.iter().map(|id| id.0)))
        .all(store.read())
        .await?;
    for track in &seen {
        for row in rows.iter().filter(|row| row.track_id == track.id.0) {
            let theirs = found.entry(MemberId(row.member_id)).or_default();
            theirs.push((track.clone(), roles(row)?));
        }
    }
    Ok(found)
}

/// The people of a track that the actor may see, by name.
pub async fn list_participants(
    store: &Store,
    sight: &Sight,
    track: TrackId,
) -> Stored<Vec<Participant>> {
    if find(store, sight, track).await?.is_none() {
        return Ok(Vec::new());
    }
    participants_on(store.read(), sight.organization, track).await
}

/// How many people each track within sight has.
pub async fn count_participants(store: &Store, sight: &Sight) -> Stored<BTreeMap<TrackId, usize>> {
    let tracks: Vec<TrackId> = list(store, sight)
        .await?
        .iter()
        .map(|track| track.id)
        .collect();
    let counts: Vec<(Uuid, i64)> = enrolment::Entity::find()
        .select_only()
        .column(enrolment::Column::TrackId)
        .column_as(enrolment::Column::MemberId.count(), "people")
        .filter(enrolment::Column::OrganizationId.eq(sight.organization.0))
        .filter(enrolment::Column::TrackId.is_in(tracks.iter().map(|id| id.0)))
        .group_by(enrolment::Column::TrackId)
        .into_tuple()
        .all(store.read())
        .await?;
    Ok(counts
        .into_iter()
        .map(|(track, people)| (TrackId(track), usize::try_from(people).unwrap_or(0)))
        .collect())
}

pub(crate) async fn participants_on(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    track: TrackId,
) -> Stored<Vec<Participant>> {
    let enrolments = enrolment::Entity::find()
        .filter(enrolment::Column::OrganizationId.eq(organization.0))
        .filter(enrolment::Column::TrackId.eq(track.0))
        .all(on)
        .await?;
    let ids: Vec<MemberId> = enrolments
        .iter()
        .map(|row| MemberId(row.member_id))
        .collect();
    let mut people: BTreeMap<MemberId, Member> = members::list_by_ids(on, organization, &ids)
        .await?
        .into_iter()
        .map(|member| (member.id, member))
        .collect();
    let mut participants = Vec::with_capacity(enrolments.len());
    for row in &enrolments {
        let member = people
            .remove(&MemberId(row.member_id))
            .ok_or_else(|| StoreError::Unreadable("an enrolment without its member".to_owned()))?;
        participants.push(Participant {
            member,
            roles: roles(row)?,
        });
    }
    participants.sort_by_key(|participant| participant.member.name());
    Ok(participants)
}

/// The active participants of a track inside a change.
pub async fn enrolled_in(
    tx: &Tx,
    organization: OrganizationId,
    track: TrackId,
) -> Stored<BTreeSet<MemberId>> {
    let active = Query::select()
        .column(members::row::Column::Id)
        .from(members::row::Entity)
        .and_where(members::row::Column::OrganizationId.eq(organization.0))
        .and_where(members::row::Column::State.eq(MemberState::Active.as_str()))
        .and_where(
            Expr::col((members::row::Entity, members::row::Column::Id))
                .equals((enrolment::Entity, enrolment::Column::MemberId)),
        )
        .take();
    let ids: Vec<Uuid> = enrolment::Entity::find()
        .select_only()
        .column(enrolment::Column::MemberId)
        .filter(enrolment::Column::OrganizationId.eq(organization.0))
        .filter(enrolment::Column::TrackId.eq(track.0))
        .filter(Expr::exists(active))
        .into_tuple()
        .all(tx.on())
        .await?;
    Ok(ids.into_iter().map(MemberId).collect())
}

/// The participants of a track inside a change.
pub async fn participants_in(
    tx: &Tx,
    organization: OrganizationId,
    track: TrackId,
) -> Stored<Vec<Participant>> {
    participants_on(tx.on(), organization, track).await
}

/// The participants of a track where no person asks.
pub async fn participants_for_work(
    store: &Store,
    organization: OrganizationId,
    track: TrackId,
) -> Stored<Vec<Participant>> {
    participants_on(store.read(), organization, track).await
}

/// A track where no person asks.
pub async fn find_for_work(
    store: &Store,
    organization: OrganizationId,
    id: TrackId,
) -> Stored<Option<Track>> {
    find_on(store.read(), organization, id).await
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tracks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub slug: String,
        pub name: String,
        pub modes: String,
        pub teams_remembered: bool,
        pub lobby: String,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod enrolment {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "enrolments")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub track_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub member_id: Uuid,
        pub roles: String,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
