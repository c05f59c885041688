//! What becomes of a connection over days and nights: people, a clock that the test moves,
//! the reconcilers turned by hand, and the sandbox tenant as the truth.

mod answers;
mod dictionary;
mod drift;
mod given_up;
mod mail;
mod nightly;
mod outage;
mod reconnect;
mod removal;
mod stumbling;
mod tokens;

use ithaca::clock::Clock;
use ithaca::content::Content;
use ithaca::mail::Sender;
use ithaca::reconcile::{self, Statuses, Tools};
use ithaca::store::Store;
use ithaca::store::integrations::{self, Integration};
use ithaca::store::lease::{self, Claim, Work};
use ithaca::store::links::{self, Link};
use jiff::{SignedDuration, Timestamp};
use mentoring::integration::IntegrationState;
use mentoring::meeting::Draft;
use mentoring::member::Member;
use mentoring::organization::{MeetingId, OrganizationId};
use mentoring::track::Mode;
use sandbox::tenant::State;
use sandbox::tenant::meetings::OnlineMeeting;
use sandbox::tenant::person::Person;
use sea_orm::{ConnectionTrait as _, Statement};

use crate::pages::tenant::{SCHEDULER, Tenant};
use crate::pages::{Answer, Browser, House};

pub const TEAMS: &str = "/larkspur/manage/integrations/teams";
const LEASE: SignedDuration = SignedDuration::from_mins(3);
/// What the reconcilers work on, mails apart: nobody delivers any here.
const WORKS: [Work; 5] = [
    Work::Credentials,
    Work::Integrations,
    Work::Directory,
    Work::Links,
    Work::Drift,
];

pub fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// Larkspur beside its tenant, from Monday, 23 November 2026, at eight in London.
pub struct Office {
    pub tenant: Tenant,
    pub house: House,
}

impl Office {
    pub async fn opens() -> Self {
        let eight: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let clock = Clock::manual(eight);
        let tenant = Tenant::at(&clock);
        Self::opens_beside(tenant, clock).await
    }

    async fn opens_beside(tenant: Tenant, clock: Clock) -> Self {
        let house = House::opens_on_monday_beside(&tenant, clock).await;
        Self { tenant, house }
    }

    /// Amara has integrated Teams, the test has passed, and everyone was looked up.
    pub async fn is_integrated() -> Self {
        let office = Self::opens().await;
        office.connects(SCHEDULER).await;
        office.settles().await;
        assert_eq!(office.state().await, IntegrationState::Integrated);
        office
    }

    pub fn id(&self) -> OrganizationId {
        self.house.world.larkspur.id
    }

    pub fn now(&self) -> Timestamp {
        self.house.app.clock.now()
    }

