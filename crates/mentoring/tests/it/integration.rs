use mentoring::integration::{Cause, IntegrationState};

const STATES: [IntegrationState; 7] = [
    IntegrationState::NotIntegrated,
    IntegrationState::AwaitingConfirmation,
    IntegrationState::Checking,
    IntegrationState::Integrated,
    IntegrationState::Reconnecting,
    IntegrationState::Removing,
    IntegrationState::Removed,
];

pub fn every_state() -> Vec<IntegrationState> {
    let attention = Cause::ALL
        .iter()
        .copied()
        .map(IntegrationState::NeedsAttention);
    STATES.into_iter().chain(attention).collect()
}

#[test]
fn teams_is_offered_while_it_works_or_mends_itself_and_at_no_other_time() {
    for state in every_state() {
        let expected = match state {
            IntegrationState::Integrated => true,
            IntegrationState::NeedsAttention(cause) => {
                matches!(
                    cause,
                    Cause::Throttled | Cause::Unreachable | Cause::WrongAnswer
                )
            }
            _ => false,
        };
        assert_eq!(state.offers_teams(), expected, "{state:?}");
    }
}

#[test]
fn no_failure_puts_teams_on_offer_and_none_that_heals_takes_it_away() {
    for state in every_state() {
        for cause in Cause::ALL {
            let after = state.after_failure(*cause);
            if cause.heals_by_itself() {
                assert_eq!(
                    after.offers_teams(),
                    state.offers_teams(),
                    "{state:?}, {cause:?}"
                );
            } else {
                assert!(!after.offers_teams(), "{state:?}, {cause:?}");
            }
        }
    }
}

#[test]
fn what_is_not_connected_or_going_away_has_nothing_to_fail() {
    for state in [
        IntegrationState::NotIntegrated,
        IntegrationState::AwaitingConfirmation,
        IntegrationState::Reconnecting,
        IntegrationState::Removing,
        IntegrationState::Removed,
    ] {
        for cause in Cause::ALL {
            assert_eq!(state.after_failure(*cause), state, "{cause:?}");
        }
        assert_eq!(state.after_success(), state);
    }
}

#[test]
fn the_newest_cause_that_needs_a_person_is_the_one_that_is_shown() {
    let state = IntegrationState::Integrated
        .after_failure(Cause::Throttled)
        .after_failure(Cause::HostDisabled)
        .after_failure(Cause::Unreachable)
        .after_failure(Cause::ConsentRemoved);
    assert_eq!(
        state,
        IntegrationState::NeedsAttention(Cause::ConsentRemoved)
    );
}

/// An access token outlives the sign-in that it came from: a call that still works proves
/// nothing about a cause that waits for a person.
#[test]
fn one_call_that_works_ends_only_what_heals_by_itself() {
    for cause in Cause::ALL {
        let state = IntegrationState::NeedsAttention(*cause);
        let expected = if cause.heals_by_itself() {
            IntegrationState::Integrated
        } else {
            state
        };
        assert_eq!(state.after_success(), expected, "{cause:?}");
    }
}

#[test]
fn a_slow_minute_does_not_end_the_check_and_does_not_pass_it() {
    let checking = IntegrationState::Checking;
    assert_eq!(checking.after_failure(Cause::Throttled), checking);
    assert_eq!(
        checking.after_failure(Cause::Throttled).after_success(),
        checking
    );
    let refused = checking.after_failure(Cause::HostMayNotSchedule);
    assert_eq!(
        refused,
        IntegrationState::NeedsAttention(Cause::HostMayNotSchedule)
    );
}

#[test]
fn columns_that_no_state_has_are_not_guessed() {
    for (state, cause) in [
        ("", None),
        ("integrated", Some("throttled")),
        ("needs_attention", None),
        ("needs_attention", Some("bad_weather")),
        ("Integrated", None),
    ] {
        assert_eq!(
            IntegrationState::from_columns(state, cause),
            None,
            "{state} {cause:?}"
        );
    }
}

#[test]
fn each_cause_says_what_happened_and_what_to_do_and_a_participant_never_reads_more() {
    for cause in Cause::ALL {
        for text in [
            cause.sentence_for_administrator(),
            cause.remedy(),
            cause.sentence_for_participant(),
        ] {
            assert!(
                text.ends_with('.') && !text.contains('!'),
                "{cause:?}: {text}"
            );
        }
        let told = cause.sentence_for_participant();
        for word in ["token", "consent", "policy", "secret", "AADSTS", "licence"] {
            assert!(!told.contains(word), "{cause:?}: {told}");
        }
    }
}

#[test]
fn where_teams_is_not_offered_an_administrator_reads_why() {
    for state in every_state() {
        assert_eq!(
            state.why_not_offered().is_empty(),
            state == IntegrationState::Integrated,
            "{state:?}"
        );
    }
}
