//! Times that people offer each other, for programs.

use std::collections::BTreeSet;

use axum::extract::Path;
use axum::routing::{get, post};
use http::StatusCode;
use mentoring::meeting::Meeting;
use mentoring::organization::{MemberId, ProposalId};
use mentoring::proposal::{Proposal, ProposalState, Wanted, awaited};
use mentoring::role::rights;
use serde::Serialize;
use serde_json::{Value, json as shape};
use uuid::Uuid;

use super::{Seen, answer, answered, fields, find, json, quicker};
use crate::api::body::Fields;
use crate::api::document::{Route, if_match, in_path, of_pages, prefer};
use crate::api::page::Asked;
use crate::api::preference::Wait;
use crate::api::problem::Problem;
use crate::api::query::Parameters;
use crate::api::{Answer, Bearer, Writer, schema};
use crate::store::meetings::StoredMeeting;
use crate::store::proposals::{busy, list as list_proposals};

pub fn routes() -> Vec<Route> {
    let the_meeting = || in_path("id", "The meeting.");
    let the_proposal = || {
        let proposal = in_path("proposal_id", "The proposal.");
        vec![the_meeting(), proposal]
    };
    let mut in_parts = vec![the_meeting()];
    in_parts.extend(of_pages());
    vec![
        Route {
            method: "get",
            path: "/meetings/{id}/proposals",
            handler: get(list),
            id: "listProposals",
            noun: "Proposals",
            summary: "List the times that people offered",
            detail: "The oldest first, those that were answered too. Notes and who is busy are for those who attend.",
            parameters: in_parts,
            body: None,
            answer: answered(200, "ProposalPage", "A part of the list.", &[]),
            refusals: &[],
        },
        Route {
            method: "post",
            path: "/meetings/{id}/proposals",
            handler: post(offer),
            id: "offerTimes",
            noun: "Proposals",
            summary: "Offer times",
            detail: "For a meeting that is only proposed, others in place of or, in a group, beside those that were offered. For one that is planned its attendees propose another time, which its organizer accepts or declines; of a series for one occurrence.",
            parameters: vec![the_meeting(), if_match()],
            body: Some(("ProposalDraft", true)),
            answer: answered(201, "Proposal", "What was offered.", &[]),
            refusals: &[412],
        },
        Route {
            method: "post",
            path: "/meetings/{id}/acceptance",
            handler: post(accept),
            id: "acceptTime",
            noun: "Proposals",
            summary: "Settle on a time",
            detail: "Of two people, for the one to whom the times are offered; of a group and of a meeting that is planned, for its organizer. A meeting that was only proposed is then planned as if it had just been made; a planned one moves.",
            parameters: vec![the_meeting(), if_match(), prefer()],
            body: Some(("Acceptance", true)),
            answer: answered(200, "Meeting", "The meeting as it is now.", &["ETag"]),
            refusals: &[412],
        },
        Route {
            method: "post",
            path: "/meetings/{id}/proposals/{proposal_id}/answers",
            handler: post(say),
            id: "answerTimes",
            noun: "Proposals",
            summary: "Say which of the times you can",
            detail: "For a group. A later answer takes the place of an earlier one, and none of them is an answer too.",
            parameters: the_proposal(),
            body: Some(("Availability", true)),
            answer: answered(200, "Proposal", "The proposal as it is now.", &[]),
            refusals: &[],
        },
        Route {
            method: "post",
            path: "/meetings/{id}/proposals/{proposal_id}/refusal",
            handler: post(decline),
            id: "declineTimes",
            noun: "Proposals",
            summary: "Decline times",
            detail: "Whoever offered them is told. Two people then don't meet; a group's or a planned meeting goes on.",
            parameters: the_proposal(),
            body: Some(("TimesRefusal", false)),
            answer: answered(200, "Meeting", "The meeting as it is now.", &["ETag"]),
            refusals: &[],
        },
        Route {
            method: "post",
            path: "/meetings/{id}/proposals/{proposal_id}/withdrawal",
            handler: post(withdraw),
            id: "withdrawTimes",
            noun: "Proposals",
            summary: "Take back what you offered",
            detail: "A meeting that is only proposed ends with it, unless it is a group's and you are not its organizer.",
            parameters: the_proposal(),
            body: None,
            answer: answered(200, "Meeting", "The meeting as it is now.", &["ETag"]),
            refusals: &[],
        },
    ]
}

