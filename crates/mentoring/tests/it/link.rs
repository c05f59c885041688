use std::collections::{BTreeMap, HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use mentoring::integration::Cause;
use mentoring::link::{
    LinkState, Observed, Retry, Step, WaitingReason, Wanted, attempts_after, external_id,
    has_failed_for_long, plan, resume_at, retry_at, window_of_others,
};
use mentoring::lobby::LobbyScope;
use mentoring::organization::MeetingId;
use uuid::Uuid;

const MEETING: MeetingId = MeetingId(Uuid::from_u128(9));

fn wanted(present: bool, revision: i64) -> Wanted {
    Wanted {
        meeting: MEETING,
        present,
        revision,
        subject: "First hundred days".to_owned(),
        start: Timestamp::UNIX_EPOCH,
        end: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(45),
        people: Vec::new(),
        lobby: LobbyScope::Organization,
        checked_since: None,
    }
}

/// Everything that an observed value can be, reachable or not.
fn every_observed() -> Vec<Observed> {
    let mut all = Vec::new();
    for id in [None, Some("MSo1")] {
        for join_url in [None, Some("https://teams.example/l/1")] {
            for applied_revision in [None, Some(1), Some(2)] {
                for bits in 0..8_u8 {
                    all.push(Observed {
                        generation: 3,
                        online_meeting_id: id.map(str::to_owned),
                        join_url: join_url.map(str::to_owned),
                        applied_revision,
                        applied_start: (bits & 4 != 0).then_some(Timestamp::UNIX_EPOCH),
                        checked_at: None,
                        ever_called: bits & 1 != 0,
                        deleted_confirmed: bits & 2 != 0,
                    });
                }
            }
        }
    }
    all
}

#[test]
fn no_plan_names_an_external_id_of_another_generation_or_meeting() {
    for observed in every_observed() {
        for (present, revision) in [(true, 1), (true, 2), (false, 1), (false, 2)] {
            match plan(&wanted(present, revision), &observed) {
                Step::CreateOrGet { external_id: id } => {
                    assert!(present, "a tombstone is never made: {observed:?}");
                    assert_eq!(id, external_id(MEETING, 3));
                }
                Step::GetThenDelete { external_id: id } => {
                    assert!(!present, "what is wanted is never deleted: {observed:?}");
                    assert_eq!(id, external_id(MEETING, 3));
                }
                Step::Delete { id } => {
                    assert!(!present, "what is wanted is never deleted: {observed:?}");
                    assert_eq!(Some(id), observed.online_meeting_id);
                }
                Step::Update { id } => {
                    assert!(present, "{observed:?}");
                    assert_eq!(Some(id), observed.online_meeting_id);
                }
                Step::Check { .. } => panic!("nobody asked: {observed:?}"),
                Step::Nothing => {}
            }
        }
    }
}

#[test]
fn a_teams_meeting_that_is_not_wanted_is_deleted_by_the_id_it_was_found_under() {
    for observed in every_observed() {
        if observed.online_meeting_id.is_some() && !observed.deleted_confirmed {
            let was_found = observed.applied_revision.is_some();
            let step = plan(&wanted(false, 2), &observed);
            let expected = if was_found {
                matches!(step, Step::Delete { .. })
            } else {
                matches!(step, Step::GetThenDelete { .. })
            };
            assert!(expected, "{step:?} of {observed:?}");
        }
    }
}

#[test]
fn nothing_is_left_to_do_only_when_people_have_a_link_of_this_revision() {
    for observed in every_observed() {
        let rests = plan(&wanted(true, 2), &observed) == Step::Nothing;
        let is_there = observed.online_meeting_id.is_some()
            && observed.join_url.is_some()
            && observed.applied_revision == Some(2)
            && observed.applied_start.is_some()
            && !observed.deleted_confirmed;
        if rests {
            assert!(is_there || observed.deleted_confirmed, "{observed:?}");
        } else {
            assert!(!is_there, "{observed:?}");
        }
    }
}

/// A series moves on by itself: when one occurrence is over, the times of the next are
/// wanted, and nothing else is different.
#[test]
fn the_times_of_the_next_occurrence_are_an_update_of_the_same_teams_meeting() {
    let observed = Observed {
        generation: 1,
        online_meeting_id: Some("MSo1".to_owned()),
        join_url: Some("https://teams.example/l/1".to_owned()),
        applied_revision: Some(1),
        applied_start: Some(Timestamp::UNIX_EPOCH),
        checked_at: None,
        ever_called: true,
        deleted_confirmed: false,
    };
    assert_eq!(plan(&wanted(true, 1), &observed), Step::Nothing);
    let next = Wanted {
        start: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 7),
        ..wanted(true, 1)
    };
    let id = "MSo1".to_owned();
    assert_eq!(plan(&next, &observed), Step::Update { id });
}

