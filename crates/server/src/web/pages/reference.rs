//! What programs can do: every address with what it takes and answers.

use askama::Template;

use super::frame::Frame;

#[derive(Debug, Clone, Template)]
#[template(path = "reference.html")]
pub struct Reference {
    pub frame: Frame,
    /// Where the API is, whole.
    pub address: String,
    pub about: String,
    /// Where the same stands for programs.
    pub description: String,
    pub nouns: Vec<Noun>,
    pub shapes: Vec<Shape>,
    pub problems: Vec<ProblemKind>,
}

#[derive(Debug, Clone)]
pub struct Noun {
    pub anchor: String,
    pub name: String,
    pub operations: Vec<Operation>,
}

#[derive(Debug, Clone)]
pub struct Operation {
    pub anchor: String,
    pub method: String,
    pub path: String,
    pub summary: String,
    pub detail: String,
    pub parameters: Vec<Field>,
    /// The shape of the body.
    pub body: Option<String>,
    pub status: String,
    /// The shape of the answer.
    pub answer: Option<String>,
    /// "400, 401, 404"
    pub refusals: String,
}

#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    /// "whole number"
    pub kind: String,
    pub required: bool,
    pub about: String,
    /// The shape that it has, if that is described by itself.
    pub shape: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Shape {
    pub name: String,
    pub about: String,
    pub fields: Vec<Field>,
}

#[derive(Debug, Clone)]
pub struct ProblemKind {
    pub anchor: String,
    pub status: String,
    pub title: String,
}
