//! Answers to invitations: from the meeting's page, and from a mail by whoever has its link.

use jiff::SignedDuration;
use mentoring::answer::{self, Answer, Reply};
use mentoring::member::{Member, MemberState};
use mentoring::organization::{MeetingId, MemberId};
use mentoring::refusal::Refusal;

use super::sessions::key_of;
use super::{Acting, App, AppError, Done};
use crate::store::audit::{self, Author};
use crate::store::meetings::{self, StoredMeeting};
use crate::store::{Tx, attempts, members};

/// Somebody who changes their mind more often within an hour than this waits.
const MOST_ANSWERS: i64 = 30;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What the links of a mail ask.
#[derive(Clone, Debug)]
pub struct Question {
    /// About which meeting.
    pub stored: StoredMeeting,
    /// Whom.
    pub member: Member,
    /// What they have said so far.
    pub reply: Option<Reply>,
    /// Why it can't be answered any more.
    pub closed: Option<Refusal>,
}

impl App {
    /// Answers for the actor.
    pub async fn answer(
        &self,
        acting: &Acting,
        id: MeetingId,
        answer: Answer,
        note: &str,
    ) -> Done<()> {
        let tx = self.store.begin(acting.actor.organization).await?;
        let stored = meetings::find_in(&tx, acting.actor.organization, id)
            .await?
            .filter(|stored| mentoring::role::rights(&acting.actor, &stored.meeting).see)
            .ok_or(AppError::NotFound)?;
        let given = (answer, note);
        record_answer(&tx, &stored, acting.actor.member, given, &acting.author()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What the links of a mail ask. To look changes nothing: programs that look for harm
    /// in mails follow every link.
    pub async fn find_question(&self, code: &str) -> Done<Question> {
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
        let closed = answer::may_answer(member.id, &stored.meeting, self.clock.now()).err();
        Ok(Question {
            stored,
            member,
            reply: asked.reply,
            closed,
        })
    }

    /// Answers in the name of the one whom the mail was for.
    pub async fn answer_by_code(
        &self,
        code: &str,
        answer: Answer,
        note: &str,
        address: &str,
    ) -> Done<()> {
        let question = self.find_question(code).await?;
        let organization = question.member.organization;
        let tx = self.store.begin(organization).await?;
        let key = key_of(&format!("answer:{code}"));
        if attempts::count(&tx, &key, WINDOW).await? > MOST_ANSWERS {
            return Err(AppError::TooMany(WINDOW.as_secs().unsigned_abs()));
        }
        let stored = meetings::find_in(&tx, organization, question.stored.meeting.id)
            .await?
            .ok_or(AppError::NotFound)?;
        let author = Author {
            member: Some(question.member.id),
            name: question.member.name(),
            address: address.to_owned(),
        };
        let given = (answer, note);
        record_answer(&tx, &stored, question.member.id, given, &author).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn record_answer(
    tx: &Tx,
    stored: &StoredMeeting,
    member: MemberId,
    (answer, note): (Answer, &str),
    author: &Author,
) -> Done<()> {
    let meeting = &stored.meeting;
    let (reply, event) = answer::answer(member, meeting, answer, note, tx.now)?;
    meetings::save_reply(tx, meeting, member, &reply).await?;
    audit::append(tx, meeting.organization, author, &event).await?;
    Ok(())
}
