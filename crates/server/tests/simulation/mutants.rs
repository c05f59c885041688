//! Ithacas that break a promise on purpose, for the checker to find out.
//!
//! Each breaks it where the program meets the world: on the way to Microsoft, in the database,
//! or where rows are handed out. The program itself is the same.

use bytes::Bytes;
use http::{HeaderValue, header};
use ithaca::store::Store;
use ithaca::store::lease::Claim;
use sea_orm::ConnectionTrait as _;
use serde_json::Value;

use crate::stage::Stage;

/// What is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Every create carries another external id, so that a second one makes a second meeting.
    NoExternalId,
    /// A claim's number never rises, so that whoever was overtaken doesn't notice.
    NoFencing,
    /// The row of a link that is no longer wanted is forgotten at once.
    NoTombstone,
    /// Calls of one organization carry whatever token is at hand.
    ForeignToken,
    /// Teams is never compared with what is wanted.
    BlindSweep,
    /// Messages reach the outbox after the commit that they belong to.
    OutboxAfterCommit,
}

impl Mutant {
    /// Which promise it breaks.
    pub fn breaks(self) -> &'static str {
        match self {
            Self::NoExternalId => "N1",
            Self::NoFencing => "F05",
            Self::NoTombstone => "N2",
            Self::BlindSweep => "N10",
            Self::ForeignToken => "N7",
            Self::OutboxAfterCommit => "N3",
        }
    }

    /// On the way to Microsoft.
    pub fn touches(
        self,
        parts: &mut http::request::Parts,
        body: &mut Bytes,
        last_bearer: &mut Option<HeaderValue>,
        stage: &Stage,
    ) {
        match self {
            Self::NoExternalId => {
                if let Ok(mut wanted) = serde_json::from_slice::<Value>(body)
                    && let Some(external_id) = wanted["externalId"].as_str().map(str::to_owned)
                {
                    let other = stage.below(1_000_000);
                    wanted["externalId"] = format!("{external_id}:{other}").into();
                    *body = Bytes::from(wanted.to_string());
                    parts.headers.remove(header::CONTENT_LENGTH);
                }
            }
            Self::ForeignToken => {
                let Some(own) = parts.headers.get(header::AUTHORIZATION).cloned() else {
                    return;
                };
                // "The current token", where each call should carry its own.
                let current = last_bearer.get_or_insert_with(|| own.clone()).clone();
                *last_bearer = Some(own);
                parts.headers.insert(header::AUTHORIZATION, current);
            }
            _ => {}
        }
    }

    /// In the database.
    pub async fn settles_in(self, store: &Store) {
        let triggers = match self {
            Self::NoTombstone => vec![
                "CREATE TRIGGER mutant AFTER UPDATE OF wanted ON meeting_links WHEN NEW.wanted = 0 \
                 BEGIN DELETE FROM meeting_links WHERE organization_id = NEW.organization_id AND id = NEW.id; END",
            ],
            Self::BlindSweep => vec![
                "CREATE TRIGGER mutant AFTER UPDATE OF due_at ON drift_sweeps WHEN NEW.due_at IS NOT NULL \
                 BEGIN UPDATE drift_sweeps SET due_at = NULL WHERE organization_id = NEW.organization_id; END",
            ],
            Self::OutboxAfterCommit => vec![
                "CREATE TABLE outbox_later AS SELECT * FROM outbox WHERE 0",
                "CREATE TRIGGER mutant AFTER INSERT ON outbox WHEN NOT EXISTS (SELECT 1 FROM outbox_later WHERE id = NEW.id) \
                 BEGIN INSERT INTO outbox_later SELECT * FROM outbox WHERE id = NEW.id; DELETE FROM outbox WHERE id = NEW.id; END",
            ],
            _ => Vec::new(),
        };
        for text in triggers {
            execute(store, text).await;
        }
    }

    /// Where rows are handed out.
    pub async fn hands_out(self, store: &Store, claims: &mut [Claim]) {
        if self != Self::NoFencing {
            return;
        }
        for claim in claims {
            let table = claim.work.table();
            claim.fencing = 1;
            let id = claim.id.simple();
            execute(
                store,
                &format!("UPDATE {table} SET fencing = 1 WHERE id = x'{id}'"),
            )
            .await;
        }
    }

    /// After whoever worked came to a stop: what came after the commit arrives, unless its node
    /// died in between.
    pub async fn catches_up(self, store: &Store, node_died: bool) {
        if self != Self::OutboxAfterCommit {
            return;
        }
        if !node_died {
            execute(
                store,
                "INSERT OR IGNORE INTO outbox SELECT * FROM outbox_later",
            )
            .await;
        }
        execute(store, "DELETE FROM outbox_later").await;
    }
}

async fn execute(store: &Store, text: &str) {
    store
        .read()
        .execute_unprepared(text)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
}
