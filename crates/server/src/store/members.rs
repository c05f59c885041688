//! Members of organizations, and the passwords that they sign in with.

use mentoring::member::{EmailAddress, Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId, TrackId};
use mentoring::role::Sight;
use sea_orm::sea_query::{BinOper, Condition, Expr, ExprTrait, Func, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::{Store, StoreError, Stored, Tx, millis, tracks, word};

fn member(row: row::Model) -> Stored<Member> {
    Ok(Member {
        id: MemberId(row.id),
        organization: OrganizationId(row.organization_id),
        first_name: row.first_name,
        last_name: row.last_name,
        email: EmailAddress::parse(&row.email)
            .map_err(|_| StoreError::Unreadable(format!("members.email = {:?}", row.email)))?,
        time_zone: row.time_zone,
        language: row.language,
        state: word(MemberState::parse(&row.state), "members.state", &row.state)?,
        global_administrator: row.global_administrator,
    })
}

/// Adds a member who has no password yet.
pub async fn insert(tx: &Tx, member: &Member) -> Stored<()> {
    row::ActiveModel {
        organization_id: Set(member.organization.0),
        id: Set(member.id.0),
        first_name: Set(member.first_name.clone()),
        last_name: Set(member.last_name.clone()),
        email: Set(member.email.as_str().to_owned()),
        time_zone: Set(member.time_zone.clone()),
        language: Set(member.language.clone()),
        theme: Set("system".to_owned()),
        state: Set(member.state.as_str().to_owned()),
        global_administrator: Set(member.global_administrator),
        password_hash: Set(None),
        created_at: Set(millis(tx.now)),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// Writes what the rules decided about a member.
pub async fn update(tx: &Tx, member: &Member) -> Stored<()> {
    row::ActiveModel {
        organization_id: Set(member.organization.0),
        id: Set(member.id.0),
        first_name: Set(member.first_name.clone()),
        last_name: Set(member.last_name.clone()),
        email: Set(member.email.as_str().to_owned()),
        time_zone: Set(member.time_zone.clone()),
        language: Set(member.language.clone()),
        state: Set(member.state.as_str().to_owned()),
        global_administrator: Set(member.global_administrator),
        ..Default::default()
    }
    .update(tx.on())
    .await?;
    Ok(())
}

/// Keeps the argon2id hash of a new password.
pub async fn set_password_hash(
    tx: &Tx,
    organization: OrganizationId,
    id: MemberId,
    hash: &str,
) -> Stored<()> {
    row::ActiveModel {
        organization_id: Set(organization.0),
        id: Set(id.0),
        password_hash: Set(Some(hash.to_owned())),
        ..Default::default()
    }
    .update(tx.on())
    .await?;
    Ok(())
}

/// Keeps how a member wants the pages to look: `system`, `light` or `dark`.
pub async fn set_theme(
    tx: &Tx,
    organization: OrganizationId,
    id: MemberId,
    theme: &str,
) -> Stored<()> {
    row::ActiveModel {
        organization_id: Set(organization.0),
        id: Set(id.0),
        theme: Set(theme.to_owned()),
        ..Default::default()
    }
    .update(tx.on())
    .await?;
    Ok(())
}

/// The member with this address and the hash of their password, for signing in alone.
pub async fn find_for_sign_in(
    store: &Store,
    organization: OrganizationId,
    email: &EmailAddress,
) -> Stored<Option<(Member, Option<String>)>> {
    let row = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Email.eq(email.as_str()))
        .one(store.read())
        .await?;
    row.map(|row| {
        let hash = row.password_hash.clone();
        Ok((member(row)?, hash))
    })
    .transpose()
}

/// The member with this address inside a change.
pub async fn find_by_email_in(
    tx: &Tx,
    organization: OrganizationId,
    email: &EmailAddress,
) -> Stored<Option<Member>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Email.eq(email.as_str()))
        .one(tx.on())
        .await?
        .map(member)
        .transpose()
}

