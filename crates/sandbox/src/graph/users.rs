//! `/me` and `/users`: people, as far as the token's permissions show them.
//!
//! Source: "Get user", "List users", "Microsoft Graph permissions reference".

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::Sandbox;
use crate::graph::answer::{Answer, Failure};
use crate::graph::asked::Asked;
use crate::graph::bearer;
use crate::graph::filter::{self, Filter};
use crate::ids::ObjectId;
use crate::tenant::State;
use crate::tenant::person::{Person, PersonKind};

/// What comes without `$select`, in Microsoft's order.
const DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

/// What can be selected besides.
const FURTHER: [&str; 16] = [
    "accountEnabled",
    "assignedLicenses",
    "assignedPlans",
    "companyName",
    "country",
    "createdDateTime",
    "creationType",
    "department",
    "employeeId",
    "externalUserState",
    "mailNickname",
    "otherMails",
    "proxyAddresses",
    "signInSessionsValidFromDateTime",
    "usageLocation",
    "userType",
];

/// What `User.ReadBasic.All` shows. Source: "Microsoft Graph permissions reference".
const BASIC: [&str; 7] = [
    "displayName",
    "givenName",
    "id",
    "mail",
    "securityIdentifier",
    "surname",
    "userPrincipalName",
];

const PAGE: usize = 100;
const LARGEST_PAGE: usize = 999;

/// How much of a person a token shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Basic,
    Full,
}

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
    let filter = asked.option("filter").map(filter::parse).transpose()?;
    if let Some(filter) = &filter {
        filter.check(sight, asked.is_advanced())?;
    }
    if asked.option("search").is_some() || asked.option("expand").is_some() {
        return Err(Failure::unsupported_query(
            "This sandbox has neither $search nor $expand on users.",
        ));
    }
    let order = order(asked, filter.is_some())?;
    let size = page_size(asked)?;
    let skipped = skipped(asked)?;
    let tenant = asked.bearer.tenant;
    sandbox.read(|state| {
        if own(state, asked).is_some_and(|person| person.kind == PersonKind::Guest) {
            return Err(Failure::denied());
        }
        let mut found = match filter.as_ref().and_then(Filter::addresses) {
            Some(addresses) => among(state, asked, &addresses),
            None => state.people.list(tenant).collect(),
        };
        if let Some(filter) = &filter {
            found.retain(|person| filter.matches(person));
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
        }
        let total = found.len();
        let page: Vec<Value> = found
            .into_iter()
            .skip(skipped)
            .take(size)
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
    let found = match key.parse::<ObjectId>() {
        Ok(id) => state
            .people
            .find(id)
            .filter(|person| person.tenant == bearer.tenant),
        Err(_) => state.people.find_upn(bearer.tenant, key),
    };
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

/// How much of a list the token shows. An application with `User.ReadBasic.All` alone is refused,
/// as reported in 2026 (Microsoft Q&A 6019739).
fn list_sight(asked: &Asked) -> Result<Sight, Failure> {
    if bearer::may(&asked.bearer, &["User.Read.All"], &["User.Read.All"]) {
        Ok(Sight::Full)
    } else if bearer::may(&asked.bearer, &["User.ReadBasic.All"], &[]) {
        Ok(Sight::Basic)
    } else {
        Err(Failure::denied())
    }
}

fn own<'a>(state: &'a State, asked: &Asked) -> Option<&'a Person> {
    state.people.find(asked.bearer.person?)
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
            .chain(state.people.find_upn(tenant, address))
            .chain(state.people.list_mail(tenant, address));
        for person in candidates {
            if !found.iter().any(|other| other.id == person.id) {
                found.push(person);
            }
        }
    }
    found
}

/// The properties that are asked for, in their right spelling.
fn names(asked: &Asked) -> Result<Vec<&'static str>, Failure> {
    let selected = asked.selected();
    if selected.is_empty() {
        return Ok(DEFAULT.to_vec());
    }
    selected
        .into_iter()
        .map(|name| {
            find_property(name).ok_or_else(|| {
                Failure::bad_request(format!(
                    "Parsing OData Select and Expand failed: Could not find a property named \
                     '{name}' on type 'microsoft.graph.user'."
                ))
            })
        })
        .collect()
}

/// A property by its name in any case.
pub(super) fn find_property(name: &str) -> Option<&'static str> {
    DEFAULT
        .into_iter()
        .chain(FURTHER)
        .chain(["securityIdentifier"])
        .find(|known| known.eq_ignore_ascii_case(name))
}

pub(super) fn is_basic(name: &str) -> bool {
    BASIC.contains(&name)
}

fn show(
    state: &State,
    person: &Person,
    sight: Sight,
    names: &[&'static str],
) -> Map<String, Value> {
    names
        .iter()
        .map(|name| {
            let value = if sight == Sight::Full || is_basic(name) {
                property(state, person, name)
            } else if *name == "businessPhones" {
                json!([])
            } else {
                Value::Null
            };
            ((*name).to_owned(), value)
        })
        .collect()
}

fn property(state: &State, person: &Person, name: &str) -> Value {
    match name {
        "id" => json!(person.id),
        "displayName" => json!(person.display_name),
        "givenName" => json!(person.given_name),
        "surname" => json!(person.surname),
        "mail" => json!(person.mail),
        "userPrincipalName" => json!(person.upn),
        "accountEnabled" => json!(person.enabled),
        "userType" => json!(user_type(person)),
        "preferredLanguage" => json!("en-US"),
        "mailNickname" => json!(person.upn.split('@').next()),
        "proxyAddresses" => json!(proxy_addresses(person)),
        "assignedLicenses" if person.teams_licensed => {
            // Microsoft 365 Business Basic, which contains Teams.
            json!([{"disabledPlans": [], "skuId": "3b555118-da6a-4418-894f-7df1e2096870"}])
        }
        "assignedLicenses" | "assignedPlans" | "businessPhones" | "otherMails" => json!([]),
        "usageLocation" => json!(
            state
                .tenants
                .get(&person.tenant)
                .map(|tenant| &tenant.country)
        ),
        "creationType" | "externalUserState" if person.kind == PersonKind::Guest => {
            json!(if name == "creationType" {
                "Invitation"
            } else {
                "Accepted"
            })
        }
        "signInSessionsValidFromDateTime" => json!(
            person
                .sessions_valid_from
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string()
        ),
        _ => Value::Null,
    }
}

pub(super) fn user_type(person: &Person) -> &'static str {
    match person.kind {
        PersonKind::Guest => "Guest",
        PersonKind::Member | PersonKind::Personal => "Member",
    }
}

pub(super) fn proxy_addresses(person: &Person) -> Vec<String> {
    person
        .mail
        .iter()
        .map(|mail| format!("SMTP:{mail}"))
        .collect()
}

fn context(sandbox: &Sandbox, asked: &Asked) -> String {
    let context = format!("{}/v1.0/$metadata#users", sandbox.url());
    match asked.option("select") {
        Some(select) => format!("{context}({select})"),
        None => context,
    }
}

fn page_size(asked: &Asked) -> Result<usize, Failure> {
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
