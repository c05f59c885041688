//! Meetings that repeat, meetings that change, and people who leave.

use http::StatusCode;
use ithaca::mail::Sender;
use ithaca::reconcile::{self, Statuses, Tools};
use ithaca::store::lease::{self, Work};
use ithaca::store::{links, meetings};
use jiff::{SignedDuration, Timestamp};
use mentoring::integration::IntegrationState;
use mentoring::link::LinkState;
use mentoring::meeting::{Meeting, MeetingState};
use mentoring::member::Member;
use mentoring::organization::MeetingId;
use mentoring::repetition::OccurrenceState;
use sea_orm::{ConnectionTrait, Statement};

use super::integrations::stands;
use super::meetings::has_an_account;
use super::outbox::is_emptied;
use super::tenant::Tenant;
use super::{Answer, Browser, House};

const TRACK: &str = "/larkspur/tracks/new-managers/meetings";

/// Plans Wednesdays at three, four times from 24 November 2027 on.
async fn plans_a_series(house: &House, browser: &Browser<'_>, mode: &str) -> String {
    let luis = house.world.larkspur.mentee.id.to_string();
    let fields = [
        ("title", "Every week"),
        ("agenda", "What was hard?"),
        ("people", luis.as_str()),
        ("date", "2027-11-24"),
        ("time", "15:00"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
        ("repetition", "week"),
        ("count", "4"),
        ("until", ""),
        ("mode", mode),
        ("location", ""),
    ];
    let answer = browser.posts(TRACK, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.location().to_owned()
}

async fn stored(house: &House, address: &str) -> Meeting {
    let id = address.rsplit('/').next().unwrap().parse().unwrap();
    let company = &house.world.larkspur;
    meetings::find_for_work(&house.world.store, company.id, MeetingId(id))
        .await
        .unwrap()
        .unwrap()
        .meeting
}

fn starts(meeting: &Meeting) -> Vec<String> {
    let takes_place = |state| state == OccurrenceState::Scheduled;
    let all = meeting.occurrences.iter();
    all.filter(|one| takes_place(one.state))
        .map(|one| one.local_start.strftime("%-d.%-m. %H:%M").to_string())
        .collect()
}

/// Opens a form of the meeting and sends it with these fields.
async fn sends(browser: &Browser<'_>, form: &str, fields: &[(&str, &str)]) -> Answer {
    let page = browser.opens(form).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let mut all = vec![("revision", page.hidden("revision"))];
    if page.body.contains("name=\"occurrence\"") {
        all.push(("occurrence", page.hidden("occurrence")));
    }
    all.extend(fields);
    let path = form.split('?').next().unwrap();
    browser.posts(path, &all).await
}

const FIRST: &str = "?occurrence=2027-11-24T15:00:00";
const SECOND: &str = "?occurrence=2027-12-01T15:00:00";

#[tokio::test]
async fn mei_plans_a_series_and_finds_each_of_its_meetings() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    let form = mei.opens(&format!("{TRACK}/new")).await;
    assert!(form.body.contains("<option value=\"none\" selected>"));
    let series = plans_a_series(&house, &mei, "phone").await;
    let page = mei.opens(&series).await;
    for words in [
        "Every Wednesday, 4 times",
        "All meetings of this series",
        "Wed 24 Nov 2027",
        "Wed 15 Dec 2027",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let list = mei.opens("/larkspur/meetings").await;
    assert_eq!(list.body.matches(">Every week</a>").count(), 4);
    let second = mei.opens(&format!("{series}{SECOND}")).await;
    assert!(second.body.contains(&format!("/schedule{SECOND}")));
    let none = mei
        .opens(&format!("{series}?occurrence=2027-12-02T15:00:00"))
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let never = mei.opens(&format!("{series}?occurrence=never")).await;
    assert_eq!(never.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_with_a_repetition_is_said_at_its_field() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let luis = company.mentee.id.to_string();
    for (repetition, count, until, sentence) in [
        (
            "week",
            "",
            "",
            "Say either how many times you meet or the last day.",
        ),
        ("week", "3", "2027-12-24", "Say either how many times"),
        ("day", "105", "", "A series has 1 to 104 meetings."),
        ("day", "many", "", "A series has 1 to 104 meetings."),
        (
            "day",
            "",
            "2027-11-23",
            "The last day is before the first meeting.",
        ),
        ("month_day", "", "2035-01-01", "at most two years ahead"),
        ("year", "2", "", "Choose how often it repeats"),
    ] {
        let fields = [
            ("title", "Every week"),
            ("people", luis.as_str()),
            ("date", "2027-11-24"),
            ("time", "15:00"),
            ("zone", "Europe/Berlin"),
            ("duration", "45"),
            ("repetition", repetition),
            ("count", count),
            ("until", until),
            ("mode", "phone"),
        ];
        let answer = mei.posts(TRACK, &fields).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{repetition}"
        );
        assert!(
            answer.body.contains(sentence),
            "{repetition} {count} {until}"
        );
        assert!(answer.body.contains("href=\"#repetition\""));
        assert!(
            answer.body.contains(&format!("value=\"{count}\"")),
            "it is kept"
        );
    }
    assert_eq!(meetings::count(&house.world.store).await.unwrap(), 0);
}

#[tokio::test]
async fn one_some_or_all_meetings_of_a_series_move() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    let series = plans_a_series(&house, &mei, "phone").await;
    let to = |scope: &'static str, date: &'static str, time: &'static str| {
        [
            ("scope", scope),
            ("date", date),
            ("time", time),
            ("zone", "Europe/Berlin"),
            ("duration", "45"),
        ]
    };
    let form = format!("{series}/schedule{SECOND}");
    let page = mei.opens(&form).await;
    assert!(page.body.contains("Only this meeting"));
    assert!(page.body.contains("value=\"2027-12-01\""));
    let moved = sends(&mei, &form, &to("this", "2027-12-02", "09:00")).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.body);
    assert_eq!(
        starts(&stored(&house, &series).await),
        ["24.11. 15:00", "2.12. 09:00", "8.12. 15:00", "15.12. 15:00"]
    );
    assert!(mei.opens(&series).await.body.contains(">Moved<"));
    let form = format!("{series}/schedule?occurrence=2027-12-08T15:00:00");
    sends(&mei, &form, &to("following", "2027-12-09", "16:00")).await;
    assert_eq!(
        starts(&stored(&house, &series).await),
        ["24.11. 15:00", "2.12. 09:00", "9.12. 16:00", "16.12. 16:00"]
    );
    let form = format!("{series}/schedule{SECOND}");
    sends(&mei, &form, &to("all", "2027-11-30", "10:00")).await;
    assert_eq!(
        starts(&stored(&house, &series).await),
        [
            "23.11. 10:00",
            "30.11. 10:00",
            "7.12. 10:00",
            "14.12. 10:00"
        ],
        "a day earlier than by the rule, each"
    );
}

