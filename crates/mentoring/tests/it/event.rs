use std::collections::BTreeSet;

use mentoring::answer::Answer;
use mentoring::api_token::TokenScope;
use mentoring::event::Event;
use mentoring::integration::Cause;
use mentoring::lobby::LobbyScope;
use mentoring::meeting::{self, Part, Scope};
use mentoring::member::EmailAddress;
use mentoring::organization::{MeetingId, ProposalId};
use mentoring::outcome::Said;
use mentoring::proposal::ProposalState;
use mentoring::role::{Role, Roles};
use mentoring::track::Mode;
use uuid::Uuid;

use crate::people::{LUIS, MEI, NEW_MANAGERS, jonas, meeting, modes, now};

#[expect(clippy::too_many_lines, reason = "one of each, nothing between them")]
fn every_event() -> Vec<Event> {
    let name = || "Luis Ortega".to_owned();
    let track_name = || "New Managers".to_owned();
    let (id, track) = (meeting().id, NEW_MANAGERS);
    let starts_at = meeting().schedule.starts_at;
    let reason = || Some("The room is closed.".to_owned());
    vec![
        Event::OrganizationCreated {
            name: "Larkspur Health".to_owned(),
        },
        Event::OrganizationDescribed {
            name: "Larkspur Health".to_owned(),
        },
        Event::SignedIn { member: LUIS },
        Event::SignedOut { member: LUIS },
        Event::SignedOutEverywhere { member: LUIS },
        Event::MemberInvited {
            member: LUIS,
            name: name(),
            email: EmailAddress::parse("luis@larkspur.example").unwrap(),
            global_administrator: false,
        },
        Event::InvitationAccepted { member: LUIS },
        Event::DirectoryAccountMapped {
            member: LUIS,
            name: name(),
            account: Some("l.ortega@larkspur.example".to_owned()),
        },
        Event::PasswordChanged { member: LUIS },
        Event::MemberDeactivated {
            member: LUIS,
            name: name(),
        },
        Event::MemberReactivated {
            member: LUIS,
            name: name(),
        },
        Event::AdministratorChanged {
            member: LUIS,
            name: name(),
            administrator: true,
        },
        Event::ProfileChanged {
            member: LUIS,
            time_zone: "Europe/Berlin".to_owned(),
        },
        Event::ApiTokenCreated {
            member: LUIS,
            token: Uuid::from_u128(5),
            name: "Calendar".to_owned(),
            scope: TokenScope::Read,
            expires_at: now(),
        },
        Event::ApiTokenRevoked {
            member: LUIS,
            token: Uuid::from_u128(5),
            name: "Calendar".to_owned(),
        },
        Event::TrackCreated {
            track,
            name: track_name(),
        },
        Event::TrackRenamed {
            track,
            before: track_name(),
            after: "Leaders".to_owned(),
        },
        Event::ModesChanged {
            track,
            name: track_name(),
            before: modes(&[Mode::Phone]),
            after: modes(Mode::ALL),
        },
        Event::LobbyChanged {
            track,
            name: track_name(),
            before: LobbyScope::Organization,
            after: LobbyScope::Everyone,
        },
        Event::EnrolmentChanged {
            track,
            track_name: track_name(),
            member: LUIS,
            member_name: name(),
            roles: Roles::from_iter([Role::Mentee]),
        },
        Event::ConsentBegun,
        Event::ConsentFailed {
            reason: "The permission was not given.".to_owned(),
        },
        Event::TeamsConnected {
            tenant: Uuid::nil(),
            host: Uuid::nil(),
            host_name: "Teams Scheduler".to_owned(),
        },
        Event::HostConfirmed {
            host_name: "Teams Scheduler".to_owned(),
        },
        Event::HostDeclined,
        Event::TeamsIntegrated {
            host_name: "Teams Scheduler".to_owned(),
        },
        Event::TeamsNeedsAttention {
            cause: Cause::TokenRevoked,
        },
        Event::TeamsRecovered,
        Event::TeamsHostProposed {
            tenant: Uuid::from_u128(1),
            host: Uuid::from_u128(2),
            host_name: "Ithaca Scheduler".to_owned(),
        },
        Event::TeamsHostKept {
            host_name: "Teams Scheduler".to_owned(),
        },
        Event::TeamsHostChangeBegun {
            host_name: "Ithaca Scheduler".to_owned(),
            meetings: 4,
        },
        Event::TeamsHostChanged {
            host_name: "Ithaca Scheduler".to_owned(),
            left_at_microsoft: Vec::new(),
        },
        Event::TeamsComparisonAsked,
        Event::TeamsDriftRepaired {
            meeting: MeetingId(Uuid::from_u128(3)),
            what: vec!["times".to_owned()],
        },
        Event::TeamsRemovalBegun { keeps_links: true },
        Event::TeamsRemoved {
            left_at_microsoft: vec!["MSo1".to_owned()],
        },
        Event::MeetingCreated {
            meeting: id,
            track,
            mode: Mode::Teams,
            starts_at,
            people: 2,
        },
        Event::MeetingRescheduled {
            meeting: id,
            track,
            before: starts_at,
            after: now(),
            reason: reason(),
        },
        Event::MeetingCancelled {
            meeting: id,
            track,
            reason: reason(),
        },
        Event::OccurrencesCancelled {
            meeting: id,
            track,
            from: starts_at,
            count: 3,
            reason: reason(),
        },
        Event::MeetingChanged {
            meeting: id,
            track,
            what: vec![Part::Title, Part::People],
            reason: reason(),
        },
        Event::MeetingLeft {
            meeting: id,
            track,
            member: LUIS,
        },
        Event::MeetingAnswered {
            meeting: id,
            track,
            member: LUIS,
            answer: Answer::Maybe,
        },
        Event::CalendarAddressMade { member: LUIS },
        Event::CalendarAddressEnded { member: LUIS },
        Event::MeetingProposed {
            meeting: id,
            track,
            mode: Mode::Teams,
            times: 3,
            people: 2,
        },
        Event::TimesOffered {
            meeting: id,
            track,
            proposal: ProposalId(Uuid::nil()),
            times: 2,
        },
        Event::ProposalAnswered {
            meeting: id,
            track,
            proposal: ProposalId(Uuid::nil()),
            member: LUIS,
            times: 0,
        },
        Event::ProposalEnded {
            meeting: id,
            track,
            proposal: ProposalId(Uuid::nil()),
            state: ProposalState::Accepted,
            starts_at: Some(starts_at),
        },
        Event::MeetingModeChanged {
            meeting: id,
            track,
            before: Mode::Teams,
            after: Mode::Phone,
        },
        Event::MeetingLogged {
            meeting: id,
            track,
            mode: Mode::Phone,
            starts_at: now(),
            people: 2,
        },
        Event::OutcomeSaid {
            meeting: id,
            track,
            member: LUIS,
            said: Said::Held,
        },
        Event::SharedNotesChanged { meeting: id, track },
        Event::RemindersChanged { member: LUIS },
    ]
}

