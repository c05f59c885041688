//! What a call costs, and what it gets when an application has asked too much.
//!
//! Source: "Microsoft Graph service-specific throttling limits" and "Microsoft Graph throttling
//! guidance". What the services beside the directory answer is from public reports.

use std::time::Duration;

use axum::http::{HeaderName, Method, StatusCode};

use crate::Sandbox;
use crate::graph::answer::{Answer, Failure};
use crate::graph::asked::Asked;
use crate::ids::{ClientId, ObjectId};
use crate::tenant::State;
use crate::tenant::limits::{Limit, Limits, Rate, Spender};

/// From this much of a limit on, Graph says how much of it is used.
const WORTH_SAYING: u32 = 80;

/// What a call says about the directory's limits in its answer.
#[derive(Default)]
pub(super) struct Cost {
    units: Option<u32>,
    percent: u32,
}

impl Cost {
    pub(super) fn on(&self, answer: Answer) -> Answer {
        let Some(units) = self.units else {
            return answer;
        };
        let answer = answer.with(HeaderName::from_static("x-ms-resource-unit"), units);
        if self.percent < WORTH_SAYING {
            return answer;
        }
        let percent = self.percent.min(180);
        let said = format!("{}.{:02}", percent / 100, percent % 100);
        let name = HeaderName::from_static("x-ms-throttle-limit-percentage");
        answer.with(name, said)
    }
}

/// What a call is about, as far as limits go.
enum About {
    Directory,
    Meetings(Option<ObjectId>),
    Mailbox(ObjectId),
    /// Nothing that has a limit of its own.
    Other,
}

/// Lets the call be counted by every limit that is about it, or refuses it.
pub(super) fn spend(sandbox: &Sandbox, asked: &Asked) -> Result<Cost, Failure> {
    let now = sandbox.now();
    let mut result = Ok(Cost::default());
    sandbox.note(|state| {
        let about = about(state, asked);
        let people = state.people.count(asked.bearer.tenant);
        let limits = &mut state.limits;
        for (limit, rate, cost) in costs(limits, asked, &about, people) {
            let spender = spender(limit, asked, &about);
            let spent = limits.usage.spend(spender, rate, cost, now);
            if let (Some(seconds), Ok(_)) = (spent.retry_after, &result) {
                result = Err(refusal(limit, asked, seconds));
            }
            if let (Limit::DirectoryReads | Limit::DirectoryWrites, Ok(cost_so_far)) =
                (limit, &mut result)
            {
                cost_so_far.units = Some(cost);
                cost_so_far.percent = spent.percent;
            }
        }
    });
    result
}

fn about(state: &State, asked: &Asked) -> About {
    let words = asked.words();
    let (key, rest) = match words.as_slice() {
        ["me", rest @ ..] => (None, rest),
        ["users", key, rest @ ..] if !key.starts_with('$') => (asked.segment(1), rest),
        ["users" | "organization", ..] => return About::Directory,
        _ => return About::Other,
    };
    match rest {
        ["onlinemeetings", ..] => About::Meetings(match key {
            None => asked.bearer.person,
            Some(key) => key.parse().ok(),
        }),
        ["photo" | "photos", ..] => match mailbox(state, asked, key) {
            Some(person) => About::Mailbox(person),
            None => About::Other,
        },
        _ => About::Directory,
    }
}

fn mailbox(state: &State, asked: &Asked, key: Option<&str>) -> Option<ObjectId> {
    let Some(key) = key else {
        return asked.bearer.person;
    };
    let by_name = || Some(state.people.find_upn(asked.bearer.tenant, key)?.id);
    key.parse().ok().or_else(by_name)
}

/// Every limit that counts this call, with its rate and what the call costs there.
fn costs(
    limits: &Limits,
    asked: &Asked,
    about: &About,
    people: usize,
) -> impl Iterator<Item = (Limit, Rate, u32)> + use<> {
    let own = match about {
        About::Directory if asked.method == Method::GET => [
            Some((
                Limit::DirectoryReads,
                limits.directory_reads_of(people),
                units(asked),
            )),
            None,
        ],
        About::Directory => [
            Some((Limit::DirectoryWrites, limits.directory_writes, 1)),
            None,
        ],
        About::Meetings(_) => [
            Some((Limit::Meetings, limits.meetings, 1)),
            limits.host.map(|rate| (Limit::Host, rate, 1)),
        ],
        About::Mailbox(_) => [Some((Limit::Mailbox, limits.mailbox, 1)), None],
        About::Other => [None, None],
    };
    own.into_iter()
        .flatten()
        .chain([(Limit::App, limits.app, 1)])
}

