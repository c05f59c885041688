//! The tokens that say who somebody is: ID tokens, and access tokens for Graph.
//!
//! Source: "ID token claims reference", "Access token claims reference".

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Sandbox;
use crate::ids::{ClientId, ObjectId, TenantId};
use crate::tenant::app::AppRegistration;
use crate::tenant::person::{AdminRole, Person, PersonKind};
use crate::tenant::token::AccessToken;

/// The audience of access tokens for Microsoft Graph.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// Template ids of the roles, as the claim `wids` carries them.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const APPLICATION_ADMINISTRATOR: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";

/// Microsoft dates its tokens five minutes back, for clocks that are behind.
const BACKDATED: i64 = 300;
const ID_TOKEN_LIFE: i64 = 3600;

/// `client_info`: which account in which tenant, for a client's cache.
pub(super) fn client_info(tenant: TenantId, person: ObjectId) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!({"uid": person, "utid": tenant}).to_string())
}

/// What an ID token is made of.
pub(super) struct Identity<'a> {
    pub(super) person: &'a Person,
    pub(super) client_id: ClientId,
    pub(super) scopes: &'a BTreeSet<String>,
    pub(super) nonce: Option<&'a str>,
    pub(super) session: Uuid,
}

/// The claims of an ID token.
pub(super) fn id_claims(sandbox: &Sandbox, identity: &Identity<'_>) -> Value {
    let Identity { person, .. } = identity;
    let now = sandbox.now().as_second();
    let mut claims = json!({
        "aud": identity.client_id,
        "iss": format!("{}/{}/v2.0", sandbox.url(), person.tenant),
        "iat": now - BACKDATED,
        "nbf": now - BACKDATED,
        "exp": now + ID_TOKEN_LIFE,
        "rh": format!("1.AX{}.", sandbox.random().text(30)),
        "sid": identity.session,
        "sub": subject(person.id, identity.client_id),
        "tid": person.tenant,
        "uti": sandbox.random().text(16),
        "ver": "2.0",
    });
    if identity.scopes.contains("profile") {
        claims["name"] = json!(person.display_name);
        claims["oid"] = json!(person.id);
        claims["preferred_username"] = json!(sign_in_name(person));
    }
    if identity.scopes.contains("email") {
        claims["email"] = json!(person.mail);
    }
    // Only if it was sent: a spare one makes Microsoft's own clients refuse.
    if let Some(nonce) = identity.nonce {
        claims["nonce"] = json!(nonce);
    }
    if let Some(provider) = identity_provider(person) {
        claims["idp"] = json!(provider);
    }
    claims
}

/// The claims of an access token. Graph looks the token up and trusts none of them.
pub(super) fn access_claims(
    sandbox: &Sandbox,
    app: &AppRegistration,
    person: Option<&Person>,
    token: &AccessToken,
) -> Value {
    let issued = token.issued_at.as_second();
    let mut claims = json!({
        "aud": GRAPH,
        "iss": format!("{}/{}/", sandbox.url(), token.tenant),
        "iat": issued - BACKDATED,
        "nbf": issued - BACKDATED,
        "exp": token.expires_at.as_second(),
        "app_displayname": app.name,
        "appid": app.client_id,
        "appidacr": "1",
        "tid": token.tenant,
        "uti": sandbox.random().text(16),
        "ver": "1.0",
    });
    if let Some(person) = person {
        claims["idtyp"] = json!("user");
        claims["name"] = json!(person.display_name);
        claims["oid"] = json!(person.id);
        claims["scp"] = json!(spaced(&token.scopes));
        claims["sub"] = json!(subject(person.id, app.client_id));
        claims["unique_name"] = json!(sign_in_name(person));
        claims["upn"] = json!(person.upn);
        claims["wids"] = match person.role {
            AdminRole::None => json!([]),
            AdminRole::ApplicationAdministrator => json!([APPLICATION_ADMINISTRATOR]),
            AdminRole::GlobalAdministrator => json!([GLOBAL_ADMINISTRATOR]),
        };
    } else {
        claims["idtyp"] = json!("app");
        claims["roles"] = json!(token.roles);
    }
    if token.understands_claims {
        claims["xms_cc"] = json!(["CP1"]);
    }
    claims
}

/// Scopes in one text.
pub(super) fn spaced(scopes: &BTreeSet<String>) -> String {
    scopes
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Seconds from `now` to `then`.
pub(super) fn seconds_between(now: Timestamp, then: Timestamp) -> i64 {
    then.as_second() - now.as_second()
}

/// `sub`: another one for each application (pairwise).
pub(super) fn subject(person: ObjectId, client_id: ClientId) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{person} {client_id}")))
}

/// Guests are called by the address they have at home.
fn sign_in_name(person: &Person) -> &str {
    match (&person.mail, person.kind) {
        (Some(mail), PersonKind::Guest) => mail,
        _ => &person.upn,
    }
}

/// `idp`, where an account is at home elsewhere.
fn identity_provider(person: &Person) -> Option<String> {
    match person.kind {
        PersonKind::Member => None,
        PersonKind::Guest => {
            let digest = Sha256::digest(sign_in_name(person).split('@').next_back()?);
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&digest[..16]);
            let home = uuid::Builder::from_random_bytes(bytes).into_uuid();
            Some(format!("https://sts.windows.net/{home}/"))
        }
        PersonKind::Personal => Some("live.com".to_owned()),
    }
}
