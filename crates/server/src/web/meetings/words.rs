//! What pages say about meetings. Nothing here asks anybody; it only finds the words.

use mentoring::answer::{Answer, Reply};
use mentoring::eligibility::Reason;
use mentoring::integration::Cause;
use mentoring::link::{LinkState, WaitingReason};
use mentoring::lobby::Entry;
use mentoring::member::EmailAddress;
use mentoring::refusal::Refusal;
use mentoring::repetition::{Occurrence, OccurrenceState};

use crate::web::pages::meetings::{Forecast, Neighbour};
use crate::web::pages::shown::{Tag, Tone};

/// What is unusual about a meeting in a list.
pub fn tag(occurrence: &Occurrence, link: Option<&LinkState>) -> Option<Tag> {
    if occurrence.state == OccurrenceState::Cancelled {
        return Some(Tag::new("Cancelled", Tone::Wrong));
    }
    if occurrence.state == OccurrenceState::Missed {
        return Some(Tag::new("Missed", Tone::Waiting));
    }
    match link {
        Some(LinkState::Waiting(_)) => Some(Tag::new("Creating the Teams link…", Tone::Waiting)),
        Some(LinkState::Failed(_)) => Some(Tag::new("No Teams link", Tone::Wrong)),
        _ => None,
    }
}

/// What somebody answered.
pub fn answered(reply: Option<&Reply>) -> Tag {
    match reply.map(|reply| reply.answer) {
        None => Tag::new("No answer yet", Tone::Plain),
        Some(Answer::Yes) => Tag::new("Yes", Tone::Well),
        Some(Answer::No) => Tag::new("No", Tone::Wrong),
        Some(Answer::Maybe) => Tag::new("Maybe", Tone::Waiting),
    }
}

/// Why a link that one waits for takes longer than a moment.
pub fn waiting(reason: WaitingReason) -> Option<String> {
    match reason {
        WaitingReason::BeingMade => None,
        WaitingReason::Because(cause) => Some(cause.sentence_for_participant().to_owned()),
    }
}

/// Why there is no link and none will come by itself.
pub fn failed(cause: Cause, for_administrator: bool) -> String {
    if for_administrator {
        return format!("{} {}", cause.sentence_for_administrator(), cause.remedy());
    }
    let happened = if cause.heals_by_itself() {
        "Microsoft Teams did not give this meeting a link. Your administrators know; you can choose another way to meet."
    } else {
        cause.sentence_for_participant()
    };
    format!("{happened} Whoever planned it can try again on its page.")
}

/// Why Teams video call is not among the modes, in one line; nothing where there is no
/// reason to expect it.
pub fn absent(reasons: &[Reason], email: &EmailAddress, organization: &str) -> Option<String> {
    let is_integrated = !reasons.contains(&Reason::NotIntegrated);
    let told: Vec<String> = if reasons.contains(&Reason::ModeOff) {
        // Whatever else is in the way concerns nobody in a track without Teams.
        let off = Reason::ModeOff.sentence(email, organization);
        is_integrated.then_some(off).into_iter().collect()
    } else {
        reasons
            .iter()
            .map(|reason| reason.sentence(email, organization))
            .collect()
    };
    (!told.is_empty()).then(|| told.join(" "))
}

/// Whether the answer is only a moment away.
pub fn is_being_checked(reasons: &[Reason]) -> bool {
    reasons == [Reason::BeingChecked]
}

/// How a page shows what the lobby makes of somebody.
pub fn forecast(entry: Entry) -> Forecast {
    match entry {
        Entry::WalksIn => Forecast::WalksIn,
        Entry::Waits => Forecast::Waits,
        Entry::WaitsForColleague => Forecast::WaitsForColleague,
    }
}

/// The times that are offered instead of one that is skipped or comes twice.
pub fn neighbours(refusals: &[Refusal]) -> Vec<Neighbour> {
    let pair = refusals.iter().find_map(|refusal| match refusal {
        Refusal::TimeSkipped { before, after, .. } | Refusal::TimeTwice { before, after, .. } => {
            Some([*before, *after])
        }
        _ => None,
    });
    pair.into_iter()
        .flatten()
        .map(|at| Neighbour {
            value: at.strftime("%Y-%m-%dT%H:%M").to_string(),
            label: at.strftime("%H:%M on %-d %B %Y").to_string(),
        })
        .collect()
}

/// "Luis", "Luis and Jonas", "Luis and 2 others".
pub fn names(first_names: &[&str]) -> String {
    match first_names {
        [] => "Nobody".to_owned(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, rest @ ..] => format!("{one} and {} others", rest.len()),
    }
}

/// Who can let others in from the lobby.
pub fn admitting(first_names: &[&str]) -> Option<String> {
    (!first_names.is_empty()).then(|| {
        let who = names(first_names);
        format!("{who} can let people in. Every colleague who is there can present, and let people in too.")
    })
}

/// Who hears of a change: "Luis and 2 others get an update by mail."
pub fn told(first_names: &[&str], what: &str) -> String {
    let verb = if first_names.len() == 1 {
        "gets"
    } else {
        "get"
    };
    if first_names.is_empty() {
        format!("Nobody else gets {what}.")
    } else {
        format!("{} {verb} {what} by mail.", names(first_names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about_priya(reasons: &[Reason]) -> Option<String> {
        let email = EmailAddress::parse("priya@alumni.example").unwrap();
        absent(reasons, &email, "Larkspur Health")
    }

    #[test]
    fn priya_reads_why_teams_is_not_for_her() {
        let line = about_priya(&[Reason::NotInDirectory]).unwrap();
        assert!(line.contains("priya@alumni.example"), "{line}");
    }

    #[test]
    fn before_teams_is_integrated_nobody_reads_of_it() {
        assert_eq!(
            about_priya(&[Reason::NotIntegrated, Reason::ModeOff, Reason::BeingChecked]),
            None
        );
    }

    #[test]
    fn a_track_without_teams_says_so_and_nothing_else() {
        let line = about_priya(&[Reason::ModeOff, Reason::NotInDirectory]).unwrap();
        assert_eq!(
            line,
            "This track does not use Teams video calls. Meet in another way."
        );
    }

    #[test]
    fn everybody_who_is_told_is_counted() {
        assert_eq!(told(&["Luis"], "an update"), "Luis gets an update by mail.");
        assert_eq!(
            told(&["Luis", "Jonas", "Priya"], "an update"),
            "Luis and 2 others get an update by mail."
        );
        assert_eq!(told(&[], "an update"), "Nobody else gets an update.");
    }
}
