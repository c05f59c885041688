use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use jiff::SignedDuration;
use microsoft::{AccessToken, Group, Kind, Tenant, missing_scopes, unexpected_scopes};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::fake::{
    ACCESS, CLIENT_ID, Fake, HOLDER, LARKSPUR, NEW_SECRET, OLD_SECRET, REFRESH, SCHEDULER, answer,
    application, raw, today,
};

fn grant() -> Value {
    json!({
        "token_type": "Bearer",
        "scope": "https://graph.microsoft.com/User.Read OnlineMeetings.ReadWrite profile openid email",
        "expires_in": 4123, "ext_expires_in": 4123,
        "access_token": ACCESS, "refresh_token": REFRESH, "id_token": "canary.id.token",
    })
}

fn refusal(status: u16, error: &str, suberror: Option<&str>, code: u32) -> Response<Bytes> {
    answer(
        status,
        &json!({
            "error": error, "suberror": suberror, "error_codes": [code],
            "error_description": format!("AADSTS{code}: No.\r\nTrace ID: t-1\r\nCorrelation ID: c-1"),
            "timestamp": "2026-03-02 09:00:00Z", "trace_id": "t-1", "correlation_id": "c-1",
        }),
    )
}

async fn refresh(fake: &Fake) -> Result<microsoft::Grant, microsoft::Failure> {
    fake.client
        .refresh(LARKSPUR, &SecretString::from(REFRESH))
        .await
}

async fn kind_of(response: fn() -> Response<Bytes>) -> Kind {
    refresh(&Fake::new(move |_| response()))
        .await
        .unwrap_err()
        .kind
}

/// C-05.
#[tokio::test]
async fn a_code_is_redeemed_where_it_was_asked_for_with_the_verifier_of_this_attempt() {
    let fake = Fake::new(|_| answer(200, &grant()));
    let grant = fake
        .client
        .redeem(
            Tenant::Organizations,
            &"canary-code".into(),
            &"canary-verifier".into(),
        )
        .await
        .unwrap();
    let [request] = &fake.seen()[..] else {
        panic!("one request");
    };
    assert_eq!(
        request.uri.to_string(),
        "https://login.microsoftonline.com/organizations/oauth2/v2.0/token"
    );
    let form = request.form();
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], "canary-code");
    assert_eq!(form["code_verifier"], "canary-verifier");
    assert_eq!(form["client_id"], CLIENT_ID.to_string());
    assert_eq!(form["client_secret"], NEW_SECRET);
    assert_eq!(form["redirect_uri"], application().redirect_uri.as_str());
    assert!(form["claims"].contains("CP1"));

    assert_eq!(grant.access_token.expose_secret(), ACCESS);
    assert_eq!(grant.refresh_token.unwrap().expose_secret(), REFRESH);
    assert_eq!(grant.expires_in, Duration::from_secs(4123));
    assert!(grant.scopes.contains("User.Read"), "{:?}", grant.scopes);
    assert_eq!(missing_scopes(&grant.scopes), ["User.ReadBasic.All"]);
    assert!(unexpected_scopes(&grant.scopes).is_empty());
}

/// K-16.
#[tokio::test]
async fn a_refresh_goes_to_the_bound_tenant_with_the_fixed_scopes() {
    let fake = Fake::new(|_| answer(200, &grant()));
    refresh(&fake).await.unwrap();
    let request = &fake.seen()[0];
    assert_eq!(request.path(), format!("/{LARKSPUR}/oauth2/v2.0/token"));
    let form = request.form();
    assert_eq!(form["grant_type"], "refresh_token");
    assert_eq!(form["refresh_token"], REFRESH);
    assert_eq!(form["scope"], microsoft::SCOPES.join(" "));
    assert!(request.uri.query().is_none(), "no secret in an address");
}

/// K-13.
#[tokio::test]
async fn an_answer_without_a_refresh_token_says_so() {
    let fake = Fake::new(|_| {
        let mut body = grant();
        body.as_object_mut().unwrap().remove("refresh_token");
        answer(200, &body)
    });
    assert!(refresh(&fake).await.unwrap().refresh_token.is_none());
}

