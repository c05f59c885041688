//! How much an application may ask of Graph, and what Teams does where reports
//! differ.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Fields, Frame, back_to, drawn, number_or_none, pull, status_of};
use crate::Sandbox;

/// So many calls in so many seconds: the lever's name for it, and a person's.
const RATES: [(&str, &str); 6] = [
    ("app", "An application, in all tenants"),
    ("directory_reads", "Reading a directory, in units"),
    ("directory_writes", "Changing a directory"),
    ("meetings", "Online meetings of a tenant"),
    ("host", "Online meetings of one host"),
    ("mailbox", "One mailbox"),
];

const NUMBERS: [(&str, &str); 3] = [
    ("mailbox_at_once", "Calls to one mailbox at once"),
    (
        "mailbox_takes_ms",
        "How long such a call takes, in milliseconds",
    ),
    ("meetings_a_month", "Meetings of one person in a month"),
];

/// A lever with its values, the first of them what Microsoft does most likely.
struct Several {
    name: &'static str,
    title: &'static str,
    values: &'static [(&'static str, &'static str)],
}

const OVER_THE_MONTH: Several = Several {
    name: "over_the_month",
    title: "A meeting more than that",
    values: &[("count", "Is made and counted"), ("refuse", "Is refused")],
};

const DIFFERING: [Several; 3] = [
    Several {
        name: "deleted_links",
        title: "The link of a deleted meeting",
        values: &[
            ("survive", "Still opens a meeting"),
            ("revive", "Brings the meeting back"),
            ("close", "Says that the meeting is gone"),
        ],
    },
    Several {
        name: "type_annotations",
        title: "A change that carries @odata.type",
        values: &[("accept", "Is accepted"), ("refuse", "Is refused")],
    },
    Several {
        name: "outsiders",
        title: "A coorganizer or presenter from outside",
        values: &[
            ("drop", "Is left out without a word"),
            ("refuse", "Lets the call be refused"),
        ],
    },
];

#[derive(Template)]
#[template(path = "console/limits.html")]
struct LimitsPage {
    frame: Frame,
    rates: Vec<RateRow>,
    numbers: Vec<NumberRow>,
    over_the_month: Select,
    refused: Vec<(String, String)>,
    differing: Vec<Select>,
}

struct RateRow {
    name: &'static str,
    title: &'static str,
    calls: String,
    seconds: String,
}

struct NumberRow {
    name: &'static str,
    title: &'static str,
    value: String,
}

struct Select {
    name: &'static str,
    title: &'static str,
    options: Vec<super::overview::Choice>,
}

pub(super) async fn show(State(sandbox): State<Sandbox>) -> Response {
    draw(&sandbox, None).await
}

async fn draw(sandbox: &Sandbox, problem: Option<String>) -> Response {
    let listed = pull(sandbox, "GET", "limits", &Value::Null).await;
    let listed = listed.unwrap_or_default();
    let meetings = pull(sandbox, "GET", "meetings", &Value::Null).await;
    let meetings = meetings.unwrap_or_default();
    let limits = &listed["limits"];
    let refused = listed["refused"].as_object().into_iter().flatten();
    let template = LimitsPage {
        frame: Frame::at("/sandbox/limits").with_problem(problem),
        rates: RATES
            .iter()
            .map(|(name, title)| RateRow {
                name,
                title,
                calls: written(&limits[name]["calls"]),
                seconds: written(&limits[name]["seconds"]),
            })
            .collect(),
        numbers: NUMBERS
            .iter()
            .map(|(name, title)| NumberRow {
                name,
                title,
                value: written(&limits[name]),
            })
            .collect(),
        over_the_month: OVER_THE_MONTH.offered(limits),
        refused: refused
            .map(|(limit, count)| (limit.replace('_', " "), written(count)))
            .collect(),
        differing: DIFFERING.iter().map(|one| one.offered(&meetings)).collect(),
    };
    drawn(status_of(&template.frame), &template)
}

impl Several {
    fn offered(&self, now: &Value) -> Select {
        let options = self.values.iter();
        Select {
            name: self.name,
            title: self.title,
            options: options
                .map(|(value, name)| super::overview::Choice {
                    value,
                    name,
                    is_chosen: now[self.name] == *value,
                })
                .collect(),
        }
    }
}

/// A number as a field shows it; nothing where there is none.
fn written(value: &Value) -> String {
    value.as_u64().map(|n| n.to_string()).unwrap_or_default()
}

pub(super) async fn change(State(sandbox): State<Sandbox>, Form(fields): Form<Fields>) -> Response {
    let (lever, asked) = match fields.get("act").map(String::as_str) {
        Some("meetings") => ("meetings", chosen(&DIFFERING, &fields)),
        Some("own") => ("limits", microsofts_own()),
        _ => ("limits", limits(&fields)),
    };
    match pull(&sandbox, "PATCH", lever, &Value::Object(asked)).await {
        Ok(_) => back_to("/sandbox/limits"),
        Err(problem) => draw(&sandbox, Some(problem)).await,
    }
}

fn chosen(levers: &[Several], fields: &Fields) -> Map<String, Value> {
    levers
        .iter()
        .filter_map(|lever| Some((lever.name.to_owned(), json!(fields.get(lever.name)?))))
        .collect()
}

/// At these doors, null is Microsoft's own value.
fn microsofts_own() -> Map<String, Value> {
    let names = RATES.iter().chain(&NUMBERS).map(|(name, _)| *name);
    names
        .chain([OVER_THE_MONTH.name])
        .map(|name| (name.to_owned(), Value::Null))
        .collect()
}

fn limits(fields: &Fields) -> Map<String, Value> {
    let mut asked = chosen(&[OVER_THE_MONTH], fields);
    for (name, _) in NUMBERS {
        asked.insert(name.to_owned(), number_or_none(fields, name));
    }
    for (name, _) in RATES {
        let calls = number_or_none(fields, &format!("{name}-calls"));
        let seconds = number_or_none(fields, &format!("{name}-seconds"));
        let rate = match (calls, seconds) {
            (Value::Null, Value::Null) => Value::Null,
            (calls, Value::Null) => json!({ "calls": calls }),
            (calls, seconds) => json!({ "calls": calls, "seconds": seconds }),
        };
        asked.insert(name.to_owned(), rate);
    }
    asked
}
