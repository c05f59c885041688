//! `/me` and `/users`: people, as far as the token's permissions show them.
//!
//! Source: "Get user", "List users", "Microsoft Graph permissions reference".

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::Sandbox;
use crate::graph::answer::{Answer, Failure};
use crate::graph::asked::Asked;
use crate::graph::bearer;
use crate::graph::filter::{self, Filter};
use crate::graph::properties::{Sight, find_property, names, property, show};
use crate::graph::search;
use crate::ids::ObjectId;
use crate::tenant::State;
use crate::tenant::person::{Person, PersonKind};

const PAGE: usize = 100;
const LARGEST_PAGE: usize = 999;

/// `GET /me` and `GET /users/{key}`.
pub(super) fn get(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Answer, Failure> {
    if asked.method != Method::GET {
        return Err(Failure::not_allowed());
    }
    let names = names(asked)?;
    sandbox.read(|state| {
        let (person, sight) = find(state, asked, key)?;
        let mut shown = Map::new();
        shown.insert(
            "@odata.context".to_owned(),
            json!(format!("{}/$entity", context(sandbox, asked))),
        );
        shown.extend(show(state, person, sight, &names));
        Ok(Answer::json(StatusCode::OK, Value::Object(shown)))
    })
}

/// `GET /users`.
pub(super) fn list(sandbox: &Sandbox, asked: &Asked) -> Result<Answer, Failure> {
    if asked.method != Method::GET {
        return Err(Failure::not_allowed());
    }
    let sight = list_sight(asked)?;
    let names = names(asked)?;
    let wanted = wanted(asked, sight)?;
    if asked.option("expand").is_some() {
        return Err(Failure::bad_request(
            "Parsing OData Select and Expand failed: the sandbox has nothing to expand.",
        ));
    }
    if asked.option("skip").is_some() {
        return Err(Failure::unsupported_query(
            "'$skip' is not supported by the service.",
        ));
    }
    let order = order(asked, wanted.is_some())?;
    let size = page_size(asked)?;
    let skipped = skipped(asked)?;
    sandbox.read(|state| {
        refuse_guest(state, asked)?;
        let mut found: Vec<&Person> = Vec::new();
        let mut total = 0;
        // Unless they are sorted or counted, only those on the page are looked at.
        let is_whole = order.is_some() || asked.is_advanced();
        for person in matching(state, asked, wanted.as_ref()) {
            total += 1;
            let is_on_page = total > skipped && found.len() < size;
            if order.is_some() || is_on_page {
                found.push(person);
            } else if !is_whole && total > skipped {
                break;
            }
        }
        if let Some((name, is_descending)) = order {
            let key = |person: &&Person| {
                let value = property(state, person, name);
                value.as_str().map(str::to_lowercase)
            };
            found.sort_by_cached_key(key);
            if is_descending {
                found.reverse();
            }
            found = found.into_iter().skip(skipped).take(size).collect();
        }
        let page: Vec<Value> = found
            .into_iter()
            .map(|person| Value::Object(show(state, person, sight, &names)))
            .collect();
        let mut answer = Map::new();
        answer.insert("@odata.context".to_owned(), json!(context(sandbox, asked)));
        // `$count=true` without the header is silently ignored.
        if asked.is_advanced() {
            answer.insert("@odata.count".to_owned(), json!(total));
        }
        if skipped + page.len() < total {
            let token = BASE64_URL_SAFE_NO_PAD.encode(format!("from {}", skipped + page.len()));
            let rest = asked.query_without("skiptoken");
            let and = if rest.is_empty() { "" } else { "&" };
            answer.insert(
                "@odata.nextLink".to_owned(),
                json!(format!(
                    "{}/v1.0/users?{rest}{and}$skiptoken={token}",
                    sandbox.url()
                )),
            );
        }
        answer.insert("value".to_owned(), json!(page));
        Ok(Answer::json(StatusCode::OK, Value::Object(answer)))
    })
}

/// `GET /users/$count`: a bare number, for advanced queries alone.
pub(super) fn count(sandbox: &Sandbox, asked: &Asked) -> Result<Answer, Failure> {
    if asked.method != Method::GET {
        return Err(Failure::not_allowed());
    }
    let sight = list_sight(asked)?;
    if !asked.is_eventual() {
        return Err(Failure::bad_request("$count is not currently supported."));
    }
    let wanted = wanted(asked, sight)?;
    let count = sandbox.read(|state| {
        refuse_guest(state, asked)?;
        Ok(matching(state, asked, wanted.as_ref()).count())
    })?;
    Ok(Answer::bytes("text/plain", Bytes::from(count.to_string())))
}

/// What `$filter` and `$search` ask for together.
fn wanted(asked: &Asked, sight: Sight) -> Result<Option<Filter>, Failure> {
    let is_advanced =
        asked.is_advanced() || (asked.is_eventual() && asked.last_segment() == "$count");
    let filter = asked.option("filter").map(filter::parse).transpose()?;
    if let Some(filter) = &filter {
        filter.check(sight, is_advanced)?;
    }
    let Some(text) = asked.option("search") else {
        return Ok(filter);
    };
    if !asked.is_eventual() {
        return Err(Failure::unsupported_query(
            "Request with $search query parameter only works through MSGraph with a special \
             request header: 'ConsistencyLevel: eventual'",
        ));
    }
    let search = search::parse(text)?;
    search.check(sight, true)?;
    Ok(Some(match filter {
        Some(filter) => Filter::And(Box::new(filter), Box::new(search)),
        None => search,
    }))
}

/// The people of the tenant who are wanted, in the directory's order.
fn matching<'a>(
    state: &'a State,
    asked: &Asked,
    wanted: Option<&'a Filter>,
) -> Box<dyn Iterator<Item = &'a Person> + 'a> {
    let Some(wanted) = wanted else {
        return Box::new(state.people.list(asked.bearer.tenant));
    };
    match wanted.addresses() {
        Some(addresses) => {
            let found = among(state, asked, &addresses);
            Box::new(found.into_iter().filter(|person| wanted.matches(person)))
        }
        None => Box::new(
            state
                .people
                .list(asked.bearer.tenant)
                .filter(|person| wanted.matches(person)),
        ),
    }
}

