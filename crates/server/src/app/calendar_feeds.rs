//! Somebody's meetings as a calendar that their programs subscribe to, behind an address
//! that is a secret and can be ended.

use jiff::SignedDuration;
use mentoring::event::Event;
use mentoring::invitation::{CalendarObject, Entry, Method};
use mentoring::member::MemberState;
use mentoring::role::Sight;
use mentoring::track::Mode;

use super::sessions::key_of;
use super::{Acting, App, AppError, Done, record};
use crate::store::{calendar_feeds, meetings, members, organizations};

/// What is over for longer is not in it any more.
const PAST: SignedDuration = SignedDuration::from_hours(24 * 30);
/// More meetings than a person has; more than this, and the latest are not in it yet.
const MOST: u64 = 500;

/// What a calendar program gets.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Whose organization's meetings they are.
    pub organization: String,
    /// The zone of whose calendar it is (IANA name).
    pub time_zone: String,
    /// The meetings.
    pub objects: Vec<CalendarObject>,
}

impl App {
    /// Makes the address of the actor's calendar, which is told once; an earlier one ends.
    pub async fn make_calendar_address(&self, acting: &Acting) -> Done<String> {
        let code = self.randomness.code();
        let actor = &acting.actor;
        let tx = self.store.begin(actor.organization).await?;
        calendar_feeds::replace(&tx, &key_of(&code), actor.organization, actor.member).await?;
        let member = actor.member;
        record(&tx, acting, &Event::CalendarAddressMade { member }).await?;
        tx.commit().await?;
        Ok(self.instance.calendar_address(&code))
    }

    /// Ends the address of the actor's calendar.
    pub async fn end_calendar_address(&self, acting: &Acting) -> Done<()> {
        let actor = &acting.actor;
        let tx = self.store.begin(actor.organization).await?;
        if calendar_feeds::delete_of_member(&tx, actor.organization, actor.member).await? {
            let member = actor.member;
            record(&tx, acting, &Event::CalendarAddressEnded { member }).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The meetings of the one whose calendar is at this address, as they see them.
    pub async fn feed(&self, code: &str) -> Done<Feed> {
        let (organization, member) = calendar_feeds::find(&self.store, &key_of(code))
            .await?
            .ok_or(AppError::NotFound)?;
        let reader = members::find_for_work(&self.store, organization, member)
            .await?
            .filter(|member| member.state == MemberState::Active)
            .ok_or(AppError::NotFound)?;
        let organization = organizations::find(&self.store, organization)
            .await?
            .ok_or(AppError::NotFound)?;
        let own = Sight {
            organization: organization.id,
            member,
            everything: false,
            administers: Vec::new(),
            enrolled: Vec::new(),
        };
        let from = self.clock.now() - PAST;
        let stored = meetings::list_feed(&self.store, &own, from, MOST).await?;
        let people = meetings::people_of(&self.store, &own, &stored).await?;
        let objects = stored.iter().map(|stored| {
            let meeting = &stored.meeting;
            let join_address = (meeting.mode == Mode::Teams)
                .then(|| self.instance.join_address(&stored.join_code));
            let organizer = people
                .get(&meeting.organizer)
                .map(mentoring::member::Member::name);
            let entry = Entry {
                method: Method::Request,
                sequence: meeting.sequence,
                only: None,
                join_address: join_address.as_deref(),
                organizer: (
                    organizer.unwrap_or_default(),
                    self.instance.mail_from.clone(),
                ),
                stamp: stored.changed_at,
            };
            CalendarObject::of(meeting, entry, |member| {
                let member = people.get(&member)?;
                Some((member.name(), member.email.as_str().to_owned()))
            })
        });
        Ok(Feed {
            organization: organization.name,
            time_zone: reader.time_zone,
            objects: objects.collect(),
        })
    }
}
