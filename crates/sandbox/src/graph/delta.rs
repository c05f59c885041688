//! `/users/delta`: everyone at first, afterwards what changed since.
//!
//! Source: "user: delta" and "Use delta query to track changes in Microsoft Graph data". A token
//! holds what was asked for at first, so that the links that follow need nothing else.

use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::Sandbox;
use crate::graph::answer::{Answer, Failure};
use crate::graph::asked::Asked;
use crate::graph::filter;
use crate::graph::properties::{self, Sight, property};
use crate::graph::users;
use crate::ids::ObjectId;
use crate::tenant::State;
use crate::tenant::person::Person;

/// How many people a round may be about. Source: "user: delta".
const TRACKED: usize = 50;

/// How long a link is good. Source: "Duration of change tracking tokens for identity and education
/// resources".
const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Answers with what changed alone.
const MINIMAL: &str = "return=minimal";

/// Where a client stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    epoch: u64,
    issued: Timestamp,
    /// What the client was told of already: changes before this number.
    told: u64,
    select: String,
    ids: Vec<ObjectId>,
    size: usize,
    next: Next,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Next {
    /// Everyone from this place on.
    Everyone(u32),
    /// What changed before the second number, after this person.
    Changes(Option<ObjectId>, u64),
    /// A new round.
    Round,
}

pub(super) fn answer(sandbox: &Sandbox, asked: &Asked) -> Result<Answer, Failure> {
    if asked.method != Method::GET {
        return Err(Failure::not_allowed());
    }
    let sight = users::list_sight(asked)?;
    for unknown in ["orderby", "search", "expand", "count", "skip"] {
        if asked.option(unknown).is_some() {
            return Err(Failure::unsupported_query(format!(
                "The query parameter '${unknown}' is not supported for change tracking."
            )));
        }
    }
    let now = sandbox.now();
    let epoch = sandbox.random().uuid().as_u64_pair().0;
    sandbox.note(|state| state.people.remember(epoch));
    sandbox.read(|state| {
        users::refuse_guest(state, asked)?;
        let history = state.people.history();
        let known = Known {
            epoch: history.epoch().unwrap_or(epoch),
            next: history.next(),
            now,
        };
        let token = match token(asked)? {
            Some(token) => known.check(token).ok_or_else(|| expired(sandbox))?,
            None => first(asked, &known)?,
        };
        let round = Round::new(sandbox, state, asked, sight, token, now)?;
        match round.token.next {
            Next::Everyone(place) => Ok(round.everyone(place)),
            Next::Changes(after, until) => round.changes(after, until),
            Next::Round => round.changes(None, known.next),
        }
    })
}

/// What the directory knows about itself.
struct Known {
    epoch: u64,
    next: u64,
    now: Timestamp,
}

impl Known {
    /// The token, if it is from here and not too old.
    fn check(&self, token: Token) -> Option<Token> {
        let is_young = self.now.duration_since(token.issued) <= LIFETIME;
        (token.epoch == self.epoch && token.told <= self.next && is_young).then_some(token)
    }
}

/// The token of a link; none at the beginning.
fn token(asked: &Asked) -> Result<Option<Token>, Failure> {
    let text = asked.option("skiptoken").or(asked.option("deltatoken"));
    let Some(text) = text.filter(|text| !text.is_empty() && *text != "latest") else {
        return Ok(None);
    };
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .map(Some)
        .ok_or_else(|| {
            Failure::new(
                StatusCode::BAD_REQUEST,
                "Request_BadRequest",
                "Badly formed token.",
            )
        })
}

fn first(asked: &Asked, known: &Known) -> Result<Token, Failure> {
    let ids = match asked.option("filter") {
        None => Vec::new(),
        Some(text) => filter::parse_up_to(TRACKED, text)?
            .ids()
            .ok_or_else(|| Failure::unsupported_query("Only 'id eq' is supported here."))?,
    };
    Ok(Token {
        epoch: known.epoch,
        issued: known.now,
        told: known.next,
        select: asked.option("select").unwrap_or_default().to_owned(),
        ids,
        size: users::page_size(asked)?,
        next: match asked.option("deltatoken") {
            // From now on, without everyone before.
            Some("latest") => Next::Round,
            _ => Next::Everyone(0),
        },
    })
}

/// One answer.
struct Round<'a> {
    sandbox: &'a Sandbox,
    state: &'a State,
    asked: &'a Asked,
    sight: Sight,
    names: Vec<&'static str>,
    token: Token,
    now: Timestamp,
}

impl<'a> Round<'a> {
    fn new(
        sandbox: &'a Sandbox,
        state: &'a State,
        asked: &'a Asked,
        sight: Sight,
        token: Token,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut names = properties::named(&token.select)?;
        if !names.contains(&"id") {
            names.push("id");
        }
        Ok(Self {
            sandbox,
            state,
            asked,
            sight,
            names,
            token,
            now,
        })
    }

