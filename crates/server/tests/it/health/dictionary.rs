//! What Microsoft may answer, entry by entry: what an administrator then reads, and what
//! there is to do.

use ithaca::store::credentials;
use mentoring::integration::IntegrationState;
use microsoft::Kind;
use sandbox::faults::{Act, Dress, Fault, What};
use serde_json::json;

use super::{Office, TEAMS, minutes};
use crate::pages::tenant::SCHEDULER;

/// The table of errors of the token endpoint (Microsoft Entra authentication and
/// authorization error codes) that a refresh can meet.
const AT_REFRESH: &[(u32, Kind)] = &[
    (50173, Kind::GrantRevoked),
    (700_082, Kind::GrantExpired),
    (70008, Kind::GrantExpired),
    (70043, Kind::SignInTooOld),
    (700_084, Kind::RegistrationWrong),
    (70000, Kind::GrantUnusable),
    (65001, Kind::ConsentMissing),
    (50057, Kind::HostDisabled),
    (50034, Kind::HostGone),
    (50055, Kind::PasswordExpired),
    (50144, Kind::PasswordExpired),
    (50076, Kind::InteractionNeeded),
    (50079, Kind::InteractionNeeded),
    (50078, Kind::InteractionNeeded),
    (50074, Kind::InteractionNeeded),
    (53000, Kind::AccessBlocked),
    (53001, Kind::AccessBlocked),
    (53002, Kind::AccessBlocked),
    (53003, Kind::AccessBlocked),
    (530_003, Kind::AccessBlocked),
    (530_032, Kind::AccessBlocked),
    (7_000_215, Kind::ClientSecretWrong),
    (7_000_222, Kind::ClientSecretExpired),
    (700_027, Kind::ClientRefused),
    (50012, Kind::ClientRefused),
    (7_000_218, Kind::ClientRefused),
    (700_025, Kind::ClientRefused),
    (700_016, Kind::AppRemoved),
    (7_000_112, Kind::AppRemoved),
    (500_011, Kind::OtherCloud),
    (50194, Kind::RegistrationWrong),
    (50020, Kind::OtherTenant),
    (500_208, Kind::PersonalAccount),
    (90002, Kind::OtherCloud),
    (900_144, Kind::RequestWrong),
    (9_002_313, Kind::GrantUnusable),
];

/// Those that pass by themselves.
const PASSING: &[(u32, Kind)] = &[
    (50196, Kind::SignInLoop),
    (90033, Kind::Unavailable),
    (90024, Kind::Unavailable),
    (50033, Kind::Unavailable),
];

/// Those of a sign-in that does not come to its end.
const AT_REDEMPTION: &[(u32, Kind)] = &[
    (54005, Kind::SignInStale),
    (70008, Kind::SignInStale),
    (700_005, Kind::SignInStale),
    (501_481, Kind::VerifierMismatch),
    (90094, Kind::AdminApprovalNeeded),
    (50020, Kind::OtherTenant),
    (500_208, Kind::PersonalAccount),
    (50194, Kind::RegistrationWrong),
    (7_000_215, Kind::ClientSecretWrong),
    (700_016, Kind::AppRemoved),
    (50057, Kind::HostDisabled),
    (53003, Kind::AccessBlocked),
    (90033, Kind::Unavailable),
];

fn shown(text: &str) -> String {
    text.replace('&', "&#38;")
        .replace('\'', "&#39;")
        .replace('"', "&#34;")
        .replace('<', "&#60;")
        .replace('>', "&#62;")
}

fn says(page: &str, kind: Kind, of: &str) {
    for words in [&[kind.administrator()], kind.steps()].concat() {
        assert!(
            page.contains(&shown(words)),
            "{of}, {}: “{words}” is not on {page}",
            kind.name()
        );
    }
}

fn token_answers(office: &Office, code: u32) {
    let mut fault = Fault::once("/", Act::aadsts(code));
    fault.on.path_prefix = None;
    fault.on.path_contains = Some("/oauth2/v2.0/token".to_owned());
    fault.times = None;
    office.tenant.sandbox.fault(fault);
}

async fn refreshes(office: &Office) {
    let tx = office.house.world.store.begin(office.id()).await.unwrap();
    credentials::wake(&tx, office.id()).await.unwrap();
    tx.commit().await.unwrap();
    office.settles().await;
}

#[tokio::test]
async fn every_refused_refresh_says_what_happened_and_what_to_do() {
    let office = Office::is_integrated().await;
    for (code, kind) in AT_REFRESH {
        token_answers(&office, *code);
        refreshes(&office).await;
        let state = office.state().await;
        assert!(
            matches!(state, IntegrationState::NeedsAttention(cause) if !cause.heals_by_itself()),
            "{code}: {state:?}"
        );
        let page = office.page().await;
        says(&page, *kind, &code.to_string());
        assert!(
            page.contains(&format!("AADSTS{code}, HTTP ")),
            "{code}: {page}"
        );
        assert!(page.contains(">Reconnect</button>"), "{code}");
        office.tenant.sandbox.clear_faults();
        office.lives(minutes(6)).await;
        assert_eq!(office.state().await, IntegrationState::Integrated, "{code}");
    }
}

#[tokio::test]
async fn what_passes_by_itself_disturbs_nobody() {
    let office = Office::is_integrated().await;
    for (code, kind) in PASSING {
        assert!(kind.heals_by_itself());
        token_answers(&office, *code);
        refreshes(&office).await;
        assert_eq!(office.state().await, IntegrationState::Integrated, "{code}");
        office.tenant.sandbox.clear_faults();
        office.lives(minutes(6)).await;
    }
    assert_eq!(office.warnings().await, 0);
}

