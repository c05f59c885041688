//! The one table: every failure we know, with Microsoft's codes for it, whom it
//! concerns, what to tell people, and whether it heals by itself.
//!
//! Codes from "Microsoft Entra authentication and authorization error codes"
//! and "Microsoft Graph error responses"; see also `docs/microsoft-unverified.md`.
//! Microsoft may change its codes at any time, so they only refine what its
//! error classes say, and an unknown code falls back to its class.

/// Whom or what a failure concerns: enough to decide what waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// The access token: one fresh token, then once more.
    Token,
    /// Too many calls: wait as long as asked.
    Throttled,
    /// Microsoft as a whole: everything waits.
    Unreachable,
    /// The host account must sign in again, interactively.
    SignIn,
    /// An administrator of the tenant must approve something.
    Consent,
    /// The host account itself: disabled, deleted, without a licence.
    Host,
    /// Our app registration: an operator's matter, the same for every organization.
    Application,
    /// An answer that can't be believed; what was asked may have happened.
    Garbage,
    /// Microsoft understood this one request and says no.
    Refused,
    NotFound,
}

struct Row {
    kind: Kind,
    name: &'static str,
    group: Group,
    heals: bool,
    aadsts: &'static [u32],
    graph: &'static [&'static str],
    participant: &'static str,
    administrator: &'static str,
    steps: &'static [&'static str],
}

const LATER: &str =
    "Microsoft Teams can't be reached at the moment. Your link comes as soon as it can.";
const ATTENTION: &str = "The connection to Microsoft Teams needs an administrator's attention. Your link comes as soon as it is repaired.";
const THIS_ONE: &str =
    "Microsoft Teams didn't accept this meeting. An administrator has been told.";

macro_rules! table {
    ($($kind:ident($name:literal, $group:ident, heals: $heals:literal) {
        $(aadsts: [$($aadsts:literal),+],)?
        $(graph: [$($graph:literal),+],)?
        participant: $participant:expr,
        administrator: $administrator:literal,
        steps: [$($step:literal),* $(,)?],
    })+) => {
        /// What went wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $(#[doc = $administrator] $kind),+ }

        const TABLE: &[Row] = &[$(Row {
            kind: Kind::$kind,
            name: $name,
            group: Group::$group,
            heals: $heals,
            aadsts: &[$($($aadsts),+)?],
            graph: &[$($($graph),+)?],
            participant: $participant,
            administrator: $administrator,
            steps: &[$($step),*],
        }),+];

        impl Kind {
            /// All there are, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$kind),+];
        }
    };
}

