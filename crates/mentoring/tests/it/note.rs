use mentoring::note::{check, may_write};
use mentoring::refusal::Refusal;

use crate::people::{AMARA, JONAS, LUIS, MEI, PRIYA, meeting};

#[test]
fn notes_are_for_the_people_of_a_meeting_whoever_runs_the_rest() {
    let meeting = meeting();
    assert!(may_write(MEI, &meeting) && may_write(LUIS, &meeting));
    for other in [PRIYA, JONAS, AMARA] {
        assert!(!may_write(other, &meeting));
    }
}

#[test]
fn notes_keep_their_lines_and_end_somewhere() {
    assert_eq!(check(" One\r\nTwo\r\n"), Ok("One\nTwo".to_owned()));
    assert_eq!(check(""), Ok(String::new()), "they can be taken away");
    let long = "🙂".repeat(10_001);
    assert_eq!(check(&long), Err(Refusal::NotesTooLong(10_001)));
    assert!(check(&long[4..]).is_ok());
}
