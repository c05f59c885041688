//! A page that is left open changes when what it shows does, and takes nothing from under
//! anybody's hands.

use serde_json::{Value, json};

use super::Person;
use crate::demo::Demo;
use crate::reader::Reader;
use crate::runtime::wait_for;
use crate::stories::signs_in;
use crate::visitor::Visitor;

/// Luis plans to phone Mei tomorrow at ten; he, at the meeting's page.
fn luis_plans(demo: &Demo) -> Reader {
    let mut luis = Reader::new();
    signs_in(&mut luis, demo, "Luis Ortega");
    luis.clicks("New Managers");
    luis.clicks("New meeting");
    luis.fills("Title", "First steps");
    luis.ticks("Mei Tanaka");
    luis.chooses("Phone");
    luis.clicks("Create meeting");
    luis.sees("First steps");
    luis
}

impl Person {
    fn runs(&self, script: &str) -> Value {
        wait_for(self.client().execute(script, Vec::new())).expect("the page runs scripts")
    }

    /// Marks the page, so that it shows whether it is still the same one.
    fn marks_the_page(&self) {
        self.runs("window.isStillHere = true;");
    }

    fn is_still_at_the_marked_page(&self) {
        let kept = self.runs("return window.isStillHere === true;");
        assert_eq!(kept, json!(true), "the page was loaded anew");
    }

    /// The name of what the keyboard is at.
    fn is_at(&self) -> Value {
        self.runs("return document.activeElement.textContent.trim();")
    }
}

#[test]
fn an_open_meeting_follows_what_others_do_with_it() {
    let demo = Demo::starts();
    let mut luis = luis_plans(&demo);
    let mut mei = Person::named("Mei Tanaka");
    signs_in(&mut mei, &demo, "Mei Tanaka");
    mei.opens(&luis.address());
    mei.sees("No answer yet");
    mei.marks_the_page();
    mei.fills("Note", "I may be a little late");

    // Luis answers: his note comes to her, and hers stays as it is.
    luis.chooses("Maybe");
    luis.fills("Note", "From the train");
    luis.clicks("Send answer");
    mei.comes_to_see("From the train");
    assert_eq!(mei.finds_in("Note"), "I may be a little late");

    // He moves it: the time changes, and she is told once.
    luis.clicks("Reschedule");
    luis.fills("Time", "16:20");
    luis.clicks("Reschedule meeting");
    luis.sees("First steps");
    mei.comes_to_see("16:20");
    let told = mei.runs("return document.querySelector('body > [role=status]').textContent;");
    assert!(
        told.as_str()
            .is_some_and(|told| told.contains("This meeting has changed.")),
        "{told}"
    );
    assert_eq!(mei.finds_in("Note"), "I may be a little late");

    luis.clicks("Cancel");
    luis.fills("Reason", "The room is taken.");
    luis.clicks("Cancel meeting");
    mei.comes_to_see("The room is taken.");
    mei.is_still_at_the_marked_page();
}

#[test]
fn an_open_list_and_month_follow_their_meetings_and_the_focus_stays() {
    let demo = Demo::starts();
    let mut luis = luis_plans(&demo);
    let mut mei = Person::named("Mei Tanaka");
    signs_in(&mut mei, &demo, "Mei Tanaka");
    mei.clicks("Meetings");
    mei.sees("First steps");
    mei.marks_the_page();
    mei.runs("document.querySelector('#meetings .title a').focus();");
    luis.clicks("Change");
    luis.fills("Title", "Second thoughts");
    luis.clicks("Change meeting");
    luis.sees("Second thoughts");
    mei.comes_to_see("Second thoughts");
    assert_eq!(mei.is_at(), json!("Second thoughts"));
    mei.is_still_at_the_marked_page();

    mei.clicks("Month");
    mei.sees("Second thoughts");
    mei.marks_the_page();
    luis.clicks("Cancel");
    luis.clicks("Cancel meeting");
    luis.sees("Cancelled");
    mei.comes_to_see("Cancelled");
    mei.is_still_at_the_marked_page();
}

#[test]
fn a_list_is_narrowed_down_and_turned_by_keys_alone() {
    let demo = Demo::starts();
    luis_plans(&demo);
    let mut mei = Person::named("Mei Tanaka");
    signs_in(&mut mei, &demo, "Mei Tanaka");
    mei.clicks("Meetings");
    mei.clicks("Search and filter");
    mei.fills("Title", "nothing of the kind");
    mei.clicks("Show");
    mei.sees("No meeting fits that.");
    mei.clicks("Show all");
    mei.sees("First steps");
    mei.clicks("Week");
    let this_week = mei.address();
    mei.clicks("Next");
    mei.sees("Week of");
    assert_ne!(mei.address(), this_week);
    // From the way onward, the arrows turn the pages.
    let next = mei.address();
    mei.runs("document.querySelector('[rel=next]').focus();");
    mei.runs("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));");
    mei.sees("Week of");
    mei.clicks("Next");
    mei.sees("Week of");
    assert_eq!(mei.address(), next, "the arrow led back to this week");
    mei.clicks("Today");
    mei.sees("Week of");
    assert_eq!(mei.address(), this_week);
}