#[tokio::test]
async fn every_sign_in_that_fails_says_what_happened_and_what_to_do() {
    let office = Office::opens().await;
    for (code, kind) in AT_REDEMPTION {
        token_answers(&office, *code);
        let page = office.connects(SCHEDULER).await.body;
        office.tenant.sandbox.clear_faults();
        says(&page, *kind, &code.to_string());
        assert_eq!(office.state().await, IntegrationState::NotIntegrated);
    }
}

fn graph(method: &str, path: &str, act: Act) -> Fault {
    let mut fault = Fault::once(path, act);
    fault.on.method = Some(method.to_owned());
    fault.times = None;
    fault
}

fn refusal(status: u16, code: &str, message: &str) -> Act {
    let dress = Dress {
        status: Some(status),
        message: Some(message.to_owned()),
        ..Dress::default()
    };
    What::GraphError(code.to_owned(), dress).into()
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "a table, and the few lines that walk it"
)]
async fn every_failed_line_of_the_live_test_says_what_happened_and_what_to_do() {
    const CREATE: &str = "/v1.0/me/onlineMeetings/createOrGet";
    const ONE: &str = "/v1.0/me/onlineMeetings/";
    let policy = "No application access policy found for this app.";
    let elsewhere = json!({ "joinWebUrl": "https://elsewhere.example/l/meetup-join/1" });
    let somebody = json!({ "participants": { "organizer": { "identity": { "user": { "id": "11111111-2222-4333-8444-555555555555" } } } } });
    let rows: Vec<(Fault, Kind)> = vec![
        (
            graph("POST", CREATE, refusal(403, "Forbidden", "")),
            Kind::HostMayNotMeet,
        ),
        (
            graph("POST", CREATE, refusal(404, "UnknownError", "")),
            Kind::HostMayNotMeet,
        ),
        (
            graph("POST", CREATE, refusal(403, "Forbidden", policy)),
            Kind::NoAccessPolicy,
        ),
        (
            graph(
                "GET",
                "/v1.0/organization",
                refusal(
                    403,
                    "Authorization_RequestDenied",
                    "Insufficient privileges to complete the operation.",
                ),
            ),
            Kind::PrivilegesMissing,
        ),
        (
            graph(
                "POST",
                CREATE,
                refusal(400, "BadRequest", "1026: An error has occurred."),
            ),
            Kind::Refused,
        ),
        (
            graph(
                "PATCH",
                ONE,
                refusal(
                    400,
                    "InvalidArgument",
                    "One or more properties do not support updating.",
                ),
            ),
            Kind::PropertiesRefused,
        ),
        (
            graph(
                "GET",
                "/v1.0/organization",
                refusal(400, "Request_UnsupportedQuery", "No."),
            ),
            Kind::RequestWrong,
        ),
        (
            graph(
                "GET",
                "/v1.0/me",
                refusal(
                    401,
                    "InvalidAuthenticationToken",
                    "Access token has expired or is not yet valid.",
                ),
            ),
            Kind::AccessTokenRefused,
        ),
        (
            graph("POST", CREATE, What::ClaimsChallenge.into()),
            Kind::AccessChallenged,
        ),
        (
            graph(
                "POST",
                CREATE,
                refusal(429, "TooManyRequests", "Please retry again later."),
            ),
            Kind::Throttled,
        ),
        (
            graph("POST", CREATE, refusal(500, "InternalServerError", "")),
            Kind::Unavailable,
        ),
        (
            graph("POST", CREATE, refusal(503, "serviceNotAvailable", "")),
            Kind::Unavailable,
        ),
        (
            graph("POST", CREATE, refusal(408, "Timeout", "")),
            Kind::TooSlow,
        ),
        (graph("POST", CREATE, Act::lose_answer()), Kind::Unreachable),
        (
            graph("GET", ONE, refusal(404, "NotFound", "")),
            Kind::NotFound,
        ),
        (
            graph(
                "POST",
                CREATE,
                What::Redirect("https://elsewhere.example/".to_owned(), Dress::default()).into(),
            ),
            Kind::RedirectRefused,
        ),
        (
            graph("POST", CREATE, Act::answer(201, json!({ "id": 7 }))),
            Kind::Garbage,
        ),
        (
            graph("POST", CREATE, What::Alter(elsewhere).into()),
            Kind::JoinAddressRefused,
        ),
        (
            graph("POST", CREATE, What::Alter(somebody).into()),
            Kind::OtherOrganizer,
        ),
    ];
    let office = Office::is_integrated().await;
    let amara = office.amara().await;
    for (fault, kind) in rows {
        let of = format!("{fault:?}");
        office.house.app.clock.advance(minutes(2));
        office.tenant.sandbox.fault(fault);
        amara.posts(&format!("{TEAMS}/check"), &[]).await;
        office.settles().await;
        let page = office.page().await;
        says(&page, kind, &of);
        assert!(
            page.contains("<span class=\"unseen\">: failed</span>"),
            "{of}"
        );
        office.tenant.sandbox.clear_faults();
        office.lives(minutes(6)).await;
        amara.posts(&format!("{TEAMS}/check"), &[]).await;
        office.lives(minutes(2)).await;
        assert_eq!(office.state().await, IntegrationState::Integrated, "{of}");
    }
    // What the trial left behind when it could not be deleted is the trial's alone.
    let left = office.hosted();
    assert!(
        left.iter()
            .all(|(subject, _)| subject == "Ithaca: trial meeting"),
        "{left:?}"
    );
}
