//! `/_sandbox/limits`: how much an application may ask of Graph, how much was
//! taken and refused, and how many meetings this month has seen.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::answer::Wanted;
use crate::Sandbox;
use crate::tenant::limits::{Limits, OverTheMonth, Rate};

pub(super) async fn show(State(sandbox): State<Sandbox>) -> Json<Value> {
    let now = sandbox.now();
    Json(sandbox.read(|state| {
        let made = state.meetings.list_made_in_month(now);
        let meetings_this_month: BTreeMap<String, u32> = made
            .map(|(host, count)| {
                let person = state.people.find(host);
                let name = person.map_or_else(|| host.to_string(), |person| person.upn.clone());
                (name, count)
            })
            .collect();
        json!({
            "limits": state.limits,
            "refused": state.limits.usage.refused(),
            "taken": state.limits.usage.taken(),
            "meetings_this_month": meetings_this_month,
        })
    }))
}

/// What is left out stays as it is; null puts back Microsoft's own value.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsChange {
    app: Change<Rate>,
    directory_reads: Change<Rate>,
    directory_writes: Change<Rate>,
    meetings: Change<Rate>,
    host: Change<Rate>,
    mailbox: Change<Rate>,
    mailbox_at_once: Change<u32>,
    mailbox_takes_ms: Change<u32>,
    meetings_a_month: Change<u32>,
    over_the_month: Change<OverTheMonth>,
}

pub(super) async fn change(
    State(sandbox): State<Sandbox>,
    Wanted(change): Wanted<LimitsChange>,
) -> StatusCode {
    let first = Limits::default();
    sandbox.change(|state| {
        let limits = &mut state.limits;
        change.app.apply(&mut limits.app, first.app);
        change
            .directory_writes
            .apply(&mut limits.directory_writes, first.directory_writes);
        change.meetings.apply(&mut limits.meetings, first.meetings);
        change.mailbox.apply(&mut limits.mailbox, first.mailbox);
        change
            .mailbox_at_once
            .apply(&mut limits.mailbox_at_once, first.mailbox_at_once);
        change
            .mailbox_takes_ms
            .apply(&mut limits.mailbox_takes_ms, first.mailbox_takes_ms);
        change
            .meetings_a_month
            .apply(&mut limits.meetings_a_month, first.meetings_a_month);
        change
            .over_the_month
            .apply(&mut limits.over_the_month, first.over_the_month);
        change
            .directory_reads
            .apply_to_option(&mut limits.directory_reads);
        change.host.apply_to_option(&mut limits.host);
    });
    StatusCode::NO_CONTENT
}

/// What becomes of one limit.
#[derive(Clone, Copy, Default)]
enum Change<T> {
    #[default]
    Keep,
    MicrosoftsOwn,
    To(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let given = Option::deserialize(from)?;
        Ok(given.map_or(Self::MicrosoftsOwn, Self::To))
    }
}

impl<T: Copy> Change<T> {
    fn apply(self, place: &mut T, first: T) {
        match self {
            Self::Keep => {}
            Self::MicrosoftsOwn => *place = first,
            Self::To(value) => *place = value,
        }
    }

    /// The same where Microsoft's own value is none.
    fn apply_to_option(self, place: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::MicrosoftsOwn => *place = None,
            Self::To(value) => *place = Some(value),
        }
    }
}