/// Whether a member of the actor's organization has this address.
pub async fn is_an_address(store: &Store, sight: &Sight, email: &EmailAddress) -> Stored<bool> {
    let found = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::Email.eq(email.as_str()))
        .count(store.read())
        .await?;
    Ok(found > 0)
}

/// A member by id inside a change, whoever asks: the rules decide what may be done.
pub async fn find_in(
    tx: &Tx,
    organization: OrganizationId,
    id: MemberId,
) -> Stored<Option<Member>> {
    one(tx.on(), organization, id).await
}

/// A member by id where no person asks: a reconciler, a session, a message.
pub async fn find_for_work(
    store: &Store,
    organization: OrganizationId,
    id: MemberId,
) -> Stored<Option<Member>> {
    one(store.read(), organization, id).await
}

async fn one(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    id: MemberId,
) -> Stored<Option<Member>> {
    row::Entity::find_by_id((organization.0, id.0))
        .one(on)
        .await?
        .map(member)
        .transpose()
}

/// Several members by id inside a change or a piece of work.
pub(crate) async fn list_by_ids(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: &[MemberId],
) -> Stored<Vec<Member>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(on)
        .await?
        .into_iter()
        .map(member)
        .collect()
}

/// Several members by id where no person asks.
pub async fn list_for_work(
    store: &Store,
    organization: OrganizationId,
    ids: &[MemberId],
) -> Stored<Vec<Member>> {
    list_by_ids(store.read(), organization, ids).await
}

/// What the actor may see of the organization's people: themselves, the people of their
/// tracks, or everyone.
fn within(sight: &Sight) -> Condition {
    let mine = Condition::all().add(row::Column::OrganizationId.eq(sight.organization.0));
    if sight.everything {
        return mine;
    }
    let tracks: Vec<TrackId> = sight
        .enrolled
        .iter()
        .chain(&sight.administers)
        .copied()
        .collect();
    mine.add(
        Condition::any()
            .add(row::Column::Id.eq(sight.member.0))
            .add(
                row::Column::Id.in_subquery(
                    Query::select()
                        .column(tracks::enrolment::Column::MemberId)
                        .from(tracks::enrolment::Entity)
                        .and_where(
                            tracks::enrolment::Column::OrganizationId.eq(sight.organization.0),
                        )
                        .and_where(
                            tracks::enrolment::Column::TrackId.is_in(tracks.iter().map(|id| id.0)),
                        )
                        .take(),
                ),
            ),
    )
}

/// A member within sight.
pub async fn find(store: &Store, sight: &Sight, id: MemberId) -> Stored<Option<Member>> {
    row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::Id.eq(id.0))
        .one(store.read())
        .await?
        .map(member)
        .transpose()
}

/// Members within sight by name; `search` looks in names and addresses.
pub async fn list(store: &Store, sight: &Sight, search: &str) -> Stored<Vec<Member>> {
    let mut query = row::Entity::find().filter(within(sight));
    let search = search.trim();
    if !search.is_empty() {
        query = query.filter(
            Condition::any()
                .add(row::Column::FirstName.contains(search))
                .add(row::Column::LastName.contains(search))
                .add(row::Column::Email.contains(search.to_lowercase())),
        );
    }
    query
        .order_by_asc(row::Column::FirstName)
        .order_by_asc(row::Column::LastName)
        .limit(1_000)
        .all(store.read())
        .await?
        .into_iter()
        .map(member)
        .collect()
}

