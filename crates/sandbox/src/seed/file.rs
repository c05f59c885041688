//! What may stand in a seed file. Unknown keys are refused, so that a misspelt wish doesn't pass
//! for a granted one.

use serde::Deserialize;

use crate::ids::{ClientId, ObjectId, TenantId};
use crate::tenant::ConsentPolicy;
use crate::tenant::app::RedirectKind;
use crate::tenant::person::AdminRole;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) tenants: Vec<TenantEntry>,
    #[serde(default)]
    pub(super) personal_accounts: Vec<PersonEntry>,
    #[serde(default)]
    pub(super) apps: Vec<AppEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantEntry {
    pub(super) name: String,
    /// The default one first.
    pub(super) domains: Vec<String>,
    pub(super) id: Option<TenantId>,
    #[serde(default = "united_states")]
    pub(super) country: String,
    #[serde(default)]
    pub(super) consent_policy: ConsentPolicy,
    /// Everybody needs a second factor.
    #[serde(default)]
    pub(super) mfa: bool,
    #[serde(default)]
    pub(super) people: Vec<PersonEntry>,
    /// So many made-up members besides.
    #[serde(default)]
    pub(super) crowd: u32,
}

fn united_states() -> String {
    "US".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "They are independent properties of an account, as in Microsoft's directory."
)]
pub(super) struct PersonEntry {
    pub(super) name: String,
    pub(super) given_name: Option<String>,
    pub(super) surname: Option<String>,
    pub(super) upn: Option<String>,
    /// Empty: they have none. Missing: the same as `upn`.
    pub(super) mail: Option<String>,
    pub(super) object_id: Option<ObjectId>,
    #[serde(default)]
    pub(super) guest: bool,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    pub(super) licensed: Option<bool>,
    #[serde(default)]
    pub(super) role: Option<AdminRole>,
    #[serde(default)]
    pub(super) mfa: bool,
    pub(super) password: Option<String>,
    #[serde(default)]
    pub(super) photo: bool,
    #[serde(default)]
    pub(super) offered: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppEntry {
    pub(super) name: String,
    #[serde(default)]
    pub(super) publisher: String,
    pub(super) client_id: Option<ClientId>,
    #[serde(default)]
    pub(super) sign_in_audience: SignInAudience,
    /// The domain of the tenant it is registered in.
    pub(super) home: Option<String>,
    #[serde(default)]
    pub(super) redirects: Vec<RedirectEntry>,
    #[serde(default)]
    pub(super) secrets: Vec<SecretEntry>,
    #[serde(default)]
    pub(super) certificates: Vec<CertificateEntry>,
    #[serde(default)]
    pub(super) delegated: Vec<String>,
    #[serde(default)]
    pub(super) application: Vec<String>,
    #[serde(default)]
    pub(super) grants: Vec<GrantEntry>,
    #[serde(default)]
    pub(super) access_policies: Vec<AccessPolicyEntry>,
}

/// In Microsoft's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum SignInAudience {
    #[serde(rename = "AzureADMyOrg")]
    OneTenant,
    #[default]
    #[serde(rename = "AzureADMultipleOrgs")]
    AnyTenant,
    #[serde(rename = "AzureADandPersonalMicrosoftAccount")]
    AnyTenantAndPersonal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RedirectEntry {
    #[serde(rename = "type")]
    pub(super) kind: RedirectKind,
    pub(super) uri: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretEntry {
    pub(super) value: Option<String>,
    pub(super) expires: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateEntry {
    pub(super) pem: String,
    pub(super) expires: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantEntry {
    pub(super) tenant: String,
    /// For this person alone; without it for everyone.
    pub(super) person: Option<String>,
    /// Without them, all that the app requires.
    pub(super) delegated: Option<Vec<String>>,
    pub(super) application: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessPolicyEntry {
    pub(super) tenant: String,
    /// For meetings of this person alone; without it for everyone's.
    pub(super) host: Option<String>,
}