table! {
    // Passing by itself.
    Throttled("throttled", Throttled, heals: true) {
        aadsts: [90055],
        graph: ["TooManyRequests", "ApplicationThrottled", "activityLimitReached"],
        participant: LATER,
        administrator: "Microsoft asks us to make fewer calls for a while.",
        steps: ["Nothing to do: we wait as long as Microsoft asks, and then go on."],
    }
    Unreachable("unreachable", Unreachable, heals: true) {
        participant: LATER,
        administrator: "Microsoft can't be reached over the network.",
        steps: [
            "Nothing to do if this passes within minutes.",
            "If it stays: the operator checks that this server reaches Microsoft's login and Graph addresses over HTTPS, and that a company proxy's certificate is configured.",
        ],
    }
    TooSlow("too_slow", Unreachable, heals: true) {
        participant: LATER,
        administrator: "Microsoft didn't answer within 30 seconds.",
        steps: ["Nothing to do: we ask again."],
    }
    Unavailable("unavailable", Unreachable, heals: true) {
        aadsts: [90033, 90024, 50033, 90006, 90012, 90090, 90091, 50087],
        graph: ["serviceNotAvailable", "InternalServerError", "generalException", "UnknownError", "ServiceUnavailable", "GatewayTimeout"],
        participant: LATER,
        administrator: "Microsoft has a fault of its own at the moment.",
        steps: ["Nothing to do: we ask again.", "The Microsoft 365 admin center shows known faults under Service health."],
    }
    SignInLoop("sign_in_loop", Throttled, heals: true) {
        aadsts: [50196],
        participant: LATER,
        administrator: "Microsoft says that we ask for tokens too often.",
        steps: ["Nothing to do: we wait.", "If it comes back, tell the operator; this is a fault of this program."],
    }

    // The access token.
    AccessTokenRefused("access_token_refused", Token, heals: true) {
        graph: ["InvalidAuthenticationToken", "unauthenticated", "AuthenticationError"],
        participant: LATER,
        administrator: "Microsoft no longer accepts the current access.",
        steps: ["Nothing to do: we renew it. If that doesn't help, Reconnect appears here."],
    }
    AccessChallenged("access_challenged", Token, heals: true) {
        participant: LATER,
        administrator: "Microsoft wants the access renewed because something about the host account or its policies changed.",
        steps: ["Nothing to do: we renew it. If that doesn't help, Reconnect appears here."],
    }

    // The host has to sign in again.
    GrantRevoked("grant_revoked", SignIn, heals: false) {
        aadsts: [50173, 50132, 50133],
        participant: ATTENTION,
        administrator: "The host account's access was revoked, for example because its password was reset.",
        steps: ["Click Reconnect and sign in with the host account."],
    }
    GrantExpired("grant_expired", SignIn, heals: false) {
        aadsts: [700_082, 70008, 50089],
        participant: ATTENTION,
        administrator: "The host account's access has expired because it wasn't used for too long.",
        steps: ["Click Reconnect and sign in with the host account."],
    }
    SignInTooOld("sign_in_too_old", SignIn, heals: false) {
        aadsts: [70043, 70044],
        participant: ATTENTION,
        administrator: "Your sign-in frequency policy ended the host account's access.",
        steps: [
            "Exempt the host account from the sign-in frequency policy (Entra admin center, Conditional Access), or this comes back.",
            "Click Reconnect and sign in with the host account.",
        ],
    }
    GrantUnusable("grant_unusable", SignIn, heals: false) {
        aadsts: [70000, 9_002_313],
        participant: ATTENTION,
        administrator: "Microsoft no longer accepts the stored access of the host account.",
        steps: ["Click Reconnect and sign in with the host account."],
    }
    InteractionNeeded("interaction_needed", SignIn, heals: false) {
        aadsts: [50076, 50079, 50078, 50074, 50072, 50058, 50158, 700_020],
        participant: ATTENTION,
        administrator: "Microsoft wants the host account to prove itself again (multifactor authentication).",
        steps: [
            "Click Reconnect, sign in with the host account and complete the verification.",
            "If this comes back, check which Conditional Access policies apply to the host account.",
        ],
    }
    AccessBlocked("access_blocked", SignIn, heals: false) {
        aadsts: [53000, 53001, 53002, 53003, 53004, 53011, 530_003, 530_032, 530_034, 530_035, 50002, 50005, 50097, 50131, 500_021, 500_022, 500_212, 500_213],
        participant: ATTENTION,
        administrator: "A Conditional Access policy of your organization blocks the host account.",
        steps: [
            "In the Entra admin center, open the host account's sign-in logs to see which policy blocks it.",
            "Exclude the host account from it, or adjust it.",
            "Click Reconnect and sign in with the host account.",
        ],
    }
    PasswordExpired("password_expired", SignIn, heals: false) {
        aadsts: [50055, 50144, 50135],
        participant: ATTENTION,
        administrator: "The host account's password has expired.",
        steps: ["Set a new password for the host account.", "Click Reconnect and sign in with it."],
    }

    // A sign-in that didn't come to its end.
    SignInStale("sign_in_stale", SignIn, heals: false) {
        aadsts: [54005, 700_005],
        participant: ATTENTION,
        administrator: "This sign-in has been used already, or took too long.",
        steps: ["Start again."],
    }
    VerifierMismatch("verifier_mismatch", SignIn, heals: false) {
        aadsts: [501_481],
        participant: ATTENTION,
        administrator: "This sign-in was begun in another browser.",
        steps: ["Start again, in one browser from beginning to end.", "If you didn't start it at all, tell your security team: somebody may have tried to hand you their own sign-in."],
    }
    Cancelled("cancelled", Consent, heals: false) {
        participant: ATTENTION,
        administrator: "You cancelled at Microsoft. Nothing was changed.",
        steps: ["Start again when you are ready."],
    }
    IdTokenRefused("id_token_refused", SignIn, heals: false) {
        participant: ATTENTION,
        administrator: "What Microsoft sent about the account that signed in couldn't be verified, so nothing was changed.",
        steps: ["Start again.", "If it happens again, tell the operator: the clock of this server may be wrong, or somebody stands between it and Microsoft."],
    }

    // Consent.
    ConsentMissing("consent_missing", Consent, heals: false) {
        aadsts: [65001, 90008, 9_002_341],
        participant: ATTENTION,
        administrator: "The permissions aren't approved, or no longer.",
        steps: ["Click Reconnect and accept the permissions.", "If the host account may not accept them, use the link for administrators of your Microsoft tenant."],
    }
    ConsentDeclined("consent_declined", Consent, heals: false) {
        aadsts: [65004],
        participant: ATTENTION,
        administrator: "The permissions were declined at Microsoft.",
        steps: ["Start again, and accept the permissions."],
    }
    AdminApprovalNeeded("admin_approval_needed", Consent, heals: false) {
        aadsts: [90094, 90095, 900_941],
        participant: ATTENTION,
        administrator: "In your Microsoft tenant an administrator has to approve the permissions first.",
        steps: ["Send the link for administrators to an administrator of your Microsoft tenant (Application Administrator or above).", "Then start again with the host account."],
    }
    ScopesMissing("scopes_missing", Consent, heals: false) {
        participant: ATTENTION,
        administrator: "Microsoft granted fewer permissions than are needed.",
        steps: ["Start again and accept all the permissions.", "If an administrator limited them for your tenant, ask them to approve those that are named here."],
    }
    PrivilegesMissing("privileges_missing", Consent, heals: false) {
        graph: ["Authorization_RequestDenied", "accessDenied", "ErrorAccessDenied"],
        participant: ATTENTION,
        administrator: "Microsoft says that the granted permissions don't suffice.",
        steps: ["Click Reconnect and accept all the permissions.", "Permissions that were approved a moment ago can take some minutes to count."],
    }
    AppRemoved("app_removed", Consent, heals: false) {
        aadsts: [700_016, 700_011, 70001, 7_000_112],
        participant: ATTENTION,
        administrator: "The app was deleted or disabled in your Microsoft tenant.",
        steps: ["If that was intended, remove the integration here too.", "Otherwise click Reconnect and accept the permissions again."],
    }

    // The host account.
    HostDisabled("host_disabled", Host, heals: false) {
        aadsts: [50057, 50053],
        participant: ATTENTION,
        administrator: "The host account is disabled or locked.",
        steps: ["Enable it again in the Microsoft 365 admin center, or reconnect with another account."],
    }
    HostGone("host_gone", Host, heals: false) {
        aadsts: [50034, 51004],
        participant: ATTENTION,
        administrator: "The host account no longer exists in your Microsoft tenant.",
        steps: ["Reconnect with another dedicated account; new links are then made for future meetings."],
    }
    HostMayNotMeet("host_may_not_meet", Host, heals: false) {
        graph: ["Forbidden"],
        participant: ATTENTION,
        administrator: "Microsoft doesn't let the host account make Teams meetings.",
        steps: [
            "Check that the account has a licence that includes Microsoft Teams; a new one can take a day to count.",
            "Check in the Teams admin center that its meeting policy lets it schedule private meetings.",
            "Check that it is an account of your own tenant, not a guest.",
        ],
    }
    NoAccessPolicy("no_access_policy", Host, heals: false) {
        participant: ATTENTION,
        administrator: "Microsoft wants an application access policy for this account.",
        steps: ["Reconnect with the host account: then no such policy is needed."],
    }
    GuestHost("guest_host", Host, heals: false) {
        participant: ATTENTION,
        administrator: "This account is a guest in the tenant, and guests can't host Teams meetings.",
        steps: ["Use an account of your own tenant."],
    }
    HostNotAssigned("host_not_assigned", Host, heals: false) {
        aadsts: [50105],
        participant: ATTENTION,
        administrator: "Your tenant lets only assigned accounts use this app, and the host account isn't one of them.",
        steps: ["In the Entra admin center, open Enterprise applications, this app, Users and groups, and add the host account.", "Then start again."],
    }
    PersonalAccount("personal_account", Host, heals: false) {
        aadsts: [500_208],
        participant: ATTENTION,
        administrator: "This is a personal Microsoft account; a work or school account is needed.",
        steps: ["Start again and choose the dedicated account of your organization."],
    }
    OtherTenant("other_tenant", Host, heals: false) {
        aadsts: [50020, 16000, 16003, 50014, 90072],
        participant: ATTENTION,
        administrator: "This account belongs to another Microsoft tenant than the one that is connected.",
        steps: ["Start again with an account of the connected tenant.", "To change tenants, remove the integration first."],
    }

    // Our registration: an operator's matter.
    ClientSecretWrong("client_secret_wrong", Application, heals: false) {
        aadsts: [7_000_215, 70002],
        participant: ATTENTION,
        administrator: "This instance's app registration has a wrong client secret, so nothing reaches Microsoft.",
        steps: ["The operator enters the secret's Value; often its Secret ID was pasted by mistake."],
    }
    ClientSecretExpired("client_secret_expired", Application, heals: false) {
        aadsts: [7_000_222],
        participant: ATTENTION,
        administrator: "The client secret of this instance's app registration has expired, so nothing reaches Microsoft.",
        steps: ["The operator makes a new secret in the Entra admin center and puts it first in the configuration; the old one may stay second until it has expired."],
    }
    ClientRefused("client_refused", Application, heals: false) {
        aadsts: [700_027, 700_030, 50012, 50013, 7_000_218, 700_025],
        participant: ATTENTION,
        administrator: "Microsoft doesn't accept the credentials of this instance's app registration.",
        steps: ["The operator checks the app registration's client secret, and that its redirect URI is of the platform type Web."],
    }
    RegistrationWrong("registration_wrong", Application, heals: false) {
        aadsts: [50194, 50011, 70004, 900_971, 500_113, 700_084, 9_002_325, 9_002_326, 9_002_332, 65005, 650_056, 650_057, 90124, 90130],
        participant: ATTENTION,
        administrator: "This instance's app registration isn't set up as it has to be.",
        steps: [
            "The operator checks that the app registration is for accounts in any organizational directory (multitenant).",
            "Its redirect URI must be the one that `ithaca check` prints, letter for letter, of the platform type Web (not SPA).",
        ],
    }
    OtherCloud("other_cloud", Application, heals: false) {
        aadsts: [90002, 500_011, 900_382, 900_432, 90038, 90043, 90051, 50049],
        participant: ATTENTION,
        administrator: "Microsoft doesn't know this tenant, or not in this cloud.",
        steps: ["If your tenant is in a national cloud (US government), the operator sets that cloud in the configuration."],
    }
    RequestWrong("request_wrong", Application, heals: false) {
        aadsts: [900_144, 90004, 90005, 90013, 90014, 90015, 90023, 90056, 90100, 70003, 70005, 70007, 70011, 28002, 28003, 700_022, 700_023, 650_053, 50147, 501_491],
        graph: ["Request_UnsupportedQuery"],
        participant: ATTENTION,
        administrator: "Microsoft says that our request is wrong.",
        steps: ["Tell the operator, with the codes shown here: this is a fault of this program."],
    }

    // Answers that can't be believed.
    Garbage("garbage", Garbage, heals: true) {
        participant: LATER,
        administrator: "Microsoft's answer couldn't be understood.",
        steps: ["Nothing to do: we ask again, and look at what really happened.", "If it stays, something between this server and Microsoft may be changing the answers."],
    }
    RedirectRefused("redirect_refused", Garbage, heals: true) {
        participant: LATER,
        administrator: "The answer wanted to send us to another address, which we never follow.",
        steps: ["The operator checks whether a proxy or captive portal stands between this server and Microsoft."],
    }
    JoinAddressRefused("join_address_refused", Garbage, heals: false) {
        participant: ATTENTION,
        administrator: "The join link doesn't lead to Microsoft Teams, so nobody is sent there.",
        steps: ["If your cloud joins meetings on another host, the operator adds it to the join hosts in the configuration."],
    }
    OtherOrganizer("other_organizer", Garbage, heals: false) {
        participant: ATTENTION,
        administrator: "Microsoft answered with a meeting that another account organizes, so it wasn't used.",
        steps: ["Click Reconnect and sign in with the host account.", "If it stays, tell the operator, with the codes shown here."],
    }
    EndpointRefused("endpoint_refused", Garbage, heals: false) {
        participant: ATTENTION,
        administrator: "Microsoft's sign-in description names addresses that aren't Microsoft's, so nobody was signed in.",
        steps: ["The operator checks the configured login address, and whether something stands between this server and Microsoft."],
    }

    // One request, refused.
    Refused("refused", Refused, heals: false) {
        graph: ["BadRequest", "Request_BadRequest", "invalidRequest"],
        participant: THIS_ONE,
        administrator: "Microsoft refused this request.",
        steps: ["Look at Microsoft's words in the details."],
    }
    PropertiesRefused("properties_refused", Refused, heals: false) {
        graph: ["InvalidArgument"],
        participant: THIS_ONE,
        administrator: "Microsoft refused to change a part of this meeting.",
        steps: ["Look at Microsoft's words in the details.", "The meeting's settings can also be changed in Teams by the host account."],
    }
    NotFound("not_found", NotFound, heals: false) {
        graph: ["Request_ResourceNotFound", "ResourceNotFound", "itemNotFound", "ErrorItemNotFound", "ImageNotFound", "ErrorNonExistentMailbox", "NotFound"],
        participant: THIS_ONE,
        administrator: "Microsoft doesn't have what we asked for.",
        steps: ["If somebody deleted the meeting in Teams, a new link is made."],
    }
}

