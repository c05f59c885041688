//! Messages leave: each once, in the reader's zone, with the same Message-ID on every
//! try. What is out of date before it leaves is dropped and says so.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use mentoring::answer::Answer;
use mentoring::invitation::Method;
use mentoring::meeting::MeetingState;
use mentoring::member::{Member, MemberState};
use mentoring::proposal::Told;
use mentoring::reminder::Kind;
use mentoring::repetition::OccurrenceState;
use secrecy::ExposeSecret;
use url::Url;

use super::{Tools, Trouble};
use crate::app::access_links::sealed_place;
use crate::content::{Content, Invitation, OfferedTimes, Reminder};
use crate::failpoints;
use crate::mail::{
    Correspondent, Delivery, Letter, MeetingLetter, MeetingReader, MemberInvitation,
    Message as Mail, MessageId, OfferedTimesLetter, PasswordReset, ReminderLetter, Sender,
    TeamsNearCeiling, TeamsNeedsAttention, calendar,
};
use crate::store::lease::{self, Claim};
use crate::store::organizations::{self, Organization};
use crate::store::outbox::{self, Fate, Message};
use crate::store::{meetings, members, proposals};

/// A mail server that is down is given up after two days (F32).
const MOST_PATIENCE: SignedDuration = SignedDuration::from_hours(48);
/// But not before so many tries: for as long as Ithaca itself was down, it was not asked.
const FEWEST_ATTEMPTS: i64 = 30;
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);
/// A message that was not taken leaves within a minute of the mail server's return (N10).
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(1);
/// One that may have been taken is not sent again and again.
const LONGEST_WAIT_IF_TAKEN: SignedDuration = SignedDuration::from_hours(1);
const WITHOUT_SERVER: SignedDuration = SignedDuration::from_mins(10);

/// Sends one message.
pub async fn reconcile(tools: Tools, claims: Vec<Claim>) -> Result<(), Trouble> {
    for claim in claims {
        one(&tools, &claim).await?;
    }
    Ok(())
}

async fn one(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let Some(mut message) =
        outbox::find_for_work(&tools.store, claim.organization, claim.id).await?
    else {
        return Ok(());
    };
    if message.fate != Fate::Waiting {
        return conclude(tools, claim, &message, None).await;
    }
    let reader = members::find_for_work(&tools.store, claim.organization, message.member).await?;
    let organization = organizations::find(&tools.store, claim.organization).await?;
    let (Some(reader), Some(organization)) = (reader, organization) else {
        return give_up(tools, claim, message, Fate::Dropped, "the reader is gone").await;
    };
    let content: Content = outbox::content(&message)?;
    if let Some(why) = out_of_date(tools, &content, &message, &reader).await? {
        return give_up(tools, claim, message, Fate::Dropped, why).await;
    }
    let Some(smtp) = &tools.smtp else {
        return conclude(tools, claim, &message, Some(WITHOUT_SERVER)).await;
    };
    let composed = compose(tools, &message, &content, &reader, &organization)?;
    let delivery = smtp.deliver(&composed.compose(&tools.sender)?).await;
    failpoints::pass(format_args!("answered by the mail server"));
    message.attempts += 1;
    match delivery {
        Delivery::Delivered => {
            message.fate = Fate::Sent;
            tools.figures.mail(Fate::Sent.as_str());
            conclude(tools, claim, &message, None).await
        }
        Delivery::Refused(why) => give_up(tools, claim, message, Fate::Failed, &why).await,
        Delivery::TryAgain(ref why) | Delivery::Unknown(ref why) => {
            tracing::warn!(
                organization.id = %claim.organization,
                message.id = %message.id,
                attempts = message.attempts,
                why,
                "a message was not taken by the mail server; it is tried again"
            );
            let waited = tools.clock.now().duration_since(message.created_at);
            if waited >= MOST_PATIENCE && message.attempts >= FEWEST_ATTEMPTS {
                return give_up(tools, claim, message, Fate::Failed, why).await;
            }
            tools.figures.mail("tried_again");
            let longest = match &delivery {
                Delivery::Unknown(_) => LONGEST_WAIT_IF_TAKEN,
                _ => LONGEST_WAIT,
            };
            message.reason = Some(why.clone());
            let doublings = u32::try_from(message.attempts - 1).unwrap_or(0).min(12);
            let wait = (FIRST_WAIT * 2_i32.pow(doublings)).min(longest);
            conclude(tools, claim, &message, Some(wait)).await
        }
    }
}

