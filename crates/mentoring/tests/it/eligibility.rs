use mentoring::eligibility::{
    Account, DirectoryFinding, Question, Reason, decide, match_accounts, sentences,
};
use mentoring::integration::Cause;
use mentoring::member::{EmailAddress, MemberState};
use mentoring::track::{Mode, Modes};
use uuid::Uuid;

use crate::integration::every_state;

const MEIS: Uuid = Uuid::from_u128(7);

fn findings() -> [DirectoryFinding; 5] {
    [
        DirectoryFinding::NotLookedUp,
        DirectoryFinding::Found {
            object_id: MEIS,
            guest: false,
        },
        DirectoryFinding::Found {
            object_id: MEIS,
            guest: true,
        },
        DirectoryFinding::Missing,
        DirectoryFinding::Ambiguous,
    ]
}

fn every_set_of_modes() -> Vec<Modes> {
    (1..8_u8)
        .map(|bits| {
            let some = |(place, mode): (usize, &Mode)| (bits & (1 << place) != 0).then_some(*mode);
            Modes::from_iter(Mode::ALL.iter().enumerate().filter_map(some)).unwrap()
        })
        .collect()
}

/// S3, S9, S10, S18: the whole table, 19 states of the integration by 7 sets of modes by
/// 3 states of a member by 5 findings. The expected answer is worked out per reason, so
/// that a reason that hides another would show.
#[test]
fn s3_s9_s10_s18_teams_is_offered_when_and_only_when_nothing_stands_against_it() {
    let (mut yes, mut no) = (0, 0);
    for integration in every_state() {
        for modes in every_set_of_modes() {
            for member_state in MemberState::ALL.iter().copied() {
                for finding in findings() {
                    let answer = decide(&Question {
                        integration: &integration,
                        modes: &modes,
                        member_state,
                        finding: &finding,
                    });
                    let is_found = finding
                        == DirectoryFinding::Found {
                            object_id: MEIS,
                            guest: false,
                        };
                    let objections = [
                        !integration.offers_teams(),
                        !modes.contains(Mode::Teams),
                        member_state != MemberState::Active,
                        !is_found,
                    ];
                    let expected = objections.iter().filter(|objection| **objection).count();
                    match answer {
                        Ok(account) => {
                            assert_eq!((account, expected), (MEIS, 0));
                            yes += 1;
                        }
                        Err(reasons) => {
                            assert!(
                                expected > 0,
                                "{integration:?} {modes:?} {member_state:?} {finding:?}"
                            );
                            assert_eq!(
                                reasons.len(),
                                expected,
                                "{integration:?} {modes:?} {member_state:?} {finding:?}: {reasons:?}"
                            );
                            assert_eq!(reasons.contains(&Reason::ModeOff), objections[1]);
                            assert_eq!(reasons.contains(&Reason::MemberNotActive), objections[2]);
                            no += 1;
                        }
                    }
                }
            }
        }
    }
    // Integrated and the three causes that heal, in the four sets with Teams.
    assert_eq!((yes, no), (4 * 4, 21 * 7 * 3 * 5 - 4 * 4));
}

fn account(number: u128, name: &str, mail: Option<&str>) -> Account {
    Account {
        object_id: Uuid::from_u128(number),
        user_principal_name: name.to_owned(),
        mail: mail.map(str::to_owned),
    }
}

fn finds(address: &str, accounts: &[Account]) -> DirectoryFinding {
    match_accounts(address, accounts).0
}

#[test]
fn g18_an_answer_to_another_question_matches_nobody() {
    let others = [
        account(
            1,
            "mei.other@larkspur.example",
            Some("mei@larkspur.example.evil.example"),
        ),
        account(2, "mei@larkspur.exampl", None),
        account(3, "", Some("")),
    ];
    assert_eq!(
        finds("mei@larkspur.example", &others),
        DirectoryFinding::Missing
    );
}

#[test]
fn two_accounts_that_sign_in_with_one_name_are_nobody_even_if_one_has_the_mail() {
    let twins = [
        account(1, "mei@larkspur.example", Some("mei@larkspur.example")),
        account(2, "MEI@LARKSPUR.EXAMPLE", None),
    ];
    assert_eq!(
        finds("mei@larkspur.example", &twins),
        DirectoryFinding::Ambiguous
    );
}

/// A guest's own address stands in `mail`, its user principal name says `#EXT#`.
#[test]
fn priya_as_a_guest_of_the_tenant_is_found_as_a_guest() {
    let name = "priya_alumni.example#ext#@larkspur.onmicrosoft.com";
    let guest = [account(5, name, Some("priya@alumni.example"))];
    let object_id = Uuid::from_u128(5);
    assert_eq!(
        finds("priya@alumni.example", &guest),
        DirectoryFinding::Found {
            object_id,
            guest: true
        }
    );
}

#[test]
fn a_guest_and_a_colleague_with_one_mail_are_nobody() {
    let both = [
        account(
            5,
            "mei_larkspur.example#EXT#@larkspur.onmicrosoft.com",
            Some("mei@larkspur.example"),
        ),
        account(6, "tanaka@larkspur.example", Some("mei@larkspur.example")),
    ];
    assert_eq!(
        finds("mei@larkspur.example", &both),
        DirectoryFinding::Ambiguous
    );
}

#[test]
fn the_order_of_the_answer_changes_nothing() {
    let mut accounts = vec![
        account(1, "other@larkspur.example", Some("mei@larkspur.example")),
        account(2, "mei@larkspur.example", None),
        account(3, "luis@larkspur.example", Some("luis@larkspur.example")),
    ];
    let expected = finds("mei@larkspur.example", &accounts);
    for _ in 0..3 {
        accounts.rotate_left(1);
        let email = EmailAddress::parse("mei@larkspur.example").unwrap();
        let (finding, index) = match_accounts(email.as_str(), &accounts);
        assert_eq!(finding, expected);
        assert_eq!(accounts[index.unwrap()].object_id, Uuid::from_u128(2));
    }
}

/// S10: whoever lacks the option reads one line that says why and what to do.
#[test]
fn s10_each_reason_is_a_sentence_with_a_way_onward() {
    let priya = EmailAddress::parse("priya@alumni.example").unwrap();
    let mut reasons = vec![
        Reason::NotIntegrated,
        Reason::BeingRemoved,
        Reason::ModeOff,
        Reason::MemberNotActive,
        Reason::BeingChecked,
        Reason::NotInDirectory,
        Reason::Guest,
        Reason::Ambiguous,
    ];
    reasons.extend(Cause::ALL.iter().copied().map(Reason::NeedsAttention));
    for reason in reasons {
        let told = reason.sentence(&priya, "Larkspur Health");
        assert!(told.ends_with('.') && !told.contains('!'), "{told}");
        assert!(
            told.matches(['.', ';']).count() >= 2,
            "{reason:?} names no way onward: {told}"
        );
        assert!(
            !told.contains("licen"),
            "what S13 cannot see is not claimed: {told}"
        );
        assert!(!reason.for_administrator().is_empty());
        assert!(sentences(&[reason]).ends_with("Choose another meeting mode."));
    }
}
