//! The Teams meeting of a meeting: what is wanted, what was observed, and the one next
//! step that brings them closer. The plan is made anew after each step, so the path after
//! a crash is the everyday path.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::integration::Cause;
use crate::lobby::LobbyScope;
use crate::organization::{MeetingId, MemberId};

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
    /// The start.
    pub start: Timestamp,
    /// The end.
    pub end: Timestamp,
    /// The people.
    pub people: Vec<LinkPerson>,
    /// Who gets in without waiting.
    pub lobby: LobbyScope,
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
pub fn plan(wanted: &Wanted, observed: &Observed) -> Step {
    let external_id = external_id(wanted.meeting, observed.generation);
    if wanted.present {
        return match &observed.online_meeting_id {
            None => Step::CreateOrGet { external_id },
            Some(id) if observed.applied_revision != Some(wanted.revision) => {
                Step::Update { id: id.clone() }
            }
            Some(_) => Step::Nothing,
        };
    }
    if observed.deleted_confirmed || !observed.ever_called {
        return Step::Nothing;
    }
    match &observed.online_meeting_id {
        Some(id) => Step::Delete { id: id.clone() },
        None => Step::GetThenDelete { external_id },
    }
}

/// When a failed row is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// At this instant.
    At(Timestamp),
    /// Not any more: it failed.
    GiveUp,
}

/// G-07: ten tries of the meeting's own within about a day.
const MOST_ATTEMPTS: u32 = 10;
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(2);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(6);
/// While the service as a whole is down, a row looks again at least this often.
const LONGEST_HEALING_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// When to try again after `attempts` failures.
///
/// What heals by itself is not counted and
/// never given up; `retry_after` is Microsoft's own wish, already bounded. `jitter`
/// (0..=1000) spreads rows that failed together over a fifth of their wait.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(present: bool, revision: i64) -> Wanted {
        Wanted {
            meeting: MeetingId(Uuid::from_u128(9)),
            present,
            revision,
            subject: "Career".to_owned(),
            start: Timestamp::UNIX_EPOCH,
            end: Timestamp::UNIX_EPOCH,
            people: Vec::new(),
            lobby: LobbyScope::Organization,
        }
    }

    /// Microsoft as it may be at the worst: every answer can get lost after its work is done.
    fn walk(present: bool, mut observed: Observed, losses: u32) -> Vec<Step> {
        let wanted = wanted(present, 2);
        let mut exists = observed.online_meeting_id.is_some();
        let mut steps = Vec::new();
        for round in 0.. {
            assert!(round < 20, "the plan does not come to rest: {steps:?}");
            let step = plan(&wanted, &observed);
            steps.push(step.clone());
            let lost = losses & (1 << round) != 0;
            match step {
                Step::Nothing => {
                    assert_eq!(exists, present, "{steps:?}");
                    return steps;
                }
                Step::CreateOrGet { .. } => {
                    observed.ever_called = true;
                    exists = true;
                    if !lost {
                        observed.online_meeting_id = Some("id".to_owned());
                    }
                }
                Step::Update { .. } => {
                    if !lost {
                        observed.applied_revision = Some(wanted.revision);
                    }
                }
                Step::GetThenDelete { .. } | Step::Delete { .. } => {
                    exists = false;
                    observed.deleted_confirmed = !lost;
                }
            }
        }
        steps
    }

    #[test]
    fn whatever_answers_get_lost_there_is_one_meeting_under_one_external_id() {
        for losses in 0..256 {
            let steps = walk(
                true,
                Observed {
                    generation: 3,
                    ..Observed::default()
                },
                losses,
            );
            for step in steps {
                if let Step::CreateOrGet { external_id } = step {
                    assert!(external_id.ends_with(":3"));
                }
            }
        }
    }

    #[test]
    fn a_tombstone_ends_deleted_from_every_state_and_every_lost_answer() {
        for losses in 0..256 {
            for known in [None, Some("id".to_owned())] {
                let observed = Observed {
                    generation: 1,
                    online_meeting_id: known,
                    ever_called: true,
                    ..Observed::default()
                };
                walk(false, observed, losses);
            }
        }
        let never = Observed {
            generation: 1,
            ..Observed::default()
        };
        assert_eq!(plan(&wanted(false, 2), &never), Step::Nothing);
    }

    #[test]
    fn a_meeting_is_tried_ten_times_and_a_slow_microsoft_for_ever() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(retry_at(10, now, false, None, 0), Retry::GiveUp);
        assert!(matches!(retry_at(10_000, now, true, None, 0), Retry::At(_)));
        let mut total = SignedDuration::ZERO;
        for attempts in 1..10 {
            match retry_at(attempts, now, false, None, 1_000) {
                Retry::At(at) => total += at.duration_since(now),
                Retry::GiveUp => panic!("given up after {attempts}"),
            }
        }
        assert!(total < SignedDuration::from_hours(24), "{total:?}");
        let asked = SignedDuration::from_secs(90);
        assert_eq!(
            retry_at(1, now, true, Some(asked), 0),
            Retry::At(now + asked)
        );
    }
}
