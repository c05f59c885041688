//! What people do, through the same doors as pages and the API.

use ithaca::app::integration::CONFIRMATION;
use ithaca::app::tracks::TeamsMeetings;
use ithaca::app::{Acting, AppError, Done};
use ithaca::store::integrations::Removal;
use ithaca::store::meetings;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use mentoring::answer::Answer;
use mentoring::lobby::LobbyScope;
use mentoring::meeting::{Changes, Draft, Move, Scope};
use mentoring::organization::{MeetingId, MemberId};
use mentoring::repetition::{End, Every, MonthlyBy, Repetition};
use mentoring::role::{Role, Roles};
use mentoring::schedule::When;
use mentoring::track::{Mode, Modes};

use crate::companies::{self, Company, Host};
use crate::world::World;

pub const ZONE: &str = "Europe/Berlin";

/// What somebody may come to do.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Create,
    CreateSeries,
    Reschedule,
    MoveOccurrence,
    Rename,
    ChangePeople,
    ChangeMode,
    Cancel,
    Answer,
    LeaveTrack,
    EnterTrack,
    Deactivate,
    Reactivate,
    SwitchTeamsOff,
    SwitchTeamsOn,
    ChangeLobby,
    Remove,
    Integrate,
    Check,
    Compare,
    ChangeHost,
    KeepHost,
}

const DEEDS: &[(usize, Deed)] = &[
    (30, Deed::Create),
    (8, Deed::CreateSeries),
    (14, Deed::Reschedule),
    (6, Deed::MoveOccurrence),
    (6, Deed::Rename),
    (8, Deed::ChangePeople),
    (6, Deed::ChangeMode),
    (12, Deed::Cancel),
    (5, Deed::Answer),
    (2, Deed::LeaveTrack),
    (3, Deed::EnterTrack),
    (1, Deed::Deactivate),
    (2, Deed::Reactivate),
    (2, Deed::SwitchTeamsOff),
    (4, Deed::SwitchTeamsOn),
    (2, Deed::ChangeLobby),
    (2, Deed::Remove),
    (4, Deed::Integrate),
    (2, Deed::Check),
    (1, Deed::Compare),
];

impl World {
    /// Somebody does something, and is told what came of it.
    pub async fn somebody_acts(&mut self) {
        let place = usize::from(self.stage.happens(250));
        let company = self.companies[place].clone();
        let mut deed = self.stage.lock().choices.weighed(DEEDS);
        if self.promises.meetings_of(company.id).is_empty() && self.stage.happens(600) {
            deed = Deed::Create;
        }
        if self.is_to_decide(&company).await && self.stage.happens(700) {
            let decisions = &[(4, Deed::ChangeHost), (1, Deed::KeepHost)];
            deed = self.stage.lock().choices.weighed(decisions);
        }
        if matches!(deed, Deed::Integrate) {
            let hosts = &[(3, Host::Scheduler), (1, Host::Deputy)];
            let host = self.stage.lock().choices.weighed(hosts);
            return self.integrates(place, host);
        }
        let is_for_administrators = matches!(
            deed,
            Deed::Deactivate
                | Deed::Reactivate
                | Deed::Remove
                | Deed::Check
                | Deed::Compare
                | Deed::ChangeHost
                | Deed::KeepHost
        );
        let actor = if is_for_administrators {
            company.administrator()
        } else if matches!(
            deed,
            Deed::SwitchTeamsOff
                | Deed::SwitchTeamsOn
                | Deed::ChangeLobby
                | Deed::LeaveTrack
                | Deed::EnterTrack
        ) {
            company.people[1]
        } else {
            company.people[1 + self.stage.below(company.people.len() - 1)]
        };
        let Some(acting) = companies::acting(&self.store, company.id, actor).await else {
            return;
        };
        self.acts(deed, &company, &acting).await;
    }

    /// The administrator signs in with another account than the host's, and decides, more often
    /// than not before anything else happens.
    pub async fn another_host_signs_in(&mut self) {
        let place = usize::from(self.stage.happens(250));
        let company = self.companies[place].clone();
        let other = match self.host_now(place).await {
            Host::Scheduler => Host::Deputy,
            Host::Deputy => Host::Scheduler,
        };
        self.integrates(place, other);
        if self.stage.happens(800) {
            self.comes_to_rest().await;
        }
        let administrator = company.administrator();
        let acting = companies::acting(&self.store, company.id, administrator).await;
        if let Some(acting) = acting
            && self.stage.happens(700)
        {
            self.acts(Deed::ChangeHost, &company, &acting).await;
        }
    }

