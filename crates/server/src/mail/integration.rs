//! What global administrators are written about Teams: once when it needs attention, and
//! once in a month in which very many meetings were made.

use askama::Template;
use mentoring::health::MEETINGS_A_MONTH;
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

/// That a month comes near what Microsoft documents for one host.
#[derive(Clone, Copy, Debug)]
pub struct TeamsNearCeiling<'a> {
    pub organization: &'a str,
    /// Teams meetings made this month.
    pub made: u64,
    /// Manage > Integrations > Microsoft Teams.
    pub page: &'a Url,
}

struct Ceiling<'a> {
    subject: String,
    organization: String,
    made: u64,
    most: u64,
    page: &'a Url,
}

impl TeamsNearCeiling<'_> {
    pub fn write(&self) -> Letter {
        let organization = text::one_line(self.organization);
        let subject = format!("{} Teams meetings this month at {organization}", self.made);
        let words = Ceiling {
            subject,
            organization,
            made: self.made,
            most: MEETINGS_A_MONTH,
            page: self.page,
        };
        super::letter(
            &words.subject,
            &CeilingText { letter: &words },
            &CeilingHtml { letter: &words },
        )
    }
}

#[derive(Template)]
#[template(path = "mail/teams_near_ceiling.html")]
struct CeilingHtml<'a> {
    letter: &'a Ceiling<'a>,
}

#[derive(Template)]
#[template(path = "mail/teams_near_ceiling.txt", whitespace = "preserve")]
struct CeilingText<'a> {
    letter: &'a Ceiling<'a>,
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

    #[test]
    fn a_full_month_is_told_with_both_numbers() {
        let page = "https://ithaca.larkspur.example/larkspur/manage/integrations/teams";
        let letter = TeamsNearCeiling {
            organization: "Larkspur Health",
            made: 1_600,
            page: &page.parse().unwrap(),
        }
        .write();
        assert_eq!(
            letter.subject,
            "1600 Teams meetings this month at Larkspur Health"
        );
        for words in ["1600", "2000", "goes on making"] {
            assert!(letter.text.contains(words), "{}", letter.text);
        }
        assert!(letter.html.contains(&format!("href=\"{page}\"")));
    }
}
