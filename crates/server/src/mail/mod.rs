//! What Ithaca writes to people: letters, calendar objects, and the way to the
//! mail server. Who gets what and when is decided elsewhere; nothing here
//! knows the store.

mod message;
mod smtp;
mod text;
mod when;

pub use message::{CalendarPart, Correspondent, Letter, Message, MessageError, MessageId, Sender};
pub use smtp::{Delivery, Smtp, SmtpError};
pub use when::{When, moment};
