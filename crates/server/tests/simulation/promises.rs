//! What people were promised: whatever was acknowledged to them.

use std::collections::{BTreeMap, BTreeSet};

use ithaca::store::meetings::StoredMeeting;
use mentoring::organization::{MeetingId, MemberId, OrganizationId};

/// What was acknowledged in a history.
#[derive(Default)]
pub struct Promises {
    meetings: BTreeMap<MeetingId, StoredMeeting>,
    /// Whoever was of a meeting at any time.
    attended: BTreeSet<(MeetingId, MemberId)>,
    /// The newest refresh token that was seen in the database.
    tokens: BTreeMap<OrganizationId, (usize, usize)>,
}

impl Promises {
    /// Somebody was told that their meeting is so.
    pub fn keeps(&mut self, stored: StoredMeeting) {
        for attendee in &stored.meeting.attendees {
            self.attended.insert((stored.meeting.id, attendee.member));
        }
        self.meetings.insert(stored.meeting.id, stored);
    }

    pub fn meetings(&self) -> impl Iterator<Item = &StoredMeeting> {
        self.meetings.values()
    }

    /// The meetings of an organization, oldest first.
    pub fn meetings_of(&self, organization: OrganizationId) -> Vec<MeetingId> {
        let all = self.meetings.values();
        all.filter(|stored| stored.meeting.organization == organization)
            .map(|stored| stored.meeting.id)
            .collect()
    }

    /// Whether somebody was ever of a meeting.
    pub fn was_attended_by(&self, meeting: MeetingId, member: MemberId) -> bool {
        self.attended.contains(&(meeting, member))
    }

    /// Takes note of the refresh token that is kept; answers the one before if that was newer.
    pub fn keeps_token(
        &mut self,
        organization: OrganizationId,
        place: (usize, usize),
    ) -> Option<(usize, usize)> {
        let before = self.tokens.insert(organization, place);
        before.filter(|before| *before > place)
    }
}
