//! `$filter` on people: as much of `OData`'s language as the directory takes.
//!
//! Source: "Use the $filter query parameter", "Advanced query capabilities on Microsoft Entra ID
//! objects".

use crate::graph::answer::Failure;
use crate::graph::users::{self, Sight};
use crate::tenant::person::Person;

/// The directory refuses more clauses than this. Source: "Use the $filter query parameter" for
/// `in`; reports for `or`.
const CLAUSES: usize = 15;

const DEPTH: u32 = 32;

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
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let filter = parser.or()?;
    if parser.at < parser.tokens.len() {
        return Err(parser.syntax_error());
    }
    let clauses = filter.clauses();
    if clauses > CLAUSES {
        return Err(Failure::unsupported_query(format!(
            "Too many child clauses specified in search filter expression containing 'OR' \
             operators: {clauses}. Max allowed: {CLAUSES}."
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
            Self::Test { property, .. } if sight == Sight::Basic && !users::is_basic(property) => {
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
                property: "id" | "mail" | "userPrincipalName",
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
        }
    }
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
        "userType" => text(users::user_type(person)),
        "accountEnabled" => vec![Literal::Flag(person.enabled)],
        "proxyAddresses" => users::proxy_addresses(person)
            .iter()
            .map(|address| Literal::Text(address.to_lowercase()))
            .collect(),
        "otherMails" => Vec::new(),
        _ => vec![Literal::Null],
    }
}

fn is_filterable(property: &str) -> bool {
    !matches!(
        property,
        "securityIdentifier" | "businessPhones" | "signInSessionsValidFromDateTime"
    )
}

fn is_collection(property: &str) -> bool {
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

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
    Colon,
}

fn tokens(text: &str) -> Result<Vec<Token>, Failure> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            ':' => (Token::Colon, 1),
            '\'' => {
                let (value, length) = quoted(rest).ok_or_else(|| {
                    Failure::bad_request(format!(
                        "There is an unterminated string literal at position {} in '{text}'.",
                        text.len() - rest.len()
                    ))
                })?;
                (Token::Text(value), length)
            }
            _ => {
                let length = rest
                    .find(|letter: char| letter.is_whitespace() || "(),:'".contains(letter))
                    .unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// A text in quotes, with doubled quotes inside, and how long it is with them.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut at = 1;
    loop {
        at += text[at..].find('\'')?;
        if !text[at + 1..].starts_with('\'') {
            return Some((text[1..at].replace("''", "'"), at + 1));
        }
        at += 2;
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Filter, Failure> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Failure::bad_request(
                "Invalid filter clause: Recursion depth exceeded allowed limit.",
            ));
        }
        let mut filter = self.and()?;
        while self.takes_word("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(filter)
    }

    fn and(&mut self) -> Result<Filter, Failure> {
        let mut filter = self.one()?;
        while self.takes_word("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one()?));
        }
        Ok(filter)
    }

    fn one(&mut self) -> Result<Filter, Failure> {
        if self.takes_word("not") {
            self.depth += 1;
            if self.depth > DEPTH {
                return Err(self.syntax_error());
            }
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        if self.takes(&Token::Open) {
            let filter = self.or()?;
            return self.closed(filter);
        }
        let word = self.word()?;
        match word.to_ascii_lowercase().as_str() {
            "startswith" => self.call(Operator::StartsWith),
            "endswith" => self.call(Operator::EndsWith),
            "contains" => {
                self.expect(&Token::Open)?;
                let property = self.word()?;
                Err(unsupported_property(&property))
            }
            _ => self.comparison(&word),
        }
    }

    /// `startsWith(property, 'value')`.
    fn call(&mut self, operator: Operator) -> Result<Filter, Failure> {
        self.expect(&Token::Open)?;
        let name = self.word()?;
        let property = property(&name)?;
        self.expect(&Token::Comma)?;
        let value = self.literal()?;
        self.closed(Filter::Test {
            property,
            operator,
            values: vec![value],
        })
    }

    /// `property eq 'value'`, `property in ('a','b')`, `property/any(p:p eq 'value')`.
    fn comparison(&mut self, name: &str) -> Result<Filter, Failure> {
        if let Some(collection) = name.strip_suffix("/any") {
            let property = property(collection)?;
            self.expect(&Token::Open)?;
            let variable = self.word()?;
            self.expect(&Token::Colon)?;
            let operator = match self.word()? {
                word if word.eq_ignore_ascii_case("startswith") => {
                    self.expect(&Token::Open)?;
                    self.expect(&Token::Word(variable))?;
                    self.expect(&Token::Comma)?;
                    let value = self.literal()?;
                    self.expect(&Token::Close)?;
                    return self.closed(Filter::Test {
                        property,
                        operator: Operator::StartsWith,
                        values: vec![value],
                    });
                }
                word if word == variable && self.takes_word("eq") => Operator::Eq,
                _ => return Err(self.syntax_error()),
            };
            let value = self.literal()?;
            return self.closed(Filter::Test {
                property,
                operator,
                values: vec![value],
            });
        }
        let property = property(name)?;
        if is_collection(property) {
            return Err(unsupported_property(property));
        }
        let operator = self.word()?;
        let (operator, values) = match operator.to_ascii_lowercase().as_str() {
            "eq" => (Operator::Eq, vec![self.literal()?]),
            "ne" => (Operator::Ne, vec![self.literal()?]),
            "in" => {
                self.expect(&Token::Open)?;
                let mut values = vec![self.literal()?];
                while self.takes(&Token::Comma) {
                    values.push(self.literal()?);
                }
                self.expect(&Token::Close)?;
                (Operator::Eq, values)
            }
            "ge" | "gt" | "le" | "lt" => return Err(unsupported_property(property)),
            _ => return Err(self.syntax_error()),
        };
        Ok(Filter::Test {
            property,
            operator,
            values,
        })
    }

    fn literal(&mut self) -> Result<Literal, Failure> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Text(text)) => Ok(Literal::Text(text.to_lowercase())),
            Some(Token::Word(word)) if word == "true" => Ok(Literal::Flag(true)),
            Some(Token::Word(word)) if word == "false" => Ok(Literal::Flag(false)),
            Some(Token::Word(word)) if word == "null" => Ok(Literal::Null),
            _ => Err(self.syntax_error()),
        }
    }

    fn closed(&mut self, filter: Filter) -> Result<Filter, Failure> {
        self.expect(&Token::Close)?;
        Ok(filter)
    }

    fn word(&mut self) -> Result<String, Failure> {
        match self.tokens.get(self.at) {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word.clone())
            }
            _ => Err(self.syntax_error()),
        }
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_next = matches!(
            self.tokens.get(self.at),
            Some(Token::Word(next)) if next.eq_ignore_ascii_case(word)
        );
        self.at += usize::from(is_next);
        is_next
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_next = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, token: &Token) -> Result<(), Failure> {
        if self.takes(token) {
            Ok(())
        } else {
            Err(self.syntax_error())
        }
    }

    fn syntax_error(&self) -> Failure {
        Failure::bad_request(format!(
            "Invalid filter clause: Syntax error in '{}'.",
            self.text
        ))
    }
}

fn property(name: &str) -> Result<&'static str, Failure> {
    users::find_property(name).ok_or_else(|| {
        Failure::bad_request(format!(
            "Invalid filter clause: Could not find a property named '{name}' on type \
             'microsoft.graph.user'."
        ))
    })
}