/// Before people are reminded, somebody looks whether the Teams meeting is still there; once
/// for each such moment, and not while anything else is to be done.
#[test]
fn a_link_is_looked_at_once_for_each_moment_that_asks_for_it() {
    let id = || "MSo1".to_owned();
    let day_before = Timestamp::UNIX_EPOCH - SignedDuration::from_hours(24);
    let mut observed = Observed {
        generation: 1,
        online_meeting_id: Some(id()),
        join_url: Some("https://teams.example/l/1".to_owned()),
        applied_revision: Some(1),
        applied_start: Some(Timestamp::UNIX_EPOCH),
        ever_called: true,
        ..Observed::default()
    };
    let asked = Wanted {
        checked_since: Some(day_before),
        ..wanted(true, 1)
    };
    assert_eq!(plan(&asked, &observed), Step::Check { id: id() });
    observed.checked_at = Some(day_before + SignedDuration::from_secs(1));
    assert_eq!(plan(&asked, &observed), Step::Nothing);
    let again = Wanted {
        checked_since: Some(Timestamp::UNIX_EPOCH - SignedDuration::from_mins(15)),
        ..asked.clone()
    };
    assert_eq!(plan(&again, &observed), Step::Check { id: id() });
    let changed = Wanted {
        revision: 2,
        ..again
    };
    assert_eq!(plan(&changed, &observed), Step::Update { id: id() });
}

/// What was deleted in a generation is not made again in it: nobody knows whether Microsoft
/// would hand back the deleted one.
#[test]
fn a_deleted_teams_meeting_is_not_made_again_under_the_same_external_id() {
    for observed in every_observed() {
        if observed.deleted_confirmed {
            assert_eq!(
                plan(&wanted(true, 2), &observed),
                Step::Nothing,
                "{observed:?}"
            );
        }
    }
}

/// Microsoft and the row together, with at most a few calls whose answers were lost.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct World {
    /// What exists at Microsoft, by external id.
    made: BTreeMap<String, String>,
    /// How many were ever made.
    count: u8,
    present: bool,
    revision: i64,
    id: Option<String>,
    join_url: Option<String>,
    applied: Option<i64>,
    called: bool,
    deleted: bool,
    /// Losses that may still happen.
    losses: u8,
    /// Whether people may still change their mind.
    changes: u8,
}

impl World {
    fn observed(&self) -> Observed {
        Observed {
            generation: 1,
            online_meeting_id: self.id.clone(),
            join_url: self.join_url.clone(),
            applied_revision: self.applied,
            applied_start: self.applied.map(|_| Timestamp::UNIX_EPOCH),
            checked_at: None,
            ever_called: self.called,
            deleted_confirmed: self.deleted,
        }
    }

    fn step(&self) -> Step {
        plan(&wanted(self.present, self.revision), &self.observed())
    }

    fn create(&mut self, external_id: &str) -> String {
        let count = &mut self.count;
        let made = self.made.entry(external_id.to_owned()).or_insert_with(|| {
            *count += 1;
            format!("MSo{count}")
        });
        made.clone()
    }

