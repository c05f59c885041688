//! Letters to a member about their own account.

use askama::Template;
use jiff::Timestamp;
use url::Url;

use super::{Letter, moment, text};

/// To somebody who was invited into an organization.
#[derive(Clone, Copy, Debug)]
pub struct MemberInvitation<'a> {
    pub organization: &'a str,
    pub invited_by: &'a str,
    pub link: &'a Url,
    pub expires_at: Timestamp,
    /// The zone and language the link's end is written in.
    pub time_zone: &'a str,
    pub language: &'a str,
}

/// To somebody who asked for a new password.
#[derive(Clone, Copy, Debug)]
pub struct PasswordReset<'a> {
    pub organization: &'a str,
    pub link: &'a Url,
    pub expires_at: Timestamp,
    pub time_zone: &'a str,
    pub language: &'a str,
}

struct InvitationWords<'a> {
    subject: String,
    organization: String,
    invited_by: String,
    link: &'a Url,
    until: String,
}

struct ResetWords<'a> {
    subject: String,
    organization: String,
    link: &'a Url,
    until: String,
}

impl MemberInvitation<'_> {
    pub fn write(&self) -> Letter {
        let organization = text::one_line(self.organization);
        let words = InvitationWords {
            subject: format!("Your invitation to {organization} on Ithaca"),
            organization,
            invited_by: text::one_line(self.invited_by),
            link: self.link,
            until: moment(self.expires_at, self.time_zone, self.language),
        };
        super::letter(
            &words.subject,
            &InvitationText { letter: &words },
            &InvitationHtml { letter: &words },
        )
    }
}

impl PasswordReset<'_> {
    pub fn write(&self) -> Letter {
        let organization = text::one_line(self.organization);
        let words = ResetWords {
            subject: format!("A new password for {organization} on Ithaca"),
            organization,
            link: self.link,
            until: moment(self.expires_at, self.time_zone, self.language),
        };
        super::letter(
            &words.subject,
            &ResetText { letter: &words },
            &ResetHtml { letter: &words },
        )
    }
}

#[derive(Template)]
#[template(path = "mail/member_invitation.html")]
struct InvitationHtml<'a> {
    letter: &'a InvitationWords<'a>,
}

#[derive(Template)]
#[template(path = "mail/member_invitation.txt", whitespace = "preserve")]
struct InvitationText<'a> {
    letter: &'a InvitationWords<'a>,
}

#[derive(Template)]
#[template(path = "mail/password_reset.html")]
struct ResetHtml<'a> {
    letter: &'a ResetWords<'a>,
}

#[derive(Template)]
#[template(path = "mail/password_reset.txt", whitespace = "preserve")]
struct ResetText<'a> {
    letter: &'a ResetWords<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Url {
        "https://ithaca.larkspur.example/larkspur/welcome/Zm9v"
            .parse()
            .unwrap()
    }

    #[test]
    fn an_invitation_says_by_whom_where_to_and_until_when() {
        let letter = MemberInvitation {
            organization: "Larkspur <Health>",
            invited_by: "Amara Okafor",
            link: &link(),
            expires_at: "2026-11-30T08:00:00Z".parse().unwrap(),
            time_zone: "Europe/Berlin",
            language: "en",
        }
        .write();
        assert_eq!(
            letter.subject,
            "Your invitation to Larkspur <Health> on Ithaca"
        );
        assert!(
            letter
                .text
                .starts_with("Amara Okafor invites you to Larkspur <Health>’s mentoring")
        );
        assert!(letter.text.contains(&format!("\n{}\n", link())));
        assert!(
            letter
                .text
                .contains("until Monday 30 November 2026, 09:00 (Berlin time)")
        );
        assert!(!letter.html.contains("<Health>"));
        assert!(letter.html.contains(&format!("href=\"{}\"", link())));
    }

    #[test]
    fn a_reset_reassures_whoever_did_not_ask() {
        let letter = PasswordReset {
            organization: "Larkspur Health",
            link: &link(),
            expires_at: "2026-11-23T10:00:00Z".parse().unwrap(),
            time_zone: "America/New_York",
            language: "en-US",
        }
        .write();
        assert!(
            letter
                .text
                .contains("until Monday, November 23, 2026, 5:00 am (New York time)")
        );
        assert!(letter.text.contains("your password stays as it is"));
    }
}