#[tokio::test]
async fn one_some_or_all_meetings_of_a_series_are_called_off() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    let series = plans_a_series(&house, &mei, "phone").await;
    let cancel = async |occurrence: &str, scope: &str| {
        let form = format!("{series}/cancellation{occurrence}");
        let answer = sends(&mei, &form, &[("scope", scope), ("reason", "")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        stored(&house, &series).await
    };
    let after = cancel(FIRST, "this").await;
    assert_eq!(
        starts(&after),
        ["1.12. 15:00", "8.12. 15:00", "15.12. 15:00"]
    );
    let page = mei.opens(&format!("{series}{FIRST}")).await;
    assert!(
        page.body
            .contains("Nobody is expected at this meeting of the series.")
    );
    let after = cancel("?occurrence=2027-12-08T15:00:00", "following").await;
    assert_eq!(starts(&after), ["1.12. 15:00"]);
    assert_eq!(after.state, MeetingState::Scheduled);
    let after = cancel(SECOND, "this").await;
    assert_eq!(after.state, MeetingState::Cancelled, "that was the last");
    let again = mei.opens(&format!("{series}/cancellation")).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

fn details<'a>(people: &'a str, title: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("title", title),
        ("agenda", "What was hard?"),
        ("people", people),
        ("repetition", "week"),
        ("count", "4"),
        ("until", ""),
        ("mode", "phone"),
        ("location", ""),
        ("reason", ""),
    ]
}

