//! What is answered to each command. No input or output here.

use std::time::Duration;

use crate::Sandbox;
use crate::smtp::{Act, LARGEST, Line, Sent, Stage, What};

/// RFC 5321, 4.5.3.1.8: at least a hundred recipients.
const RECIPIENTS: usize = 100;

/// After so many commands that made no sense, the client is sent away.
const MISTAKES: u32 = 20;

/// What happens after a command.
pub(super) enum Next {
    Say(String),
    /// Says this, then a message follows.
    TakeMessage(String),
    SayLater(Duration, Box<Next>),
    SayFarewell(String),
    /// Ends the connection without a word.
    Cut,
}

/// Where a conversation stands.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    is_greeted: bool,
    from: Option<String>,
    to: Vec<String>,
    mistakes: u32,
}

impl Dialogue {
    pub(super) fn greet(sandbox: &Sandbox) -> Next {
        let fault = take_fault(sandbox, Stage::Connect, None, &[]);
        with_fault(fault, say("220 localhost ESMTP Sandbox"), |reply| {
            // RFC 5321, 3.1: after a refusal to greet, nothing but QUIT follows.
            Next::SayFarewell(reply)
        })
    }

    /// Answers a command.
    pub(super) fn answer(&mut self, sandbox: &Sandbox, command: &Line) -> Next {
        let Line::Whole(text) = command else {
            return self.mistake("500 5.5.2 Line too long");
        };
        let (verb, rest) = text
            .split_once(|letter: char| letter.is_ascii_whitespace())
            .unwrap_or((text, ""));
        let rest = rest.trim();
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" if !rest.is_empty() => {
                self.begin();
                Next::Say(format!(
                    "250-localhost at your service\r\n250-SIZE {LARGEST}\r\n250-8BITMIME\r\n\
                     250-SMTPUTF8\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n"
                ))
            }
            "HELO" if !rest.is_empty() => {
                self.begin();
                say("250 localhost at your service")
            }
            "EHLO" | "HELO" => self.mistake("501 5.5.4 Say who you are"),
            "MAIL" => self.mail(sandbox, rest),
            "RCPT" => self.recipient(sandbox, rest),
            "DATA" => self.message_follows(sandbox, rest),
            "RSET" => {
                self.forget();
                say("250 2.0.0 Forgotten")
            }
            "NOOP" => say("250 2.0.0 OK"),
            "VRFY" => say("252 2.1.5 Every address has a mailbox here"),
            "HELP" => say("214 2.0.0 EHLO HELO MAIL RCPT DATA RSET NOOP QUIT"),
            "QUIT" => Next::SayFarewell(line("221 2.0.0 Goodbye")),
            "AUTH" | "STARTTLS" | "EXPN" | "BDAT" => {
                self.mistake("502 5.5.1 This server doesn't do that")
            }
            _ => self.mistake("500 5.5.2 No such command"),
        }
    }

    /// Delivers the message that was announced.
    pub(super) fn take(&mut self, sandbox: &Sandbox, sent: Sent) -> Next {
        let from = self.from.take().unwrap_or_default();
        let to = std::mem::take(&mut self.to);
        let raw = match sent {
            Sent::Message(raw) => raw,
            Sent::TooLarge => return say("552 5.3.4 The message is larger than 2 MiB"),
            Sent::LineTooLong => return say("554 5.6.0 A line is longer than 998 octets"),
            Sent::BareLineFeed => return say("550 5.6.11 A line feed without carriage return"),
        };
        let fault = take_fault(sandbox, Stage::Message, Some(&from), &to);
        if prevents(fault.as_ref()) {
            return with_fault(fault, Next::Cut, Next::Say);
        }
        let now = sandbox.now();
        let number = sandbox.change(|state| state.mailboxes.deliver(from, to, now, raw));
        with_fault(
            fault,
            say(&format!("250 2.0.0 Delivered as message {number}")),
            Next::Say,
        )
    }

    fn mail(&mut self, sandbox: &Sandbox, rest: &str) -> Next {
        if !self.is_greeted {
            return self.mistake("503 5.5.1 Say EHLO first");
        }
        if self.from.is_some() {
            return self.mistake("503 5.5.1 The sender was named already");
        }
        let Some((path, parameters)) = parse_path(rest, "FROM:") else {
            return self.mistake("501 5.5.4 MAIL FROM:<address>");
        };
        if !path.is_empty() && !is_address(path) {
            return self.mistake("553 5.1.7 That is no address");
        }
        for parameter in parameters.split_ascii_whitespace() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name.to_ascii_uppercase().as_str() {
                "SIZE" => match value.parse::<u64>() {
                    Ok(size) if size <= LARGEST as u64 => {}
                    Ok(_) => return say("552 5.3.4 The message is larger than 2 MiB"),
                    Err(_) => return self.mistake("501 5.5.4 SIZE is a number"),
                },
                "BODY" | "SMTPUTF8" => {}
                _ => return self.mistake("555 5.5.4 MAIL has no such parameter here"),
            }
        }
        let fault = take_fault(sandbox, Stage::Mail, Some(path), &[]);
        if !prevents(fault.as_ref()) {
            self.from = Some(path.to_owned());
        }
        with_fault(fault, say("250 2.1.0 OK"), Next::Say)
    }

    fn recipient(&mut self, sandbox: &Sandbox, rest: &str) -> Next {
        if self.from.is_none() {
            return self.mistake("503 5.5.1 Name the sender first");
        }
        let Some((path, parameters)) = parse_path(rest, "TO:") else {
            return self.mistake("501 5.5.4 RCPT TO:<address>");
        };
        if !is_address(path) {
            return self.mistake("553 5.1.3 That is no address");
        }
        if !parameters.is_empty() {
            return self.mistake("555 5.5.4 RCPT has no parameters here");
        }
        if self.to.len() == RECIPIENTS {
            return say("452 4.5.3 Too many recipients");
        }
        let recipient = [path.to_owned()];
        let fault = take_fault(sandbox, Stage::Recipient, self.from.as_deref(), &recipient);
        if !prevents(fault.as_ref()) && !self.to.iter().any(|to| to.eq_ignore_ascii_case(path)) {
            self.to.push(path.to_owned());
        }
        with_fault(fault, say("250 2.1.5 OK"), Next::Say)
    }

    fn message_follows(&mut self, sandbox: &Sandbox, rest: &str) -> Next {
        if !rest.is_empty() {
            return self.mistake("501 5.5.4 DATA takes nothing");
        }
        if self.from.is_none() {
            return self.mistake("503 5.5.1 Name the sender first");
        }
        if self.to.is_empty() {
            return self.mistake("554 5.5.1 No valid recipients");
        }
        let next = Next::TakeMessage(line("354 Go ahead, a single dot ends it"));
        let fault = take_fault(sandbox, Stage::Data, self.from.as_deref(), &self.to);
        with_fault(fault, next, Next::Say)
    }

    fn begin(&mut self) {
        self.is_greeted = true;
        self.forget();
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn mistake(&mut self, reply: &str) -> Next {
        self.mistakes += 1;
        if self.mistakes < MISTAKES {
            say(reply)
        } else {
            Next::SayFarewell(line("421 4.7.0 Too many mistakes"))
        }
    }
}

