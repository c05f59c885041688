//! The one letter that global administrators get when Teams needs attention.

use askama::Template;
use url::Url;

use super::{Letter, text};

/// What happened to the integration and what to do about it. The sentences are
/// those of the integration's page.
#[derive(Clone, Copy, Debug)]
pub struct TeamsNeedsAttention<'a> {
    pub organization: &'a str,
    pub what: &'a str,
    pub remedy: &'a str,
    /// Meetings still to come that have no working link because of it.
    pub meetings_without_link: u64,
    /// Manage > Integrations > Microsoft Teams.
    pub page: &'a Url,
}

struct Words<'a> {
    subject: String,
    organization: String,
    what: String,
    meaning: String,
    remedy: String,
    page: &'a Url,
}

impl TeamsNeedsAttention<'_> {
    pub fn write(&self) -> Letter {
        let organization = text::one_line(self.organization);
        let words = Words {
            subject: format!("Microsoft Teams needs attention at {organization}"),
            organization,
            what: text::lines(self.what),
            meaning: match self.meetings_without_link {
                0 => "Meetings that have their link keep it. New Teams meetings wait for theirs."
                    .to_owned(),
                1 => "One meeting waits for its link. Those that have one keep it.".to_owned(),
                many => {
                    format!("{many} meetings wait for their links. Those that have one keep it.")
                }
            },
            remedy: text::lines(self.remedy),
            page: self.page,
        };
        super::letter(
            &words.subject,
            &AttentionText { letter: &words },
            &AttentionHtml { letter: &words },
        )
    }
}

#[derive(Template)]
#[template(path = "mail/teams_needs_attention.html")]
struct AttentionHtml<'a> {
    letter: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/teams_needs_attention.txt", whitespace = "preserve")]
struct AttentionText<'a> {
    letter: &'a Words<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrators_read_what_happened_what_it_means_and_what_to_do() {
        let page = "https://ithaca.larkspur.example/larkspur/manage/integrations/teams";
        let letter = TeamsNeedsAttention {
            organization: "Larkspur Health",
            what: "Microsoft no longer accepts our access.",
            remedy: "Press Reconnect.\nSign in as Teams Scheduler.",
            meetings_without_link: 3,
            page: &page.parse().unwrap(),
        }
        .write();
        assert_eq!(
            letter.subject,
            "Microsoft Teams needs attention at Larkspur Health"
        );
        let order = [
            "no longer accepts",
            "3 meetings wait",
            "Press Reconnect.",
            page,
        ];
        let places: Vec<_> = order
            .iter()
            .map(|words| letter.text.find(words).unwrap())
            .collect();
        assert!(places.is_sorted(), "{}", letter.text);
        assert!(letter.html.contains(&format!("href=\"{page}\"")));
    }
}
