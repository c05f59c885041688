//! `$filter` on people: as much of `OData`'s language as the directory takes.
//!
//! Source: "Use the $filter query parameter", "Advanced query capabilities on Microsoft Entra ID
//! objects".

mod parser;

use crate::graph::answer::Failure;
use crate::graph::properties::{self, Sight};
use crate::ids::ObjectId;
use crate::tenant::person::Person;

/// The directory refuses more clauses than this. Source: "Use the $filter query parameter" for
/// `in`; reports for `or`.
const CLAUSES: usize = 15;

/// A condition on a person.
#[derive(Debug)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Test {
        property: &'static str,
        operator: Operator,
        values: Vec<Literal>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    StartsWith,
    EndsWith,
    /// Each word of the value begins a word of the property, as `$search` does it.
    Words,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// In lower case, for the directory compares so.
    Text(String),
    Flag(bool),
    Null,
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Filter, Failure> {
    parse_up_to(CLAUSES, text)
}

/// Reads a filter of at most so many clauses.
pub(super) fn parse_up_to(most: usize, text: &str) -> Result<Filter, Failure> {
    let filter = parser::parse(text)?;
    let clauses = filter.clauses();
    if clauses > most {
        return Err(Failure::unsupported_query(format!(
            "Too many child clauses specified in search filter expression containing 'OR' \
             operators: {clauses}. Max allowed: {most}."
        )));
    }
    Ok(filter)
}

impl Filter {
    /// Refuses what the token may not ask, and what only advanced queries do.
    pub(super) fn check(&self, sight: Sight, is_advanced: bool) -> Result<(), Failure> {
        match self {
            Self::And(one, other) | Self::Or(one, other) => {
                one.check(sight, is_advanced)?;
                other.check(sight, is_advanced)
            }
            Self::Not(_) if !is_advanced => Err(needs_advanced("not")),
            Self::Not(one) => one.check(sight, is_advanced),
            Self::Test { property, .. }
                if sight == Sight::Basic && !properties::is_basic(property) =>
            {
                Err(Failure::denied())
            }
            Self::Test {
                operator: Operator::Ne,
                ..
            } if !is_advanced => Err(needs_advanced("ne")),
            Self::Test {
                operator: Operator::EndsWith,
                ..
            } if !is_advanced => Err(needs_advanced("endsWith")),
            Self::Test { property, .. } if !is_filterable(property) => {
                Err(unsupported_property(property))
            }
            Self::Test { .. } => Ok(()),
        }
    }

    pub(super) fn matches(&self, person: &Person) -> bool {
        match self {
            Self::And(one, other) => one.matches(person) && other.matches(person),
            Self::Or(one, other) => one.matches(person) || other.matches(person),
            Self::Not(one) => !one.matches(person),
            Self::Test {
                property,
                operator,
                values,
            } => {
                let held = held(person, property);
                values.iter().any(|value| operator.holds(&held, value))
            }
        }
    }

    /// The addresses and ids that the people found must have; none where others may be found too.
    pub(super) fn addresses(&self) -> Option<Vec<&str>> {
        match self {
            Self::Test {
                property: "id" | "mail" | "userPrincipalName" | "otherMails" | "proxyAddresses",
                operator: Operator::Eq,
                values,
            } => values
                .iter()
                .map(|value| match value {
                    Literal::Text(text) => Some(text.as_str()),
                    Literal::Flag(_) | Literal::Null => None,
                })
                .collect(),
            Self::Or(one, other) => {
                let mut addresses = one.addresses()?;
                addresses.extend(other.addresses()?);
                Some(addresses)
            }
            Self::And(one, other) => one.addresses().or_else(|| other.addresses()),
            Self::Not(_) | Self::Test { .. } => None,
        }
    }

    /// The object ids that it names, if it does nothing else than name some.
    pub(super) fn ids(&self) -> Option<Vec<ObjectId>> {
        match self {
            Self::Test {
                property: "id",
                operator: Operator::Eq,
                ..
            } => self
                .addresses()?
                .into_iter()
                .map(|id| id.parse().ok())
                .collect(),
            Self::Or(one, other) => {
                let mut ids = one.ids()?;
                ids.extend(other.ids()?);
                Some(ids)
            }
            Self::And(..) | Self::Not(_) | Self::Test { .. } => None,
        }
    }

    fn clauses(&self) -> usize {
        match self {
            Self::And(one, other) | Self::Or(one, other) => one.clauses() + other.clauses(),
            Self::Not(one) => one.clauses(),
            Self::Test { values, .. } => values.len().max(1),
        }
    }
}

impl Operator {
    fn holds(self, held: &[Literal], wanted: &Literal) -> bool {
        let any = |test: fn(&str, &str) -> bool| {
            held.iter().any(|one| match (one, wanted) {
                (Literal::Text(one), Literal::Text(wanted)) => test(one, wanted),
                _ => false,
            })
        };
        match self {
            Self::Eq => held.contains(wanted),
            Self::Ne => !held.contains(wanted),
            Self::StartsWith => any(|one, wanted| one.starts_with(wanted)),
            Self::EndsWith => any(|one, wanted| one.ends_with(wanted)),
            Self::Words => any(|one, wanted| {
                let mut words = wanted.split_whitespace();
                words.all(|word| has_word(one, word))
            }),
        }
    }
}

/// Whether one of the words of a text begins so.
fn has_word(text: &str, beginning: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric())
        .any(|word| word.starts_with(beginning))
        || text.starts_with(beginning)
}

/// What a person has at a property: several values where it is a collection.
fn held(person: &Person, property: &str) -> Vec<Literal> {
    let text = |text: &str| vec![Literal::Text(text.to_lowercase())];
    match property {
        "id" => text(&person.id.to_string()),
        "displayName" => text(&person.display_name),
        "givenName" => text(&person.given_name),
        "surname" => text(&person.surname),
        "mail" => person.mail.as_deref().map_or(vec![Literal::Null], text),
        "userPrincipalName" => text(&person.upn),
        "userType" => text(properties::user_type(person)),
        "accountEnabled" => vec![Literal::Flag(person.enabled)],
        "proxyAddresses" => properties::proxy_addresses(person)
            .iter()
            .map(|address| Literal::Text(address.to_lowercase()))
            .collect(),
        "otherMails" => person
            .other_mails
            .iter()
            .map(|address| Literal::Text(address.to_lowercase()))
            .collect(),
        _ => vec![Literal::Null],
    }
}

pub(super) fn is_filterable(property: &str) -> bool {
    !matches!(
        property,
        "securityIdentifier" | "businessPhones" | "signInSessionsValidFromDateTime"
    )
}

pub(super) fn is_collection(property: &str) -> bool {
    matches!(
        property,
        "proxyAddresses" | "otherMails" | "businessPhones" | "assignedLicenses" | "assignedPlans"
    )
}

fn needs_advanced(operator: &str) -> Failure {
    Failure::unsupported_query(format!(
        "Operator '{operator}' is not supported because the required parameters might be missing. \
         Try adding $count=true query parameter and ConsistencyLevel:eventual header. Refer to \
         https://aka.ms/graph-docs/advanced-queries for more information"
    ))
}

fn unsupported_property(property: &str) -> Failure {
    Failure::unsupported_query(format!(
        "Unsupported or invalid query filter clause specified for property '{property}' of \
         resource 'User'."
    ))
}
