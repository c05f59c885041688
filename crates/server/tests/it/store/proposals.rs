//! Times that people offer each other, as they are kept.

use ithaca::instance::Instance;
use ithaca::store::audit::Author;
use ithaca::store::lease::{self, Work};
use ithaca::store::meetings::{List, Part, Whose};
use ithaca::store::proposals::{Taking, busy, find_for_work, list, list_in, list_open};
use ithaca::store::{meetings, outbox};
use jiff::{SignedDuration, Timestamp};
use mentoring::meeting::{Meeting, MeetingState};
use mentoring::organization::ProposalId;
use mentoring::proposal::{News, Proposal, ProposalState, Step, Told};
use mentoring::schedule::{Schedule, schedule};

use super::sight::{meeting, planned};
use super::{Company, World, on_both};

on_both! {
    what_is_offered_is_kept_with_what_people_say_of_it,
    only_the_people_of_a_meeting_have_its_proposal_waiting,
    that_luis_meets_somebody_else_is_said_and_nothing_more,
    a_proposal_is_due_for_its_reminder_and_for_its_end,
    a_letter_about_a_proposal_is_written_once,
}

/// Some hours of tomorrow, in UTC.
fn at(world: &World, hour: i64) -> Schedule {
    let now = world.clock.now();
    let tomorrow = now
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .tomorrow()
        .unwrap();
    let start = tomorrow
        .datetime()
        .saturating_add(SignedDuration::from_hours(hour));
    schedule(start, "UTC", 45, now).unwrap()
}

/// Mei offers Luis some hours of tomorrow.
async fn proposed(world: &World, company: &Company, hours: &[i64]) -> (Meeting, Proposal) {
    let proposed = Meeting {
        state: MeetingState::Proposed,
        occurrences: Vec::new(),
        ..meeting(world, company, "First steps")
    };
    let tx = world.store.begin(company.id).await.unwrap();
    let code = world.randomness.code();
    meetings::insert(&tx, &proposed, &code, None).await.unwrap();
    tx.commit().await.unwrap();
    let times: Vec<Schedule> = hours.iter().map(|hour| at(world, *hour)).collect();
    // A database keeps milliseconds.
    let now = Timestamp::from_millisecond(world.clock.now().as_millisecond()).unwrap();
    let proposal = Proposal {
        id: ProposalId(world.randomness.uuid_v7(now)),
        organization: company.id,
        by: company.mentor.id,
        about: None,
        expires_at: times.last().unwrap().starts_at,
        times,
        note: "Nachmittags, 午後 \\ 'so'".to_owned(),
        state: ProposalState::Open,
        reply: String::new(),
        answers: std::collections::BTreeMap::new(),
        reminded: false,
        created_at: now,
    };
    let step = Step {
        proposals: vec![proposal.clone()],
        news: vec![News {
            to: company.mentee.id,
            proposal: proposal.id,
            told: Told::Offered,
        }],
        ..Step::default()
    };
    takes(world, &proposed, &step).await;
    (proposed, proposal)
}

async fn takes(world: &World, meeting: &Meeting, step: &Step) {
    let instance = Instance {
        public_url: "https://ithaca.example".parse().unwrap(),
        mail_from: "ithaca@ithaca.example".to_owned(),
        offers_people: false,
        sends_mail: true,
        integrates_teams: true,
        demo: None,
        trusted_proxies: Vec::new(),
    };
    let tx = world.store.begin(meeting.organization).await.unwrap();
    let taking = Taking {
        tx: &tx,
        instance: &instance,
        randomness: &world.randomness,
        author: &Author::ithaca(),
    };
    taking.take(meeting, step).await.unwrap();
    tx.commit().await.unwrap();
}

async fn what_is_offered_is_kept_with_what_people_say_of_it(world: &World) {
    let company = &world.larkspur;
    let (meeting, mut proposal) = proposed(world, company, &[3, 4]).await;
    let kept = async || {
        let tx = world.store.begin(company.id).await.unwrap();
        list_in(&tx, company.id, meeting.id).await.unwrap()
    };
    assert_eq!(kept().await, [proposal.clone()]);
    for can in [vec![0, 1], vec![]] {
        let can = can.into_iter().collect();
        proposal.answers.insert(company.mentee.id, can);
        let step = Step {
            proposals: vec![proposal.clone()],
            ..Step::default()
        };
        takes(world, &meeting, &step).await;
        assert_eq!(kept().await, [proposal.clone()]);
    }
    proposal.state = ProposalState::Declined;
    "I am away.".clone_into(&mut proposal.reply);
    let step = Step {
        proposals: vec![proposal.clone()],
        ..Step::default()
    };
    takes(world, &meeting, &step).await;
    assert_eq!(kept().await, [proposal.clone()]);
    let found = find_for_work(&world.store, company.id, proposal.id)
        .await
        .unwrap();
    assert_eq!(found, Some((meeting.id, proposal.clone())));
    let other = find_for_work(&world.store, world.quillfield.id, proposal.id).await;
    assert_eq!(other.unwrap(), None);
}

