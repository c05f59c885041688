//! The Teams meeting behind a meeting: what is wanted of it and what was last seen of it
//! go in, the next single step comes out.
//!
//! Nothing is remembered between steps but [`Observed`], so the way on after a crash is the
//! everyday way. A create carries an external id that is the same until a new Teams meeting
//! is wanted, so that repeating it makes no second one; and a meeting that is no longer
//! wanted stays, as a tombstone, until Microsoft confirms that nothing is left.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::integration::Cause;
use crate::lobby::LobbyScope;
use crate::organization::MeetingId;

/// How a meeting's link stands, for people.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LinkState {
    /// On its way.
    Waiting(WaitingReason),
    /// Works.
    Ready,
    /// Can't be made until a person acts.
    Failed(Cause),
    /// Ithaca's join address no longer opens anything.
    Closed,
}

/// What a link waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WaitingReason {
    /// It is being made, in the normal case before the page is seen.
    BeingMade,
    /// A try failed, and there will be another.
    HeldUp(Cause),
}

const BEING_MADE: &str = "being_made";

impl LinkState {
    /// The state's two columns: its word and, where it has one, the reason's.
    pub const fn to_columns(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Waiting(WaitingReason::BeingMade) => ("waiting", Some(BEING_MADE)),
            Self::Waiting(WaitingReason::HeldUp(cause)) => ("waiting", Some(cause.as_str())),
            Self::Ready => ("ready", None),
            Self::Failed(cause) => ("failed", Some(cause.as_str())),
            Self::Closed => ("closed", None),
        }
    }

    /// Reads the two columns.
    pub fn from_columns(state: &str, reason: Option<&str>) -> Option<Self> {
        match (state, reason) {
            ("waiting", Some(BEING_MADE)) => Some(Self::Waiting(WaitingReason::BeingMade)),
            ("waiting", Some(cause)) => {
                Cause::parse(cause).map(|cause| Self::Waiting(WaitingReason::HeldUp(cause)))
            }
            ("ready", None) => Some(Self::Ready),
            ("failed", Some(cause)) => Cause::parse(cause).map(Self::Failed),
            ("closed", None) => Some(Self::Closed),
            _ => None,
        }
    }

    /// What a participant reads where the join button will be.
    pub const fn sentence_for_participant(self) -> &'static str {
        match self {
            Self::Waiting(WaitingReason::BeingMade) => "Creating the Teams link…",
            Self::Ready => "The Teams link works.",
            Self::Failed(cause) if cause.heals_by_itself() => {
                "The Teams link could not be made. Your meeting stands; agree on another way to meet, or ask your administrator."
            }
            Self::Waiting(WaitingReason::HeldUp(cause)) | Self::Failed(cause) => {
                cause.sentence_for_participant()
            }
            Self::Closed => "The Teams link is closed.",
        }
    }

    /// What an administrator reads: what happened and what to do.
    pub fn sentence_for_administrator(self) -> String {
        match self {
            Self::Waiting(WaitingReason::HeldUp(cause)) | Self::Failed(cause) => {
                format!("{} {}", cause.sentence_for_administrator(), cause.remedy())
            }
            other => other.sentence_for_participant().to_owned(),
        }
    }
}

/// A person in a Teams meeting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkPerson {
    /// How Microsoft is told of them.
    pub upn: String,
    /// Their account in the tenant, if they have one.
    pub object_id: Option<Uuid>,
    /// Whether they walk in always and let others in.
    pub coorganizer: bool,
}

/// What is wanted of a Teams meeting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whether there is to be one. If not, this is a tombstone.
    pub present: bool,
    /// Rises whenever something changes that Teams should know.
    pub revision: i64,
    /// The title.
    pub subject: String,
    /// When it starts.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Who comes.
    pub people: Vec<LinkPerson>,
    /// Who gets in without waiting.
    pub lobby: LobbyScope,
}

/// What was last seen of a Teams meeting. Each `after_…` says what has been learned; the
/// value is written before and after each call, under the lease.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Observed {
    /// Which Teams meeting for this meeting it is. Rises only when a new one is wanted,
    /// never on a retry.
    pub generation: i64,
    /// Microsoft's id of it.
    pub online_meeting_id: Option<String>,
    /// Microsoft's join URL, once it was read and found good.
    pub join_url: Option<String>,
    /// The revision that Teams was last told of, and that was read back.
    pub applied_revision: Option<i64>,
    /// A create was sent and its answer is not recorded: one may be in flight or lost.
    pub ever_called: bool,
    /// Microsoft has confirmed that it is gone.
    pub deleted_confirmed: bool,
    /// A create once went unanswered and can still arrive, so after the deletion there is
    /// a second look.
    pub look_again: bool,
}

/// The id under which Microsoft makes at most one Teams meeting.
pub fn external_id(meeting: MeetingId, generation: i64) -> String {
    format!("{meeting}:{generation}")
}

/// One thing to do at Microsoft. Each can be repeated without harm.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// Create the Teams meeting, or get the one that this external id has already.
    CreateOrGet {
        /// See [`external_id`].
        external_id: String,
    },
    /// Tell Teams subject, times, people and lobby, read them back, and record the
    /// revision only if what was read has the link (G-10).
    Update,
    /// Read it back: it is there, but its join URL is not known.
    Verify,
    /// Nobody knows whether a create arrived: create or get, and delete what comes back.
    GetThenDelete {
        /// See [`external_id`].
        external_id: String,
    },
    /// It is wanted, and surely gone: begin another generation ([`Observed::renew`]). No
    /// call; but people who had the old link are told.
    Renew,
    /// Delete it.
    Delete {
        /// Microsoft's id of it.
        id: String,
    },
    /// All is as wanted.
    Nothing,
}