/// Why a message should not be sent any more, if it should not (E-09, F32).
async fn out_of_date(
    tools: &Tools,
    content: &Content,
    message: &Message,
    reader: &Member,
) -> Result<Option<&'static str>, Trouble> {
    let reads = match content {
        Content::Welcome { .. } => reader.state != MemberState::Deactivated,
        // What they would have attended leaves the calendar of who left (F16).
        Content::Invitation(invitation) if invitation.calendar.method == Method::Cancel => {
            reader.state != MemberState::Invited
        }
        _ => reader.state == MemberState::Active,
    };
    if !reads {
        return Ok(Some("the reader is not active"));
    }
    if let Content::OfferedTimes(offered) = content {
        let asks = matches!(offered.told, Told::Offered | Told::Reminder);
        let found =
            proposals::find_for_work(&tools.store, message.organization, offered.proposal).await?;
        let is_open = found.is_some_and(|(_, proposal)| proposal.is_open());
        return Ok((asks && !is_open).then_some("these times are not open any more"));
    }
    let invitation = match content {
        Content::Invitation(invitation) => invitation,
        Content::Reminder(reminder) => return reminds_in_vain(tools, reminder, message).await,
        _ => return Ok(None),
    };
    let Some(id) = message.meeting else {
        return Ok(None);
    };
    let Some(stored) = meetings::find_for_work(&tools.store, message.organization, id).await?
    else {
        return Ok(Some("the meeting is gone"));
    };
    let meeting = &stored.meeting;
    let ends_at = match invitation.calendar.only {
        Some(_) => invitation.calendar.ends_at,
        None => meeting.ends_at(),
    };
    if ends_at <= tools.clock.now() {
        return Ok(Some("the meeting is over"));
    }
    let attends = meeting.is_attended_by(reader.id);
    let invites = invitation.calendar.method == Method::Request;
    if invites && (!attends || meeting.state == MeetingState::Cancelled) {
        return Ok(Some("the reader is no longer invited"));
    }
    Ok(None)
}

/// Why nobody needs to be reminded any more: what a reminder says is of one time.
async fn reminds_in_vain(
    tools: &Tools,
    reminder: &Reminder,
    message: &Message,
) -> Result<Option<&'static str>, Trouble> {
    let Some(id) = message.meeting else {
        return Ok(None);
    };
    let Some(stored) = meetings::find_for_work(&tools.store, message.organization, id).await?
    else {
        return Ok(Some("the meeting is gone"));
    };
    let meeting = &stored.meeting;
    let mut people = meeting.attendees.iter();
    let Some(attendee) = people.find(|one| one.member == message.member) else {
        return Ok(Some("the reader is no longer of the meeting"));
    };
    let occurrence = meeting.occurrence(reminder.original_start);
    let stands = occurrence.filter(|one| {
        one.starts_at == reminder.starts_at && one.state != OccurrenceState::Cancelled
    });
    let Some(occurrence) = stands else {
        return Ok(Some("the meeting was cancelled or moved"));
    };
    if reminder.kind == Kind::After {
        return Ok(None);
    }
    if attendee.answer == Some(Answer::No) {
        return Ok(Some("the reader will not come"));
    }
    let has_begun = occurrence.starts_at <= tools.clock.now();
    Ok(has_begun.then_some("the meeting has begun"))
}

fn compose(
    tools: &Tools,
    message: &Message,
    content: &Content,
    reader: &Member,
    organization: &Organization,
) -> Result<Mail, Trouble> {
    let open = |sealed: &str| -> Result<Url, Trouble> {
        let sealed = BASE64_STANDARD.decode(sealed)?;
        let address = tools
            .vault
            .open_text(sealed_place(message.organization, message.id), &sealed)?;
        Ok(address.expose_secret().parse()?)
    };
    let mut on_behalf_of = None;
    let mut part = None;
    let letter = match content {
        Content::Invitation(invitation) => {
            on_behalf_of = Some(Correspondent {
                name: invitation.organizer_name.clone(),
                email: invitation.organizer_email.clone(),
            });
            let mut object = invitation.calendar.clone();
            object.organizer.0 = Sender::name_for(&invitation.organizer_name);
            part = Some(calendar::write(&object, &tools.sender)?);
            meeting_letter(invitation, reader, organization)?
        }
        Content::Reminder(reminder) => reminder_letter(reminder, reader, organization)?,
        Content::OfferedTimes(offered) => {
            on_behalf_of = Some(Correspondent {
                name: offered.by_name.clone(),
                email: offered.by_email.clone(),
            });
            offered_letter(offered, reader, organization)?
        }
        Content::Welcome {
            organization,
            invited_by,
            sealed_address,
            expires_at,
        } => MemberInvitation {
            organization,
            invited_by,
            link: &open(sealed_address)?,
            expires_at: *expires_at,
            time_zone: &reader.time_zone,
            language: &reader.language,
        }
        .write(),
        Content::PasswordReset {
            organization,
            sealed_address,
            expires_at,
        } => PasswordReset {
            organization,
            link: &open(sealed_address)?,
            expires_at: *expires_at,
            time_zone: &reader.time_zone,
            language: &reader.language,
        }
        .write(),
        Content::TeamsNeedsAttention {
            organization,
            happened,
            remedy,
            meetings_without_link,
            page,
        } => TeamsNeedsAttention {
            organization,
            what: happened,
            remedy,
            meetings_without_link: *meetings_without_link,
            page: &page.parse()?,
        }
        .write(),
        Content::TeamsNearCeiling {
            organization,
            made,
            page,
        } => TeamsNearCeiling {
            organization,
            made: *made,
            page: &page.parse()?,
        }
        .write(),
    };
    Ok(Mail {
        to: Correspondent {
            name: reader.name(),
            email: reader.email.as_str().to_owned(),
        },
        on_behalf_of,
        letter,
        calendar: part,
        id: MessageId::of_row(message.id, &tools.sender),
        date: tools.clock.now(),
    })
}