impl Kind {
    fn row(self) -> &'static Row {
        // The macro writes both in the same order, which a test checks.
        &TABLE[self as usize]
    }

    /// Stable, in snake case: for a stored status and for logs.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    pub fn from_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.kind)
    }

    pub fn group(self) -> Group {
        self.row().group
    }

    /// Whether it passes with nobody doing anything.
    pub fn heals_by_itself(self) -> bool {
        self.row().heals
    }

    /// What a participant is told whose meeting waits for this.
    pub fn participant(self) -> &'static str {
        self.row().participant
    }

    /// What an administrator is told.
    pub fn administrator(self) -> &'static str {
        self.row().administrator
    }

    /// What the administrator can do, in order.
    pub fn steps(self) -> &'static [&'static str] {
        self.row().steps
    }

    /// Whether another client secret might do.
    pub(crate) fn is_about_the_client_secret(self) -> bool {
        matches!(
            self,
            Self::ClientSecretWrong | Self::ClientSecretExpired | Self::ClientRefused
        )
    }

    /// The kind of an AADSTS code.
    pub(crate) fn of_aadsts(code: u32) -> Option<Self> {
        let row = TABLE.iter().find(|row| row.aadsts.contains(&code))?;
        Some(row.kind)
    }

    /// The kind of Graph's `error.code`, whose casing varies.
    pub(crate) fn of_graph(code: &str) -> Option<Self> {
        let row = TABLE.iter().find(|row| {
            row.graph
                .iter()
                .any(|known| known.eq_ignore_ascii_case(code))
        })?;
        Some(row.kind)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_finds_its_own_row_and_its_name_leads_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.row().kind, *kind);
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
        }
        assert_eq!(Kind::from_name("no such"), None);
    }

    #[test]
    fn no_code_stands_in_two_rows() {
        let mut seen = BTreeSet::new();
        for row in TABLE {
            for code in row.aadsts {
                assert!(seen.insert(code.to_string()), "{code}");
            }
            for code in row.graph {
                assert!(seen.insert(code.to_ascii_lowercase()), "{code}");
            }
        }
    }

    /// The table of section A5, code by code.
    #[test]
    fn every_code_we_were_warned_of_is_known() {
        for code in [
            50173, 700_082, 70008, 70043, 700_084, 70000, 54005, 501_481, 65001, 50057, 50034,
            50055, 50144, 50076, 50079, 50078, 50074, 53000, 53001, 53002, 53003, 530_003, 530_032,
            7_000_215, 7_000_222, 700_027, 50012, 7_000_218, 700_025, 700_016, 7_000_112, 500_011,
            50194, 50020, 500_208, 90002, 900_144, 9_002_313, 50196, 90033, 90024, 50033, 65004,
            90094, 50011, 700_005, 90023, 650_053,
        ] {
            assert!(Kind::of_aadsts(code).is_some(), "{code}");
        }
    }

    #[test]
    fn people_are_told_in_whole_sentences() {
        for kind in Kind::ALL {
            let texts = [kind.participant(), kind.administrator()];
            for text in texts.iter().chain(kind.steps()) {
                assert!(text.ends_with('.'), "{text}");
                assert!(!text.contains('!'), "{text}");
                assert!(text.starts_with(|c: char| c.is_uppercase()), "{text}");
            }
            assert!(!kind.steps().is_empty(), "{kind:?} leaves people alone");
            assert!(
                !kind.participant().contains("AADSTS"),
                "codes are for administrators"
            );
        }
    }
}
