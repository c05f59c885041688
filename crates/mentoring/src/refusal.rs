//! Why something is refused, in sentences for the person who asked.
//!
//! What is wrong, what it means, what to do: in one or two sentences, never with blame.
//! The variants are the reasons; [`Refusal::field`] says at which field of a form the
//! sentence belongs, [`Refusal::kind`] what kind of answer it is.

use jiff::civil::DateTime;

use crate::eligibility::Reason;
use crate::integration::IntegrationState;
use crate::meeting::{MOST_AGENDA, MOST_PEOPLE, MOST_REASON, MOST_TITLE};

/// What kind of answer a refusal is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RefusalKind {
    /// What was sent can't be taken as it is.
    Invalid,
    /// The actor may see the thing, but not do this to it.
    Forbidden,
    /// It could have been done, had things not changed or been taken.
    Conflict,
}

/// Why something is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    #[error("Use 2 to 40 characters for the address.")]
    SlugLength,
    #[error(
        "Use only small letters, digits and hyphens for the address, and no hyphen at its ends."
    )]
    SlugCharacters,
    #[error("“{slug}” is an address that Ithaca uses itself. Choose another.")]
    SlugReserved { slug: String },
    #[error("Another organization has this address already. Choose another.")]
    SlugTaken,

    #[error("Enter the {}.", label(field))]
    NameMissing { field: &'static str },
    #[error(
        "The {} has {have} characters, and 80 is the most. Shorten it.",
        label(field)
    )]
    NameTooLong { field: &'static str, have: usize },
    #[error(
        "The {} contains a character that can't be shown, such as a line break. Type it again.",
        label(field)
    )]
    NameUnprintable { field: &'static str },

    #[error("Enter an e-mail address.")]
    EmailMissing,
    #[error(
        "This is not an address that Ithaca can write to. Enter one address, like name@example.org."
    )]
    EmailInvalid,
    #[error(
        "This address is too long to be written to: 254 characters are the most, 64 of them before the @."
    )]
    EmailTooLong,
    #[error("A member with this address exists already.")]
    EmailTaken,

    #[error("Use at least 10 characters. A few words in a row are easy to remember.")]
    PasswordTooShort,
    #[error("This password is too long: 128 characters are the most.")]
    PasswordTooLong,
    #[error(
        "The e-mail address or the password is not right. Try again, or ask for a new password."
    )]
    SignInFailed,

    #[error("Only a global administrator can do this. Ask one of yours.")]
    NotGlobalAdministrator,
    #[error("Only the administrators of this track can do this. Ask one of them.")]
    NotTrackAdministrator,
    #[error(
        "You are not enrolled in this track, so you can't plan meetings in it. Ask its administrator."
    )]
    NotEnrolled,
    #[error(
        "Only the person who made this meeting and the administrators of its track can change it. Ask one of them."
    )]
    NotYourMeeting,

    #[error(
        "This is the only active global administrator, and there must be one. Make somebody else a global administrator first."
    )]
    LastAdministrator,
    #[error("This member is deactivated. Reactivate them first.")]
    AlreadyDeactivated,
    #[error("This member is not deactivated.")]
    NotDeactivated,

    #[error("A track with this name exists already. Choose another name.")]
    TrackNameTaken,
    #[error("Leave at least one meeting mode ticked, or nobody could meet in this track.")]
    ModesMissing,
    #[error("{}", integration.why_not().unwrap_or("Teams video call can't be ticked at the moment. Try again."))]
    TeamsUnavailable { integration: IntegrationState },
    #[error("This person is not a member of your organization.")]
    PeopleNotHere,

    #[error("Give the meeting a title.")]
    TitleMissing,
    #[error("The title has {have} characters, and {MOST_TITLE} is the most. Shorten it.")]
    TitleTooLong { have: usize },
    #[error(
        "The title contains a character that can't be shown, such as a line break. Type it again."
    )]
    TitleUnprintable,
    #[error("The agenda has {have} characters, and {MOST_AGENDA} is the most. Shorten it.")]
    AgendaTooLong { have: usize },
    #[error("The agenda contains a character that can't be shown. Type it again.")]
    AgendaUnprintable,
    #[error("Choose at least one person to meet.")]
    PeopleMissing,
    #[error("You chose {have} people, and {MOST_PEOPLE} is the most. Untick some.")]
    TooManyPeople { have: usize },
    #[error("{} Look at the list again.", not_in_track(*count))]
    PeopleNotInTrack { count: usize },
    #[error("The location has {have} characters, and {MOST_TITLE} is the most. Shorten it.")]
    LocationTooLong { have: usize },
    #[error(
        "The location contains a character that can't be shown, such as a line break. Type it again."
    )]
    LocationUnprintable,
    #[error("This meeting mode is not enabled in the track. Choose another.")]
    ModeNotInTrack,
    #[error("{}", reasons.first().map_or_else(|| "Teams video call is not offered to you.".to_owned(), |reason| reason.plain_sentence()))]
    TeamsNotOffered { reasons: Vec<Reason> },

    #[error(
        "“{time_zone}” is not a time zone that Ithaca knows. Choose one from the list, like Europe/Berlin."
    )]
    TimeZoneUnknown { time_zone: String },
    #[error("A meeting lasts at least 5 minutes.")]
    DurationTooShort,
    #[error("A meeting lasts at most 24 hours.")]
    DurationTooLong,
    #[error("Give the time in hours and minutes.")]
    TimeNotWhole,
    #[error("{}", if *today { "This time is over. Choose a later one." } else { "This day is over. Choose a later one." })]
    StartsInPast { today: bool },
    #[error("This is more than two years ahead. Choose an earlier day.")]
    StartsTooLate,
    #[error(
        "In {time_zone} the clocks go forward on {}, and {} does not exist. Choose {} or {}.",
        day(*local), clock(*local), near(*earlier, *local), near(*later, *local)
    )]
    TimeDoesNotExist {
        local: DateTime,
        time_zone: String,
        earlier: DateTime,
        later: DateTime,
    },
    #[error(
        "In {time_zone} the clocks go back on {}, and {} comes twice. Choose {} or {}.",
        day(*local), clock(*local), near(*earlier, *local), near(*later, *local)
    )]
    TimeComesTwice {
        local: DateTime,
        time_zone: String,
        earlier: DateTime,
        later: DateTime,
    },
    #[error("The meeting is at this time already. Choose another.")]
    TimeUnchanged,

    #[error("This meeting is cancelled. Plan a new one instead.")]
    MeetingCancelled,
    #[error("This meeting is over. Plan a new one instead.")]
    MeetingOver,
    #[error("Say why. Everyone in the meeting is told, for it is not yours.")]
    ReasonMissing,
    #[error("The reason has {have} characters, and {MOST_REASON} is the most. Shorten it.")]
    ReasonTooLong { have: usize },
    #[error("The reason contains a character that can't be shown. Type it again.")]
    ReasonUnprintable,

    #[error("Type the word as it is shown, so that nothing is removed by accident.")]
    RemovalNotConfirmed,
    #[error(
        "Microsoft's answer can't be read ({why}). Nothing was connected. Press Integrate again."
    )]
    ConsentBroken { why: String },
    #[error(
        "This sign-in was not begun here, or took too long. Nothing was connected. Press Integrate again."
    )]
    ConsentUnknown,
}

