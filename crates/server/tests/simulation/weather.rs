//! How much goes wrong, and what goes wrong for a while.

use jiff::Timestamp;

use crate::choices::Choices;

/// How Microsoft and the mail server are.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four things that are or aren't so, each by itself"
)]
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// How often in a thousand a call to Microsoft goes wrong by itself.
    pub calls_fail: usize,
    /// How often in a thousand a message does.
    pub mails_fail: usize,
    /// Nothing reaches Microsoft.
    pub microsoft_is_down: bool,
    /// Nothing reaches the mail server.
    pub mail_is_down: bool,
    /// The latest end of a wait that Microsoft asked for, as far as anybody has to heed it.
    pub asked_to_wait_until: Option<Timestamp>,
    /// Whether somebody was stopped for longer than their lease.
    pub overtook: bool,
    /// Whether faults are over.
    pub is_calm: bool,
}

impl Weather {
    pub fn drawn(choices: &mut Choices) -> Self {
        Self {
            calls_fail: choices.one(&[0, 20, 80, 250]),
            mails_fail: choices.one(&[0, 30, 150]),
            ..Self::default()
        }
    }

    /// All is well from now on.
    pub fn clears(&mut self) {
        *self = Self {
            asked_to_wait_until: self.asked_to_wait_until,
            overtook: self.overtook,
            is_calm: true,
            ..Self::default()
        };
    }
}
