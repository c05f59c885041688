//! The Teams meeting of a meeting: what is wanted, what was observed, and the one next
//! step that brings them closer. The plan is made anew after each step, so the path after
//! a crash is the everyday path.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::event::Event;
use crate::integration::Cause;
use crate::lobby::LobbyScope;
use crate::meeting::Meeting;
use crate::organization::{MeetingId, MemberId};
use crate::refusal::Refusal;
use crate::role::{Actor, rights};

/// Why a link is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingReason {
    /// It is being made right now.
    BeingMade,
    /// Something is wrong that heals by itself or through an administrator.
    Because(Cause),
}

/// How a link stands, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It comes.
    Waiting(WaitingReason),
    /// It works.
    Ready,
    /// It was given up.
    Failed(Cause),
    /// There is none any more: the meeting was cancelled or became another mode.
    Closed,
}

impl LinkState {
    /// As stored: a state, and its reason.
    pub fn to_columns(&self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Waiting(WaitingReason::BeingMade) => ("waiting", None),
            Self::Waiting(WaitingReason::Because(cause)) => ("waiting", Some(cause.as_str())),
            Self::Ready => ("ready", None),
            Self::Failed(cause) => ("failed", Some(cause.as_str())),
            Self::Closed => ("closed", None),
        }
    }

    /// Back from what is stored.
    pub fn from_columns(state: &str, reason: Option<&str>) -> Option<Self> {
        Some(match (state, reason) {
            ("waiting", None) => Self::Waiting(WaitingReason::BeingMade),
            ("waiting", Some(cause)) => Self::Waiting(WaitingReason::Because(Cause::parse(cause)?)),
            ("ready", None) => Self::Ready,
            ("failed", Some(cause)) => Self::Failed(Cause::parse(cause)?),
            ("closed", None) => Self::Closed,
            _ => return None,
        })
    }
}

/// A person that Teams should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPerson {
    /// Who.
    pub member: MemberId,
    /// Their user principal name, or their address if they have no account.
    pub upn: String,
    /// Their directory account.
    pub object_id: Option<Uuid>,
    /// Whether they walk in always and may admit.
    pub coorganizer: bool,
}

/// What is wanted of the Teams meeting of a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whether there is to be one at all; otherwise it is a tombstone.
    pub present: bool,
    /// Rises whenever any of the rest changes.
    pub revision: i64,
    /// The title.
    pub subject: String,
    /// The start; of a series that of the occurrence under way or next.
    pub start: Timestamp,
    /// The end of the same.
    pub end: Timestamp,
    /// The people.
    pub people: Vec<LinkPerson>,
    /// Who gets in without waiting.
    pub lobby: LobbyScope,
    /// It is to have been looked at since then: people are about to be reminded of it.
    pub checked_since: Option<Timestamp>,
}

/// What was last seen of the Teams meeting of a meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Which Teams meeting of this meeting it is: rises only when a new one is wanted.
    pub generation: i64,
    /// Microsoft's id.
    pub online_meeting_id: Option<String>,
    /// The verified address that opens it.
    pub join_url: Option<String>,
    /// The revision of [`Wanted`] that Microsoft has and that was read back.
    pub applied_revision: Option<i64>,
    /// The start that Microsoft has: of a series that of one occurrence.
    pub applied_start: Option<Timestamp>,
    /// When Microsoft was last asked for it and had it.
    pub checked_at: Option<Timestamp>,
    /// Whether a create was ever sent: if so, a meeting may exist whatever was answered.
    pub ever_called: bool,
    /// Whether Microsoft confirmed that it is gone.
    pub deleted_confirmed: bool,
}

/// The one next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask for the meeting with this external id; made once however often it is asked.
    CreateOrGet {
        /// The same on every try.
        external_id: String,
    },
    /// Set what is wanted, then read it back.
    Update {
        /// Microsoft's id.
        id: String,
    },
    /// Look whether it is still there and as it was set.
    Check {
        /// Microsoft's id.
        id: String,
    },
    /// A create may be on its way: get the meeting by its external id, then delete it.
    GetThenDelete {
        /// The same as the create's.
        external_id: String,
    },
    /// Delete it.
    Delete {
        /// Microsoft's id.
        id: String,
    },
    /// Wanted and observed agree.
    Nothing,
}

/// What a Teams meeting is called at Microsoft by us: the meeting and which one of it.
pub fn external_id(meeting: MeetingId, generation: i64) -> String {
    ExternalId(meeting, generation).to_string()
}

struct ExternalId(MeetingId, i64);

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0, self.1)
    }
}

