//! Notes of a meeting: shared ones for all its people, and private ones, which nobody but
//! their author ever reads. A series has the same notes throughout.

use serde::{Deserialize, Serialize};

use crate::meeting::{Meeting, check_text};
use crate::organization::MemberId;
use crate::refusal::Refusal;

/// For whom notes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// All people of the meeting.
    Shared,
    /// Their author alone.
    Private,
}

crate::words!(Audience { Shared = "shared", Private = "private" });

const LONGEST: usize = 10_000;

/// Whether a member reads and writes notes of the meeting: only its people do, whoever
/// administers the track or the organization.
pub fn may_write(member: MemberId, meeting: &Meeting) -> bool {
    meeting.is_attended_by(member)
}

/// The text of a note as it is kept.
pub fn check(text: &str) -> Result<String, Refusal> {
    check_text(text, LONGEST).map_err(Refusal::NotesTooLong)
}
