//! A sign-in under way in a browser: what was asked for, and how far it came.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::ids::{ClientId, ObjectId};
use crate::tenant::State;
use crate::tenant::app::RedirectKind;
use crate::tenant::person::{Person, PersonKind};

/// From the first page until the browser goes back to the application.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The tenant segment of the address that it began at.
    pub segment: String,
    pub client_id: ClientId,
    pub redirect_uri: String,
    pub state: Option<String>,
    pub purpose: Purpose,
    pub account: Option<Account>,
    pub expires_at: Timestamp,
}

/// What the application wants.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// An authorization code.
    Code(CodeRequest),
    /// The approval of an administrator, for everyone.
    Approval(ApprovalRequest),
}

/// The rest of an authorize request.
#[derive(Clone, Debug)]
pub struct CodeRequest {
    pub redirect_kind: RedirectKind,
    pub response_mode: ResponseMode,
    pub scopes: BTreeSet<String>,
    pub nonce: Option<String>,
    /// The S256 code challenge.
    pub challenge: Option<String>,
    pub prompt: Option<Prompt>,
    pub login_hint: Option<String>,
    /// Whose accounts the application wants to see (`domain_hint`).
    pub domain_hint: Option<String>,
    /// A challenge asks for a second factor, whether the account needs one or not.
    pub step_up: bool,
    /// A challenge asks for a sign-in after this.
    pub signed_in_after: Option<Timestamp>,
    pub wants_client_info: bool,
    pub understands_claims: bool,
}

/// The rest of an admin consent request.
#[derive(Clone, Debug)]
pub struct ApprovalRequest {
    /// The older endpoint answers with other parameters.
    pub older: bool,
    pub scopes: BTreeSet<String>,
    pub roles: BTreeSet<String>,
}

/// How parameters travel back to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// What the application wants to be asked of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    None,
    Login,
    Consent,
    SelectAccount,
}

/// The account that was chosen, and what it has shown of itself.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    pub person: ObjectId,
    /// Signed in already: chosen from the list, or the right password given.
    pub proven: bool,
    pub second_factor: bool,
    /// When it signed in, where it was signed in before this attempt.
    pub signed_in_at: Option<Timestamp>,
}

impl CodeRequest {
    /// Whether the application wants to see such an account, by its `domain_hint`: one that is no
    /// domain of ours, nor one of the two names, wants everybody.
    pub fn welcomes(&self, state: &State, person: &Person) -> bool {
        let Some(hint) = self.domain_hint.as_deref() else {
            return true;
        };
        let is_personal = person.kind == PersonKind::Personal;
        match hint.to_ascii_lowercase().as_str() {
            "organizations" => !is_personal,
            "consumers" => is_personal,
            domain => state
                .find_tenant(domain)
                .is_none_or(|tenant| tenant.id == person.tenant),
        }
    }

    /// A request that asks for nothing yet.
    pub fn empty(redirect_kind: RedirectKind) -> Self {
        Self {
            redirect_kind,
            response_mode: ResponseMode::Query,
            scopes: BTreeSet::new(),
            nonce: None,
            challenge: None,
            prompt: None,
            login_hint: None,
            domain_hint: None,
            step_up: false,
            signed_in_after: None,
            wants_client_info: false,
            understands_claims: false,
        }
    }
}
