//! API tokens: what lets a program act as a member.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::Event;
use crate::member::check_line;
use crate::organization::MemberId;
use crate::refusal::Refusal;
use crate::role::Actor;

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Only look.
    Read,
    /// All that its member may.
    Write,
}

crate::words!(TokenScope { Read = "read", Write = "write" });

impl TokenScope {
    /// As pages say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Read => "Read only",
            Self::Write => "Read and write",
        }
    }
}

/// For how many days a token may live.
pub const LIFETIMES: [u16; 3] = [30, 90, 365];

/// More tokens than this would no longer be looked through.
pub const MOST_TOKENS: u64 = 20;

/// What lets a program act as a member. The secret itself is known to its holder alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: Uuid,
    /// As whom it acts.
    pub member: MemberId,
    /// What its member calls it.
    pub name: String,
    /// What it may do.
    pub scope: TokenScope,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// What somebody wants of a new token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What they call it.
    pub name: String,
    /// What it may do.
    pub scope: TokenScope,
    /// For how many days: one of [`LIFETIMES`].
    pub days: u16,
}

/// Makes a token for the actor, who has so many already.
pub fn create(
    actor: &Actor,
    wish: &Wish,
    id: Uuid,
    had: u64,
    now: Timestamp,
) -> Result<(ApiToken, Event), Vec<Refusal>> {
    let mut refusals = Vec::new();
    let name = check_line(&wish.name, 80);
    if name.is_none() {
        refusals.push(Refusal::TokenNameInvalid);
    }
    if !LIFETIMES.contains(&wish.days) {
        refusals.push(Refusal::TokenLifetimeInvalid);
    }
    if had >= MOST_TOKENS {
        refusals.push(Refusal::TooManyTokens);
    }
    let (Some(name), true) = (name, refusals.is_empty()) else {
        return Err(refusals);
    };
    let token = ApiToken {
        id,
        member: actor.member,
        name,
        scope: wish.scope,
        created_at: now,
        expires_at: now + SignedDuration::from_hours(24 * i64::from(wish.days)),
        last_used_at: None,
    };
    let event = Event::ApiTokenCreated {
        member: actor.member,
        token: id,
        name: token.name.clone(),
        scope: token.scope,
        expires_at: token.expires_at,
    };
    Ok((token, event))
}

/// Ends a token of the actor's own.
pub fn revoke(token: &ApiToken) -> Event {
    Event::ApiTokenRevoked {
        member: token.member,
        token: token.id,
        name: token.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::organization::OrganizationId;

    fn mei() -> Actor {
        Actor {
            organization: OrganizationId(Uuid::from_u128(1)),
            member: MemberId(Uuid::from_u128(2)),
            name: "Mei Tanaka".to_owned(),
            global_administrator: false,
            enrolments: BTreeMap::new(),
        }
    }

    fn wish(name: &str, days: u16) -> Wish {
        Wish {
            name: name.to_owned(),
            scope: TokenScope::Read,
            days,
        }
    }

    #[test]
    fn a_token_acts_as_its_maker_and_ends_on_its_day() {
        let now = "2026-11-23T08:00:00Z".parse().unwrap();
        let (token, event) =
            create(&mei(), &wish(" Calendar ", 30), Uuid::from_u128(9), 0, now).unwrap();
        assert_eq!(token.member, mei().member);
        assert_eq!(token.name, "Calendar");
        assert_eq!(token.expires_at.to_string(), "2026-12-23T08:00:00Z");
        assert_eq!(event.action(), "token.created");
        assert_eq!(revoke(&token).action(), "token.revoked");
    }

    #[test]
    fn everything_that_is_wrong_with_a_token_is_said_at_once() {
        let refused = create(
            &mei(),
            &wish("\u{200b}", 31),
            Uuid::nil(),
            MOST_TOKENS,
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(
            refused.unwrap_err(),
            [
                Refusal::TokenNameInvalid,
                Refusal::TokenLifetimeInvalid,
                Refusal::TooManyTokens
            ]
        );
    }
}