async fn only_the_people_of_a_meeting_have_its_proposal_waiting(world: &World) {
    let company = &world.larkspur;
    let (meeting, proposal) = proposed(world, company, &[3, 4]).await;
    for member in [&company.mentor, &company.mentee] {
        let sight = company.sight_of(&world.store, member).await;
        let open = list_open(&world.store, &sight).await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].0.meeting, meeting);
        assert_eq!(open[0].1, std::slice::from_ref(&proposal));
        let coming = List::of(Whose::Mine, Part::Coming(world.clock.now()), 9);
        let mine = meetings::list(&world.store, &sight, &coming).await.unwrap();
        assert!(mine.lines.is_empty(), "it is in nobody's agenda");
    }
    let amara = company.sight_of(&world.store, &company.administrator).await;
    assert!(list_open(&world.store, &amara).await.unwrap().is_empty());
    let proposed = meetings::list_proposed(&world.store, &amara, company.track.id, 9).await;
    assert_eq!(proposed.unwrap().len(), 1, "she sees that there is one");
    let theirs = &world.quillfield;
    let edda = theirs.sight_of(&world.store, &theirs.administrator).await;
    assert!(list_open(&world.store, &edda).await.unwrap().is_empty());
    assert!(
        list(&world.store, &edda, meeting.id)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn that_luis_meets_somebody_else_is_said_and_nothing_more(world: &World) {
    let company = &world.larkspur;
    // Tomorrow from midnight to a quarter to one they meet.
    let other = planned(world, company, "Something private").await;
    let (meeting, proposal) = proposed(world, company, &[0, 1]).await;
    let of = async |member| {
        let sight = company.sight_of(&world.store, member).await;
        busy(&world.store, &sight, &meeting, &proposal.times)
            .await
            .unwrap()
    };
    let both = [company.mentor.id, company.mentee.id].into();
    assert_eq!(of(&company.mentee).await, [both, [].into()]);
    let nobody = [[].into(), [].into()];
    assert_eq!(of(&company.administrator).await, nobody, "she is not of it");
    // What was called off keeps nobody busy.
    let tx = world.store.begin(company.id).await.unwrap();
    let (cancelled, _) =
        mentoring::meeting::leave(&other, company.mentee.id, "Luis left.", world.clock.now())
            .unwrap();
    meetings::update(&tx, &cancelled).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(of(&company.mentee).await, nobody);
}

async fn a_proposal_is_due_for_its_reminder_and_for_its_end(world: &World) {
    let company = &world.larkspur;
    let (meeting, mut proposal) = proposed(world, company, &[3]).await;
    let due = async || {
        lease::next_due(&world.store, Work::Proposals)
            .await
            .unwrap()
    };
    let saves = async |proposal: &Proposal| {
        let step = Step {
            proposals: vec![proposal.clone()],
            ..Step::default()
        };
        takes(world, &meeting, &step).await;
    };
    assert_eq!(
        due().await,
        Some(proposal.expires_at),
        "before two days are over"
    );
    proposal.expires_at += SignedDuration::from_hours(96);
    proposal.reminded = true;
    saves(&proposal).await;
    assert!(due().await.is_some());
    proposal.state = ProposalState::Withdrawn;
    saves(&proposal).await;
    assert_eq!(due().await, None, "nothing happens to it any more");
}

async fn a_letter_about_a_proposal_is_written_once(world: &World) {
    let company = &world.larkspur;
    let (meeting, proposal) = proposed(world, company, &[3]).await;
    let reminder = News {
        to: company.mentee.id,
        proposal: proposal.id,
        told: Told::Reminder,
    };
    let step = Step {
        proposals: vec![proposal],
        news: vec![reminder, reminder],
        ..Step::default()
    };
    takes(world, &meeting, &step).await;
    takes(world, &meeting, &step).await;
    let tx = world.store.begin(company.id).await.unwrap();
    let waiting = outbox::drop_waiting(&tx, company.id, meeting.id, company.mentee.id).await;
    let topics: Vec<String> = waiting
        .unwrap()
        .into_iter()
        .filter_map(|dropped| dropped.message.topic.rsplit(':').next().map(str::to_owned))
        .collect();
    assert_eq!(topics, ["offered", "reminder"]);
}
