//! Why the rules say no. Every text is a sentence for the person who asked.

use jiff::civil::DateTime;
use thiserror::Error;

use crate::eligibility::{self, Reason};
use crate::proposal::ProposalState;
use crate::track::Mode;

/// What kind of no it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// Something that was typed or chosen can be mended.
    Invalid,
    /// The actor may see it but not do it.
    Forbidden,
    /// The state of things does not allow it now.
    Conflict,
}

/// Why the rules say no.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// An organization's address.
    #[error("Use 2 to 40 lower-case letters, digits and hyphens for the address.")]
    SlugInvalid,
    /// An organization's address that belongs to the instance.
    #[error("That address is used by Ithaca itself. Choose another one.")]
    SlugReserved,
    /// An organization's address that another one has.
    #[error("Another organization uses that address. Choose another one.")]
    SlugTaken,
    /// An organization's or a track's name.
    #[error("Give it a name of 1 to 120 characters.")]
    NameInvalid,
    /// A track's name whose address is taken.
    #[error("There is a track with that name already. Choose another name.")]
    TrackNameTaken,
    /// A person's name.
    #[error("Enter 1 to 80 characters.")]
    PersonNameInvalid {
        /// Which of the two names.
        field: &'static str,
    },
    /// An e-mail address.
    #[error("Enter one e-mail address, like mei@larkspur.example.")]
    EmailInvalid,
    /// The name of a directory account.
    #[error("Enter the account's sign-in name or address, like mei@larkspur.example.")]
    AccountInvalid,
    /// An e-mail address that a member has.
    #[error("Somebody in your organization has that address already.")]
    EmailTaken,
    /// A password.
    #[error("Choose a password of 10 to 128 characters.")]
    PasswordInvalid,
    /// A sign-in, whatever was wrong with it.
    #[error(
        "That address and password do not belong together. Check both, or ask for a new password."
    )]
    SignInFailed,
    /// A token's name.
    #[error("Give the token a name of 1 to 80 characters, so that you know it again.")]
    TokenNameInvalid,
    /// A token's lifetime.
    #[error("Choose how long the token works.")]
    TokenLifetimeInvalid,
    /// A token's scope.
    #[error("Choose what the token may do.")]
    TokenScopeInvalid,
    /// Too many tokens.
    #[error("You have 20 API tokens already. Revoke one that you no longer use.")]
    TooManyTokens,
    /// Only global administrators.
    #[error("Only a global administrator may do this. Ask one of yours.")]
    NotGlobalAdministrator,
    /// Only those who run the track.
    #[error("Only the administrators of this track may change it. Ask one of them.")]
    NotTrackAdministrator,
    /// The organization would be left without anybody who runs it.
    #[error("This is the last global administrator. Make somebody else one first.")]
    LastAdministrator,
    /// Oneself.
    #[error("You cannot deactivate yourself. Ask another global administrator.")]
    Yourself,
    /// A member in a state that does not fit.
    #[error("{0} has already changed in the meantime. Look again before you decide.")]
    MemberState(String),
    /// No mode at all.
    #[error("Choose at least one meeting mode.")]
    NoMode,
    /// Teams while it cannot be used.
    #[error("{0}")]
    TeamsUnavailable(String),
    /// A replacement that the track does not use.
    #[error("The meetings cannot become that: the track does not use it.")]
    ModeNotInTrack,
    /// The typed confirmation of a removal.
    #[error("Type the word remove to confirm.")]
    RemovalNotConfirmed,
    /// A callback that does not belong to this browser.
    #[error(
        "This answer from Microsoft does not belong to anything you started here. Press Integrate and go on in the same browser."
    )]
    ConsentUnknown,
    /// A callback that cannot be read.
    #[error("Microsoft's answer could not be read ({why}) Press Integrate again.")]
    ConsentBroken {
        /// What was wrong with it.
        why: String,
    },
    /// A time zone that does not exist.
    #[error("There is no time zone called “{0}”. Choose one from the list, like Europe/Berlin.")]
    ZoneUnknown(String),
    /// A local time that the clocks jump over.
    #[error("{local} does not exist in {zone}: the clocks jump over it. Choose {before} or {after}.", local = say(.local), before = say(.before), after = say(.after))]
    TimeSkipped {
        /// What was asked for.
        local: DateTime,
        /// Where.
        zone: String,
        /// The last full minute before the jump.
        before: DateTime,
        /// The first minute after it.
        after: DateTime,
    },
    /// A local time that happens twice.
    #[error("{local} happens twice in {zone}: the clocks go back. Choose {before} or {after}.", local = say(.local), before = say(.before), after = say(.after))]
    TimeTwice {
        /// What was asked for.
        local: DateTime,
        /// Where.
        zone: String,
        /// The last time of that hour that happens once.
        before: DateTime,
        /// The first time afterwards that happens once.
        after: DateTime,
    },
    /// Before now.
    #[error("That time has passed. Choose one from now on.")]
    InThePast,
    /// Beyond two years.
    #[error("That is more than two years ahead. Choose an earlier date.")]
    TooFarAhead,
    /// A duration.
    #[error("A meeting takes between 5 minutes and 24 hours.")]
    DurationInvalid,
    /// A date that cannot be read.
    #[error("Enter a date, like 2026-11-24.")]
    DateInvalid,
    /// A time that cannot be read.
    #[error("Enter a time, like 15:00.")]
    TimeInvalid,
    /// A title.
    #[error("Give the meeting a title of 1 to 200 characters, on one line.")]
    TitleInvalid,
    /// An agenda.
    #[error("The agenda is too long: {0} of at most 4,000 characters.")]
    AgendaTooLong(usize),
    /// A location.
    #[error("The location is too long: at most 200 characters.")]
    LocationTooLong,
    /// Nobody to meet.
    #[error("Choose at least one person to meet.")]
    NobodyElse,
    /// Too many people.
    #[error("A meeting has at most 50 people. You chose {0}.")]
    TooManyPeople(usize),
    /// The actor, who is not in the track.
    #[error(
        "You are not enrolled in this track, so you cannot make meetings in it. Ask its administrator."
    )]
    NotEnrolled,
    /// The time that it has.
    #[error("The meeting is at this time already. Choose another.")]
    TimeUnchanged,
    /// Somebody who is not in the track.
    #[error("Somebody you chose is not in this track any more. Look at the list again.")]
    NotAParticipant,
    /// A mode that the track does not use.
    #[error("This track does not use that meeting mode. Choose one of the others.")]
    ModeOff,
    /// Teams for somebody who may not use it.
    #[error("{}", eligibility::sentences(.0))]
    TeamsNotForYou(Vec<Reason>),
    /// A meeting of others.
    #[error(
        "Only the person who made this meeting and the administrators of its track may change it. Ask one of them."
    )]
    NotYourMeeting,
    /// A link that was not given up.
    #[error("There is nothing to try again: this meeting's link was not given up.")]
    LinkNotGivenUp,
    /// A change that everyone is told the reason of.
    #[error("Say why in a sentence: everybody who was invited will read it.")]
    ReasonMissing,
    /// A reason.
    #[error("The reason is too long: at most 500 characters.")]
    ReasonTooLong,
    /// A cancelled meeting.
    #[error("This meeting was cancelled. Make a new one instead.")]
    MeetingCancelled,
    /// A rule that is none.
    #[error("Choose how often it repeats: every day, every week, every two weeks or every month.")]
    RepetitionUnknown,
    /// A rule that says nothing of its end, or two things.
    #[error("Say either how many times you meet or the last day.")]
    RepetitionEndless,
    /// A rule with none or too many.
    #[error("A series has 1 to 104 meetings. Choose fewer, or an earlier last day.")]
    RepetitionCount,
    /// A last day before the first.
    #[error("The last day is before the first meeting. Choose a later one.")]
    RepetitionEndsBefore,
    /// A rule that reaches beyond two years.
    #[error(
        "A series reaches at most two years ahead. Choose fewer meetings, or an earlier last day."
    )]
    RepetitionTooFar,
    /// An occurrence that can't be changed.
    #[error("That meeting of the series is over or cancelled. Look at the series again.")]
    OccurrenceGone,
    /// A meeting that is over.
    #[error("This meeting is over, so it can no longer be changed.")]
    MeetingOver,
    /// An answer that is none.
    #[error("Answer yes, no or maybe.")]
    AnswerUnknown,
    /// A note to an answer.
    #[error("The note is too long: {0} of at most 500 characters.")]
    NoteTooLong(usize),
    /// An answer of somebody who was not asked.
    #[error("Only the people of this meeting can answer. You are not one of them.")]
    NotInvited,
    /// An answer to a cancelled meeting.
    #[error("This meeting was cancelled. Nobody is expected, so there is nothing to answer.")]
    CancelledUnanswered,
    /// What became of a meeting, in no word that there is.
    #[error("Say whether it took place, did not, or took place at another time.")]
    OutcomeUnknown,
    /// What became of a meeting that is not over.
    #[error("This meeting is not over yet. Say how it went once it is.")]
    NotOverYet,
    /// What became of a meeting of long ago.
    #[error("This meeting was more than a year ago, so what was said of it stays as it is.")]
    OutcomeClosed,
    /// A meeting to be logged that is not over.
    #[error("That is not over yet. Log a meeting once it is, or plan it instead.")]
    NotOver,
    /// A meeting to be logged of long ago.
    #[error("That is more than a year ago. Meetings of the last year can be logged.")]
    TooLongAgo,
    /// Notes.
    #[error("The notes are too long: {0} of at most 10,000 characters.")]
    NotesTooLong(usize),
    /// When to be reminded.
    #[error("Choose one of the times that are offered.")]
    ReminderInvalid,
    /// An answer to a meeting that is over.
    #[error("This meeting is over, so there is nothing to answer any more.")]
    OverUnanswered,
    /// What presumes a time, of a meeting that has none yet.
    #[error(
        "This meeting is only proposed: no time is settled yet. Answer the times that were offered."
    )]
    OnlyProposed,
    /// A proposal of nothing.
    #[error("Offer at least one time.")]
    NoTimes,
    /// A proposal of too much.
    #[error("Offer at most five times. You offered {0}.")]
    TooManyTimes(usize),
    /// A proposal with a time that stands in it twice.
    #[error("Two of the times are the same. Offer each once.")]
    TimesTwice,
    /// What is wrong with one of several times.
    #[error("Time {0}: {1}")]
    OfferedTime(usize, Box<Refusal>),
    /// A time that nobody offered.
    #[error("Choose one of the times that were offered.")]
    TimeNotOffered,
    /// An answer that says nothing.
    #[error("Tick the times that you can, or say that you can none of them.")]
    NothingTicked,
    /// A proposal that was answered or withdrawn.
    #[error("{}", .0.why_closed())]
    ProposalClosed(ProposalState),
    /// The times of the one who asks.
    #[error(
        "You offered these times yourself, so the choice is not yours. Withdraw them, or offer others."
    )]
    OwnProposal,
    /// A group's choice.
    #[error("Only the person who made this meeting settles on a time. Say which of them you can.")]
    OrganizerSettles,
    /// A group's question, for who decides.
    #[error("The choice is yours: accept one of the times, offer others, or decline.")]
    AcceptInstead,
    /// A proposal for a meeting of one's own.
    #[error("You made this meeting, so you can reschedule it at once.")]
    OrganizerMoves,
    /// A mode that is gone since the meeting was proposed.
    #[error("This meeting was proposed as “{}”, which is not possible in its track now. Whoever made it can withdraw it and propose it again in another way.", .0.label())]
    ProposedModeGone(Mode),
    /// Somebody of a proposed meeting who left since.
    #[error(
        "Somebody of this meeting is not in the track any more. Whoever made it can withdraw it and propose it again."
    )]
    ParticipantGone,
    /// Proposals without end.
    #[error(
        "You have offered times for this meeting {0} times. Speak with each other, then make a meeting."
    )]
    TooManyProposals(usize),
}

