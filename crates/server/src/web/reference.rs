//! What programs can do, as a page: the description that the API gives of itself, in the
//! house's words. It knows nothing of the API but that description.

use std::sync::Arc;

use axum::Extension;
use serde_json::{Map, Value};

use super::actor;
use super::answer::{Answer, view};
use super::caller::Caller;
use super::pages::frame::Here;
use super::pages::reference::{Field, Noun, Operation, ProblemKind, Reference, Shape};

/// The description of the API.
#[derive(Clone, Debug)]
pub struct Described(pub Arc<Value>);

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page, for everybody: it says nothing of anybody.
pub async fn show(caller: Caller, Extension(Described(document)): Extension<Described>) -> Answer {
    let frame = match actor::resolve(&caller).await? {
        Some(signed_in) => signed_in.frame(Here::Elsewhere).await?,
        None => caller.frame(None),
    };
    let place = text(&document["servers"][0]["url"]);
    view(&Reference {
        frame,
        address: caller.app.instance.address(&place),
        about: text(&document["info"]["description"]),
        description: format!("{place}/openapi.json"),
        nouns: nouns(&document),
        shapes: shapes(&document),
        problems: problems(&document),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn nouns(document: &Value) -> Vec<Noun> {
    let mut nouns: Vec<Noun> = items(&document["tags"])
        .map(|tag| text(&tag["name"]))
        .map(|name| Noun {
            anchor: name.to_lowercase().replace(' ', "-"),
            name,
            operations: Vec::new(),
        })
        .collect();
    for (path, methods) in entries(&document["paths"]) {
        for method in METHODS {
            let Some(described) = methods.get(method) else {
                continue;
            };
            let name = text(&described["tags"][0]);
            let operation = operation(method, path, described);
            if let Some(noun) = nouns.iter_mut().find(|noun| noun.name == name) {
                noun.operations.push(operation);
            }
        }
    }
    nouns
}

fn operation(method: &str, path: &str, described: &Value) -> Operation {
    let parameters = items(&described["parameters"])
        .map(|parameter| Field {
            name: text(&parameter["name"]),
            kind: kind(&parameter["schema"]),
            required: parameter["required"] == true,
            about: text(&parameter["description"]),
            shape: None,
        })
        .collect();
    let (status, answer) = entries(&described["responses"])
        .find(|(status, _)| status.starts_with('2'))
        .map_or((String::new(), &Value::Null), |(status, answer)| {
            (status.clone(), answer)
        });
    let refusals: Vec<String> = entries(&described["responses"])
        .filter(|(status, _)| !status.starts_with('2') && *status != "default")
        .map(|(status, _)| status.clone())
        .collect();
    Operation {
        anchor: text(&described["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&described["summary"]),
        detail: text(&described["description"]),
        parameters,
        body: shape(&described["requestBody"]["content"]["application/json"]["schema"]),
        status,
        answer: shape(&answer["content"]["application/json"]["schema"]),
        refusals: refusals.join(", "),
    }
}

/// The name of a shape that is described elsewhere.
fn shape(schema: &Value) -> Option<String> {
    let reference = schema["$ref"].as_str()?;
    Some(reference.rsplit('/').next()?.to_owned())
}

fn shapes(document: &Value) -> Vec<Shape> {
    entries(&document["components"]["schemas"])
        .map(|(name, schema)| Shape {
            name: name.clone(),
            about: text(&schema["description"]),
            fields: fields(schema, ""),
        })
        .collect()
}

/// The fields of an object, those of the objects within it too.
fn fields(schema: &Value, within: &str) -> Vec<Field> {
    let required: Vec<&str> = items(&schema["required"])
        .filter_map(Value::as_str)
        .collect();
    let mut fields = Vec::new();
    for (name, property) in entries(&schema["properties"]) {
        let path = format!("{within}{name}");
        fields.push(Field {
            kind: kind(property),
            required: required.contains(&name.as_str()),
            about: text(&property["description"]),
            shape: shape(property).or_else(|| shape(&property["items"])),
            name: path.clone(),
        });
        let inner = items(&property["anyOf"]).find(|one| one["properties"].is_object());
        let inner = inner.unwrap_or(property);
        fields.extend(self::fields(inner, &format!("{path}.")));
        fields.extend(self::fields(&inner["items"], &format!("{path}[].")));
    }
    fields
}

/// What kind of value it is, in words.
fn kind(schema: &Value) -> String {
    if let Some(name) = shape(schema) {
        return name;
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words
            .iter()
            .map(|word| word.as_str().unwrap_or("null").to_owned())
            .collect();
        return words.join(", ");
    }
    if let Some(choices) = schema["anyOf"].as_array()
        && schema["type"].is_null()
    {
        let mut kinds: Vec<String> = choices.iter().map(kind).collect();
        kinds.dedup();
        return kinds.join(" or ");
    }
    let of_type = |word: &str| match (word, schema["format"].as_str()) {
        ("string", Some("uuid")) => "id".to_owned(),
        ("string", Some("date-time")) => "instant".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => "whole number".to_owned(),
        ("boolean", _) => "true or false".to_owned(),
        ("array", _) => {
            let inner = kind(&schema["items"]);
            if inner.is_empty() {
                "list".to_owned()
            } else {
                format!("list of: {inner}")
            }
        }
        (other, _) => other.to_owned(),
    };
    match &schema["type"] {
        Value::String(word) => of_type(word),
        Value::Array(words) => {
            let kinds: Vec<String> = words
                .iter()
                .filter_map(Value::as_str)
                .map(of_type)
                .collect();
            kinds.join(" or ")
        }
        _ => String::new(),
    }
}

fn problems(document: &Value) -> Vec<ProblemKind> {
    items(&document["x-problems"])
        .map(|problem| ProblemKind {
            anchor: text(&problem["type"]).replace("/api#", ""),
            status: problem["status"].to_string(),
            title: text(&problem["title"]),
        })
        .collect()
}