pub fn schemas() -> Vec<(&'static str, Value)> {
    let note = |description: &str| shape!({ "type": "string", "maxLength": 500, "description": description });
    vec![
        ("Proposal", schema()),
        ("ProposalPage", schema::page("Proposal")),
        (
            "ProposalDraft",
            schema::object(&[
                ("offered_times", fields::offered_times(), true),
                (
                    "note",
                    note("What you add for the people of the meeting."),
                    false,
                ),
                (
                    "original_start",
                    shape!({ "type": "string", "pattern": fields::WALL, "description": "Which occurrence of a series is to move; the next one if nothing is said." }),
                    false,
                ),
            ]),
        ),
        (
            "Acceptance",
            schema::object(&[
                ("proposal_id", schema::id("The proposal."), true),
                (
                    "offered_time",
                    shape!({ "type": "integer", "minimum": 0, "maximum": 4, "description": "Which of its times: the soonest is 0." }),
                    true,
                ),
            ]),
        ),
        (
            "Availability",
            schema::object(&[(
                "can",
                shape!({ "type": "array", "maxItems": 5, "items": { "type": "integer", "minimum": 0, "maximum": 4 }, "description": "The times that you can: the soonest is 0. None of them is an empty list." }),
                true,
            )]),
        ),
        (
            "TimesRefusal",
            schema::object(&[("note", note("Told to whoever offered the times."), false)]),
        ),
    ]
}

/// What programs see of a proposal.
fn schema() -> Value {
    let states: Vec<&str> = ProposalState::ALL
        .iter()
        .map(|state| state.as_str())
        .collect();
    let ids = |description: &str| schema::list(&schema::id("A member id."), description);
    let time = schema::object(&[
        (
            "local_start",
            schema::text("The start on a clock of its zone."),
            true,
        ),
        ("time_zone", schema::text("The zone (IANA)."), true),
        (
            "duration_minutes",
            shape!({ "type": "integer", "description": "Minutes from start to end." }),
            true,
        ),
        ("starts_at", schema::instant("The start."), true),
        ("ends_at", schema::instant("The end."), true),
        ("can", ids("Of a group, who said that they can."), true),
        ("busy", ids("Who has another meeting in Ithaca then."), true),
    ]);
    schema::object(&[
        ("id", schema::id("Its id."), true),
        ("proposed_by", schema::id("Who offers."), true),
        (
            "original_start",
            schema::text_or_null(
                "Which occurrence of a planned meeting is to move; null for a meeting that is only proposed.",
            ),
            true,
        ),
        (
            "offered_times",
            schema::list(&time, "The times, the soonest first."),
            true,
        ),
        (
            "note",
            schema::text_or_null("What was added; null for those who do not attend as well."),
            true,
        ),
        ("state", schema::word(&states, "What became of it."), true),
        (
            "reply",
            schema::text_or_null("What was said when it was declined."),
            true,
        ),
        (
            "answered",
            ids("Of a group, who has said which times they can."),
            true,
        ),
        ("waits_for", ids("Whose answer it waits for."), true),
        ("created_at", schema::instant("When it was made."), true),
        (
            "expires_at",
            schema::instant("When it ends if nobody answers."),
            true,
        ),
    ])
}

#[derive(Serialize)]
struct Shown {
    id: String,
    proposed_by: String,
    original_start: Option<String>,
    offered_times: Vec<ShownTime>,
    note: Option<String>,
    state: ProposalState,
    reply: Option<String>,
    answered: Vec<String>,
    waits_for: Vec<String>,
    created_at: String,
    expires_at: String,
}

