//! Tracks: the track itself, its Program Settings, and the table of all tracks.

use askama::Template;
use askama::filters::HtmlSafe;

use super::form::{Choice, Errors};
use super::frame::{Frame, TrackMark};
use super::meetings::MeetingLine;
use super::proposals::Waits;
use super::shown::{Face, Mode, Tag, Way};

/// A track: who is here, what is planned?
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/show.html")]
pub struct Track {
    pub frame: Frame,
    pub track: TrackMark,
    pub description: String,
    pub people: Vec<Participant>,
    pub meetings: Vec<MeetingLine>,
    /// What is only proposed.
    pub proposed: Waits,
    pub can_meet: bool,
    pub may_set: bool,
}

#[derive(Debug, Clone)]
pub struct Participant {
    pub id: String,
    pub face: Face,
    /// "Mentor"
    pub roles: String,
    pub email: Option<String>,
}

/// Program Settings, General. Field names: `revision`, `name`.
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/general.html")]
pub struct General {
    pub frame: Frame,
    pub track: TrackMark,
    pub revision: String,
    pub errors: Errors,
    pub name: String,
}

/// Program Settings, Permissions. Field names: `revision`, `modes` (repeated), `lobby`.
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/permissions.html")]
pub struct Permissions {
    pub frame: Frame,
    pub track: TrackMark,
    pub revision: String,
    pub errors: Errors,
    pub modes: Vec<ModePermission>,
    /// Who gets into a Teams meeting without waiting.
    pub lobby: Vec<Choice>,
}

#[derive(Debug, Clone)]
pub struct ModePermission {
    pub mode: Mode,
    pub ticked: bool,
    /// Why it can't be ticked, and where to change that.
    pub closed: Option<Closed>,
    pub help: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Closed {
    pub reason: String,
    pub way: Option<Way>,
}

/// What happens to planned Teams meetings when the mode is unticked.
///
/// Posts to the permissions again, with `modes` (one value, the modes set apart by
/// spaces), `lobby` and `revision` as before, `links` (`keep` or `turn`) and
/// `replacement` (a mode).
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/unticked.html")]
pub struct Unticked {
    pub frame: Frame,
    pub track: TrackMark,
    pub revision: String,
    /// The modes that stay ticked.
    pub modes: Vec<Mode>,
    pub lobby: String,
    pub errors: Errors,
    /// How many planned Teams meetings there are.
    pub count: usize,
    /// The first of them.
    pub meetings: Vec<MeetingLine>,
    /// `keep`, `turn` or nothing yet.
    pub links: String,
    pub replacements: Vec<Choice>,
}

/// Program Settings, Participants. Enrol: `member`, `roles` (repeated). Change: `roles`. Remove: nothing.
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/participants.html")]
pub struct Participants {
    pub frame: Frame,
    pub track: TrackMark,
    pub errors: Errors,
    pub people: Vec<Enrolled>,
    /// Members who are not here yet.
    pub members: Vec<Choice>,
    pub roles: Vec<Choice>,
}

#[derive(Debug, Clone)]
pub struct Enrolled {
    pub id: String,
    pub face: Face,
    pub email: String,
    pub roles: String,
    /// The directory: "In Larkspur's Microsoft directory", "Not in it".
    pub directory: Option<Tag>,
    /// All roles, the present ones chosen.
    pub choices: Vec<Choice>,
}

/// Manage: all tracks with their modes.
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/list.html")]
pub struct TrackList {
    pub frame: Frame,
    pub rows: Vec<TrackRow>,
}

#[derive(Debug, Clone)]
pub struct TrackRow {
    pub track: TrackMark,
    pub people: usize,
    pub modes: Vec<Mode>,
    /// Planned Teams meetings.
    pub planned: usize,
}

impl TrackRow {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "a template hands over references"
    )]
    fn offers(&self, mode: &Mode) -> bool {
        self.modes.contains(mode)
    }
}

/// A new track. Field names: `name`, `modes` (repeated).
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/new.html")]
pub struct NewTrack {
    pub frame: Frame,
    pub errors: Errors,
    pub name: String,
    pub modes: Vec<ModePermission>,
}

/// Program Settings, Teams accounts. Name one: `account`, empty for the member's own address.
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/teams_accounts.html")]
pub struct TeamsAccounts {
    pub frame: Frame,
    pub track: TrackMark,
    /// Why nobody can be looked up, while there is no connection.
    pub closed: Option<String>,
    pub people: Vec<TeamsAccount>,
}

#[derive(Debug, Clone)]
pub struct TeamsAccount {
    pub id: String,
    pub name: String,
    pub email: String,
    /// "In Larkspur's Microsoft directory", or why Teams isn't for them.
    pub state: Option<Tag>,
    /// The account that was found.
    pub account: Option<String>,
    pub looked_up: Option<String>,
    /// Whether an administrator named the account.
    pub by_hand: bool,
    pub typed: String,
    pub error: Option<String>,
}

/// Why the reader may use Teams in a track, or why not.
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/own_teams.html")]
pub struct OwnTeams {
    pub frame: Frame,
    pub track: TrackMark,
    pub may: bool,
    pub questions: Vec<Question>,
    pub looked_up: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Question {
    pub ask: String,
    pub well: bool,
    pub answer: String,
}

/// Program Settings, Meetings: how many of what, and nothing of what they were about.
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/counts.html")]
pub struct MeetingCounts {
    pub frame: Frame,
    pub track: TrackMark,
    pub total: CountLine,
    pub people: Vec<CountLine>,
    pub pairs: Vec<CountLine>,
}

/// A row of the table.
#[derive(Debug, Clone, Template)]
#[template(path = "tracks/count.html")]
pub struct CountLine {
    /// "Mei Tanaka", "Luis Ortega and Mei Tanaka", "All meetings"
    pub who: String,
    pub planned: i64,
    pub held: i64,
    pub missed: i64,
    pub unanswered: i64,
}

impl HtmlSafe for CountLine {}
