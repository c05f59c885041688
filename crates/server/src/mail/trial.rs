//! A trial for operators: a letter and an invitation to one address, and what a receiving
//! server will make of mail from this configuration.

use askama::Template;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mentoring::invitation::{CalendarObject, Method, Participation};
use uuid::Uuid;

use super::calendar::{self, CalendarError};
use super::message;
use super::{Correspondent, Letter, Message, MessageId, Sender};
use crate::config::{self, Tls};

/// The two mails of a trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Says that mail arrives.
    pub letter: Message,
    /// Should stand in the reader's calendar, a day ahead.
    pub invitation: Message,
}

#[derive(Template)]
#[template(path = "mail/trial.html")]
struct TrialHtml<'a> {
    letter: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/trial.txt", whitespace = "preserve")]
struct TrialText<'a> {
    letter: &'a Words<'a>,
}

struct Words<'a> {
    subject: &'a str,
    organization: &'a str,
    said: &'a str,
}

fn letter(subject: &str, said: &str, instance: &str) -> Letter {
    let words = Words {
        subject,
        organization: instance,
        said,
    };
    super::letter(
        subject,
        &TrialText { letter: &words },
        &TrialHtml { letter: &words },
    )
}

impl Trial {
    /// A trial to `address` from the instance of that host name; each mail has an id of its
    /// own.
    pub fn write(
        address: &str,
        instance: &str,
        sender: &Sender,
        ids: [Uuid; 2],
        now: Timestamp,
    ) -> Result<Self, CalendarError> {
        message::address(address)?;
        let to = Correspondent {
            name: String::new(),
            email: address.to_owned(),
        };
        let starts_at = now + SignedDuration::from_hours(24);
        let object = CalendarObject {
            method: Method::Request,
            uid: format!("{}@{instance}", ids[1]),
            sequence: 0,
            summary: "Ithaca test invitation".to_owned(),
            description: "It belongs into your calendar, and you may delete it.".to_owned(),
            location: String::new(),
            url: None,
            starts_at,
            ends_at: starts_at + SignedDuration::from_mins(15),
            local_start: TimeZone::UTC.to_datetime(starts_at),
            time_zone: "UTC".to_owned(),
            organizer: ("Ithaca".to_owned(), sender.email().to_owned()),
            attendees: vec![(
                address.to_owned(),
                address.to_owned(),
                Participation::NeedsAction,
            )],
            stamp: now,
            cancelled: false,
            recurrence: None,
            only: None,
        };
        let mail = |id, letter, calendar| Message {
            to: to.clone(),
            on_behalf_of: None,
            letter,
            calendar,
            id: MessageId::of_row(id, sender),
            date: now,
        };
        Ok(Self {
            letter: mail(
                ids[0],
                letter(
                    "Ithaca test mail",
                    "If you read this, mail from Ithaca arrives. If it was in your junk folder, look at SPF, DKIM and DMARC, which the command that sent it explains.",
                    instance,
                ),
                None,
            ),
            invitation: mail(
                ids[1],
                letter(
                    "Ithaca test invitation",
                    "Your mail program should show this as an invitation for this time tomorrow, with the answers Yes, No and Maybe, and put it into your calendar.",
                    instance,
                ),
                Some(calendar::write(&object, sender)?),
            ),
        })
    }
}

/// What a receiving server checks, as far as the configuration tells. Nothing is looked up:
/// whoever runs the domain's DNS knows what stands there.
pub fn alignment(settings: &config::Smtp) -> Vec<String> {
    let domain = settings
        .from
        .rsplit_once('@')
        .map_or(settings.from.as_str(), |(_, domain)| domain);
    let (host, port) = (&settings.host, settings.port());
    let secured = match settings.tls {
        Tls::None => "without encryption",
        Tls::Starttls => "encrypted by STARTTLS",
        Tls::Implicit => "encrypted from the first byte",
    };
    let signed_in = match &settings.user {
        Some(user) => format!("signed in as {user}"),
        None => "without signing in".to_owned(),
    };
    vec![
        format!(
            "From: {}, handed to {host}:{port}, {secured}, {signed_in}.",
            settings.from
        ),
        format!(
            "SPF: checked for {domain}, which is also the domain of From, so it aligns. The TXT record of {domain} that begins with v=spf1 must allow the servers by which {host} sends."
        ),
        format!(
            "DKIM: Ithaca does not sign. It aligns only if {host} signs for d={domain} or its parent domain; set that up there, and publish its key below _domainkey.{domain}."
        ),
        format!(
            "DMARC: passes if SPF or DKIM passes and aligns. Forwarded mail keeps DKIM alone. Look at the TXT record of _dmarc.{domain}: without one, large receivers may refuse invitations."
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_reads_which_domain_has_to_align() {
        let settings = config::Smtp::plain("relay.larkspur.example", 25, "ithaca@larkspur.example");
        let said = alignment(&settings).join("\n");
        for words in [
            "From: ithaca@larkspur.example, handed to relay.larkspur.example:25, without encryption",
            "SPF: checked for larkspur.example",
            "signs for d=larkspur.example",
            "_dmarc.larkspur.example",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn the_trial_invitation_is_one_to_the_address_alone() {
        let sender = Sender::new("ithaca@larkspur.example").unwrap();
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let now = "2026-11-24T09:00:00Z".parse().unwrap();
        let trial =
            Trial::write("mei@larkspur.example", "ithaca.example", &sender, ids, now).unwrap();
        assert!(trial.letter.calendar.is_none());
        let part = trial.invitation.calendar.unwrap();
        assert_eq!(part.method, "REQUEST");
        assert!(part.text.contains("mailto:mei@larkspur.example"));
        assert_ne!(trial.letter.id, trial.invitation.id);
        assert!(Trial::write("nobody", "ithaca.example", &sender, ids, now).is_err());
    }
}