#[tokio::test]
async fn f12_every_client_secret_is_tried_until_one_is_taken_and_that_one_is_asked_with_first() {
    let fake = Fake::new(|seen| match seen.form()["client_secret"].as_str() {
        OLD_SECRET => answer(200, &grant()),
        _ => refusal(401, "invalid_client", None, 7_000_222),
    });
    let asked_with = |fake: &Fake| -> Vec<String> {
        let seen = fake.seen();
        let asked = seen.iter().map(|seen| seen.form()["client_secret"].clone());
        asked.collect()
    };
    refresh(&fake).await.unwrap();
    refresh(&fake).await.unwrap();
    assert_eq!(asked_with(&fake), [NEW_SECRET, OLD_SECRET, OLD_SECRET]);

    // Microsoft knows the new one by now, and the old one ends.
    let fake = Fake::new(|seen| {
        let before = seen.form()["refresh_token"] == "before";
        match (before, seen.form()["client_secret"].as_str()) {
            (true, OLD_SECRET) | (false, NEW_SECRET) => answer(200, &grant()),
            _ => refusal(401, "invalid_client", None, 7_000_222),
        }
    });
    for token in ["before", "after", "after"] {
        let token = SecretString::from(token);
        fake.client.refresh(LARKSPUR, &token).await.unwrap();
    }
    assert_eq!(
        asked_with(&fake),
        [NEW_SECRET, OLD_SECRET, OLD_SECRET, NEW_SECRET, NEW_SECRET]
    );

    let fake = Fake::new(|seen| {
        let newest = seen.form()["client_secret"] == NEW_SECRET;
        let code = if newest { 7_000_215 } else { 7_000_222 };
        refusal(401, "invalid_client", None, code)
    });
    let failure = refresh(&fake).await.unwrap_err();
    assert_eq!(
        failure.kind,
        Kind::ClientSecretWrong,
        "what is said is of the newest"
    );
    assert_eq!(failure.group(), Group::Application);
    assert_eq!(fake.seen().len(), 2, "each secret once");
}

#[tokio::test]
async fn nothing_else_is_tried_twice() {
    let fake = Fake::new(|_| refusal(400, "invalid_grant", Some("bad_token"), 50173));
    let failure = refresh(&fake).await.unwrap_err();
    assert_eq!(fake.seen().len(), 1);
    assert_eq!(failure.kind, Kind::GrantRevoked);
    assert_eq!(failure.group(), Group::SignIn);
    assert_eq!(failure.code.as_deref(), Some("AADSTS50173"));
    assert_eq!(failure.trace_id.as_deref(), Some("t-1"));
    assert_eq!(failure.request_id.as_deref(), Some("c-1"));
    assert!(!failure.heals_by_itself());
}

#[tokio::test]
async fn an_unknown_code_is_judged_by_microsofts_own_classes() {
    assert_eq!(
        kind_of(|| refusal(400, "invalid_grant", Some("basic_action"), 59999)).await,
        Kind::InteractionNeeded
    );
    assert_eq!(
        kind_of(|| refusal(400, "invalid_grant", Some("consent_required"), 59999)).await,
        Kind::ConsentMissing
    );
    assert_eq!(
        kind_of(|| refusal(400, "interaction_required", None, 59999)).await,
        Kind::InteractionNeeded
    );
    assert_eq!(
        kind_of(|| refusal(400, "invalid_grant", None, 59999)).await,
        Kind::GrantUnusable
    );
    assert_eq!(
        kind_of(|| refusal(401, "invalid_client", None, 59999)).await,
        Kind::ClientRefused
    );
}