    fn everyone(&self, place: u32) -> Answer {
        let tenant = self.asked.bearer.tenant;
        let mut people = self
            .state
            .people
            .list_from(tenant, place)
            .filter(|(_, person)| self.is_about(person.id));
        let mut value = Vec::new();
        for (_, person) in people.by_ref().take(self.token.size) {
            value.push(self.shown(person, |_| true));
        }
        let next = people.next().map(|(place, _)| Next::Everyone(place));
        self.page(&value, next, self.token.told)
    }

    fn changes(&self, after: Option<ObjectId>, until: u64) -> Result<Answer, Failure> {
        let tenant = self.asked.bearer.tenant;
        let history = self.state.people.history();
        let changed = history
            .since(self.token.told, tenant)
            .ok_or_else(|| expired(self.sandbox))?;
        let mut value = Vec::new();
        let mut last = after;
        for (id, before) in changed {
            if Some(id) <= after || !self.is_about(id) {
                continue;
            }
            let Some(entry) = self.change(id, before) else {
                continue;
            };
            if value.len() == self.token.size {
                let next = Next::Changes(last, until);
                return Ok(self.page(&value, Some(next), self.token.told));
            }
            value.push(entry);
            last = Some(id);
        }
        Ok(self.page(&value, None, until))
    }

    fn is_about(&self, id: ObjectId) -> bool {
        self.token.ids.is_empty() || self.token.ids.contains(&id)
    }

    /// What is told of somebody who was `before`, if it is anything.
    fn change(&self, id: ObjectId, before: Option<&Person>) -> Option<Value> {
        match (before, self.state.people.find(id)) {
            (None, None) => None,
            (None, Some(person)) => Some(self.shown(person, |_| true)),
            (Some(_), None) => {
                let is_purged = self.state.people.history().is_purged(id);
                // Who was merely deleted can be restored for a while.
                let reason = if is_purged { "deleted" } else { "changed" };
                Some(json!({"id": id, "@removed": {"reason": reason}}))
            }
            (Some(before), Some(person)) => {
                let has_changed = |name: &str| {
                    self.sees(name)
                        && property(self.state, before, name) != property(self.state, person, name)
                };
                if !self.names.iter().any(|name| has_changed(name)) {
                    return None;
                }
                Some(if self.asked.says("Prefer", MINIMAL) {
                    self.shown_if(person, |name, _| has_changed(name))
                } else {
                    // What was never set is left out, what was set to nothing is not.
                    self.shown_if(person, |name, value| has_changed(name) || !value.is_null())
                })
            }
        }
    }

    fn shown(&self, person: &Person, wants: impl Fn(&str) -> bool) -> Value {
        self.shown_if(person, |name, value| wants(name) && !value.is_null())
    }

    fn shown_if(&self, person: &Person, wants: impl Fn(&str, &Value) -> bool) -> Value {
        let mut shown = Map::new();
        for name in self.names.iter().filter(|name| self.sees(name)) {
            let value = property(self.state, person, name);
            if *name == "id" || wants(name, &value) {
                shown.insert((*name).to_owned(), value);
            }
        }
        Value::Object(shown)
    }

    fn sees(&self, name: &str) -> bool {
        self.sight == Sight::Full || properties::is_basic(name)
    }

    fn page(&self, value: &[Value], next: Option<Next>, told: u64) -> Answer {
        let url = self.sandbox.url();
        let mut context = format!("{url}/v1.0/$metadata#users");
        if !self.token.select.is_empty() {
            context = format!("{context}({})", self.token.select);
        }
        let (link, option) = match next {
            Some(_) => ("@odata.nextLink", "$skiptoken"),
            None => ("@odata.deltaLink", "$deltatoken"),
        };
        let token = Token {
            issued: self.now,
            told,
            next: next.unwrap_or(Next::Round),
            ..self.token.clone()
        };
        let token = serde_json::to_vec(&token).unwrap_or_default();
        let token = BASE64_URL_SAFE_NO_PAD.encode(token);
        let mut page = Map::new();
        page.insert("@odata.context".to_owned(), json!(context));
        page.insert(
            link.to_owned(),
            json!(format!("{url}/v1.0/users/delta?{option}={token}")),
        );
        page.insert("value".to_owned(), json!(value));
        let answer = Answer::json(StatusCode::OK, Value::Object(page));
        if self.asked.says("Prefer", MINIMAL) {
            answer.with(
                HeaderName::from_static("preference-applied"),
                HeaderValue::from_static(MINIMAL),
            )
        } else {
            answer
        }
    }
}

/// The client has to begin anew, at the address that it is given.
fn expired(sandbox: &Sandbox) -> Failure {
    Failure::new(
        StatusCode::GONE,
        "syncStateNotFound",
        "The sync state generation is not found. The delta token is expired and data must be \
         synchronized again.",
    )
    .with(
        LOCATION,
        format!("{}/v1.0/users/delta?$deltatoken=", sandbox.url()),
    )
}
