//! The description of the API as `OpenAPI` 3.1 has it, made of the same table as the routes:
//! what is not described is not there, and the other way round.

use axum::routing::MethodRouter;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Api, PLACE, integrations, me, meetings, page, problem, schema, tracks};

/// A method at an address, with all that is said about it.
pub struct Route {
    /// `get`, `post`, …
    pub method: &'static str,
    /// Below [`PLACE`].
    pub path: &'static str,
    /// What answers.
    pub handler: MethodRouter<Api>,
    /// Its name for programs.
    pub id: &'static str,
    /// What it is about: the noun under which it stands.
    pub noun: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What else one should know.
    pub detail: &'static str,
    /// The parameters of the address and the head, but for what every change takes.
    pub parameters: Vec<Value>,
    /// The shape of the body, and whether there has to be one.
    pub body: Option<(&'static str, bool)>,
    /// What comes back.
    pub answer: Answered,
    /// In which other ways it may end, but for what may happen anywhere.
    pub refusals: &'static [u16],
}

/// What comes back.
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The shape.
    pub shape: &'static str,
    /// The shape in words.
    pub description: &'static str,
    /// The headers that are always there.
    pub headers: &'static [&'static str],
}

/// A parameter of the address.
pub fn in_path(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "description": description, "schema": { "type": "string", "format": "uuid" } })
}

/// A parameter after the question mark.
pub fn in_query(name: &str, schema: &Value, description: &str) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

/// The two that every list takes.
pub fn of_pages() -> Vec<Value> {
    vec![
        in_query(
            "page_token",
            &json!({ "type": "string" }),
            "The `next_page_token` of the part before. It belongs to you and to this list with its other parameters.",
        ),
        in_query(
            "page_size",
            &json!({ "type": "integer", "minimum": 1, "maximum": page::MOST, "default": 50 }),
            "How many at most.",
        ),
    ]
}

/// `Prefer: wait=10`.
pub fn prefer() -> Value {
    json!({
        "name": "Prefer", "in": "header",
        "description": "`wait=10` waits up to so many seconds, 20 at most, for the Teams link (RFC 7240); `Preference-Applied` says that it was understood.",
        "schema": { "type": "string", "examples": ["wait=10"] },
    })
}

/// `If-Match: "7"`.
pub fn if_match() -> Value {
    json!({
        "name": "If-Match", "in": "header",
        "description": "The `ETag` that you saw, which is the `revision` in quotes. If the meeting has changed since, nothing happens and the answer (412) shows what it is now. Without it, the last one wins.",
        "schema": { "type": "string", "pattern": r#"^(\*|(W/)?"[!#-~]*"|[0-9]+)$"#, "examples": ["\"7\""] },
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header",
        "description": "A value of your own, new for each request that you mean, such as a UUID. Sent again within a day with the same body, the request is not done again: you get the same answer. With another body it is refused (422), while the first still runs too (409).",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$" },
    })
}

/// What there is, in the order in which one reads of it.
const NOUNS: [&str; 9] = [
    "You",
    "Tracks",
    "Meetings",
    "Occurrences",
    "Proposals",
    "Answers",
    "Outcomes",
    "Integrations",
    "This description",
];

/// Describes all routes.
pub fn describe(routes: &[Route]) -> Value {
    let mut paths = Map::new();
    for route in routes {
        let path = paths
            .entry(route.path.to_owned())
            .or_insert_with(|| json!({}));
        path[route.method] = operation(route);
    }
    paths.insert("/openapi.json".to_owned(), json!({ "get": own() }));
    let shapes: Map<String, Value> = [
        me::schemas(),
        tracks::schemas(),
        meetings::schemas(),
        integrations::schemas(),
    ]
    .into_iter()
    .flatten()
    .chain([("Problem", problem::schema())])
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect();
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Ithaca",
            "version": "1",
            "summary": "Mentoring meetings, for programs.",
            "description": "Everything that a member of an organization can do with their meetings, in JSON. A program acts as the member whose token it carries, sees what they see and may what they may. What one may not see is not found. Unknown fields and parameters are refused. A token may send a few thousand requests a minute; beyond that the answer is 429 with Retry-After.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": PLACE }],
        "security": [{ "token": [] }],
        "tags": NOUNS.map(|noun| json!({ "name": noun })),
        "paths": paths,
        "x-problems": problems(),
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "bearerFormat": "ith_…", "description": "An API token. Members make them on their profile page." } },
            "schemas": shapes,
            "responses": { "Problem": refusal("Why there is no answer.") },
        },
    })
}

fn problems() -> Value {
    let kind = |(kind, status, title): &(&str, StatusCode, &str)| json!({ "type": format!("/api#{kind}"), "status": status.as_u16(), "title": title });
    problem::KINDS.iter().map(kind).collect()
}

fn operation(route: &Route) -> Value {
    let mut parameters = route.parameters.clone();
    if route.method != "get" {
        parameters.push(idempotency_key());
    }
    let mut responses = Map::new();
    responses.insert(route.answer.status.to_string(), answered(&route.answer));
    let always = [400, 401, 404, 429, 500];
    let writes: &[u16] = if route.method == "get" {
        &[]
    } else {
        &[403, 409, 413, 415, 422, 503]
    };
    for status in always.iter().chain(writes).chain(route.refusals) {
        let code = StatusCode::from_u16(*status).unwrap_or_default();
        let known = problem::KINDS.iter().find(|(_, known, _)| *known == code);
        let title = known.map_or("", |(.., title)| *title);
        let mut refusal = refusal(&format!("{title}."));
        match code {
            StatusCode::UNAUTHORIZED => {
                refusal["headers"] = json!({ "WWW-Authenticate": header("Bearer.", true) });
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                refusal["headers"] = json!({ "Retry-After": header("So many seconds.", true) });
            }
            _ => {}
        }
        responses.insert(status.to_string(), refusal);
    }
    responses.insert(
        "default".to_owned(),
        json!({ "$ref": "#/components/responses/Problem" }),
    );
    let mut operation = json!({
        "operationId": route.id,
        "tags": [route.noun],
        "summary": route.summary,
        "responses": responses,
    });
    if !route.detail.is_empty() {
        operation["description"] = json!(route.detail);
    }
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if let Some((shape, required)) = route.body {
        operation["requestBody"] = json!({
            "required": required,
            "content": { "application/json": { "schema": schema::reference(shape) } },
        });
    }
    operation
}

fn header(description: &str, required: bool) -> Value {
    json!({ "description": description, "required": required, "schema": { "type": "string" } })
}

fn answered(answer: &Answered) -> Value {
    let mut headers = Map::new();
    for name in answer.headers {
        let description = match *name {
            "ETag" => "The revision, for If-Match.",
            _ => "Where it is.",
        };
        headers.insert((*name).to_owned(), header(description, true));
    }
    let mut response = json!({
        "description": answer.description,
        "content": { "application/json": { "schema": schema::reference(answer.shape) } },
    });
    if !headers.is_empty() {
        response["headers"] = Value::Object(headers);
    }
    response
}

fn refusal(description: &str) -> Value {
    json!({
        "description": description,
        "content": { "application/problem+json": { "schema": schema::reference("Problem") } },
    })
}

fn own() -> Value {
    json!({
        "operationId": "describe",
        "tags": ["This description"],
        "summary": "Read this description",
        "security": [],
        "responses": {
            "200": { "description": "OpenAPI 3.1.", "content": { "application/json": { "schema": { "type": "object" } } } },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    })
}