    pub async fn amara(&self) -> Browser<'_> {
        let amara = &self.house.world.larkspur.administrator;
        self.house.signs_in("larkspur", amara).await
    }

    /// Amara presses Integrate, or Reconnect, and signs in with this account.
    pub async fn connects(&self, account: &str) -> Answer {
        let amara = self.amara().await;
        self.signs_in_at_microsoft(&amara, TEAMS, account).await
    }

    /// The same for whoever administers an organization.
    pub async fn signs_in_at_microsoft(
        &self,
        browser: &Browser<'_>,
        teams: &str,
        account: &str,
    ) -> Answer {
        let page = browser.opens(teams).await;
        let fields = [("attempt", page.hidden("attempt")), ("window", "page")];
        let away = browser.posts(&format!("{teams}/consent"), &fields).await;
        let query = self
            .tenant
            .sends_back(away.location(), account, "Accept")
            .await;
        let back = browser
            .opens(&format!("/integrations/microsoft/callback?{query}"))
            .await;
        browser.opens(back.location()).await
    }

    /// What Amara reads on the Microsoft Teams page.
    pub async fn page(&self) -> String {
        self.amara().await.opens(TEAMS).await.body
    }

    pub fn tools(&self) -> Tools {
        self.node("one", self.house.world.store.clone())
    }

    /// Another process on the same store.
    pub async fn another_node(&self) -> Tools {
        let world = &self.house.world;
        let store = Store::connect(&world.place, world.clock.clone()).await;
        self.node("two", store.unwrap())
    }

    fn node(&self, name: &str, store: Store) -> Tools {
        let app = &self.house.app;
        Tools {
            store,
            vault: app.vault.clone(),
            clock: app.clock.clone(),
            randomness: app.randomness.clone(),
            wake: app.wake.clone(),
            instance: app.instance.clone(),
            microsoft: app.microsoft.clone(),
            smtp: None,
            sender: Sender::new("ithaca@ithaca.example").unwrap(),
            mails_at_once: 1,
            node: name.into(),
            place: name.into(),
            peers: app.peers.clone(),
            figures: app.figures.clone(),
            statuses: Statuses::default(),
        }
    }

    /// All that is due now is done, and what falls due by it.
    pub async fn settles(&self) {
        let tools = self.tools();
        for _ in 0..200 {
            let mut worked = false;
            for work in WORKS {
                for claim in due(&tools, work).await {
                    worked = true;
                    works(&tools, claim).await;
                }
            }
            if !worked {
                self.delivers().await;
                return;
            }
        }
        panic!("the reconcilers never come to rest");
    }

    /// What is due in the outbox has arrived.
    async fn delivers(&self) {
        let now = self.now().as_millisecond();
        let text = format!(
            "UPDATE outbox SET fate = 'sent', due_at = NULL, sent_at = {now} \
             WHERE fate = 'waiting' AND due_at <= {now}"
        );
        let write = self.house.world.store.read();
        write.execute_unprepared(&text).await.unwrap();
    }

    /// So much time goes by, and everything happens when it is due.
    pub async fn lives(&self, time: SignedDuration) {
        let end = self.now() + time;
        let store = &self.house.world.store;
        self.settles().await;
        loop {
            let mut next = end;
            for work in WORKS {
                let due = lease::next_due(store, work).await.unwrap();
                next = next.min(due.unwrap_or(end));
            }
            let wait = next.duration_since(self.now());
            self.house.app.clock.advance(wait.max(SignedDuration::ZERO));
            self.settles().await;
            if self.now() >= end {
                return;
            }
        }
    }

    /// So much time goes by until a call hangs, and there the process dies. Answers whether
    /// it died.
    pub async fn lives_or_dies(&self, time: SignedDuration) -> bool {
        tokio::select! {
            () = self.lives(time) => {
                self.tenant.wire.hangs_never();
                false
            }
            () = self.tenant.wire.hung() => true,
        }
    }

    pub async fn integration(&self) -> Integration {
        let found = integrations::find_for_work(&self.house.world.store, self.id()).await;
        found.unwrap()
    }

    pub async fn state(&self) -> IntegrationState {
        self.integration().await.state
    }

    pub async fn link(&self, meeting: MeetingId) -> Link {
        let found = links::find_for_work(&self.house.world.store, self.id(), meeting).await;
        found.unwrap().unwrap()
    }

    /// The same while Teams is not offered to her: as if it had been when she began.
    pub async fn mei_plans_anyway(&self, title: &str, local_start: &str) -> MeetingId {
        let before = self.integration().await;
        self.puts(Integration {
            state: IntegrationState::Integrated,
            ..before.clone()
        })
        .await;
        let meeting = self.mei_plans(title, local_start).await;
        self.puts(before).await;
        meeting
    }

    async fn puts(&self, integration: Integration) {
        let tx = self.house.world.store.begin(self.id()).await.unwrap();
        integrations::save(&tx, &integration, None).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Mei plans to meet Luis on Teams, then, in Berlin.
    pub async fn mei_plans(&self, title: &str, local_start: &str) -> MeetingId {
        let company = &self.house.world.larkspur;
        let draft = Draft {
            title: title.to_owned(),
            agenda: String::new(),
            attendees: vec![company.mentee.id],
            local_start: local_start.parse().unwrap(),
            time_zone: "Europe/Berlin".to_owned(),
            duration_minutes: 45,
            mode: Mode::Teams,
            location: String::new(),
            repetition: None,
        };
        let mei = self.house.acts(&company.mentor).await;
        let made = self
            .house
            .app
            .create_meeting(&mei, company.track.id, &draft, None);
        made.await.unwrap()
    }

    /// What was ever written to somebody, oldest first.
    pub async fn mails(&self, to: &Member) -> Vec<Content> {
        let read = self.house.world.store.read();
        let rows = read
            .query_all_raw(Statement::from_sql_and_values(
                read.get_database_backend(),
                "SELECT content FROM outbox WHERE member_id = $1 AND fate <> 'dropped' ORDER BY created_at, id",
                [to.id.0.into()],
            ))
            .await
            .unwrap();
        rows.iter()
            .map(|row| {
                let text: String = row.try_get("", "content").unwrap();
                serde_json::from_str(&text).unwrap()
            })
            .collect()
    }

    /// How often Amara was written to that Teams needs attention.
    pub async fn warnings(&self) -> usize {
        let amara = &self.house.world.larkspur.administrator;
        let mails = self.mails(amara).await;
        let is_warning = |mail: &&Content| matches!(mail, Content::TeamsNeedsAttention { .. });
        mails.iter().filter(is_warning).count()
    }

    /// Something happens to an account at Microsoft.
    pub fn account(&self, name: &str, change: impl FnOnce(&mut Person)) {
        self.tenant.sandbox.change(|state: &mut State| {
            let id = state.people.find_anywhere(name).unwrap().id;
            state.people.change(id, change);
        });
    }

    /// Something happens at Microsoft.
    pub fn microsoft(&self, change: impl FnOnce(&mut State)) {
        self.tenant.sandbox.change(change);
    }

    /// The subjects of the Teams meetings that are there, with the accounts that host them.
    pub fn hosted(&self) -> Vec<(String, String)> {
        self.tenant.sandbox.read(|state| {
            let live = state.meetings.iter().filter(OnlineMeeting::is_live);
            live.map(|meeting| {
                let host = state.people.find(meeting.organizer);
                let host = host.map_or("nobody", |host| &host.upn).to_owned();
                (meeting.subject.unwrap_or_default().into(), host)
            })
            .collect()
        })
    }
}

pub async fn due(tools: &Tools, work: Work) -> Vec<Claim> {
    lease::claim(&tools.store, work, &tools.node, 10, LEASE)
        .await
        .unwrap()
}

pub async fn works(tools: &Tools, claim: Claim) {
    let turns = reconcile::turns(tools);
    let turn = turns.iter().find(|turn| turn.rhythm.work == claim.work);
    let work = turn.unwrap().work;
    work(tools.clone(), vec![claim]).await.unwrap();
}