/// A guest may look people up, but list none.
pub(super) fn refuse_guest(state: &State, asked: &Asked) -> Result<(), Failure> {
    let own = asked.bearer.person.and_then(|id| state.people.find(id));
    match own {
        Some(person) if person.kind == PersonKind::Guest => Err(Failure::denied()),
        _ => Ok(()),
    }
}

/// The person whom `/me` (no key) or `/users/{key}` means, and how much of them may be seen.
pub(super) fn find<'a>(
    state: &'a State,
    asked: &Asked,
    key: Option<&str>,
) -> Result<(&'a Person, Sight), Failure> {
    let bearer = &asked.bearer;
    let Some(key) = key else {
        let id = bearer.person.ok_or_else(Failure::no_me)?;
        let person = state
            .people
            .find(id)
            .ok_or_else(|| Failure::no_resource(&id.to_string()))?;
        if bearer::may(bearer, &["User.Read", "User.Read.All"], &[]) {
            return Ok((person, Sight::Full));
        }
        if bearer::may(bearer, &["User.ReadBasic.All"], &[]) {
            return Ok((person, Sight::Basic));
        }
        return Err(Failure::denied());
    };
    let found = named(state, asked, key);
    let is_own = found.is_some_and(|person| Some(person.id) == bearer.person);
    let sight = if bearer::may(bearer, &["User.Read.All"], &["User.Read.All"])
        || (is_own && bearer::may(bearer, &["User.Read"], &[]))
    {
        Sight::Full
    } else if bearer::may(bearer, &["User.ReadBasic.All"], &["User.ReadBasic.All"]) {
        Sight::Basic
    } else {
        return Err(Failure::denied());
    };
    let person = found.ok_or_else(|| Failure::no_resource(key))?;
    Ok((person, sight))
}

