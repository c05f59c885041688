//! What is in the outbox, read without a reconciler that empties it.

use ithaca::content::{Content, Invitation};
use ithaca::store::outbox::{self, Fate};
use jiff::Timestamp;
use mentoring::member::Member;
use mentoring::organization::OrganizationId;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use uuid::Uuid;

use super::House;

/// One message about a meeting.
#[derive(Debug)]
pub struct Told {
    pub id: Uuid,
    pub topic: String,
    pub fate: Fate,
    pub due_at: Option<Timestamp>,
    pub invitation: Invitation,
}

/// Every message about meetings that somebody ever was to get, oldest first.
pub async fn told(house: &House, organization: OrganizationId, member: &Member) -> Vec<Told> {
    let store = &house.world.store;
    let rows = "SELECT id, due_at FROM outbox ORDER BY created_at, id";
    let rows = Statement::from_string(DbBackend::Sqlite, rows);
    let rows = store
        .read()
        .query_all_raw(rows)
        .await
        .expect("it is a table");
    let mut all = Vec::new();
    for row in rows {
        let id: Uuid = row.try_get("", "id").expect("an id");
        let due_at: Option<i64> = row.try_get("", "due_at").expect("an instant");
        let message = outbox::find_for_work(store, organization, id).await;
        let Some(message) = message.expect("it is readable") else {
            continue;
        };
        let content: Content = outbox::content(&message).expect("it is readable");
        if let Content::Invitation(invitation) = content
            && message.member == member.id
        {
            all.push(Told {
                id,
                topic: message.topic,
                fate: message.fate,
                due_at: due_at.map(|at| Timestamp::from_millisecond(at).expect("an instant")),
                invitation: *invitation,
            });
        }
    }
    all
}

/// The mail server takes what is due by now, and answers how much that was for somebody.
pub async fn is_emptied(house: &House, organization: OrganizationId, member: &Member) -> usize {
    let now = house.world.clock.now();
    let due = told(house, organization, member).await;
    let due = due
        .into_iter()
        .filter(|told| told.fate == Fate::Waiting && told.due_at.is_some_and(|at| at <= now));
    let mut count = 0;
    for told in due {
        let store = &house.world.store;
        let message = outbox::find_for_work(store, organization, told.id).await;
        let mut message = message.expect("it is readable").expect("it is there");
        message.fate = Fate::Sent;
        let tx = store.begin(organization).await.expect("a change can begin");
        outbox::save(&tx, &message).await.expect("it can be saved");
        tx.commit().await.expect("a change can end");
        count += 1;
    }
    count
}