/// The next step from what is observed to what is wanted.
///
/// What was deleted is not made again under the same external id, since nobody knows
/// whether Microsoft would hand back the deleted one: whoever wants it again raises the
/// generation.
pub fn plan(wanted: &Wanted, observed: &Observed) -> Step {
    if observed.deleted_confirmed {
        return Step::Nothing;
    }
    let external_id = external_id(wanted.meeting, observed.generation);
    // A series moves on from occurrence to occurrence without anybody changing it.
    let is_applied = observed.applied_revision == Some(wanted.revision)
        && observed.applied_start == Some(wanted.start)
        && observed.join_url.is_some();
    match &observed.online_meeting_id {
        None if wanted.present => Step::CreateOrGet { external_id },
        None if observed.ever_called => Step::GetThenDelete { external_id },
        // Nothing was ever found under this id: an answer may have named a wrong one.
        Some(_) if !wanted.present && observed.applied_revision.is_none() => {
            Step::GetThenDelete { external_id }
        }
        Some(id) if !wanted.present => Step::Delete { id: id.clone() },
        Some(id) if !is_applied => Step::Update { id: id.clone() },
        // Whatever was never looked at was looked at before everything.
        Some(id) if wanted.checked_since > observed.checked_at => Step::Check { id: id.clone() },
        None | Some(_) => Step::Nothing,
    }
}

/// Somebody asks once more for a link that was given up: whoever may change the meeting.
pub fn ask_again(
    actor: &Actor,
    meeting: &Meeting,
    state: LinkState,
    now: Timestamp,
) -> Result<Event, Refusal> {
    if !rights(actor, meeting).change {
        return Err(Refusal::NotYourMeeting);
    }
    if !matches!(state, LinkState::Failed(_)) {
        return Err(Refusal::LinkNotGivenUp);
    }
    if meeting.is_over(now) {
        return Err(Refusal::MeetingOver);
    }
    Ok(Event::LinkAskedForAgain {
        meeting: meeting.id,
        track: meeting.track,
    })
}

/// When a failed row is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// At this instant.
    At(Timestamp),
    /// Not any more: it failed.
    GiveUp,
}

/// Other meetings that got through in this window show that Microsoft works, and whoever
/// failed before and since, that it is their own trouble.
pub fn window_of_others(now: Timestamp) -> (Timestamp, Timestamp) {
    (
        now - SignedDuration::from_hours(1),
        now - SignedDuration::from_mins(5),
    )
}

/// Whether a meeting has failed for so long by what should heal by itself that it is given up,
/// if others got through (G-07).
pub fn has_failed_for_long(since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since) >= LONGEST_ALONE
}

/// G-07: ten tries of the meeting's own, which take a quarter of an hour; each live test that
/// passes is another one.
const MOST_ATTEMPTS: u32 = 10;
/// How long a meeting fails alone before it is given up.
const LONGEST_ALONE: SignedDuration = SignedDuration::from_hours(24);
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(2);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(6);
/// While the service as a whole is down, a row looks again at least once a minute, its spread
/// included (N10).
const LONGEST_HEALING_WAIT: SignedDuration = SignedDuration::from_secs(50);

/// So many attempts bring what heals by itself to its longest wait, and leave a row most of
/// its own.
const MOST_HEALING_ATTEMPTS: u32 = 6;
/// How long a host rests where nobody said for how long, and at the most.
const REST: SignedDuration = SignedDuration::from_secs(2);
const LONGEST_REST: SignedDuration = SignedDuration::from_hours(1);

/// How many attempts count as spent after one more failure: what heals by itself must not
/// bring a row to where it is given up.
pub fn attempts_after(attempts: u32, heals_by_itself: bool) -> u32 {
    let more = attempts.saturating_add(1);
    if heals_by_itself {
        more.min(MOST_HEALING_ATTEMPTS).max(attempts)
    } else {
        more
    }
}

/// When a host that was asked too much is asked again: as Microsoft wishes, within bounds.
pub fn resume_at(now: Timestamp, asked: Option<SignedDuration>) -> Timestamp {
    now + asked
        .unwrap_or(REST)
        .clamp(SignedDuration::ZERO, LONGEST_REST)
}

/// When to try again after `attempts` failures.
///
/// What heals by itself is not counted and never given up; `retry_after` is Microsoft's own
/// wish, already bounded. `jitter` (0..=1000) spreads rows that failed together over a fifth
/// of their wait.
pub fn retry_at(
    attempts: u32,
    now: Timestamp,
    heals_by_itself: bool,
    retry_after: Option<SignedDuration>,
    jitter: u32,
) -> Retry {
    if !heals_by_itself && attempts >= MOST_ATTEMPTS {
        return Retry::GiveUp;
    }
    let doubled = FIRST_WAIT * 2_i32.pow(attempts.saturating_sub(1).min(15));
    let longest = if heals_by_itself {
        LONGEST_HEALING_WAIT
    } else {
        LONGEST_WAIT
    };
    let wait = retry_after.unwrap_or_else(|| doubled.min(longest));
    let spread = wait * i32::try_from(jitter.min(1_000)).unwrap_or(0) / 5_000;
    Retry::At(now + wait + spread)
}
