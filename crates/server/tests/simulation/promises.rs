//! What people were promised: whatever was acknowledged to them.

use std::collections::{BTreeMap, BTreeSet};

use ithaca::store::meetings::StoredMeeting;
use mentoring::organization::{MeetingId, MemberId, OrganizationId, ProposalId};
use mentoring::proposal::ProposalState;

/// How new a refresh token is: by the sign-in that it goes back to, then by the order in which
/// they were given out.
pub type Newness = (usize, usize);

/// What was acknowledged in a history.
#[derive(Default)]
pub struct Promises {
    meetings: BTreeMap<MeetingId, StoredMeeting>,
    /// Whoever was of a meeting at any time.
    attended: BTreeSet<(MeetingId, MemberId)>,
    /// What became of offered times.
    proposals: BTreeMap<ProposalId, ProposalState>,
    /// The newest refresh token that was seen in the database.
    tokens: BTreeMap<OrganizationId, Newness>,
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

    /// Somebody was told that offered times are so.
    pub fn knows(&mut self, proposal: ProposalId, state: ProposalState) {
        self.proposals.insert(proposal, state);
    }

    pub fn proposals(&self) -> impl Iterator<Item = (&ProposalId, &ProposalState)> {
        self.proposals.iter()
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
    pub fn keeps_token(&mut self, organization: OrganizationId, place: Newness) -> Option<Newness> {
        let before = self.tokens.insert(organization, place);
        before.filter(|before| *before > place)
    }
}