/// F18: an outage is never mistaken for a lost connection.
#[tokio::test]
async fn a_fault_at_microsoft_leaves_the_connection_alone() {
    for failing in [
        || raw(503, "text/html", "<html>Service Unavailable"),
        || refusal(500, "server_error", None, 90033),
        || refusal(400, "temporarily_unavailable", None, 90024),
        || raw(502, "application/json", "{"),
        || refusal(400, "temporarily_unavailable", None, 50173),
        || refusal(503, "invalid_grant", Some("bad_token"), 50173),
    ] {
        let kind = kind_of(failing).await;
        assert_eq!(kind, Kind::Unavailable);
        assert!(kind.heals_by_itself());
    }
    let throttled = || {
        Response::builder()
            .status(429)
            .header("retry-after", "99999999")
            .body(Bytes::new())
            .unwrap()
    };
    let failure = refresh(&Fake::new(move |_| throttled())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Throttled);
    assert_eq!(failure.retry_after, Some(Duration::from_hours(1)));
}

/// One code for two things.
#[tokio::test]
async fn an_expired_code_means_start_again_and_an_expired_refresh_token_reconnect() {
    let fake = Fake::new(|_| refusal(400, "invalid_grant", Some("bad_token"), 70008));
    assert_eq!(refresh(&fake).await.unwrap_err().kind, Kind::GrantExpired);
    let redeemed = fake
        .client
        .redeem(Tenant::Organizations, &"code".into(), &"verifier".into())
        .await;
    assert_eq!(redeemed.unwrap_err().kind, Kind::SignInStale);
}

#[tokio::test]
async fn a_challenge_is_handed_back_with_the_next_request() {
    let fake = Fake::new(|seen| {
        if seen.form()["claims"].contains("1604106651") {
            return answer(200, &grant());
        }
        answer(
            400,
            &json!({
                "error": "interaction_required", "error_codes": [50076], "error_description": "AADSTS50076",
                "claims": r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#,
            }),
        )
    });
    let failure = refresh(&fake).await.unwrap_err();
    assert_eq!(failure.kind, Kind::InteractionNeeded);
    let challenge = failure.challenge.unwrap();
    fake.client
        .refresh_answering(LARKSPUR, &REFRESH.into(), &challenge)
        .await
        .unwrap();
    let claims: Value = serde_json::from_str(&fake.seen()[1].form()["claims"]).unwrap();
    assert_eq!(claims["access_token"]["xms_cc"]["values"][0], "CP1");
    assert_eq!(claims["access_token"]["nbf"]["essential"], true);
}

/// K-06, and a Microsoft that echoes what it was sent.
#[tokio::test]
async fn no_error_shows_a_secret_even_if_microsoft_echoes_it() {
    let fake = Fake::new(|seen| {
        let sent = String::from_utf8_lossy(&seen.body).into_owned();
        let form = seen.form();
        let echo = format!(
            "AADSTS70000: {sent} {} {}",
            form["refresh_token"], form["client_secret"]
        );
        answer(
            400,
            &json!({ "error": "invalid_grant", "error_description": echo, "trace_id": REFRESH }),
        )
    });
    let failure = refresh(&fake).await.unwrap_err();
    for shown in [format!("{failure:?}"), failure.to_string()] {
        assert!(shown.contains("[redacted]"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
    let shown = format!("{:?}", fake.client);
    assert!(!shown.contains("canary"), "{shown}");
}

/// K-06.
#[tokio::test]
async fn neither_a_grant_nor_an_access_token_shows_its_secrets() {
    let fake = Fake::new(|_| answer(200, &grant()));
    let grant = refresh(&fake).await.unwrap();
    let token = AccessToken::new(HOLDER, SCHEDULER, &grant, today());
    for shown in [format!("{grant:?}"), format!("{token:?}")] {
        assert!(!shown.contains("canary"), "{shown}");
    }
    assert_eq!((token.holder(), token.host()), (HOLDER, SCHEDULER));
    assert!(token.is_fresh(today()));
    assert!(!token.is_fresh(today() + SignedDuration::from_secs(4123 - 299)));
}

/// C-13.
#[test]
fn scopes_are_compared_with_those_that_were_asked_for() {
    let granted: BTreeSet<String> = [
        "user.read",
        "USER.READBASIC.ALL",
        "Mail.Read",
        "openid",
        "email",
    ]
    .map(String::from)
    .into();
    assert_eq!(missing_scopes(&granted), ["OnlineMeetings.ReadWrite"]);
    assert_eq!(unexpected_scopes(&granted), ["Mail.Read"]);
}