    /// Does the step; with `lost`, Microsoft does it and the answer never comes (F02), or,
    /// which is the same to the row, the process dies before it writes (F01).
    fn after(&self, lost: bool) -> Self {
        let mut next = self.clone();
        match self.step() {
            Step::Nothing | Step::Check { .. } => {}
            Step::CreateOrGet { external_id } => {
                next.called = true;
                let id = next.create(&external_id);
                if !lost {
                    next.join_url = Some(format!("https://teams.example/l/{id}"));
                    next.id = Some(id);
                }
            }
            Step::Update { .. } => {
                if !lost {
                    next.applied = Some(self.revision);
                    next.join_url = next
                        .id
                        .as_ref()
                        .map(|id| format!("https://teams.example/l/{id}"));
                }
            }
            Step::GetThenDelete { external_id } => {
                next.create(&external_id);
                next.made.remove(&external_id);
                next.deleted = !lost;
            }
            Step::Delete { id } => {
                next.made.retain(|_, made| *made != id);
                next.deleted = !lost;
            }
        }
        next.losses -= u8::from(lost);
        next
    }

    fn successors(&self) -> Vec<Self> {
        let mut all = Vec::new();
        if self.step() != Step::Nothing {
            all.push(self.after(false));
            if self.losses > 0 {
                all.push(self.after(true));
            }
        }
        if self.changes > 0 && self.present {
            let changes = self.changes - 1;
            all.push(Self {
                revision: self.revision + 1,
                changes,
                ..self.clone()
            });
            all.push(Self {
                present: false,
                revision: self.revision + 1,
                changes,
                ..self.clone()
            });
        }
        all
    }
}

