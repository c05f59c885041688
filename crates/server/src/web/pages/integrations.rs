//! Integrations: what is connected, what could be, is it well?

use askama::Template;
use askama::filters::HtmlSafe;

use super::form::{Choice, Errors};
use super::frame::Frame;
use super::shown::{Tag, Way};

#[derive(Debug, Clone, Template)]
#[template(path = "integrations/list.html")]
pub struct IntegrationList {
    pub frame: Frame,
    /// "Integrated", "Not integrated"
    pub teams: Tag,
    /// "Hosted by Teams Scheduler"
    pub line: Option<String>,
}

/// Microsoft Teams. Before: what happens if I press this? After: is it well, and who hosts?
#[derive(Debug, Clone, Template)]
#[template(path = "integrations/teams.html")]
pub struct Teams {
    pub frame: Frame,
    pub state: TeamsState,
}

/// The part of the page that changes by itself; also the fragment it asks for.
#[derive(Debug, Clone, Template)]
#[template(path = "integrations/state.html")]
pub struct TeamsState {
    /// The address of the Microsoft Teams page: `/larkspur/manage/integrations/teams`.
    pub address: String,
    /// Where to ask again in a second; none once settled.
    pub poll: Option<String>,
    /// How the last attempt ended, where it came to nothing: "You pressed Cancel
    /// at Microsoft, so nothing has changed here."
    pub ended: Option<String>,
    pub stage: Stage,
}

#[derive(Debug, Clone)]
pub enum Stage {
    NotIntegrated {
        attempt: Attempt,
        /// Shown where the integration was removed.
        removed: Option<Removed>,
    },
    /// Microsoft has the word.
    Waiting {
        attempt: Attempt,
    },
    Checking {
        checks: Vec<Check>,
    },
    /// The host is an ordinary member's account.
    ConfirmHost {
        attempt: Attempt,
        host: String,
    },
    Integrated {
        attempt: Attempt,
        connection: Connection,
    },
    /// Another account signed in: what it would mean, before anything happens.
    HostChange {
        attempt: Attempt,
        change: HostChange,
    },
    /// What lives under the old host is being deleted.
    Reconnecting {
        host: String,
        settled: usize,
        total: usize,
    },
    NeedsAttention {
        attempt: Attempt,
        connection: Connection,
        reason: String,
        remedy: Vec<String>,
        /// "AADSTS50173, trace 0f3a…": what Microsoft's support asks for.
        quote: Option<String>,
        /// "4 planned meetings are affected."
        affected: Option<String>,
    },
    Removing {
        settled: usize,
        total: usize,
    },
}

/// A change of host before it happens.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a sentence that is there or not"
)]
pub struct HostChange {
    pub old: String,
    pub new: String,
    pub new_email: String,
    /// The name of the other directory, where it is another.
    pub other_tenant: Option<String>,
    /// Whether the new host is a member's own account.
    pub is_ordinary: bool,
    pub checks: Vec<Check>,
    /// Whether the live test still runs.
    pub is_testing: bool,
    /// Whether one may say yes.
    pub can_change: bool,
    /// Planned Teams meetings in all.
    pub count: usize,
    /// Track and how many of them.
    pub tracks: Vec<(String, usize)>,
    /// Whether the old host's sign-in still works, so that it can delete.
    pub can_delete: bool,
}

/// Something that was not as it was set, and what was done.
#[derive(Debug, Clone)]
pub struct Drift {
    pub at: String,
    /// The page of the meeting.
    pub meeting: String,
    pub what: String,
    pub done: String,
}

/// A meeting whose link was given up.
#[derive(Debug, Clone)]
pub struct NoLink {
    /// Its title.
    pub title: String,
    /// Its page.
    pub meeting: String,
    /// "Microsoft answered something that Ithaca could not use."
    pub reason: String,
    /// "until Tue 24 Nov, 15:45"
    pub until: String,
}

/// What the Integrate button carries.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Posted as `attempt` and named in the polls, so that the page behind the
    /// pop-up asks about its own attempt and no earlier one.
    pub id: String,
    /// The link that any tenant administrator opens and accepts.
    pub ask: Option<String>,
}

/// One line of the live check.
#[derive(Debug, Clone)]
pub struct Check {
    /// "Create a trial meeting"
    pub name: String,
    pub result: CheckResult,
}

#[derive(Debug, Clone)]
pub enum CheckResult {
    Waiting,
    Passed,
    Failed { reason: String, remedy: String },
}