#[tokio::test]
async fn two_people_change_the_same_meeting_and_the_second_sees_what_the_first_did() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let luis = company.mentee.id.to_string();
    let series = plans_a_series(&house, &mei, "phone").await;
    let form = format!("{series}/details");
    let old = mei.opens(&form).await;
    let revision = old.hidden("revision").to_owned();
    let saved = sends(&mei, &form, &details(&luis, "Every single week")).await;
    assert_eq!(saved.location(), series);
    let after = stored(&house, &series).await;
    assert_eq!(
        (after.title.as_str(), after.revision),
        ("Every single week", 2)
    );
    assert_eq!(after.occurrences.len(), 4);
    // Amara still looks at the form from before.
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let mut late = vec![("revision", revision.as_str())];
    late.extend(details(&luis, "Now and then"));
    late.retain(|(name, _)| *name != "agenda");
    let conflict = amara.posts(&form, &late).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    for words in ["Every single week", "Now and then", "Look at it again"] {
        assert!(conflict.body.contains(words), "{words}: {}", conflict.body);
    }
    assert!(
        !conflict.body.contains("What was hard?"),
        "not hers to read"
    );
    let theirs = amara.opens(&form).await;
    assert!(!theirs.body.contains("What was hard?") && !theirs.body.contains("name=\"agenda\""));
    // Who only attends changes nothing.
    let luis_reads = house.signs_in("larkspur", &company.mentee).await;
    assert_eq!(luis_reads.opens(&form).await.status, StatusCode::FORBIDDEN);
    // The same again is no mistake and no change.
    let same = sends(&mei, &form, &details(&luis, "Every single week")).await;
    assert_eq!(same.location(), series);
    assert_eq!(stored(&house, &series).await.revision, 2);
    // Whatever is wrong comes back as it was typed.
    let wrong = sends(&mei, &form, &details(&luis, " ")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Give the meeting a title"));
}

/// What waits in the outbox for somebody, oldest first.
async fn told(house: &House, member: &Member) -> Vec<String> {
    let text = "SELECT content FROM outbox WHERE member_id = $1 ORDER BY id";
    let on = house.world.store.read();
    let asked =
        Statement::from_sql_and_values(on.get_database_backend(), text, [member.id.0.into()]);
    let rows = on.query_all_raw(asked).await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "content").unwrap())
        .collect()
}

