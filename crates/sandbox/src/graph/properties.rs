//! The properties of a person: their names, who may see them, what they are.
//!
//! Source: "user resource type" and "Microsoft Graph permissions reference".

use serde_json::{Map, Value, json};

use crate::graph::answer::Failure;
use crate::graph::asked::{self, Asked};
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

/// How much of a person a token shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Basic,
    Full,
}

/// The properties that are asked for, in their right spelling.
pub(super) fn names(asked: &Asked) -> Result<Vec<&'static str>, Failure> {
    named(asked.option("select").unwrap_or_default())
}

/// The properties in a list with commas; the usual ones where it is empty.
pub(super) fn named(list: &str) -> Result<Vec<&'static str>, Failure> {
    let mut names = Vec::new();
    for name in asked::listed(list) {
        let known = find_property(name).ok_or_else(|| {
            Failure::bad_request(format!(
                "Parsing OData Select and Expand failed: Could not find a property named \
                 '{name}' on type 'microsoft.graph.user'."
            ))
        })?;
        if !names.contains(&known) {
            names.push(known);
        }
    }
    if names.is_empty() {
        names.extend(DEFAULT);
    }
    Ok(names)
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

pub(super) fn show(
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

pub(super) fn property(state: &State, person: &Person, name: &str) -> Value {
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
        "otherMails" => json!(person.other_mails),
        "assignedLicenses" | "assignedPlans" | "businessPhones" => json!([]),
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
        .chain(person.proxy_addresses.iter().cloned())
        .collect()
}
