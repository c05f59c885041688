//! Reads a filter's text: tokens, and what they mean together.

use super::{Filter, Literal, Operator, is_collection, unsupported_property};
use crate::graph::answer::Failure;
use crate::graph::properties::find_property;

/// How deep brackets and negations may go.
const DEPTH: u32 = 32;

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
    Ok(filter)
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
    find_property(name).ok_or_else(|| {
        Failure::bad_request(format!(
            "Invalid filter clause: Could not find a property named '{name}' on type \
             'microsoft.graph.user'."
        ))
    })
}
