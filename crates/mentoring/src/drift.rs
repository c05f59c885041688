//! What Teams has, compared with what is wanted: somebody may have changed, deleted or
//! revived a Teams meeting behind our back.

use jiff::Timestamp;

use crate::link::{Observed, Wanted};
use crate::lobby::{Difference, Setting};

/// Something that is not as it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Departure {
    /// Its title.
    Title,
    /// When it is.
    Times,
    /// Who gets in without waiting.
    Lobby,
    /// Who presents.
    Presenters,
    /// Who lets others in.
    Admitters,
    /// Who is co-organizer.
    CoOrganizers,
    /// The address that opens it.
    Link,
    /// It is gone.
    Deleted,
    /// It was deleted and is there again.
    Revived,
}

crate::words!(Departure {
    Title = "title",
    Times = "times",
    Lobby = "lobby",
    Presenters = "presenters",
    Admitters = "admitters",
    CoOrganizers = "co_organizers",
    Link = "link",
    Deleted = "deleted",
    Revived = "revived",
});

impl Departure {
    /// For an administrator.
    pub fn label(self) -> &'static str {
        match self {
            Self::Title => "another title",
            Self::Times => "other times",
            Self::Lobby => "another lobby",
            Self::Presenters => "other presenters",
            Self::Admitters => "others may let people in",
            Self::CoOrganizers => "a co-organizer was missing",
            Self::Link => "another link",
            Self::Deleted => "it was deleted in Teams",
            Self::Revived => "a deleted one was there again",
        }
    }

    /// What was done about it.
    pub fn repair(self) -> &'static str {
        match self {
            Self::Deleted => "Made anew; everyone gets the new link",
            Self::Revived => "Deleted again",
            _ => "Set again",
        }
    }
}

/// A Teams meeting as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its title.
    pub subject: String,
    /// Its start.
    pub start: Timestamp,
    /// Its end.
    pub end: Timestamp,
    /// The address that opens it.
    pub join_url: String,
    /// Its settings that are not as they are wanted.
    pub differences: Vec<Difference>,
}

/// What follows from a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is as it was set.
    Same,
    /// A change is under way: what is there now says nothing.
    UnderWay,
    /// It is to be put right.
    Differs(Vec<Departure>),
    /// It is gone: a new one is wanted.
    Gone,
}

/// Compares. `subject` is the title as it was sent; `known` are the settings that Teams kept
/// otherwise when they were set, which is nobody's doing and not to be tried every night.
pub fn compare(
    wanted: &Wanted,
    subject: &str,
    observed: &Observed,
    known: &[Difference],
    seen: Option<&Seen>,
) -> Verdict {
    let is_applied = observed.applied_revision == Some(wanted.revision)
        && observed.applied_start == Some(wanted.start);
    if !wanted.present || !is_applied {
        return Verdict::UnderWay;
    }
    let Some(seen) = seen else {
        return Verdict::Gone;
    };
    let mut found = Vec::new();
    if seen.subject != subject {
        found.push(Departure::Title);
    }
    if (seen.start, seen.end) != (wanted.start, wanted.end) {
        found.push(Departure::Times);
    }
    for difference in &seen.differences {
        if !known.contains(difference) {
            found.push(match difference.setting {
                Setting::Lobby => Departure::Lobby,
                Setting::Presenters => Departure::Presenters,
                Setting::Admitters => Departure::Admitters,
                Setting::CoOrganizers => Departure::CoOrganizers,
            });
        }
    }
    if observed.join_url.as_deref() != Some(seen.join_url.as_str()) {
        found.push(Departure::Link);
    }
    if found.is_empty() {
        Verdict::Same
    } else {
        Verdict::Differs(found)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::lobby::LobbyScope;
    use crate::organization::MeetingId;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn wanted() -> Wanted {
        Wanted {
            meeting: MeetingId(Uuid::from_u128(1)),
            present: true,
            revision: 3,
            subject: "First weeks".to_owned(),
            start: at("2026-11-24T14:00:00Z"),
            end: at("2026-11-24T14:45:00Z"),
            people: Vec::new(),
            lobby: LobbyScope::Organization,
            checked_since: None,
        }
    }

    fn observed() -> Observed {
        Observed {
            generation: 1,
            online_meeting_id: Some("one".to_owned()),
            join_url: Some("https://teams.example/1".to_owned()),
            applied_revision: Some(3),
            applied_start: Some(at("2026-11-24T14:00:00Z")),
            ever_called: true,
            deleted_confirmed: false,
            checked_at: None,
        }
    }

    fn seen() -> Seen {
        Seen {
            subject: "First weeks".to_owned(),
            start: at("2026-11-24T14:00:00Z"),
            end: at("2026-11-24T14:45:00Z"),
            join_url: "https://teams.example/1".to_owned(),
            differences: Vec::new(),
        }
    }

    fn verdict(seen: Option<&Seen>, known: &[Difference]) -> Verdict {
        compare(&wanted(), "First weeks", &observed(), known, seen)
    }

    #[test]
    fn what_is_as_it_was_set_is_left_alone() {
        assert_eq!(verdict(Some(&seen()), &[]), Verdict::Same);
        assert_eq!(verdict(None, &[]), Verdict::Gone);
    }

    #[test]
    fn each_thing_that_differs_is_named() {
        let mut other = seen();
        "Another".clone_into(&mut other.subject);
        other.end = at("2026-11-24T15:00:00Z");
        "https://teams.example/2".clone_into(&mut other.join_url);
        other.differences = vec![Difference {
            setting: Setting::Lobby,
            teams: "everyone".to_owned(),
        }];
        let all = [
            Departure::Title,
            Departure::Times,
            Departure::Lobby,
            Departure::Link,
        ];
        assert_eq!(verdict(Some(&other), &[]), Verdict::Differs(all.to_vec()));
    }

    #[test]
    fn what_a_policy_keeps_otherwise_is_not_tried_every_night() {
        let locked = vec![Difference {
            setting: Setting::Lobby,
            teams: "organizer".to_owned(),
        }];
        let mut kept = seen();
        kept.differences.clone_from(&locked);
        assert_eq!(verdict(Some(&kept), &locked), Verdict::Same);
    }

    #[test]
    fn while_a_change_is_on_its_way_nothing_is_concluded() {
        let mut behind = observed();
        behind.applied_revision = Some(2);
        let found = compare(&wanted(), "First weeks", &behind, &[], None);
        assert_eq!(found, Verdict::UnderWay);
        let cancelled = Wanted {
            present: false,
            ..wanted()
        };
        let found = compare(&cancelled, "First weeks", &observed(), &[], None);
        assert_eq!(found, Verdict::UnderWay);
    }
}