fn meeting_letter(
    invitation: &Invitation,
    reader: &Member,
    organization: &Organization,
) -> Result<Letter, Trouble> {
    let object = &invitation.calendar;
    let join_address: Option<Url> = invitation
        .join_address
        .as_deref()
        .map(str::parse)
        .transpose()?;
    let page: Url = invitation.page.parse()?;
    let answer_address: Option<Url> = invitation
        .answer_address
        .as_deref()
        .map(str::parse)
        .transpose()?;
    let people: Vec<String> = object
        .attendees
        .iter()
        .map(|(name, _, _)| name.clone())
        .collect();
    let when = invitation.next.as_ref();
    Ok(MeetingLetter {
        change: &invitation.change,
        reason: invitation.reason.as_deref(),
        reader: MeetingReader {
            time_zone: &reader.time_zone,
            language: &reader.language,
            organizing: invitation.organizer == reader.id,
        },
        organization: &organization.name,
        title: &object.summary,
        agenda: &object.description,
        organizer: &invitation.organizer_name,
        people: &people,
        starts_at: when.map_or(object.starts_at, |next| next.starts_at),
        ends_at: when.map_or(object.ends_at, |next| next.ends_at),
        repetition: object
            .recurrence
            .as_ref()
            .map(|all| (all.rule, all.first_local)),
        alone: object.only.is_some(),
        time_zone: &object.time_zone,
        mode: invitation.mode,
        location: if join_address.is_some() {
            ""
        } else {
            &object.location
        },
        page: &page,
        join_address: join_address.as_ref(),
        host: invitation.host.as_deref(),
        answer_address: answer_address.as_ref(),
    }
    .write())
}

fn reminder_letter(
    reminder: &Reminder,
    reader: &Member,
    organization: &Organization,
) -> Result<Letter, Trouble> {
    let read = |address: &Option<String>| address.as_deref().map(str::parse::<Url>).transpose();
    Ok(ReminderLetter {
        time_zone: &reader.time_zone,
        language: &reader.language,
        organization: &organization.name,
        title: &reminder.title,
        track: &reminder.track,
        people: &reminder.people,
        span: (reminder.starts_at, reminder.ends_at),
        meeting_zone: &reminder.time_zone,
        mode: reminder.mode,
        location: &reminder.location,
        page: &reminder.page.parse()?,
        join_address: read(&reminder.join_address)?.as_ref(),
        trouble: reminder.trouble.as_deref(),
        outcome_address: read(&reminder.outcome_address)?.as_ref(),
    }
    .write())
}

fn offered_letter(
    offered: &OfferedTimes,
    reader: &Member,
    organization: &Organization,
) -> Result<Letter, Trouble> {
    Ok(OfferedTimesLetter {
        told: offered.told,
        organization: &organization.name,
        by: &offered.by_name,
        is_own: offered.by == reader.id,
        is_group: offered.is_group,
        settles: offered.settles,
        title: &offered.title,
        agenda: &offered.agenda,
        mode: offered.mode,
        location: &offered.location,
        people: &offered.people,
        times: &offered.times,
        moving: offered.moving.as_ref(),
        repetition: offered.repetition,
        note: &offered.note,
        page: &offered.page.parse()?,
        time_zone: &reader.time_zone,
        language: &reader.language,
    }
    .write())
}

async fn give_up(
    tools: &Tools,
    claim: &Claim,
    mut message: Message,
    fate: Fate,
    why: &str,
) -> Result<(), Trouble> {
    tools.figures.mail(fate.as_str());
    message.fate = fate;
    message.reason = Some(why.chars().take(500).collect());
    tracing::info!(
        organization.id = %claim.organization,
        message.id = %message.id,
        fate = fate.as_str(),
        why,
        "a message will not be sent"
    );
    conclude(tools, claim, &message, None).await
}

async fn conclude(
    tools: &Tools,
    claim: &Claim,
    message: &Message,
    again: Option<SignedDuration>,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    outbox::save(&tx, message).await?;
    lease::release(&tx, claim, again.map(|again| tx.now + again)).await?;
    tx.commit().await?;
    Ok(())
}
