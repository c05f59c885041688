//! The mailboxes in the browser: who got mail, and each message as a mail
//! program would show it.

mod calendar;
mod message;

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Sandbox;
use crate::console::Frame;
use crate::pages::page;
use message::{Opened, Piece};

/// How many mailboxes, or messages of one, are listed.
const LISTED: usize = 200;

/// Letters that an address may have in a path as they are.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'@')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route(
            "/sandbox-mail.css",
            get(async || {
                (
                    [(header::CONTENT_TYPE, "text/css")],
                    include_str!("../../assets/mail.css"),
                )
            }),
        )
        .route("/mail", get(mailboxes))
        .route("/mail/{address}", get(mailbox))
        .route("/mail/{address}/{number}", get(open))
        .route("/mail/{address}/{number}/source", get(source))
}

#[derive(Template)]
#[template(path = "mail/mailboxes.html")]
struct Mailboxes {
    frame: Frame,
    list: Vec<Mailbox>,
    hidden: usize,
}

struct Mailbox {
    address: String,
    path: String,
    count: usize,
    newest: String,
}

async fn mailboxes(State(sandbox): State<Sandbox>) -> Response {
    let mut found: BTreeMap<String, Mailbox> = BTreeMap::new();
    sandbox.read(|state| {
        for message in state.mailboxes.iter() {
            for address in &message.to {
                let mailbox = found
                    .entry(address.to_lowercase())
                    .or_insert_with(|| Mailbox {
                        address: address.clone(),
                        path: mailbox_path(address),
                        count: 0,
                        newest: String::new(),
                    });
                mailbox.count += 1;
                mailbox.newest = written(message.at);
            }
        }
    });
    let template = Mailboxes {
        frame: Frame::at("/mail"),
        hidden: found.len().saturating_sub(LISTED),
        list: found.into_values().take(LISTED).collect(),
    };
    page(StatusCode::OK, &template, &[])
}

#[derive(Template)]
#[template(path = "mail/mailbox.html")]
struct MailboxPage {
    frame: Frame,
    address: String,
    messages: Vec<Listed>,
    hidden: usize,
}

struct Listed {
    path: String,
    subject: String,
    from: String,
    at: String,
}

async fn mailbox(State(sandbox): State<Sandbox>, Path(address): Path<String>) -> Response {
    let template = sandbox.read(|state| MailboxPage {
        frame: Frame::at("/mail"),
        hidden: state.mailboxes.list(&address).skip(LISTED).count(),
        messages: state
            .mailboxes
            .list(&address)
            .take(LISTED)
            .map(|message| {
                let (subject, from) = message::headline(&message.raw);
                Listed {
                    path: format!("{}/{}", mailbox_path(&address), message.number),
                    subject,
                    from,
                    at: written(message.at),
                }
            })
            .collect(),
        address: address.clone(),
    });
    page(StatusCode::OK, &template, &[])
}

#[derive(Template)]
#[template(path = "mail/message.html")]
struct MessagePage {
    frame: Frame,
    address: String,
    mailbox: String,
    path: String,
    at: String,
    envelope_from: String,
    envelope_to: String,
    message: Opened,
    source: String,
}

async fn open(
    State(sandbox): State<Sandbox>,
    Path((address, number)): Path<(String, String)>,
) -> Response {
    let Some(message) = find(&sandbox, &address, &number) else {
        return missing(&address);
    };
    let template = MessagePage {
        frame: Frame::at("/mail"),
        mailbox: mailbox_path(&address),
        path: format!("{}/{}", mailbox_path(&address), message.number),
        at: written(message.at),
        envelope_from: message.from.clone(),
        envelope_to: message.to.join(", "),
        message: Opened::read(&message.raw),
        source: message.text().into_owned(),
        address,
    };
    let mut response = page(StatusCode::OK, &template, &[]);
    // The frame that holds the HTML part inherits this: its own styles count, but it loads
    // nothing, runs nothing and sends nothing.
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; \
             frame-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
        ),
    );
    response
}

/// The message as it came, for programs and for opening it in a real mail program.
async fn source(
    State(sandbox): State<Sandbox>,
    Path((address, number)): Path<(String, String)>,
) -> Response {
    let Some(message) = find(&sandbox, &address, &number) else {
        return missing(&address);
    };
    let name = format!("attachment; filename=\"message-{}.eml\"", message.number);
    (
        [
            (header::CONTENT_TYPE, "message/rfc822"),
            (header::CONTENT_DISPOSITION, name.as_str()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        message.raw,
    )
        .into_response()
}

#[derive(Template)]
#[template(path = "mail/missing.html")]
struct Missing<'a> {
    frame: Frame,
    address: &'a str,
    mailbox: String,
}

fn missing(address: &str) -> Response {
    let template = Missing {
        frame: Frame::at("/mail"),
        address,
        mailbox: mailbox_path(address),
    };
    page(StatusCode::NOT_FOUND, &template, &[])
}

fn find(
    sandbox: &Sandbox,
    address: &str,
    number: &str,
) -> Option<crate::tenant::mailboxes::Message> {
    let number = number.parse().ok()?;
    sandbox.read(|state| state.mailboxes.find(address, number).cloned())
}

fn mailbox_path(address: &str) -> String {
    format!("/mail/{}", utf8_percent_encode(address, PLAIN))
}

fn written(at: Timestamp) -> String {
    TimeZone::UTC
        .to_datetime(at)
        .strftime("%Y-%m-%d %H:%M:%S UTC")
        .to_string()
}