#[derive(Serialize)]
struct ShownTime {
    local_start: String,
    time_zone: String,
    duration_minutes: u16,
    starts_at: String,
    ends_at: String,
    can: Vec<String>,
    busy: Vec<String>,
}

async fn shown(bearer: &Bearer, meeting: &Meeting, proposal: &Proposal) -> Result<Shown, Problem> {
    let attends = rights(&bearer.acting().actor, meeting).see_content;
    let busy = if proposal.is_open() {
        busy(bearer.store(), &bearer.sight, meeting, &proposal.times).await?
    } else {
        vec![BTreeSet::new(); proposal.times.len()]
    };
    let ids = |members: Vec<MemberId>| members.iter().map(ToString::to_string).collect();
    let attending = |member: &MemberId| attends && meeting.is_attended_by(*member);
    let can = |place: usize| {
        let all = proposal.answers.iter();
        let can = all.filter(|(member, can)| attending(member) && can.contains(&place));
        ids(can.map(|(member, _)| *member).collect())
    };
    let said = |text: &String| Some(text.clone()).filter(|text| attends && !text.is_empty());
    Ok(Shown {
        id: proposal.id.to_string(),
        proposed_by: proposal.by.to_string(),
        original_start: proposal.about.map(|original| original.to_string()),
        offered_times: proposal
            .times
            .iter()
            .zip(busy)
            .enumerate()
            .map(|(place, (time, busy))| ShownTime {
                local_start: time.local_start.to_string(),
                time_zone: time.time_zone.clone(),
                duration_minutes: time.duration_minutes,
                starts_at: time.starts_at.to_string(),
                ends_at: time.ends_at.to_string(),
                can: can(place),
                busy: ids(busy.into_iter().collect()),
            })
            .collect(),
        note: said(&proposal.note),
        state: proposal.state,
        reply: said(&proposal.reply),
        answered: ids(proposal.answers.keys().copied().filter(attending).collect()),
        waits_for: ids(awaited(meeting, proposal)),
        created_at: proposal.created_at.to_string(),
        expires_at: proposal.expires_at.to_string(),
    })
}

async fn list(bearer: Bearer, Path(id): Path<String>, mut parameters: Parameters) -> Answer {
    let stored = find(&bearer, &id).await?;
    let list = format!("proposals {}", stored.meeting.id);
    let asked: Asked<(i64, Uuid)> = Asked::read(&bearer, &mut parameters, &list)?;
    parameters.end()?;
    let cursor = |proposal: &Proposal| (proposal.created_at.as_millisecond(), proposal.id.0);
    let mut all = list_proposals(bearer.store(), &bearer.sight, stored.meeting.id).await?;
    all.retain(|one| asked.after.is_none_or(|after| cursor(one) > after));
    all.truncate(asked.size + 1);
    let mut items = Vec::new();
    for proposal in all {
        let shown = shown(&bearer, &stored.meeting, &proposal).await?;
        items.push((cursor(&proposal), shown));
    }
    asked.answer(&bearer, items, |(cursor, _)| *cursor, |(_, shown)| shown)
}

/// A proposal of the meeting, as it is now.
async fn one(bearer: &Bearer, stored: &StoredMeeting, id: ProposalId) -> Result<Shown, Problem> {
    let all = list_proposals(bearer.store(), &bearer.sight, stored.meeting.id).await?;
    let found = all.iter().find(|proposal| proposal.id == id);
    let proposal = found.ok_or_else(Problem::not_found)?;
    shown(bearer, &stored.meeting, proposal).await
}