/// What reading costs: 2 for a list of people, else 1; one less with `$select` or a small page,
/// one more with `$expand`, never less than 1.
fn units(asked: &Asked) -> u32 {
    let mut units: u32 = if asked.words().as_slice() == ["users"] {
        2
    } else {
        1
    };
    if asked.option("expand").is_some() {
        units += 1;
    }
    let is_small = asked
        .option("top")
        .and_then(|top| top.parse::<u32>().ok())
        .is_some_and(|top| top < 20);
    for saves in [asked.option("select").is_some(), is_small] {
        units -= u32::from(saves && units > 1);
    }
    units
}

fn spender(limit: Limit, asked: &Asked, about: &About) -> Spender {
    let person = match about {
        About::Meetings(host) if limit == Limit::Host => *host,
        About::Mailbox(owner) if limit == Limit::Mailbox => Some(*owner),
        _ => None,
    };
    Spender {
        limit,
        app: asked.bearer.client_id,
        tenant: (limit != Limit::App).then_some(asked.bearer.tenant),
        person,
    }
}

fn refusal(limit: Limit, asked: &Asked, seconds: u32) -> Failure {
    let (app, tenant) = (asked.bearer.client_id, asked.bearer.tenant);
    let (scope, reason) = match limit {
        Limit::DirectoryReads => ("ReadWrite", "ResourceUnitLimitExceeded"),
        Limit::DirectoryWrites => ("Write", "WriteLimitExceeded"),
        Limit::Mailbox => {
            return mailbox_refusal("Application is over its RequestRate limit.", seconds);
        }
        _ => return Failure::too_many(seconds),
    };
    Failure::too_many(seconds)
        .with(
            HeaderName::from_static("x-ms-throttle-scope"),
            format!("Tenant_Application/{scope}/{app}/{tenant}"),
        )
        .with(
            HeaderName::from_static("x-ms-throttle-information"),
            reason.to_owned(),
        )
}

/// Outlook's own words (terraform-provider-outlook#21, corso#3695).
fn mailbox_refusal(message: &str, seconds: u32) -> Failure {
    Failure::new(
        StatusCode::TOO_MANY_REQUESTS,
        "ApplicationThrottled",
        message,
    )
    .with(axum::http::header::RETRY_AFTER, seconds.to_string())
}

/// A call to a mailbox that is under way, until it is dropped.
pub(super) struct UnderWay {
    sandbox: Sandbox,
    app: ClientId,
    mailbox: ObjectId,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let (app, mailbox) = (self.app, self.mailbox);
        self.sandbox
            .note(|state| state.limits.usage.end(app, mailbox));
    }
}

/// Takes one of the places at a mailbox, and as long as such a call is made to take. None for a
/// call that is about no mailbox.
pub(super) async fn at_mailbox(
    sandbox: &Sandbox,
    asked: &Asked,
) -> Result<Option<UnderWay>, Failure> {
    let app = asked.bearer.client_id;
    let mut begun = None;
    sandbox.note(|state| {
        if let About::Mailbox(mailbox) = about(state, asked) {
            let limits = &mut state.limits;
            let is_taken = limits.usage.begin(app, mailbox, limits.mailbox_at_once);
            begun = Some((mailbox, is_taken, limits.mailbox_takes_ms));
        }
    });
    match begun {
        None => Ok(None),
        Some((_, false, _)) => Err(mailbox_refusal(
            "Application is over its MailboxConcurrency limit.",
            1,
        )),
        Some((mailbox, true, takes_ms)) => {
            let under_way = UnderWay {
                sandbox: sandbox.clone(),
                app,
                mailbox,
            };
            if takes_ms > 0 {
                tokio::time::sleep(Duration::from_millis(takes_ms.into())).await;
            }
            Ok(Some(under_way))
        }
    }
}
