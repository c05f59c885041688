//! What one running Ithaca knows of itself.

use url::Url;

use crate::config::Network;

/// Where this instance is reached and whom its mail is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The address that browsers use; every link in a mail begins with it, whatever a
    /// request's Host says (E-12).
    pub public_url: Url,
    /// The sender of every mail and the ORGANIZER of every calendar object.
    pub mail_from: String,
    /// Whether one may sign in as somebody by choosing their name. Only the demo does.
    pub offers_people: bool,
    /// Where the demo's pretend tenant and mailboxes are, for its first page.
    pub demo: Option<DemoPlaces>,
    /// Whose `X-Forwarded-For` is believed (W-09).
    pub trusted_proxies: Vec<Network>,
    /// Whether there is a mail server; without one, links are handed on by people.
    pub sends_mail: bool,
    /// Whether there is an app registration at Microsoft to integrate with.
    pub integrates_teams: bool,
}

/// What the demo's first page points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoPlaces {
    /// The console of the sandbox tenant.
    pub sandbox_url: String,
    /// The mailboxes of everyone.
    pub mail_url: String,
}

impl Instance {
    /// An address of this instance.
    pub fn address(&self, path: &str) -> String {
        let mut url = self.public_url.clone();
        url.set_path(path);
        url.set_query(None);
        url.to_string()
    }

    /// The address behind which a meeting is joined.
    pub fn join_address(&self, code: &str) -> String {
        self.address(&format!("/j/{code}"))
    }

    /// The address behind which somebody answers an invitation.
    pub fn answer_address(&self, code: &str) -> String {
        self.address(&format!("/a/{code}"))
    }

    /// The address behind which somebody says how a meeting went.
    pub fn outcome_address(&self, code: &str) -> String {
        self.address(&format!("/a/{code}/outcome"))
    }

    /// The address behind which somebody answers times that were offered.
    pub fn times_address(&self, code: &str) -> String {
        self.address(&format!("/a/{code}/times"))
    }

    /// The address of somebody's calendar.
    pub fn calendar_address(&self, code: &str) -> String {
        self.address(&format!("/calendar/{code}.ics"))
    }

    /// The part of a calendar UID that makes it this instance's.
    pub fn uid_domain(&self) -> &str {
        self.public_url.host_str().unwrap_or("ithaca")
    }

    /// Where Microsoft sends the browser back to.
    pub fn redirect_uri(&self) -> String {
        self.address("/integrations/microsoft/callback")
    }
}
