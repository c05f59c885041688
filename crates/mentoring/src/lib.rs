//! The rules of mentoring programs whose meetings take place on Microsoft Teams.
//!
//! Pure: nothing here reads a clock, draws a random number, or speaks to a database or a
//! network. What is needed is handed in, and what was decided is handed back together
//! with the event that says so.

pub mod answer;
pub mod api_token;
pub mod drift;
pub mod eligibility;
pub mod event;
pub mod health;
pub mod integration;
pub mod invitation;
pub mod link;
pub mod lobby;
pub mod meeting;
pub mod member;
pub mod note;
pub mod organization;
pub mod outcome;
pub mod proposal;
pub mod reconnect;
pub mod refusal;
pub mod reminder;
pub mod repetition;
pub mod role;
pub mod schedule;
pub mod settle;
pub mod stumble;
pub mod track;

/// Gives an enum the words that it is stored and sent as, and the way back.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that it is stored and sent as.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// The value of a stored word.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use words;
