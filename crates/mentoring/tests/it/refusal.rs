use jiff::civil::datetime;
use mentoring::eligibility::Reason;
use mentoring::integration::IntegrationState;
use mentoring::proposal::ProposalState;
use mentoring::refusal::Refusal;
use mentoring::schedule::schedule;
use mentoring::track::Mode;

use crate::people::now;

/// Every refusal whose text is made from something.
fn composed() -> Vec<Refusal> {
    let closed = ProposalState::ALL.iter().copied();
    let mut all: Vec<Refusal> = closed.map(Refusal::ProposalClosed).collect();
    all.extend([
        Refusal::TeamsUnavailable(IntegrationState::NotIntegrated.why_not_offered()),
        Refusal::TeamsNotForYou(vec![Reason::NotInDirectory]),
        Refusal::TeamsNotForYou(vec![Reason::NotIntegrated, Reason::BeingChecked]),
        Refusal::TooManyPeople(51),
        Refusal::AgendaTooLong(4_001),
        Refusal::NoteTooLong(501),
        Refusal::TooManyTimes(6),
        Refusal::OfferedTime(2, Box::new(Refusal::InThePast)),
        Refusal::ProposedModeGone(Mode::Teams),
        Refusal::TooManyProposals(20),
        Refusal::NotesTooLong(10_001),
        Refusal::ZoneUnknown("Mars".to_owned()),
        Refusal::MemberState("Luis Ortega".to_owned()),
        Refusal::PersonNameInvalid {
            field: "first_name",
        },
    ]);
    all
}

#[test]
fn every_refusal_is_a_sentence_for_a_person() {
    for refusal in composed() {
        let text = refusal.to_string();
        assert!(
            text.ends_with('.') && !text.contains('!') && !text.contains("  "),
            "{text}"
        );
        assert!(
            text.starts_with(|letter: char| letter.is_uppercase()),
            "{text}"
        );
    }
}

#[test]
fn a_time_that_the_clocks_jump_over_is_explained_with_what_to_choose() {
    let refused = schedule(
        datetime(2027, 3, 28, 2, 30, 0, 0),
        "Europe/Berlin",
        45,
        now(),
    )
    .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "02:30 on 28 March 2027 does not exist in Europe/Berlin: the clocks jump over it. Choose 01:59 on 28 March 2027 or 03:00 on 28 March 2027."
    );
    assert_eq!(refused.field(), Some("time"));
    let refused = schedule(
        datetime(2027, 10, 31, 2, 30, 0, 0),
        "Europe/Berlin",
        45,
        now(),
    )
    .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "02:30 on 31 October 2027 happens twice in Europe/Berlin: the clocks go back. Choose 01:59 on 31 October 2027 or 03:00 on 31 October 2027."
    );
}

#[test]
fn a_name_is_refused_at_the_field_where_it_was_typed() {
    for field in ["first_name", "last_name"] {
        assert_eq!(Refusal::PersonNameInvalid { field }.field(), Some(field));
    }
}