/// The next single step towards what is wanted. Plan again after each: steps are compared
/// with what is seen, never remembered.
pub fn plan(wanted: &Wanted, observed: &Observed) -> Step {
    let external_id = || external_id(wanted.meeting, observed.generation);
    if observed.deleted_confirmed && observed.look_again {
        return Step::GetThenDelete {
            external_id: external_id(),
        };
    }
    match (&observed.online_meeting_id, wanted.present) {
        (_, true) if observed.deleted_confirmed => Step::Renew,
        (None, true) => Step::CreateOrGet {
            external_id: external_id(),
        },
        (Some(_), true) if observed.join_url.is_none() => Step::Verify,
        (Some(_), true) if observed.applied_revision != Some(wanted.revision) => Step::Update,
        (Some(id), false) if !observed.deleted_confirmed => Step::Delete { id: id.clone() },
        (None, false) if observed.ever_called && !observed.deleted_confirmed => {
            Step::GetThenDelete {
                external_id: external_id(),
            }
        }
        _ => Step::Nothing,
    }
}

impl Observed {
    /// Before any call: nothing was ever made in this generation.
    pub fn none(generation: i64) -> Self {
        Self {
            generation,
            ..Self::default()
        }
    }

    /// To be written before a create leaves, [`Step::GetThenDelete`]'s included. An
    /// earlier create whose answer never came can arrive after everything else: if so,
    /// no deletion is certain yet.
    #[must_use]
    pub fn before_create(&self) -> Self {
        Self {
            ever_called: true,
            deleted_confirmed: self.deleted_confirmed && !self.ever_called,
            look_again: self.look_again || self.ever_called,
            ..self.clone()
        }
    }

    /// Microsoft answered a create, with or without a join URL.
    #[must_use]
    pub fn after_create(&self, id: String, join_url: Option<String>) -> Self {
        Self {
            online_meeting_id: Some(id),
            join_url,
            applied_revision: None,
            ever_called: false,
            ..self.clone()
        }
    }

    /// The Teams meeting was read back; `join_url` is what it says now.
    #[must_use]
    pub fn after_reading(&self, join_url: Option<String>) -> Self {
        Self {
            join_url,
            ..self.clone()
        }
    }

    /// Teams was told of this revision, and read back with its link.
    #[must_use]
    pub fn after_update(&self, revision: i64) -> Self {
        Self {
            applied_revision: Some(revision),
            ..self.clone()
        }
    }

    /// Microsoft confirmed that it is gone: 204 to a delete, or 404 to anything, for
    /// somebody may have deleted it behind our back. The second confirmation in a row ends
    /// the second look.
    #[must_use]
    pub fn after_delete(&self) -> Self {
        Self {
            online_meeting_id: None,
            join_url: None,
            applied_revision: None,
            ever_called: false,
            deleted_confirmed: true,
            look_again: self.look_again && !self.deleted_confirmed,
            ..self.clone()
        }
    }

    /// Whether the Teams meeting is surely gone, or never was: nothing is left to do for
    /// a tombstone, and a new generation may begin.
    pub const fn is_gone(&self) -> bool {
        if self.deleted_confirmed {
            !self.look_again
        } else {
            self.online_meeting_id.is_none() && !self.ever_called
        }
    }

    /// Whether people can be given the link: it is known, and Teams was told once who
    /// walks in. A later change does not take it away from them.
    pub const fn is_usable(&self) -> bool {
        self.join_url.is_some() && self.applied_revision.is_some()
    }

    /// The next generation, for a meeting that is wanted once more; only when this one
    /// [is gone](Self::is_gone).
    pub fn renew(&self) -> Option<Self> {
        self.is_gone().then(|| Self::none(self.generation + 1))
    }
}

/// When a step is tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// Then.
    At(Timestamp),
    /// Not by itself: a person has to act, or a wake from the first success.
    GiveUp,
}

/// What is waited after the first, second, … failure, in seconds. With the longest jitter
/// this is less than a day.
const WAITS: [i64; 9] = [
    5,
    15,
    60,
    5 * 60,
    15 * 60,
    3_600,
    2 * 3_600,
    5 * 3_600,
    10 * 3_600,
];

/// When to try again after `attempts` failures in a row, the one just seen included.
///
/// At most ten tries within a day (G-07). Where Microsoft says how long to wait, that is what
/// is waited, between a second and an hour (G-05), and such an answer is no failure: don't
/// count it. `jitter` is any random number; it adds up to a tenth, so that what failed
/// together does not come back together.
pub fn retry_at(
    attempts: u32,
    now: Timestamp,
    heals: bool,
    retry_after: Option<Duration>,
    jitter: u64,
) -> Retry {
    let wait = match retry_after {
        Some(asked) => SignedDuration::try_from(asked)
            .unwrap_or(SignedDuration::MAX)
            .clamp(SignedDuration::from_secs(1), SignedDuration::from_hours(1)),
        None if !heals => return Retry::GiveUp,
        None => {
            let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
            match WAITS.get(place) {
                Some(seconds) => SignedDuration::from_secs(*seconds),
                None => return Retry::GiveUp,
            }
        }
    };
    let tenth = u64::try_from(wait.as_millis() / 10).unwrap_or(0);
    let extra = SignedDuration::from_millis(i64::try_from(jitter % (tenth + 1)).unwrap_or(0));
    Retry::At(now.saturating_add(wait + extra).unwrap_or(Timestamp::MAX))
}