async fn offer(
    writer: Writer,
    Path(id): Path<String>,
    seen: Seen,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let stored = find(&writer, &id).await?;
    let wanted = body.all().clone();
    if !body.has("offered_times") {
        body.missing("offered_times");
    }
    let times = fields::read_offered_times(&mut body);
    let note = body.text("note").unwrap_or_default();
    let about = body.text("original_start").and_then(|text| {
        let parsed = fields::wall(&text);
        if parsed.is_none() {
            body.refuse("original_start", "Name it by its `original_start`.");
        }
        parsed
    });
    body.end()?;
    if !seen.is(stored.meeting.revision) {
        return Err(quicker(&writer, &stored, &wanted).await);
    }
    let offered = Wanted {
        about,
        times: times.unwrap_or_default(),
        note,
    };
    let id = stored.meeting.id;
    let (app, acting) = (&writer.app, writer.acting());
    let revision = Some(stored.meeting.revision);
    let made = app.offer_times(acting, id, revision, &offered).await?;
    let stored = find(&writer, &id.to_string()).await?;
    let mut response = json(&one(&writer, &stored, made).await?)?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

async fn accept(
    writer: Writer,
    Path(id): Path<String>,
    seen: Seen,
    wait: Wait,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let stored = find(&writer, &id).await?;
    let wanted = body.all().clone();
    let proposal = body.needed_text("proposal_id").and_then(|text| {
        let parsed = text.parse::<ProposalId>().ok();
        if parsed.is_none() {
            body.refuse(
                "proposal_id",
                "It is the `id` of a proposal of this meeting.",
            );
        }
        parsed
    });
    let place = body.needed_number("offered_time").unwrap_or_default();
    body.end()?;
    if !seen.is(stored.meeting.revision) {
        return Err(quicker(&writer, &stored, &wanted).await);
    }
    let id = stored.meeting.id;
    let chosen = (proposal.ok_or_else(Problem::not_found)?, usize::from(place));
    let (app, acting) = (&writer.app, writer.acting());
    app.accept_time(acting, id, chosen, Some(stored.meeting.revision))
        .await?;
    wait.for_link(&writer, id).await?;
    let stored = find(&writer, &id.to_string()).await?;
    Ok(wait.applied(answer(&writer, StatusCode::OK, stored).await?))
}

/// The ids of an address: a proposal that is none is not found.
async fn named(
    writer: &Writer,
    id: &str,
    proposal: &str,
) -> Result<(StoredMeeting, ProposalId), Problem> {
    let stored = find(writer, id).await?;
    let proposal = proposal.parse().map_err(|_| Problem::not_found())?;
    Ok((stored, proposal))
}

async fn say(
    writer: Writer,
    Path((id, proposal)): Path<(String, String)>,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let (stored, proposal) = named(&writer, &id, &proposal).await?;
    if !body.has("can") {
        body.missing("can");
    }
    let can = body.numbers("can").unwrap_or_default();
    body.end()?;
    let can: Vec<usize> = can.into_iter().map(usize::from).collect();
    let (app, acting) = (&writer.app, writer.acting());
    app.answer_times(acting, stored.meeting.id, proposal, &can)
        .await?;
    json(&one(&writer, &stored, proposal).await?)
}

async fn decline(
    writer: Writer,
    Path((id, proposal)): Path<(String, String)>,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let (stored, proposal) = named(&writer, &id, &proposal).await?;
    let note = body.text("note").unwrap_or_default();
    body.end()?;
    let (app, acting) = (&writer.app, writer.acting());
    app.decline_times(acting, stored.meeting.id, proposal, &note)
        .await?;
    let stored = find(&writer, &id).await?;
    answer(&writer, StatusCode::OK, stored).await
}

async fn withdraw(
    writer: Writer,
    Path((id, proposal)): Path<(String, String)>,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let (stored, proposal) = named(&writer, &id, &proposal).await?;
    body.end()?;
    let (app, acting) = (&writer.app, writer.acting());
    app.withdraw_times(acting, stored.meeting.id, proposal)
        .await?;
    let stored = find(&writer, &id).await?;
    answer(&writer, StatusCode::OK, stored).await
}
