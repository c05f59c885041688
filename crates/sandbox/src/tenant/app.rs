//! App registrations, and what tenants have approved for them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{ClientId, ObjectId, TenantId};
use crate::secret::{Secret, kept};

/// An application as its publisher registered it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppRegistration {
    pub client_id: ClientId,
    pub name: String,
    pub publisher: String,
    pub audience: Audience,
    pub redirects: Vec<Redirect>,
    pub secrets: Vec<ClientSecret>,
    pub certificates: Vec<Certificate>,
    /// Delegated permissions that the registration lists, which `.default` asks for.
    pub scopes: BTreeSet<String>,
    /// Application permissions that the registration lists.
    pub roles: BTreeSet<String>,
}

/// Which accounts may sign in to an application (`signInAudience`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Those of one tenant.
    OneTenant(TenantId),
    /// Those of any tenant.
    AnyTenant,
    /// Those of any tenant, and personal ones.
    AnyTenantAndPersonal,
}

/// An address that codes may be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    pub kind: RedirectKind,
    pub uri: String,
}

/// The platform that a redirect address is registered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectKind {
    Web,
    /// A page in the browser: its refresh tokens live for 24 hours.
    Spa,
    /// A program on somebody's machine, which can keep no secret.
    Public,
}

/// A client secret with its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientSecret {
    pub id: Uuid,
    #[serde(with = "kept")]
    pub value: Secret,
    pub expires_at: Timestamp,
}

/// A certificate that client assertions may be signed with, in DER.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Certificate {
    pub der: Vec<u8>,
    pub expires_at: Timestamp,
}

impl AppRegistration {
    /// The registered redirect that is `uri`: exactly, except that the port of `localhost` doesn't
    /// count. Source: "Redirect URI (reply URL) restrictions and limitations", localhost exceptions.
    pub fn find_redirect(&self, uri: &str) -> Option<&Redirect> {
        self.redirects
            .iter()
            .find(|redirect| redirect.uri == uri)
            .or_else(|| {
                let wanted = without_port(uri)?;
                self.redirects
                    .iter()
                    .find(|redirect| without_port(&redirect.uri).as_ref() == Some(&wanted))
            })
    }

    /// Whether nothing is registered with which the application could show that it is itself.
    pub fn is_public(&self) -> bool {
        self.redirects
            .iter()
            .all(|redirect| redirect.kind != RedirectKind::Web)
            && !self.redirects.is_empty()
            && self.secrets.is_empty()
            && self.certificates.is_empty()
    }
}

/// An address at `http://localhost` without its port; none of another one.
fn without_port(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("http://localhost")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (port, path) = rest.split_at(end);
    let digits = port.strip_prefix(':').unwrap_or(port);
    // No path is the root.
    let path = if path.is_empty() { "/" } else { path };
    (digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| path.to_owned())
}

/// An application's presence in a tenant: Entra's enterprise application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServicePrincipal {
    pub id: ObjectId,
    pub tenant: TenantId,
    pub client_id: ClientId,
    pub enabled: bool,
    pub created: Timestamp,
    /// Application permissions that an administrator approved.
    pub roles: BTreeSet<String>,
}

/// Delegated permissions that a tenant has given to an application (`oauth2PermissionGrant`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    pub id: String,
    pub tenant: TenantId,
    pub client_id: ClientId,
    pub to: Grantee,
    pub scopes: BTreeSet<String>,
    pub by: ObjectId,
    pub at: Timestamp,
}

/// For whom a grant counts (`consentType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    /// One person.
    Principal(ObjectId),
    /// Everyone in the tenant.
    AllPrincipals,
}

/// Somebody asked the administrators to approve what they may not approve themselves.
/// Source: "Configure the admin consent workflow".
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsentRequest {
    pub id: Uuid,
    pub tenant: TenantId,
    pub client_id: ClientId,
    pub scopes: BTreeSet<String>,
    pub by: ObjectId,
    /// Why, in their own words.
    pub reason: String,
    pub at: Timestamp,
    pub decision: Option<Decision>,
}

/// What an administrator made of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approved,
    Denied,
    /// Denied, and nobody may ask again.
    Blocked,
}