/// A page of the members within sight by name: those who come after `after`.
pub async fn list_after(
    store: &Store,
    sight: &Sight,
    search: &str,
    after: Option<&Member>,
    most: u64,
) -> Stored<Vec<Member>> {
    let mut query = row::Entity::find().filter(within(sight));
    let search = search.trim().to_lowercase();
    if !search.is_empty() {
        let name = Expr::col(row::Column::FirstName)
            .binary(BinOper::Custom("||"), " ")
            .binary(BinOper::Custom("||"), Expr::col(row::Column::LastName));
        let part = format!("%{search}%");
        query = query.filter(
            Condition::any()
                .add(Expr::expr(Func::lower(name)).like(&part))
                .add(row::Column::Email.like(&part)),
        );
    }
    if let Some(after) = after {
        let place = Expr::tuple([
            Expr::col(row::Column::FirstName),
            Expr::col(row::Column::LastName),
            Expr::col(row::Column::Id),
        ]);
        query = query.filter(place.gt(Expr::tuple([
            Expr::value(after.first_name.clone()),
            Expr::value(after.last_name.clone()),
            Expr::value(after.id.0),
        ])));
    }
    query
        .order_by_asc(row::Column::FirstName)
        .order_by_asc(row::Column::LastName)
        .order_by_asc(row::Column::Id)
        .limit(most)
        .all(store.read())
        .await?
        .into_iter()
        .map(member)
        .collect()
}

/// Those who can still be enrolled in a track, by name, for whoever administers it: they
/// choose among everyone, and see of them no more than that.
pub async fn list_enrollable(store: &Store, sight: &Sight, track: TrackId) -> Stored<Vec<Member>> {
    if !sight.everything && !sight.administers.contains(&track) {
        return Ok(Vec::new());
    }
    let enrolled = Query::select()
        .column(tracks::enrolment::Column::MemberId)
        .from(tracks::enrolment::Entity)
        .and_where(tracks::enrolment::Column::OrganizationId.eq(sight.organization.0))
        .and_where(tracks::enrolment::Column::TrackId.eq(track.0))
        .take();
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::State.ne(MemberState::Deactivated.as_str()))
        .filter(row::Column::Id.not_in_subquery(enrolled))
        .order_by_asc(row::Column::FirstName)
        .order_by_asc(row::Column::LastName)
        .limit(1_000)
        .all(store.read())
        .await?
        .into_iter()
        .map(member)
        .collect()
}

/// How many members within sight are in this state.
pub async fn count(store: &Store, sight: &Sight, state: MemberState) -> Stored<u64> {
    let count = row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::State.eq(state.as_str()))
        .count(store.read())
        .await?;
    Ok(count)
}

/// How many active global administrators the actor can see.
pub async fn count_administrators(store: &Store, sight: &Sight) -> Stored<u64> {
    let count = row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::GlobalAdministrator.eq(true))
        .filter(row::Column::State.eq(MemberState::Active.as_str()))
        .count(store.read())
        .await?;
    Ok(count)
}

/// All members of an organization inside a change.
pub async fn list_in(tx: &Tx, organization: OrganizationId) -> Stored<Vec<Member>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .all(tx.on())
        .await?
        .into_iter()
        .map(member)
        .collect()
}

/// The active global administrators, for a message that concerns them.
pub async fn list_administrators_in(tx: &Tx, organization: OrganizationId) -> Stored<Vec<Member>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::GlobalAdministrator.eq(true))
        .filter(row::Column::State.eq(MemberState::Active.as_str()))
        .all(tx.on())
        .await?
        .into_iter()
        .map(member)
        .collect()
}

/// How many active global administrators there are besides this member.
pub async fn count_other_administrators(
    tx: &Tx,
    organization: OrganizationId,
    id: MemberId,
) -> Stored<usize> {
    let count = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::GlobalAdministrator.eq(true))
        .filter(row::Column::State.eq(MemberState::Active.as_str()))
        .filter(row::Column::Id.ne(id.0))
        .count(tx.on())
        .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "members")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub first_name: String,
        pub last_name: String,
        pub email: String,
        pub time_zone: String,
        pub language: String,
        pub theme: String,
        pub state: String,
        pub global_administrator: bool,
        pub password_hash: Option<String>,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
