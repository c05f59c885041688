//! Puts what people are told of a proposal into the outbox.

use std::collections::BTreeMap;

use mentoring::meeting::Meeting;
use mentoring::member::{Member, MemberState};
use mentoring::organization::MemberId;
use mentoring::proposal::{News, Proposal, Step, Told, is_group};

use super::Taking;
use crate::content::{Content, OfferedTimes};
use crate::store::{StoreError, Stored, meetings, members, organizations, outbox};

impl Taking<'_> {
    pub(super) async fn tell(self, meeting: &Meeting, step: &Step) -> Stored<()> {
        if step.news.is_empty() {
            return Ok(());
        }
        let tx = self.tx;
        let of = meeting.attendees.iter().map(|attendee| attendee.member);
        let by = step.proposals.iter().map(|proposal| proposal.by);
        let ids: Vec<MemberId> = of.chain(by).collect();
        let people: BTreeMap<MemberId, Member> =
            members::list_by_ids(tx.on(), meeting.organization, &ids)
                .await?
                .into_iter()
                .map(|member| (member.id, member))
                .collect();
        let organization = organizations::find_on(tx.on(), meeting.organization).await?;
        let slug = organization.map_or(String::new(), |organization| organization.slug);
        for news in &step.news {
            let about = |proposal: &&Proposal| proposal.id == news.proposal;
            let proposal = step.proposals.iter().find(about);
            let reader = people.get(&news.to);
            let (Some(proposal), Some(reader)) = (proposal, reader) else {
                continue;
            };
            if reader.state != MemberState::Active {
                continue;
            }
            let page = match news.told {
                Told::Offered | Told::Reminder => {
                    let make = || self.randomness.code();
                    let code = meetings::answer_code(tx, meeting, reader.id, make).await?;
                    code.map(|code| self.instance.times_address(&code))
                }
                Told::Declined | Told::Withdrawn | Told::Expired | Told::Ended => None,
            };
            let page = page.unwrap_or_else(|| {
                let path = format!("/{slug}/meetings/{}", meeting.id);
                self.instance.address(&path)
            });
            let content = said(meeting, proposal, *news, &people, page);
            let message = outbox::Message {
                id: self.randomness.uuid_v7(tx.now),
                organization: meeting.organization,
                member: reader.id,
                meeting: Some(meeting.id),
                topic: format!("proposal:{}:{}", proposal.id, news.told.as_str()),
                content: serde_json::to_string(&Content::OfferedTimes(Box::new(content)))
                    .map_err(|error| StoreError::Unreadable(error.to_string()))?,
                fate: outbox::Fate::Waiting,
                attempts: 0,
                created_at: tx.now,
                reason: None,
            };
            outbox::put(tx, &message, tx.now).await?;
        }
        Ok(())
    }
}

fn said(
    meeting: &Meeting,
    proposal: &Proposal,
    news: News,
    people: &BTreeMap<MemberId, Member>,
    page: String,
) -> OfferedTimes {
    let name = |id: MemberId| people.get(&id).map_or(String::new(), Member::name);
    let by = people.get(&proposal.by);
    let moving = proposal
        .about
        .and_then(|original| meeting.occurrence(original));
    let attending = meeting.attendees.iter().map(|attendee| attendee.member);
    OfferedTimes {
        proposal: proposal.id,
        told: news.told,
        by: proposal.by,
        by_name: name(proposal.by),
        by_email: by.map_or(String::new(), |member| member.email.as_str().to_owned()),
        title: meeting.title.clone(),
        agenda: meeting.agenda.clone(),
        mode: meeting.mode,
        location: meeting.location.clone(),
        people: attending.map(name).collect(),
        times: proposal.times.clone(),
        moving: moving.map(|occurrence| occurrence.schedule(&meeting.schedule.time_zone)),
        repetition: meeting.repetition.filter(|_| proposal.about.is_none()),
        settles: meeting.organizer == news.to && is_group(meeting),
        is_group: proposal.about.is_none() && is_group(meeting),
        note: match news.told {
            Told::Offered | Told::Reminder => proposal.note.clone(),
            Told::Declined => proposal.reply.clone(),
            Told::Ended => meeting.cancellation_reason.clone().unwrap_or_default(),
            Told::Withdrawn | Told::Expired => String::new(),
        },
        page,
    }
}