#[test]
fn every_event_has_a_word_of_its_own_a_subject_and_a_sentence() {
    let mut words = BTreeSet::new();
    for event in every_event() {
        assert!(
            words.insert(event.action()),
            "{} stands twice",
            event.action()
        );
        assert!(event.action().contains('.'), "{}", event.action());
        let (kind, _) = event.subject();
        assert!(
            ["organization", "member", "track", "integration", "meeting"].contains(&kind),
            "{kind}"
        );
        let sentence = event.sentence();
        assert!(
            sentence.ends_with('.') && sentence.starts_with(char::is_uppercase),
            "{sentence}"
        );
        let details = serde_json::to_value(&event).unwrap();
        assert!(details["event"].is_string(), "{details}");
    }
}

/// The audit log is read by people who do not attend: of a meeting it has no words.
#[test]
fn the_audit_log_says_that_a_meeting_was_not_what_it_is_about() {
    let (track, everyone) = (crate::people::new_managers(), crate::people::everyone());
    let secret = "burnout";
    let draft = meeting::Draft {
        title: secret.to_owned(),
        agenda: secret.to_owned(),
        ..crate::people::draft()
    };
    let (made, created) = crate::people::create(
        &crate::people::mei(),
        &draft,
        &crate::people::context(&track, &everyone),
    )
    .unwrap();
    let (cancelled, called_off) =
        meeting::cancel(&jonas(), &made, Scope::All, Some("Ill".to_owned()), now()).unwrap();
    let (_, turned) = meeting::change_mode(&cancelled, Mode::Phone);
    for event in [created, called_off, turned] {
        let kept = serde_json::to_string(&event).unwrap();
        assert!(
            !kept.contains(secret) && !event.sentence().contains(secret),
            "{kept}"
        );
    }
}

#[test]
fn the_reason_that_was_given_is_kept() {
    let (_, event) = meeting::cancel(
        &jonas(),
        &meeting(),
        Scope::All,
        Some("The room is closed.".to_owned()),
        now(),
    )
    .unwrap();
    assert_eq!(
        event.sentence(),
        "Cancelled a meeting. Reason given: The room is closed."
    );
    assert_eq!(event.subject(), ("meeting", meeting().id.to_string()));
    assert_ne!(MEI, LUIS);
}