impl Refusal {
    /// The form field that the sentence belongs to; none where it concerns the whole.
    pub const fn field(&self) -> Option<&'static str> {
        use Refusal as R;
        match self {
            R::NameMissing { field }
            | R::NameTooLong { field, .. }
            | R::NameUnprintable { field } => Some(field),
            R::SlugLength | R::SlugCharacters | R::SlugReserved { .. } | R::SlugTaken => {
                Some("slug")
            }
            R::TrackNameTaken => Some("name"),
            R::EmailMissing | R::EmailInvalid | R::EmailTooLong | R::EmailTaken => Some("email"),
            R::PasswordTooShort | R::PasswordTooLong | R::SignInFailed => Some("password"),
            R::ModesMissing | R::TeamsUnavailable { .. } => Some("modes"),
            R::TitleMissing | R::TitleTooLong { .. } | R::TitleUnprintable => Some("title"),
            R::AgendaTooLong { .. } | R::AgendaUnprintable => Some("agenda"),
            R::PeopleMissing
            | R::TooManyPeople { .. }
            | R::PeopleNotInTrack { .. }
            | R::PeopleNotHere => Some("people"),
            R::LocationTooLong { .. } | R::LocationUnprintable => Some("location"),
            R::ModeNotInTrack | R::TeamsNotOffered { .. } => Some("mode"),
            R::TimeZoneUnknown { .. } => Some("time_zone"),
            R::DurationTooShort | R::DurationTooLong => Some("duration"),
            R::StartsInPast { today: false } | R::StartsTooLate => Some("date"),
            R::TimeNotWhole
            | R::StartsInPast { today: true }
            | R::TimeDoesNotExist { .. }
            | R::TimeComesTwice { .. }
            | R::TimeUnchanged => Some("time"),
            R::ReasonMissing | R::ReasonTooLong { .. } | R::ReasonUnprintable => Some("reason"),
            R::RemovalNotConfirmed => Some("confirmation"),
            R::NotGlobalAdministrator
            | R::NotTrackAdministrator
            | R::NotEnrolled
            | R::NotYourMeeting
            | R::LastAdministrator
            | R::AlreadyDeactivated
            | R::NotDeactivated
            | R::MeetingCancelled
            | R::MeetingOver
            | R::ConsentBroken { .. }
            | R::ConsentUnknown => None,
        }
    }

    /// What kind of answer it is.
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::NotGlobalAdministrator
            | Self::NotTrackAdministrator
            | Self::NotEnrolled
            | Self::NotYourMeeting => RefusalKind::Forbidden,
            // whoever has no account is forbidden; whoever was overtaken by
            // a change of the track or the integration is in conflict with it.
            Self::TeamsNotOffered { reasons }
                if reasons.iter().any(|reason| reason.is_personal()) =>
            {
                RefusalKind::Forbidden
            }
            Self::TeamsNotOffered { .. }
            | Self::TeamsUnavailable { .. }
            | Self::ModeNotInTrack
            | Self::SlugTaken
            | Self::EmailTaken
            | Self::TrackNameTaken
            | Self::LastAdministrator
            | Self::AlreadyDeactivated
            | Self::NotDeactivated
            | Self::MeetingCancelled
            | Self::MeetingOver => RefusalKind::Conflict,
            _ => RefusalKind::Invalid,
        }
    }

    /// The nearest times that exist once, where a time was refused because it does not.
    pub const fn neighbours(&self) -> Option<(DateTime, DateTime)> {
        match self {
            Self::TimeDoesNotExist { earlier, later, .. }
            | Self::TimeComesTwice { earlier, later, .. } => Some((*earlier, *later)),
            _ => None,
        }
    }
}

fn label(field: &str) -> &'static str {
    match field {
        "first_name" => "first name",
        "last_name" => "last name",
        _ => "name",
    }
}

fn not_in_track(count: usize) -> String {
    match count {
        1 => "One of the people you chose is no longer in this track.".to_owned(),
        _ => format!("{count} of the people you chose are no longer in this track."),
    }
}

fn day(time: DateTime) -> String {
    time.strftime("%-d %B %Y").to_string()
}

fn clock(time: DateTime) -> String {
    time.strftime("%H:%M").to_string()
}

fn near(time: DateTime, asked: DateTime) -> String {
    if time.date() == asked.date() {
        clock(time)
    } else {
        time.strftime("%H:%M on %-d %B").to_string()
    }
}
