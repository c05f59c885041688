//! How a meeting went: said on its page, and from a mail by whoever has its link. And
//! meetings that took place without having been planned.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use mentoring::event::Event;
use mentoring::meeting::{self, Record};
use mentoring::member::{Member, MemberState};
use mentoring::organization::{MeetingId, MemberId, TrackId};
use mentoring::outcome::{self, Outcome, Said};
use mentoring::refusal::Refusal;
use mentoring::repetition::Occurrence;
use mentoring::schedule::When;
use uuid::Uuid;

use super::planning::Begun;
use super::sessions::key_of;
use super::{Acting, App, AppError, Done, record};
use crate::store::audit::{self, Author};
use crate::store::meetings::{self, StoredMeeting};
use crate::store::{Tx, attempts, members, outcomes};

/// Somebody who changes their mind more often within an hour than this waits.
const MOST: i64 = 30;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What somebody says of an occurrence.
#[derive(Clone, Debug)]
pub struct Saying {
    /// Which.
    pub original_start: DateTime,
    /// What.
    pub said: Said,
    /// When it took place instead.
    pub at: Option<When>,
}

/// What the links of a mail ask.
#[derive(Clone, Debug)]
pub struct Asked {
    /// About which meeting.
    pub stored: StoredMeeting,
    /// Which of its occurrences.
    pub occurrence: Occurrence,
    /// Whom.
    pub member: Member,
    /// What they have said so far.
    pub outcome: Option<Outcome>,
    /// Why it can't be said any more.
    pub closed: Option<Refusal>,
}

impl App {
    /// Says for the actor how an occurrence went.
    pub async fn say_outcome(&self, acting: &Acting, id: MeetingId, saying: &Saying) -> Done<()> {
        let tx = self.store.begin(acting.actor.organization).await?;
        let stored = meetings::find_in(&tx, acting.actor.organization, id)
            .await?
            .filter(|stored| mentoring::role::rights(&acting.actor, &stored.meeting).see)
            .ok_or(AppError::NotFound)?;
        keep(&tx, &stored, acting.actor.member, saying, &acting.author()).await?;
        Ok(tx.commit().await?)
    }

    /// What the links of a mail ask. To look changes nothing: programs that look for harm
    /// in mails follow every link.
    pub async fn find_asked(&self, code: &str, original_start: Option<DateTime>) -> Done<Asked> {
        let asked = meetings::find_asked(&self.store, code)
            .await?
            .ok_or(AppError::NotFound)?;
        let member = members::find_for_work(&self.store, asked.organization, asked.member)
            .await?
            .filter(|member| member.state == MemberState::Active)
            .ok_or(AppError::NotFound)?;
        let stored = meetings::find_for_work(&self.store, asked.organization, asked.meeting)
            .await?
            .ok_or(AppError::NotFound)?;
        let now = self.clock.now();
        let occurrence = match original_start {
            Some(original) => stored.meeting.occurrence(original),
            None => Some(stored.meeting.current(now)),
        };
        let occurrence = occurrence.ok_or(AppError::NotFound)?;
        let said = outcomes::list_for_work(
            &self.store,
            asked.organization,
            asked.meeting,
            occurrence.original_start,
        )
        .await?;
        Ok(Asked {
            closed: outcome::may_say(member.id, &stored.meeting, &occurrence, now).err(),
            outcome: said
                .into_iter()
                .find(|(who, _)| *who == member.id)
                .map(|(_, outcome)| outcome),
            stored,
            occurrence,
            member,
        })
    }

    /// Says how an occurrence went, in the name of the one whom the mail was for.
    pub async fn say_outcome_by_code(
        &self,
        code: &str,
        saying: &Saying,
        address: &str,
    ) -> Done<()> {
        let asked = self.find_asked(code, Some(saying.original_start)).await?;
        let organization = asked.member.organization;
        let tx = self.store.begin(organization).await?;
        let key = key_of(&format!("outcome:{code}"));
        if attempts::count(&tx, &key, WINDOW).await? > MOST {
            return Err(AppError::TooMany(WINDOW.as_secs().unsigned_abs()));
        }
        let stored = meetings::find_in(&tx, organization, asked.stored.meeting.id)
            .await?
            .ok_or(AppError::NotFound)?;
        let author = Author {
            member: Some(asked.member.id),
            name: asked.member.name(),
            address: address.to_owned(),
        };
        keep(&tx, &stored, asked.member.id, saying, &author).await?;
        Ok(tx.commit().await?)
    }

    /// Writes down a meeting that took place without having been planned. Nobody is written
    /// to: it stands among everyone's past meetings, where they can say otherwise.
    pub async fn log_meeting(
        &self,
        acting: &Acting,
        track: TrackId,
        taken: &Record,
        form_key: Option<Uuid>,
    ) -> Done<MeetingId> {
        let begun = match self.begin_meeting(acting, track, form_key).await? {
            Begun::Before(made) => return Ok(made),
            Begun::Now(begun) => begun,
        };
        let (context, domain) = (begun.ground.context(), self.instance.uid_domain());
        let (meeting, event) = meeting::log(&acting.actor, taken, &context, begun.id, domain)
            .map_err(AppError::Refused)?;
        let meeting = begun.insert(meeting).await?.meeting;
        let tx = begun.tx;
        let held = Outcome {
            said: Said::Held,
            at: None,
        };
        let original = meeting.schedule.local_start;
        outcomes::save(&tx, &meeting, original, acting.actor.member, &held).await?;
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        Ok(meeting.id)
    }
}

async fn keep(
    tx: &Tx,
    stored: &StoredMeeting,
    member: MemberId,
    saying: &Saying,
    author: &Author,
) -> Done<()> {
    let meeting = &stored.meeting;
    let original = saying.original_start;
    let (outcome, event): (Outcome, Event) = outcome::say(
        member,
        meeting,
        original,
        saying.said,
        saying.at.as_ref(),
        tx.now,
    )
    .map_err(refused)?;
    // Who joined a series later was not there.
    if !meetings::was_of(tx, meeting, member, original).await? {
        return Err(Refusal::NotInvited.into());
    }
    outcomes::save(tx, meeting, original, member, &outcome).await?;
    let said = outcomes::list_in(tx, meeting.organization, meeting.id, original).await?;
    let said = said.iter().map(|(_, outcome)| outcome.said);
    let after = outcome::settled(meeting, original, said, tx.now);
    meetings::settle(tx, &after, original).await?;
    audit::append(tx, meeting.organization, author, &event).await?;
    Ok(())
}

fn refused(mut refusals: Vec<Refusal>) -> AppError {
    match refusals.len() {
        1 => refusals.remove(0).into(),
        _ => AppError::Refused(refusals),
    }
}