/// The person whom the path means, whatever of them may be seen.
pub(super) fn find_anyone<'a>(
    state: &'a State,
    asked: &Asked,
    key: Option<&str>,
) -> Result<&'a Person, Failure> {
    let Some(key) = key else {
        let id = asked.bearer.person.ok_or_else(Failure::no_me)?;
        let found = state.people.find(id);
        return found.ok_or_else(|| Failure::no_resource(&id.to_string()));
    };
    named(state, asked, key).ok_or_else(|| Failure::no_resource(key))
}

/// The person of the bearer's tenant with this object id or user principal name.
fn named<'a>(state: &'a State, asked: &Asked, key: &str) -> Option<&'a Person> {
    let tenant = asked.bearer.tenant;
    match key.parse::<ObjectId>() {
        Ok(id) => state
            .people
            .find(id)
            .filter(|person| person.tenant == tenant),
        Err(_) => state.people.find_upn(tenant, key),
    }
}

/// How much of a list the token shows. An application with `User.ReadBasic.All` alone is refused,
/// as reported in 2026 (Microsoft Q&A 6019739).
pub(super) fn list_sight(asked: &Asked) -> Result<Sight, Failure> {
    if bearer::may(&asked.bearer, &["User.Read.All"], &["User.Read.All"]) {
        Ok(Sight::Full)
    } else if bearer::may(&asked.bearer, &["User.ReadBasic.All"], &[]) {
        Ok(Sight::Basic)
    } else {
        Err(Failure::denied())
    }
}

/// The people at these addresses, each once.
fn among<'a>(state: &'a State, asked: &Asked, addresses: &[&str]) -> Vec<&'a Person> {
    let tenant = asked.bearer.tenant;
    let mut found: Vec<&Person> = Vec::new();
    for address in addresses {
        let by_id = address.parse().ok().and_then(|id| state.people.find(id));
        let candidates = by_id
            .filter(|person| person.tenant == tenant)
            .into_iter()
            .chain(state.people.list_address(tenant, address));
        for person in candidates {
            if !found.iter().any(|other| other.id == person.id) {
                found.push(person);
            }
        }
    }
    found
}

fn context(sandbox: &Sandbox, asked: &Asked) -> String {
    let context = format!("{}/v1.0/$metadata#users", sandbox.url());
    match asked.option("select") {
        Some(select) => format!("{context}({select})"),
        None => context,
    }
}

pub(super) fn page_size(asked: &Asked) -> Result<usize, Failure> {
    let Some(top) = asked.option("top") else {
        return Ok(PAGE);
    };
    top.parse()
        .ok()
        .filter(|size| (1..=LARGEST_PAGE).contains(size))
        .ok_or_else(|| {
            Failure::unsupported_query(format!(
                "Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive."
            ))
        })
}

fn skipped(asked: &Asked) -> Result<usize, Failure> {
    let Some(token) = asked.option("skiptoken") else {
        return Ok(0);
    };
    BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|text| String::from_utf8(text).ok())
        .and_then(|text| text.strip_prefix("from ")?.parse().ok())
        .ok_or_else(|| {
            Failure::new(
                StatusCode::BAD_REQUEST,
                "Directory_ExpiredPageToken",
                "The specified page token value has expired and can no longer be included in \
                 your request.",
            )
        })
}

/// `$orderby`: a property, and whether the last comes first.
fn order(asked: &Asked, is_filtered: bool) -> Result<Option<(&'static str, bool)>, Failure> {
    let Some(order) = asked.option("orderby") else {
        return Ok(None);
    };
    let mut words = order.split_ascii_whitespace();
    let name = words.next().and_then(find_property);
    let is_descending = match (words.next(), words.next()) {
        (None | Some("asc"), None) => false,
        (Some("desc"), None) => true,
        _ => {
            return Err(Failure::bad_request(
                "The $orderby expression is not valid.",
            ));
        }
    };
    match name {
        Some(name @ ("displayName" | "userPrincipalName" | "mail" | "givenName" | "surname"))
            if !is_filtered || asked.is_advanced() =>
        {
            Ok(Some((name, is_descending)))
        }
        Some(_) => Err(Failure::unsupported_query(
            "Sorting not supported for current query.",
        )),
        None => Err(Failure::bad_request(format!(
            "Could not find a property named '{order}' on type 'microsoft.graph.user'."
        ))),
    }
}