/// N1, N2, N9 over every history: up to three lost answers (or crashes) and three changes
/// of mind, at every place where they can happen.
#[test]
fn n1_n2_over_every_small_history_there_is_one_teams_meeting_or_none_left() {
    let start = World {
        made: BTreeMap::new(),
        count: 0,
        present: true,
        revision: 1,
        id: None,
        join_url: None,
        applied: None,
        called: false,
        deleted: false,
        losses: 3,
        changes: 3,
    };
    let mut seen = HashSet::from([start.clone()]);
    let mut queue = VecDeque::from([start]);
    let mut ends = 0;
    while let Some(world) = queue.pop_front() {
        assert!(world.made.len() <= 1, "two at once: {world:?}");
        if world.step() == Step::Nothing {
            ends += 1;
            assert_eq!(world.made.len(), usize::from(world.present), "{world:?}");
            if world.present {
                assert_eq!(world.id.as_ref(), world.made.values().next(), "{world:?}");
                assert!(
                    world.join_url.is_some() && world.applied == Some(world.revision),
                    "{world:?}"
                );
                assert_eq!(world.count, 1, "{world:?}");
            }
        }
        for next in world.successors() {
            if seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
    }
    assert!(
        seen.len() > 200 && ends > 10,
        "{} states, {ends} ends",
        seen.len()
    );
}

#[test]
fn a_meeting_that_was_cancelled_before_any_call_makes_none() {
    let never = Observed {
        generation: 1,
        ..Observed::default()
    };
    assert_eq!(plan(&wanted(false, 2), &never), Step::Nothing);
}

#[test]
fn each_meeting_and_each_generation_has_an_external_id_of_its_own() {
    let other = MeetingId(Uuid::from_u128(10));
    let ids: HashSet<String> = [MEETING, other]
        .into_iter()
        .flat_map(|meeting| (0..100).map(move |generation| external_id(meeting, generation)))
        .collect();
    assert_eq!(ids.len(), 200);
}

#[test]
fn every_state_comes_back_from_its_columns() {
    let mut states = vec![
        LinkState::Waiting(WaitingReason::BeingMade),
        LinkState::Ready,
        LinkState::Closed,
    ];
    for cause in Cause::ALL.iter().copied() {
        states.push(LinkState::Waiting(WaitingReason::Because(cause)));
        states.push(LinkState::Failed(cause));
    }
    let mut columns = HashSet::new();
    for state in states {
        let (word, reason) = state.to_columns();
        assert!(
            columns.insert((word, reason)),
            "{state:?} shares its columns"
        );
        assert_eq!(LinkState::from_columns(word, reason), Some(state));
    }
    for (word, reason) in [
        ("ready", Some("throttled")),
        ("failed", None),
        ("waiting", Some("rain")),
        ("", None),
    ] {
        assert_eq!(
            LinkState::from_columns(word, reason),
            None,
            "{word} {reason:?}"
        );
    }
}

fn wait(
    attempts: u32,
    heals: bool,
    retry_after: Option<SignedDuration>,
    jitter: u32,
) -> Option<SignedDuration> {
    let now = Timestamp::UNIX_EPOCH;
    match retry_at(attempts, now, heals, retry_after, jitter) {
        Retry::At(at) => Some(at.duration_since(now)),
        Retry::GiveUp => None,
    }
}

/// G-07
#[test]
fn g07_a_meeting_of_its_own_is_tried_ten_times_within_a_day_with_growing_waits() {
    let waits: Vec<SignedDuration> = (1..10)
        .map(|attempts| wait(attempts, false, None, 0).unwrap())
        .collect();
    assert!(waits.is_sorted(), "{waits:?}");
    assert!(waits.iter().sum::<SignedDuration>() < SignedDuration::from_hours(24));
    for attempts in [10, 11, u32::MAX] {
        assert_eq!(wait(attempts, false, None, 0), None);
    }
}

#[test]
fn g07_what_healed_by_itself_leaves_a_row_most_of_its_own_attempts() {
    let mut attempts = 0;
    for _ in 0..1_000 {
        attempts = attempts_after(attempts, true);
    }
    let after_an_outage = attempts;
    while wait(attempts, false, None, 0).is_some() {
        attempts = attempts_after(attempts, false);
    }
    assert!(attempts - after_an_outage >= 4, "{after_an_outage}");
    assert_eq!(attempts_after(9, true), 9);
}

#[test]
fn g07_what_should_heal_is_given_up_after_a_day_in_which_others_got_through() {
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(100);
    let hours = SignedDuration::from_hours;
    assert!(!has_failed_for_long(now - hours(23), now));
    assert!(has_failed_for_long(now - hours(24), now));
    let (from, to) = window_of_others(now);
    assert!(from < to && to < now, "it failed since they got through");
}

#[test]
fn g06_a_host_that_was_asked_too_much_rests_as_long_as_microsoft_wishes_within_an_hour() {
    let now = Timestamp::UNIX_EPOCH;
    let seconds = |asked: Option<i64>| {
        let asked = asked.map(SignedDuration::from_secs);
        resume_at(now, asked).duration_since(now).as_secs()
    };
    assert_eq!(seconds(Some(17)), 17);
    assert_eq!(seconds(Some(1_000_000)), 3_600);
    assert_eq!(seconds(Some(-5)), 0);
    assert!(seconds(None) > 0);
}

/// N10: all is converged within a minute of the end of a fault, so nobody sleeps longer.
#[test]
fn n10_while_microsoft_is_down_a_row_looks_again_every_minute_and_never_gives_up() {
    for attempts in [0, 1, 5, 10, 1_000, u32::MAX] {
        let wait = wait(attempts, true, None, 0).unwrap();
        assert!(
            wait > SignedDuration::ZERO && wait <= SignedDuration::from_secs(60),
            "{attempts}: {wait:?}"
        );
    }
}

#[test]
fn what_microsoft_asks_for_is_never_undercut_and_jitter_stays_in_its_fifth() {
    for seconds in [1, 90, 3_600] {
        let asked = SignedDuration::from_secs(seconds);
        for jitter in [0, 500, 1_000, u32::MAX] {
            let wait = wait(3, true, Some(asked), jitter).unwrap();
            assert!(
                wait >= asked && wait <= asked + asked / 5,
                "{seconds} {jitter}: {wait:?}"
            );
        }
    }
}