#[derive(Debug, Clone)]
pub struct Connection {
    pub host: String,
    pub host_email: String,
    pub tenant: String,
    pub tenant_id: String,
    /// In plain words.
    pub permissions: Vec<String>,
    pub connected_by: String,
    pub connected_at: String,
    pub last_check: String,
    pub checks: Vec<Check>,
    /// "37 of the 2,000 that Microsoft documents."
    pub month: String,
    /// Whether that is worth a warning.
    pub is_near_the_ceiling: bool,
    /// Meetings ahead whose link was given up.
    pub without_link: Vec<NoLink>,
    /// "Last night at 02:31: 14 meetings, all as they were set."
    pub compared: String,
    pub drift: Vec<Drift>,
    /// Teams meetings that an earlier host could not delete.
    pub left: Vec<String>,
    /// "You can now take its administrative privileges away in Microsoft, but not …"
    pub advice: Option<String>,
}

/// What is left after a removal.
#[derive(Debug, Clone)]
pub struct Removed {
    pub sentence: String,
    /// Teams meetings that could not be deleted.
    pub left: Vec<String>,
    /// The id under which Microsoft knows Ithaca.
    pub client_id: String,
}

/// Before Teams is removed. Field names: `links` (`keep` or `delete`), `replacement`,
/// `confirmation`.
#[derive(Debug, Clone, Template)]
#[template(path = "integrations/removal.html")]
pub struct Removal {
    pub frame: Frame,
    pub errors: Errors,
    /// Planned Teams meetings in all.
    pub count: usize,
    /// Track and how many of them.
    pub tracks: Vec<(String, usize)>,
    /// `keep`, `delete` or nothing yet.
    pub links: String,
    pub replacements: Vec<Choice>,
    /// What has to be typed.
    pub word: String,
    pub confirmation: String,
}

impl Removal {
    fn instruction(&self) -> String {
        format!("Type {} to confirm", self.word)
    }
}

/// The last page in the pop-up: it closes itself.
#[derive(Debug, Clone, Template)]
#[template(path = "integrations/closing.html")]
pub struct Closing {
    pub frame: Frame,
    pub way: Way,
}

impl HtmlSafe for TeamsState {}

impl TeamsState {
    /// What takes the place of the Integrate button while the pop-up is open.
    fn waiting(&self) -> Option<Self> {
        let attempt = self.attempt()?.clone();
        Some(Self {
            address: self.address.clone(),
            poll: Some(self.poll_address(&attempt, "waiting")),
            ended: None,
            stage: Stage::Waiting { attempt },
        })
    }

    /// What takes its place when Microsoft has not answered within two minutes.
    ///
    /// It goes on asking: who comes back late still sees the page change.
    fn gave_up(&self) -> Option<Self> {
        self.ended_with(
            "Microsoft has not answered within two minutes, so nothing has changed here. If its \
             window shows an error, close it and try again; if it is still open, you can finish \
             there.",
        )
    }

    /// What takes its place when the pop-up is gone without an answer.
    ///
    /// Some sign-in pages cut the tie while they are open, so it goes on asking too.
    fn closed(&self) -> Option<Self> {
        self.ended_with(
            "The Microsoft window was closed before Microsoft answered, so nothing has changed \
             here. Try again, or finish there if it is still open.",
        )
    }

    fn ended_with(&self, sentence: &str) -> Option<Self> {
        let attempt = self.attempt()?;
        Some(Self {
            poll: Some(self.poll_address(attempt, "waiting")),
            ended: Some(sentence.to_owned()),
            ..self.clone()
        })
    }

    /// Where to ask about one attempt. The server answers 204 while what is
    /// `shown` is still so, so that nothing is announced twice.
    pub fn poll_address(&self, attempt: &Attempt, shown: &str) -> String {
        format!(
            "{}/state?attempt={}&shown={shown}",
            self.address, attempt.id
        )
    }

    fn attempt(&self) -> Option<&Attempt> {
        match &self.stage {
            Stage::NotIntegrated { attempt, .. }
            | Stage::Waiting { attempt }
            | Stage::ConfirmHost { attempt, .. }
            | Stage::Integrated { attempt, .. }
            | Stage::HostChange { attempt, .. }
            | Stage::NeedsAttention { attempt, .. } => Some(attempt),
            Stage::Checking { .. } | Stage::Reconnecting { .. } | Stage::Removing { .. } => None,
        }
    }
}
