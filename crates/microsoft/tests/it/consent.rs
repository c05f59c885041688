use std::collections::BTreeMap;

use microsoft::{
    Attempt, Callback, CallbackError, Cloud, Kind, Tenant, admin_consent_url, authorize_url,
};
use secrecy::ExposeSecret;
use url::Url;

use crate::fake::{LARKSPUR, application};

fn attempt() -> Attempt {
    let mut bytes = [0; 96];
    for (i, byte) in (0_u8..).zip(&mut bytes) {
        *byte = i;
    }
    Attempt::from_random(&bytes)
}

fn query(url: &Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

fn parse(text: &str) -> Result<Callback, CallbackError> {
    Callback::parse(&Cloud::global(), text)
}

/// C-05, C-11.
#[test]
fn the_browser_is_sent_to_choose_an_account_with_a_challenge_of_our_own() {
    let attempt = attempt();
    let url = authorize_url(
        &Cloud::global(),
        &application(),
        &attempt,
        Tenant::Organizations,
        Some("scheduler@larkspur.example"),
    );
    assert_eq!(
        url.as_str().split('?').next(),
        Some("https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize")
    );
    let query = query(&url);
    assert_eq!(query["prompt"], "select_account");
    assert_eq!(query["response_mode"], "query");
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(
        query["scope"],
        "openid profile offline_access User.Read User.ReadBasic.All OnlineMeetings.ReadWrite"
    );
    assert_eq!(query["login_hint"], "scheduler@larkspur.example");
    assert_eq!(query["redirect_uri"], application().redirect_uri.as_str());
    assert_eq!(query["state"], attempt.state.expose_secret());
    assert_eq!(query["nonce"], attempt.nonce.expose_secret());
    assert_eq!(attempt.verifier.expose_secret().len(), 43);
    assert!(!url.as_str().contains(attempt.verifier.expose_secret()));
    assert_ne!(attempt.state.expose_secret(), attempt.nonce.expose_secret());
}

/// The example of RFC 7636, appendix B.
#[test]
fn the_challenge_is_the_hash_of_the_verifier() {
    let attempt = Attempt {
        verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
        ..attempt()
    };
    let url = authorize_url(
        &Cloud::global(),
        &application(),
        &attempt,
        Tenant::Id(LARKSPUR),
        None,
    );
    assert!(url.path().starts_with(&format!("/{LARKSPUR}/")));
    let challenge = &query(&url)["code_challenge"];
    assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[test]
fn administrators_get_a_link_of_their_own() {
    let url = admin_consent_url(
        &Cloud::us_government_l4(),
        &application(),
        Tenant::Organizations,
        &attempt().state,
    );
    assert!(
        url.as_str()
            .starts_with("https://login.microsoftonline.us/organizations/v2.0/adminconsent?")
    );
    assert!(query(&url)["scope"].contains("OnlineMeetings.ReadWrite"));
}

#[test]
fn a_code_comes_back_with_its_state() {
    let Ok(Callback::Code { code, state }) = parse("code=0.AX%2Bx&state=s&session_state=y") else {
        panic!("not a code");
    };
    assert_eq!(code.expose_secret(), "0.AX+x");
    assert_eq!(state.expose_secret(), "s");
}

/// C-01.
#[test]
fn a_callback_that_is_doubled_empty_or_lacks_its_state_is_refused() {
    let error = |text: &str| parse(text).unwrap_err();
    assert_eq!(error("code=x"), CallbackError::NoState);
    assert_eq!(error("code=x&state="), CallbackError::Empty);
    assert_eq!(error("code=&state=s"), CallbackError::Empty);
    assert_eq!(error("code=x&state=s&state=t"), CallbackError::Duplicate);
    assert_eq!(error("code=x&state=s&c%6fde=y"), CallbackError::Duplicate);
    assert_eq!(error("code=x&state=s&iss=&"), CallbackError::Empty);
    assert_eq!(error("state=s"), CallbackError::Neither);
    assert_eq!(
        error("state=s&code=x&admin_consent=True"),
        CallbackError::Neither
    );
    assert_eq!(error("state=s&admin_consent=False"), CallbackError::Neither);
    assert_eq!(error(""), CallbackError::NoState);
    assert_eq!(
        error(&format!("code={}&state=s", "x".repeat(40_000))),
        CallbackError::TooLong
    );
    assert_eq!(
        error(&format!("code=x&state={}", "s".repeat(600))),
        CallbackError::TooLong
    );
}

/// C-07.
#[test]
fn an_answer_of_another_issuer_is_refused_before_its_code_is_used() {
    let with = |issuer: &str| parse(&format!("code=x&state=s&iss={issuer}"));
    assert!(with("https://login.microsoftonline.com/organizations/v2.0").is_ok());
    for other in [
        "https://login.microsoftonline.us/x/v2.0",
        "https://login.microsoftonline.com.evil/x/v2.0",
        "http://login.microsoftonline.com/x/v2.0",
        "evil",
    ] {
        assert_eq!(
            with(other).unwrap_err(),
            CallbackError::OtherIssuer,
            "{other}"
        );
    }
}

/// C-22; and `admin_consent=True` stands beside errors too.
#[test]
fn a_refusal_is_a_refusal_whatever_stands_beside_it() {
    let Ok(Callback::Refused(refusal)) = parse(
        "admin_consent=True&error=access_denied&error_description=AADSTS65004%3A+declined%0D%0A%3Cscript%3E&state=s&error_subcode=",
    ) else {
        panic!("not a refusal");
    };
    assert!(refusal.is_admin_consent);
    assert_eq!(refusal.failure().kind, Kind::ConsentDeclined);
    let description = refusal.description.unwrap();
    assert!(!description.contains(['\r', '\n']), "{description}");

    let Ok(Callback::Refused(refusal)) =
        parse("error=access_denied&error_subcode=cancel&state=s&code=x")
    else {
        panic!("not a refusal");
    };
    assert_eq!(refusal.failure().kind, Kind::Cancelled);
}

/// C-09.
#[test]
fn the_tenant_of_an_admin_consent_is_a_claim() {
    let Ok(Callback::AdminConsent { claimed_tenant, .. }) = parse(&format!(
        "admin_consent=True&tenant={LARKSPUR}&state=s&scope=x"
    )) else {
        panic!("not an admin consent");
    };
    assert_eq!(claimed_tenant, Some(LARKSPUR));
}

/// K-06.
#[test]
fn an_attempt_and_a_callback_show_no_secret() {
    let attempt = attempt();
    let shown = format!("{attempt:?}");
    for secret in [&attempt.state, &attempt.nonce, &attempt.verifier] {
        assert!(!shown.contains(secret.expose_secret()), "{shown}");
    }
    let shown = format!("{:?}", parse("code=canary-code&state=canary-state"));
    assert!(!shown.contains("canary"), "{shown}");
    let shown = format!("{:?}", parse("error=no&state=canary-state"));
    assert!(!shown.contains("canary"), "{shown}");
}