fn say(reply: &str) -> Next {
    Next::Say(line(reply))
}

fn line(reply: &str) -> String {
    format!("{reply}\r\n")
}

fn take_fault(sandbox: &Sandbox, stage: Stage, from: Option<&str>, to: &[String]) -> Option<Act> {
    let now = sandbox.now();
    let mut taken = None;
    sandbox.note(|state| taken = state.mailboxes.faults.take(stage, from, to, now));
    taken
}

/// Whether nothing of what was asked is done.
fn prevents(fault: Option<&Act>) -> bool {
    fault.is_some_and(|act| matches!(act.what, What::Refuse { .. } | What::LoseRequest))
}

/// What is said in place of `next`; a refusal in the way of `refuse`.
fn with_fault(fault: Option<Act>, next: Next, refuse: impl FnOnce(String) -> Next) -> Next {
    let Some(Act { what, delay }) = fault else {
        return next;
    };
    let next = match what {
        What::Nothing => next,
        // A line break in the text would be a reply of its own.
        What::Refuse { code, text } => {
            refuse(line(&format!("{code} {}", text.replace(['\r', '\n'], " "))))
        }
        What::LoseAnswer | What::LoseRequest => Next::Cut,
    };
    if delay.is_zero() {
        next
    } else {
        Next::SayLater(delay, Box::new(next))
    }
}

/// `FROM:<path> parameters` and the like; a space after the colon is forgiven.
fn parse_path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let head = rest.get(..word.len())?;
    if !head.eq_ignore_ascii_case(word) {
        return None;
    }
    let (path, parameters) = rest[word.len()..]
        .trim_start()
        .strip_prefix('<')?
        .split_once('>')?;
    if !parameters.is_empty() && !parameters.starts_with(' ') {
        return None;
    }
    Some((path, parameters.trim()))
}

/// Good enough for mailboxes on this machine: one `@`, something on both sides, nothing odd.
fn is_address(path: &str) -> bool {
    path.len() <= 254
        && path.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
        && !path.chars().any(|letter| {
            letter.is_control() || letter.is_whitespace() || "<>,;\\\"".contains(letter)
        })
}