/// F16: a cancellation to who leaves, the organizer is told, nothing after.
#[tokio::test]
async fn f16_who_leaves_the_track_leaves_its_meetings() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let series = plans_a_series(&house, &mei, "phone").await;
    for member in [&company.mentee, &company.mentor] {
        is_emptied(&house, company.id, member).await;
    }
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let participants = "/larkspur/tracks/new-managers/settings/participants";
    let removal = format!("{participants}/{}/removal", company.mentee.id);
    let gone = amara.posts(&removal, &[]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    let after = stored(&house, &series).await;
    assert_eq!(
        after.state,
        MeetingState::Cancelled,
        "nobody is left to meet"
    );
    for member in [&company.mentee, &company.mentor] {
        let told = told(&house, member).await;
        let last = told.last().unwrap();
        assert!(last.contains(r#""method":"cancel""#), "{last}");
        assert!(last.contains("Luis Ortega has left the track."), "{last}");
    }
}

#[tokio::test]
async fn f16_who_is_deactivated_leaves_what_lies_ahead_and_the_others_meet() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let series = plans_a_series(&house, &mei, "phone").await;
    for member in [&company.mentee, &company.mentor] {
        is_emptied(&house, company.id, member).await;
    }
    // Amara comes too.
    let organization = company.id;
    let tx = house.world.store.begin(organization).await.unwrap();
    let mut three = stored(&house, &series).await;
    three.attendees.push(mentoring::meeting::Attendee {
        member: company.administrator.id,
        organizer: false,
        answer: None,
    });
    three.revision += 1;
    meetings::update(&tx, &three).await.unwrap();
    tx.commit().await.unwrap();

    let amara = house.signs_in("larkspur", &company.administrator).await;
    let form = format!(
        "/larkspur/manage/members/{}/deactivation",
        company.mentee.id
    );
    let page = amara.opens(&form).await;
    assert!(
        page.body.contains("taken out of 1 planned meeting."),
        "{}",
        page.body
    );
    let before = told(&house, &company.administrator).await.len();
    amara.posts(&form, &[]).await;
    let after = stored(&house, &series).await;
    assert_eq!(after.state, MeetingState::Scheduled);
    assert!(!after.is_attended_by(company.mentee.id));
    let last = told(&house, &company.mentee).await.pop().unwrap();
    assert!(
        last.contains(r#""method":"cancel""#) && last.contains("removed"),
        "{last}"
    );
    let last = told(&house, &company.mentor).await.pop().unwrap();
    assert!(last.contains(r#""what":["people"]"#), "{last}");
    assert_eq!(told(&house, &company.administrator).await.len(), before);

    // Without its organizer there is no meeting.
    let form = format!(
        "/larkspur/manage/members/{}/deactivation",
        company.mentor.id
    );
    amara.posts(&form, &[]).await;
    assert_eq!(stored(&house, &series).await.state, MeetingState::Cancelled);
}

/// One link for the series, which carries the next occurrence's times and is moved forward
/// after each; nobody is written to for that.
#[tokio::test]
async fn the_one_teams_meeting_of_a_series_moves_on_to_the_next_occurrence() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let company = &house.world.larkspur;
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let teams = "/larkspur/manage/integrations/teams";
    let page = amara.opens(teams).await;
    let fields = [("attempt", page.hidden("attempt")), ("window", "popup")];
    let away = amara.posts(&format!("{teams}/consent"), &fields).await;
    let query = tenant.approves_for_everyone(away.location()).await;
    amara
        .opens(&format!("/integrations/microsoft/callback?{query}"))
        .await;
    has_an_account(&house, &company.mentor).await;
    stands(&house, IntegrationState::Integrated).await;

    let mei = house.signs_in("larkspur", &company.mentor).await;
    let series = plans_a_series(&house, &mei, "teams").await;
    let tools = tools(&house);
    works(&tools).await;
    let meeting = stored(&house, &series).await;
    let [first, second, ..] = meeting.occurrences[..] else {
        panic!("there are four");
    };
    let (subject, start, url) = tenant.meetings().pop().unwrap();
    assert_eq!((subject.as_str(), start), ("Every week", first.starts_at));
    let link = links::find_for_work(&tools.store, company.id, meeting.id);
    assert_eq!(link.await.unwrap().unwrap().state, LinkState::Ready);
    assert_eq!(due(&tools, &meeting).await, Some(first.ends_at));
    let letters = told(&house, &company.mentee).await.len();
    assert_eq!(letters, 1);

    // As if a good year had gone by: the first is over, the row is due.
    let mut later = meeting.clone();
    let over = house.world.clock.now() - SignedDuration::from_hours(1);
    later.occurrences[0].starts_at = over - SignedDuration::from_mins(45);
    later.occurrences[0].ends_at = over;
    later.revision += 1;
    let tx = tools.store.begin(company.id).await.unwrap();
    meetings::update(&tx, &later).await.unwrap();
    links::wake_all(&tx, company.id).await.unwrap();
    tx.commit().await.unwrap();
    works(&tools).await;
    assert_eq!(
        tenant.meetings(),
        [("Every week".to_owned(), second.starts_at, url)],
        "the same Teams meeting at the next times"
    );
    assert_eq!(due(&tools, &meeting).await, Some(second.ends_at));
    assert_eq!(told(&house, &company.mentee).await.len(), letters);

    // Called off one by one, the last takes the Teams meeting with it.
    for occurrence in &meeting.occurrences[1..] {
        let form = format!(
            "{series}/cancellation?occurrence={}",
            occurrence.original_start
        );
        sends(&mei, &form, &[("scope", "this"), ("reason", "")]).await;
        works(&tools).await;
    }
    assert_eq!(tenant.meetings(), []);
}

pub fn tools(house: &House) -> Tools {
    let app = &house.app;
    Tools {
        store: app.store.clone(),
        vault: app.vault.clone(),
        clock: app.clock.clone(),
        randomness: app.randomness.clone(),
        wake: app.wake.clone(),
        instance: app.instance.clone(),
        microsoft: app.microsoft.clone(),
        smtp: None,
        sender: Sender::new("ithaca@ithaca.example").expect("an address"),
        mails_at_once: 1,
        node: "test".into(),
        place: "test:8080".into(),
        peers: app.peers.clone(),
        figures: app.figures.clone(),
        statuses: Statuses::default(),
    }
}

/// Works on the links that are due until none is.
pub async fn works(tools: &Tools) {
    loop {
        let lease = SignedDuration::from_mins(3);
        let claims = lease::claim(&tools.store, Work::Links, "test", 10, lease)
            .await
            .unwrap();
        if claims.is_empty() {
            return;
        }
        reconcile::links::reconcile(tools.clone(), claims)
            .await
            .unwrap();
    }
}

async fn due(tools: &Tools, meeting: &Meeting) -> Option<Timestamp> {
    links::due_at(&tools.store, meeting.organization, meeting.id)
        .await
        .unwrap()
}
