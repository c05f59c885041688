//! Switches for what goes wrong: the usual mishaps by a button, anything else
//! in the words of the admin API.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Fields, Frame, back_to, drawn, pull, status_of};
use crate::Sandbox;

/// A mishap that a button lets happen.
struct Usual {
    key: &'static str,
    title: &'static str,
    explained: &'static str,
    lever: &'static str,
    fault: &'static str,
}

const USUAL: [Usual; 10] = [
    Usual {
        key: "down",
        title: "Microsoft is down",
        explained: "Every connection is cut before anything is done, until you call it off.",
        lever: "faults",
        fault: r#"{"do":{"lose_request":true}}"#,
    },
    Usual {
        key: "slow",
        title: "Microsoft is slow",
        explained: "Every answer comes 29 seconds late, until you call it off.",
        lever: "faults",
        fault: r#"{"do":{"delay_ms":29000}}"#,
    },
    Usual {
        key: "storm",
        title: "Graph throttles",
        explained: "429 with Retry-After: 5 for the next five minutes.",
        lever: "faults",
        fault: r#"{"on":{"path_prefix":"/v1.0"},"for_seconds":300,"do":{"graph_error":"TooManyRequests","headers":{"Retry-After":"5"}}}"#,
    },
    Usual {
        key: "lost",
        title: "An answer is lost",
        explained: "The next meeting is made, and nobody hears of it.",
        lever: "faults",
        fault: r#"{"on":{"method":"POST","path_contains":"/onlineMeetings"},"times":1,"do":{"lose_answer":true}}"#,
    },
    Usual {
        key: "garbage",
        title: "A proxy gets in between",
        explained: "The next call to Graph is answered with a page instead of JSON.",
        lever: "faults",
        fault: r#"{"on":{"path_prefix":"/v1.0"},"times":1,"do":{"garbage":"html"}}"#,
    },
    Usual {
        key: "revoked",
        title: "The sign-in is revoked",
        explained: "The next token call is refused with AADSTS50173.",
        lever: "faults",
        fault: r#"{"on":{"path_contains":"/oauth2/v2.0/token"},"times":1,"do":{"aadsts":50173}}"#,
    },
    Usual {
        key: "secret",
        title: "The client secret has expired",
        explained: "Token calls are refused with AADSTS7000222, until you call it off.",
        lever: "faults",
        fault: r#"{"on":{"path_contains":"/oauth2/v2.0/token"},"do":{"aadsts":7000222}}"#,
    },
    Usual {
        key: "challenge",
        title: "Graph wants a newer token",
        explained: "The next call to Graph gets a claims challenge.",
        lever: "faults",
        fault: r#"{"on":{"path_prefix":"/v1.0"},"times":1,"do":{"claims_challenge":true}}"#,
    },
    Usual {
        key: "mail-down",
        title: "The mail server is down",
        explained: "Mail is refused at the door with 421, until you call it off.",
        lever: "mail/faults",
        fault: r#"{"on":{"stage":"connect"},"do":{"code":421}}"#,
    },
    Usual {
        key: "mail-lost",
        title: "A mail’s 250 is lost",
        explained: "The next message is taken, and its sender doesn’t hear of it.",
        lever: "mail/faults",
        fault: r#"{"times":1,"do":{"lose_answer":true}}"#,
    },
];

#[derive(Template)]
#[template(path = "console/faults.html")]
struct FaultsPage {
    frame: Frame,
    waiting: Vec<Row>,
    usual: &'static [Usual],
    typed: String,
}

struct Row {
    lever: &'static str,
    number: u64,
    what: String,
    on: String,
    how_often: String,
}

pub(super) async fn list(State(sandbox): State<Sandbox>) -> Response {
    draw(&sandbox, None, String::new()).await
}

async fn draw(sandbox: &Sandbox, problem: Option<String>, typed: String) -> Response {
    let mut waiting = Vec::new();
    for lever in ["faults", "mail/faults"] {
        let listed = pull(sandbox, "GET", lever, &Value::Null).await;
        let listed = listed.unwrap_or_default();
        waiting.extend(
            listed
                .as_array()
                .into_iter()
                .flatten()
                .map(|fault| row(lever, fault)),
        );
    }
    let template = FaultsPage {
        frame: Frame::at("/sandbox/faults").with_problem(problem),
        waiting,
        usual: &USUAL,
        typed,
    };
    drawn(status_of(&template.frame), &template)
}

fn row(lever: &'static str, fault: &Value) -> Row {
    let on = fault["on"].as_object().filter(|on| !on.is_empty());
    let on = on.map_or_else(
        || "every call".to_owned(),
        |on| {
            let parts = on.iter().map(|(name, value)| {
                let value = value.as_str().unwrap_or_default();
                format!("{} {value}", name.replace('_', " "))
            });
            parts.collect::<Vec<_>>().join(", ")
        },
    );
    let mut how_often = match fault["times"].as_u64() {
        Some(1) => "once more".to_owned(),
        Some(times) => format!("{times} times more"),
        None => "until called off".to_owned(),
    };
    if let Some(until) = fault["until"].as_str() {
        how_often = format!("{how_often}, or until {until}");
    }
    if let Some(after @ 1..) = fault["after"].as_u64() {
        how_often = format!("{how_often}, after {after} that go well");
    }
    let happened = fault["happened"].as_u64().unwrap_or_default();
    Row {
        lever,
        number: fault["number"].as_u64().unwrap_or_default(),
        what: fault["do"].to_string(),
        on,
        how_often: format!("{how_often}; happened {happened} times"),
    }
}

pub(super) async fn change(State(sandbox): State<Sandbox>, Form(fields): Form<Fields>) -> Response {
    let field = |name: &str| fields.get(name).map(String::as_str);
    let lever = match field("lever") {
        Some("mail/faults") => "mail/faults",
        _ => "faults",
    };
    let typed = field("fault").unwrap_or_default();
    let pulled = match (field("usual"), field("number")) {
        (Some(key), _) => match USUAL.iter().find(|usual| usual.key == key) {
            Some(usual) => {
                let fault = serde_json::from_str(usual.fault).unwrap_or_default();
                pull(&sandbox, "POST", usual.lever, &fault).await
            }
            None => Err("There is no such mishap.".to_owned()),
        },
        (None, Some("all")) => {
            let mail = pull(&sandbox, "DELETE", "mail/faults", &json!({})).await;
            let calls = pull(&sandbox, "DELETE", "faults", &json!({})).await;
            mail.and(calls)
        }
        (None, Some(number)) => {
            let number: u64 = number.parse().unwrap_or_default();
            pull(&sandbox, "DELETE", &format!("{lever}/{number}"), &json!({})).await
        }
        (None, None) => match serde_json::from_str(typed) {
            Ok(fault) => pull(&sandbox, "POST", lever, &fault).await,
            Err(error) => Err(format!("That is no JSON: {error}.")),
        },
    };
    match pulled {
        Ok(_) => back_to("/sandbox/faults"),
        Err(problem) => draw(&sandbox, Some(problem), typed.to_owned()).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_button_says_what_the_admin_doors_understand() {
        for usual in USUAL {
            let read = match usual.lever {
                "faults" => serde_json::from_str::<crate::faults::Fault>(usual.fault).map(|_| ()),
                _ => serde_json::from_str::<crate::smtp::Fault>(usual.fault).map(|_| ()),
            };
            assert!(read.is_ok(), "{}: {read:?}", usual.key);
        }
    }
}
