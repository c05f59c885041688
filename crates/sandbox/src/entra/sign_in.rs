//! Who is it? The account list, an address and a password typed in, the
//! pretended second factor, and the browser's session.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::{get, post};

use crate::Sandbox;
use crate::entra::asked::Sent;
use crate::entra::failure::{Failure, Trace};
use crate::entra::step::{self, Step};
use crate::entra::{Parameters, pages};
use crate::tenant::attempt::{Account, Attempt, Prompt, Purpose};
use crate::tenant::token::Session;

const COOKIE: &str = "sandbox_session";

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/{tenant}/sign-in/accounts", get(every_account))
        .route("/{tenant}/sign-in/account", post(choose))
        .route(
            "/{tenant}/sign-in/address",
            get(ask_address).post(give_address),
        )
        .route("/{tenant}/sign-in/password", post(give_password))
        .route("/{tenant}/sign-in/approval", post(approve))
}

/// Who is signed in in this browser.
pub(super) fn session(sandbox: &Sandbox, headers: &HeaderMap) -> Option<Session> {
    let token = cookie(headers)?;
    sandbox.read(|state| {
        let session = state.sessions.find(token)?;
        let person = state.people.find(session.person)?;
        (person.enabled && session.at >= person.sessions_valid_from).then(|| session.clone())
    })
}

/// The header that remembers who signed in.
pub(super) fn remember(sandbox: &Sandbox, session: Session) -> String {
    let token = sandbox.random().text(32);
    sandbox.change(|state| state.sessions.insert(&token, session));
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax")
}

/// Forgets who is signed in in this browser, and says so in a header.
pub(super) fn forget(sandbox: &Sandbox, headers: &HeaderMap) -> String {
    if let Some(token) = cookie(headers) {
        sandbox.change(|state| state.sessions.remove(token));
    }
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn text<'a>(form: &'a Parameters, name: &str) -> &'a str {
    form.get(name).map_or("", String::as_str)
}

/// The sign-in under way, where there is time for it.
fn find(sandbox: &Sandbox, ctx: &str) -> Option<Attempt> {
    sandbox.read(|state| state.find_attempt(ctx, sandbox.now()).cloned())
}

async fn every_account(State(sandbox): State<Sandbox>, Sent(query): Sent) -> Response {
    let ctx = text(&query, "ctx");
    match find(&sandbox, ctx) {
        Some(attempt) => pages::accounts(&sandbox, &attempt, ctx, true),
        None => pages::expired(),
    }
}

async fn ask_address(State(sandbox): State<Sandbox>, Sent(query): Sent) -> Response {
    let ctx = text(&query, "ctx");
    match find(&sandbox, ctx) {
        Some(attempt) => pages::address(&sandbox, &attempt, ctx, "", None),
        None => pages::expired(),
    }
}

/// Somebody clicked an account. In the sandbox it counts as signed in already, unless the
/// application asked for the password.
async fn choose(State(sandbox): State<Sandbox>, headers: HeaderMap, Sent(form): Sent) -> Response {
    let ctx = text(&form, "ctx");
    if let Ok(account) = text(&form, "account").parse() {
        sandbox.note(|state| {
            let exists = state.people.find(account).is_some();
            if let Some(attempt) = state.attempts.find_mut(ctx)
                && exists
            {
                let asks_password = matches!(
                    &attempt.purpose,
                    Purpose::Code(request) if request.prompt == Some(Prompt::Login)
                );
                attempt.account = Some(Account {
                    person: account,
                    proven: !asks_password,
                    second_factor: false,
                    signed_in_at: None,
                });
            }
        });
    }
    let trace = Trace::new(&sandbox, &headers, &Parameters::new());
    step::proceed(&sandbox, ctx, &trace)
}

async fn give_address(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    Sent(form): Sent,
) -> Response {
    let trace = Trace::new(&sandbox, &headers, &Parameters::new());
    let (ctx, address) = (text(&form, "ctx"), text(&form, "address").trim());
    let Some(attempt) = find(&sandbox, ctx) else {
        return pages::expired();
    };
    let person = sandbox.read(|state| Some(state.people.find_anywhere(address)?.id));
    let Some(person) = person else {
        let problem = "We couldn't find an account with that address. Check it, or choose another \
                       account.";
        return pages::address(&sandbox, &attempt, ctx, address, Some(problem));
    };
    set_account(
        &sandbox,
        ctx,
        Account {
            person,
            proven: false,
            second_factor: false,
            signed_in_at: None,
        },
    );
    step::proceed(&sandbox, ctx, &trace)
}

async fn give_password(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    Sent(form): Sent,
) -> Response {
    let trace = Trace::new(&sandbox, &headers, &Parameters::new());
    let (ctx, password) = (text(&form, "ctx"), text(&form, "password"));
    let found = sandbox.read(|state| {
        let attempt = state.find_attempt(ctx, sandbox.now())?;
        let account = attempt.account?;
        let right = state
            .people
            .find(account.person)?
            .password
            .matches(password);
        Some((attempt.clone(), account, right))
    });
    match found {
        None => pages::expired(),
        Some((attempt, account, false)) => {
            let problem = "Your account or password is incorrect. The sandbox lists its passwords \
                           on its first page.";
            pages::password(&sandbox, &attempt, ctx, account.person, Some(problem))
        }
        Some((_, account, true)) => {
            set_account(
                &sandbox,
                ctx,
                Account {
                    proven: true,
                    second_factor: false,
                    signed_in_at: None,
                    ..account
                },
            );
            step::proceed(&sandbox, ctx, &trace)
        }
    }
}

/// The pretended telephone was tapped.
async fn approve(State(sandbox): State<Sandbox>, headers: HeaderMap, Sent(form): Sent) -> Response {
    let trace = Trace::new(&sandbox, &headers, &Parameters::new());
    let ctx = text(&form, "ctx");
    let found = sandbox.read(|state| {
        let attempt = state.find_attempt(ctx, sandbox.now())?;
        Some((step::next(state, attempt, sandbox.now()), attempt.account?))
    });
    match found {
        None => pages::expired(),
        Some((Step::ApproveSignIn(_), _)) if text(&form, "decision") != "approve" => {
            pages::failure(&Failure::new(500_121), &trace)
        }
        Some((Step::ApproveSignIn(person), account)) => {
            // What was set up now is there the next time.
            sandbox.change(|state| {
                state.people.change(person, |person| {
                    if person.standing.must_enrol {
                        person.standing.must_enrol = false;
                        person.mfa = true;
                    }
                })
            });
            set_account(
                &sandbox,
                ctx,
                Account {
                    second_factor: true,
                    signed_in_at: None,
                    ..account
                },
            );
            step::proceed(&sandbox, ctx, &trace)
        }
        // Whoever has not shown the first factor is asked for that one.
        Some(_) => step::proceed(&sandbox, ctx, &trace),
    }
}

fn set_account(sandbox: &Sandbox, ctx: &str, account: Account) {
    sandbox.note(|state| {
        if let Some(attempt) = state.attempts.find_mut(ctx) {
            attempt.account = Some(account);
        }
    });
}