    async fn acts(&mut self, deed: Deed, company: &Company, acting: &Acting) {
        let name = acting.actor.name.clone();
        let done = self.does(deed, company, acting).await;
        let result = match &done {
            Ok(()) => "done".to_owned(),
            Err(AppError::Broken(cause)) => {
                self.stage.broken(format!("{deed:?}: {cause}"));
                return;
            }
            Err(other) => other.to_string(),
        };
        self.stage.note(&format!("{name}: {deed:?}: {result}"));
        self.looks_at(company.id).await;
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm a deed, nothing between them"
    )]
    async fn does(&mut self, deed: Deed, company: &Company, acting: &Acting) -> Done<()> {
        let Some(app) = self.app() else {
            return Err(AppError::NotFound);
        };
        match deed {
            Deed::Create | Deed::CreateSeries => {
                let draft = self.draft(company, matches!(deed, Deed::CreateSeries));
                let id = app
                    .create_meeting(acting, company.track, &draft, None)
                    .await?;
                self.was_told(company, id).await;
            }
            Deed::Reschedule
            | Deed::Rename
            | Deed::ChangePeople
            | Deed::ChangeMode
            | Deed::MoveOccurrence => {
                let Some(before) = self.some_meeting(company).await else {
                    return Err(AppError::NotFound);
                };
                let changes = self.changes(deed, company, &before);
                let meeting = &before.meeting;
                app.change_meeting(acting, meeting.id, meeting.revision, &changes)
                    .await?;
                self.was_told(company, meeting.id).await;
            }
            Deed::Cancel => {
                let Some(before) = self.some_meeting(company).await else {
                    return Err(AppError::NotFound);
                };
                let scope = self.scope(&before);
                let meeting = &before.meeting;
                app.cancel_meeting(
                    acting,
                    meeting.id,
                    meeting.revision,
                    scope,
                    Some("Ill.".to_owned()),
                )
                .await?;
                self.was_told(company, meeting.id).await;
            }
            Deed::Answer => {
                let Some(before) = self.some_meeting(company).await else {
                    return Err(AppError::NotFound);
                };
                let answer =
                    self.stage
                        .lock()
                        .choices
                        .one(&[Answer::Yes, Answer::No, Answer::Maybe]);
                app.answer(acting, before.meeting.id, answer, "").await?;
            }
            Deed::LeaveTrack | Deed::EnterTrack => {
                let member = self.some_person(company);
                let roles: Roles = match deed {
                    Deed::LeaveTrack => Roles::default(),
                    _ => [Role::Mentor].into_iter().collect(),
                };
                if member != acting.actor.member {
                    app.enrol(acting, company.track, member, roles).await?;
                }
            }
            Deed::Deactivate => {
                app.deactivate_member(acting, self.some_person(company))
                    .await?;
            }
            Deed::Reactivate => {
                app.reactivate_member(acting, self.some_person(company))
                    .await?;
            }
            Deed::SwitchTeamsOff => {
                let meetings = match self.stage.below(2) {
                    0 => TeamsMeetings::Keep,
                    _ => TeamsMeetings::Become(Mode::Phone),
                };
                let modes = Modes::from_iter([Mode::Phone, Mode::InPerson]).expect("two modes");
                app.change_modes(acting, company.track, modes, Some(meetings))
                    .await?;
            }
            Deed::SwitchTeamsOn => {
                let modes = Modes::from_iter([Mode::Phone, Mode::InPerson, Mode::Teams]);
                let modes = modes.expect("three modes");
                app.change_modes(acting, company.track, modes, None).await?;
            }
            Deed::ChangeLobby => {
                let scopes = [
                    LobbyScope::Organization,
                    LobbyScope::Invited,
                    LobbyScope::Everyone,
                ];
                let scope = self.stage.lock().choices.one(&scopes);
                app.change_lobby(acting, company.track, scope).await?;
            }
            Deed::Remove => {
                let choice = match self.stage.below(2) {
                    0 => Removal::Keep,
                    _ => Removal::Delete(Mode::Phone),
                };
                app.remove_integration(acting, choice, CONFIRMATION).await?;
            }
            Deed::Check => app.check_integration(acting).await?,
            Deed::Compare => app.compare_with_teams(acting).await?,
            Deed::ChangeHost => app.change_host(acting).await?,
            Deed::KeepHost => app.keep_host(acting).await?,
            Deed::Integrate => {}
        }
        Ok(())
    }

    /// Whoever changed a meeting was told how it is now.
    pub async fn was_told(&mut self, company: &Company, id: MeetingId) {
        let stored = meetings::find_for_work(&self.store, company.id, id)
            .await
            .expect("meetings can be read");
        match stored {
            Some(stored) => self.promises.keeps(stored),
            None => self
                .stage
                .broken(format!("N5: {id} was made and is not there")),
        }
    }

    pub async fn some_meeting(&self, company: &Company) -> Option<meetings::StoredMeeting> {
        let all = self.promises.meetings_of(company.id);
        if all.is_empty() {
            return None;
        }
        let id = self.stage.lock().choices.one(&all);
        meetings::find_for_work(&self.store, company.id, id)
            .await
            .expect("meetings can be read")
    }

    pub fn some_person(&self, company: &Company) -> MemberId {
        company.people[1 + self.stage.below(company.people.len() - 1)]
    }

    fn some_people(&self, company: &Company) -> Vec<MemberId> {
        let participants = &company.people[1..];
        let some = participants.iter().filter(|_| self.stage.happens(600));
        some.copied().collect()
    }

    pub fn draft(&self, company: &Company, repeats: bool) -> Draft {
        let mut inner = self.stage.lock();
        let title = format!("Talk {}", inner.choices.below(100_000));
        let mode =
            inner
                .choices
                .weighed(&[(8, Mode::Teams), (1, Mode::Phone), (1, Mode::InPerson)]);
        let repetition = repeats.then(|| Repetition {
            every: inner.choices.one(&[
                Every::Day,
                Every::Week,
                Every::TwoWeeks,
                Every::Month(MonthlyBy::Weekday),
            ]),
            end: End::Count(inner.choices.one(&[2, 3, 5])),
        });
        drop(inner);
        Draft {
            title,
            agenda: String::new(),
            attendees: self.some_people(company),
            local_start: self.some_time(),
            time_zone: ZONE.to_owned(),
            duration_minutes: 30,
            mode,
            location: String::new(),
            repetition,
        }
    }

    /// Between an hour and a month ahead.
    pub fn some_time(&self) -> jiff::civil::DateTime {
        let hours = self
            .stage
            .lock()
            .choices
            .one(&[1_i64, 2, 5, 24, 49, 170, 336, 700]);
        let at = self.stage.clock.now() + SignedDuration::from_hours(hours);
        let zone = TimeZone::get(ZONE).expect("the zone is known");
        let local = zone.to_datetime(at);
        local
            .round(jiff::civil::DateTimeRound::new().smallest(jiff::Unit::Minute))
            .expect("a time can be rounded")
    }

    fn changes(&self, deed: Deed, company: &Company, before: &meetings::StoredMeeting) -> Changes {
        let reason = Some("It fits better.".to_owned());
        match deed {
            Deed::Rename => Changes {
                title: Some(format!("Other {}", self.stage.below(100_000))),
                reason,
                ..Changes::default()
            },
            Deed::ChangePeople => Changes {
                attendees: Some(self.some_people(company)),
                reason,
                ..Changes::default()
            },
            Deed::ChangeMode => Changes {
                mode: Some(
                    self.stage
                        .lock()
                        .choices
                        .one(&[Mode::Phone, Mode::Teams, Mode::Teams]),
                ),
                reason,
                ..Changes::default()
            },
            _ => {
                let scope = if matches!(deed, Deed::MoveOccurrence) {
                    self.scope(before)
                } else {
                    Scope::All
                };
                let from = match scope {
                    Scope::This(start) | Scope::Following(start) => start,
                    Scope::All => before.meeting.schedule.local_start,
                };
                let local_start = match self.stage.below(2) {
                    0 => self.some_time(),
                    _ => from.saturating_add(SignedDuration::from_hours(
                        self.stage.lock().choices.one(&[1, 2, 3, 4, 5]),
                    )),
                };
                Changes {
                    time: Some(Move {
                        when: When {
                            local_start,
                            time_zone: ZONE.to_owned(),
                            duration_minutes: 45,
                        },
                        scope,
                    }),
                    reason,
                    ..Changes::default()
                }
            }
        }
    }

    fn scope(&self, before: &meetings::StoredMeeting) -> Scope {
        // A series that is only proposed has no occurrences.
        if before.meeting.repetition.is_none() || before.meeting.occurrences.is_empty() {
            return Scope::All;
        }
        let mut inner = self.stage.lock();
        let occurrence = inner.choices.one(&before.meeting.occurrences);
        match inner.choices.below(3) {
            0 => Scope::This(occurrence.original_start),
            1 => Scope::Following(occurrence.original_start),
            _ => Scope::All,
        }
    }
}