/// A local time as people say it.
fn say(local: &DateTime) -> String {
    local.strftime("%H:%M on %-d %B %Y").to_string()
}

impl Refusal {
    /// The form's field that it belongs to, if it belongs to one.
    pub fn field(&self) -> Option<&'static str> {
        Some(match self {
            Self::SlugInvalid | Self::SlugReserved | Self::SlugTaken => "slug",
            Self::NameInvalid | Self::TrackNameTaken => "name",
            Self::PersonNameInvalid { field } => field,
            Self::EmailInvalid | Self::EmailTaken => "email",
            Self::AccountInvalid => "account",
            Self::PasswordInvalid => "password",
            Self::TokenNameInvalid => "token_name",
            Self::TokenLifetimeInvalid => "token_days",
            Self::TokenScopeInvalid => "token_scope",
            Self::NoMode | Self::TeamsUnavailable(_) | Self::ModeNotInTrack => "modes",
            Self::RemovalNotConfirmed => "confirmation",
            Self::ZoneUnknown(_) => "time_zone",
            Self::TimeSkipped { .. }
            | Self::TimeTwice { .. }
            | Self::InThePast
            | Self::TimeUnchanged
            | Self::NotOver
            | Self::TimeInvalid => "time",
            Self::TooFarAhead | Self::TooLongAgo | Self::DateInvalid => "date",
            Self::DurationInvalid => "duration",
            Self::TitleInvalid => "title",
            Self::AgendaTooLong(_) => "agenda",
            Self::LocationTooLong => "location",
            Self::NobodyElse | Self::TooManyPeople(_) | Self::NotAParticipant => "people",
            Self::ModeOff | Self::TeamsNotForYou(_) => "mode",
            Self::ReasonMissing | Self::ReasonTooLong => "reason",
            Self::NoTimes | Self::TooManyTimes(_) | Self::TimesTwice | Self::OfferedTime(..) => {
                "times"
            }
            Self::TimeNotOffered | Self::NothingTicked => "choice",
            Self::AnswerUnknown => "answer",
            Self::NoteTooLong(_) => "note",
            Self::OutcomeUnknown => "said",
            Self::NotesTooLong(_) => "text",
            Self::ReminderInvalid => "minutes_before",
            Self::RepetitionUnknown
            | Self::RepetitionEndless
            | Self::RepetitionCount
            | Self::RepetitionEndsBefore
            | Self::RepetitionTooFar => "repetition",
            Self::SignInFailed
            | Self::TooManyTokens
            | Self::NotGlobalAdministrator
            | Self::NotTrackAdministrator
            | Self::NotEnrolled
            | Self::LastAdministrator
            | Self::Yourself
            | Self::MemberState(_)
            | Self::ConsentUnknown
            | Self::ConsentBroken { .. }
            | Self::NotYourMeeting
            | Self::MeetingCancelled
            | Self::OccurrenceGone
            | Self::NotInvited
            | Self::CancelledUnanswered
            | Self::OverUnanswered
            | Self::OnlyProposed
            | Self::ProposalClosed(_)
            | Self::OwnProposal
            | Self::OrganizerSettles
            | Self::AcceptInstead
            | Self::OrganizerMoves
            | Self::ProposedModeGone(_)
            | Self::ParticipantGone
            | Self::TooManyProposals(_)
            | Self::NotOverYet
            | Self::OutcomeClosed
            | Self::LinkNotGivenUp
            | Self::MeetingOver => return None,
        })
    }

    /// What kind of no it is.
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::NotGlobalAdministrator
            | Self::NotTrackAdministrator
            | Self::NotEnrolled
            | Self::NotYourMeeting
            | Self::NotInvited
            | Self::OwnProposal
            | Self::OrganizerSettles
            | Self::Yourself => RefusalKind::Forbidden,
            // Who one is forbids it; who was overtaken by a change of the track or
            // the integration is in conflict with it.
            Self::TeamsNotForYou(reasons) if reasons.iter().any(|reason| reason.is_personal()) => {
                RefusalKind::Forbidden
            }
            Self::LastAdministrator
            | Self::MemberState(_)
            | Self::TooManyTokens
            | Self::LinkNotGivenUp
            | Self::MeetingCancelled
            | Self::OccurrenceGone
            | Self::MeetingOver
            | Self::CancelledUnanswered
            | Self::OverUnanswered
            | Self::OnlyProposed
            | Self::ProposalClosed(_)
            | Self::AcceptInstead
            | Self::OrganizerMoves
            | Self::ProposedModeGone(_)
            | Self::ParticipantGone
            | Self::TooManyProposals(_)
            | Self::NotOverYet
            | Self::OutcomeClosed
            | Self::TeamsUnavailable(_)
            | Self::TeamsNotForYou(_)
            | Self::ModeOff => RefusalKind::Conflict,
            _ => RefusalKind::Invalid,
        }
    }
}
