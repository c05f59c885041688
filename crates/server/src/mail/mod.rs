//! What Ithaca writes to people: letters, calendar objects, and the way to the
//! mail server. Who gets what and when is decided elsewhere; nothing here
//! knows the store.

pub mod calendar;
mod integration;
mod meeting;
mod member;
mod message;
mod offered;
mod reminder;
mod smtp;
mod text;
pub mod trial;
mod when;

use askama::Template;

pub use integration::{TeamsNearCeiling, TeamsNeedsAttention};
pub use meeting::{MeetingLetter, MeetingReader};
pub use member::{MemberInvitation, PasswordReset};
pub use message::{CalendarPart, Correspondent, Letter, Message, MessageError, MessageId, Sender};
pub use offered::OfferedTimesLetter;
pub use reminder::ReminderLetter;
pub use smtp::{Delivery, Smtp, SmtpError};
pub use when::{When, moment, repeats};

fn letter(subject: &str, text: &impl Template, html: &impl Template) -> Letter {
    Letter {
        subject: subject.to_owned(),
        text: rendered(text),
        html: rendered(html),
    }
}

fn rendered(template: &impl Template) -> String {
    template
        .render()
        .expect("writing values that are there into a string can't fail")
}
