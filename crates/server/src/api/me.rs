//! Who one is, for programs.

use axum::response::IntoResponse as _;
use axum::routing::get;
use mentoring::api_token::TokenScope;
use mentoring::role::Role;
use serde::Serialize;
use serde_json::{Value, json};

use super::document::{Answered, Route};
use super::meetings::json;
use super::query::Parameters;
use super::{Answer, Bearer, schema};

pub fn routes() -> Vec<Route> {
    vec![Route {
        method: "get",
        path: "/me",
        handler: get(show),
        id: "getMe",
        noun: "You",
        summary: "Read who you are",
        detail: "The member whose token this is, what they are in their tracks, and what the token may do.",
        parameters: Vec::new(),
        body: None,
        answer: Answered {
            status: 200,
            shape: "Me",
            description: "The member.",
            headers: &[],
        },
        refusals: &[],
    }]
}

pub fn schemas() -> Vec<(&'static str, Value)> {
    let organization = schema::object(&[
        ("id", schema::id("Its id."), true),
        ("slug", schema::text("Its part of addresses."), true),
        ("name", schema::text("Its name."), true),
    ]);
    let enrolment = schema::object(&[
        ("track_id", schema::id("The track."), true),
        ("roles", roles(), true),
    ]);
    let token = schema::object(&[
        ("name", schema::text("What you call it."), true),
        (
            "scope",
            schema::word(&["read", "write"], "What it may do."),
            true,
        ),
        ("expires_at", schema::instant("When it ends."), true),
    ]);
    let me = schema::object(&[
        ("id", schema::id("Your member id."), true),
        ("name", schema::text("First and last name."), true),
        ("first_name", schema::text("The first name."), true),
        ("last_name", schema::text("The last name."), true),
        ("email", schema::text("Your address."), true),
        ("time_zone", schema::text("Your zone (IANA)."), true),
        ("language", schema::text("Your language (BCP 47)."), true),
        (
            "global_administrator",
            schema::truth("Whether you run the organization."),
            true,
        ),
        ("organization", organization, true),
        (
            "enrolments",
            schema::list(&enrolment, "What you are in your tracks."),
            true,
        ),
        ("token", token, true),
    ]);
    vec![("Me", me)]
}

/// The roles in a track.
pub fn roles() -> Value {
    let words: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
    schema::list(
        &json!({ "type": "string", "enum": words }),
        "The roles in the track.",
    )
}

#[derive(Serialize)]
struct Me<'a> {
    id: String,
    name: String,
    first_name: &'a str,
    last_name: &'a str,
    email: String,
    time_zone: &'a str,
    language: &'a str,
    global_administrator: bool,
    organization: Organization<'a>,
    enrolments: Vec<Enrolment>,
    token: Token<'a>,
}

#[derive(Serialize)]
struct Organization<'a> {
    id: String,
    slug: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Enrolment {
    track_id: String,
    roles: Vec<Role>,
}

#[derive(Serialize)]
struct Token<'a> {
    name: &'a str,
    scope: TokenScope,
    expires_at: String,
}

async fn show(bearer: Bearer, parameters: Parameters) -> Answer {
    parameters.end()?;
    let holder = &bearer.holder;
    let member = &holder.member;
    let enrolments = &holder.acting.actor.enrolments;
    let answer = json(&Me {
        id: member.id.to_string(),
        name: member.name(),
        first_name: &member.first_name,
        last_name: &member.last_name,
        email: member.email.to_string(),
        time_zone: &member.time_zone,
        language: &member.language,
        global_administrator: member.global_administrator,
        organization: Organization {
            id: holder.organization.id.to_string(),
            slug: &holder.organization.slug,
            name: &holder.organization.name,
        },
        enrolments: enrolments
            .iter()
            .map(|(track, roles)| Enrolment {
                track_id: track.to_string(),
                roles: roles.iter().collect(),
            })
            .collect(),
        token: Token {
            name: &holder.token.name,
            scope: holder.token.scope,
            expires_at: holder.token.expires_at.to_string(),
        },
    })?;
    Ok(answer.into_response())
}
