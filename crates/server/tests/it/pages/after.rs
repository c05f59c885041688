//! After a meeting: how it went, who opened its join address, notes, and meetings that
//! nobody had planned.

use http::{Method, StatusCode};
use ithaca::store::links;
use jiff::SignedDuration;
use mentoring::link::LinkState;
use mentoring::organization::MeetingId;
use sea_orm::{ConnectionTrait as _, Statement};

use super::meetings::has_an_account;
use super::reminders::{passes, plans_for_wednesday, reminded};
use super::series::tools;
use super::{Browser, House};

const TRACK: &str = "/larkspur/tracks/new-managers";
const AFTERWARDS: &str = "2026-11-25T15:05:00Z";

async fn says(browser: &Browser<'_>, meeting: &str, said: &str) -> super::Answer {
    let page = browser.opens(meeting).await;
    let fields = [("occurrence", page.hidden("occurrence")), ("said", said)];
    browser.posts(&format!("{meeting}/outcome"), &fields).await
}

#[tokio::test]
async fn both_sides_say_how_it_went_and_where_they_differ_both_are_shown() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = plans_for_wednesday(&house, &mei).await;
    let early = mei
        .posts(&format!("{meeting}/outcome"), &[("said", "held")])
        .await;
    assert_eq!(early.status, StatusCode::CONFLICT, "{}", early.body);
    assert!(!mei.opens("/larkspur").await.body.contains("Did you meet?"));
    passes(&house, &tools(&house), AFTERWARDS).await;

    let home = mei.opens("/larkspur").await;
    assert!(home.body.contains("Did you meet?"), "{}", home.body);
    assert!(home.body.contains(&format!("{meeting}/outcome")));
    let saved = says(&mei, &meeting, "held").await;
    assert_eq!(saved.location(), meeting, "{}", saved.body);
    assert!(!mei.opens("/larkspur").await.body.contains("Did you meet?"));
    let luis = house.signs_in("larkspur", &company.mentee).await;
    says(&luis, &meeting, "missed").await;

    let page = luis.opens(&meeting).await;
    for words in [
        "This meeting was held.",
        "Mei Tanaka: It took place.",
        "Luis Ortega: It did not take place.",
        "You say different things.",
    ] {
        assert!(page.body.contains(words), "{words}\n{}", page.body);
    }
    // Who runs the organization sees that it was held, and not who says what.
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let page = amara.opens(&meeting).await;
    assert!(page.body.contains("This meeting was held."));
    assert!(!page.body.contains("Did you meet?"), "{}", page.body);
    let refused = amara
        .posts(&format!("{meeting}/outcome"), &[("said", "missed")])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        amara.opens(&format!("{meeting}/outcome")).await.status,
        StatusCode::FORBIDDEN
    );
    // And both may think again.
    says(&mei, &meeting, "missed").await;
    let page = amara.opens(&meeting).await;
    assert!(page.body.contains("This meeting did not take place."));
    let log = amara.opens("/larkspur/manage/audit").await;
    assert!(log.body.contains("Said how a meeting went: missed."));
}

#[tokio::test]
async fn who_says_that_it_was_moved_is_asked_to_when() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = plans_for_wednesday(&house, &mei).await;
    passes(&house, &tools(&house), AFTERWARDS).await;
    let asked = says(&mei, &meeting, "moved").await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.body.contains("It took place at another time"));
    assert!(
        asked.body.contains("Plan it anew"),
        "if it is still to come"
    );
    let occurrence = asked.hidden("occurrence").to_owned();
    let at = async |date: &str, time: &str| {
        let fields = [
            ("occurrence", occurrence.as_str()),
            ("said", "moved"),
            ("date", date),
            ("time", time),
            ("zone", "Europe/Berlin"),
            ("duration", "30"),
        ];
        mei.posts(&format!("{meeting}/outcome"), &fields).await
    };
    let ahead = at("2026-11-27", "10:00").await;
    assert_eq!(ahead.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        ahead.body.contains("That is not over yet."),
        "{}",
        ahead.body
    );
    assert!(ahead.body.contains("value=\"10:00\""), "it is kept");
    assert_eq!(at("2026-11-25", "09:00").await.location(), meeting);
    let page = mei.opens(&meeting).await;
    assert!(
        page.body.contains("This meeting was held."),
        "{}",
        page.body
    );
    assert!(
        page.body
            .contains("It took place at another time, Yesterday, Wed 25 Nov at 17:00"),
        "in her own zone: {}",
        page.body
    );
}

/// What looks for harm in mails opens every link: nothing is said until somebody presses a
/// button, for which they need no session.
#[tokio::test]
async fn the_links_of_the_mail_ask_and_their_button_says() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = plans_for_wednesday(&house, &mei).await;
    passes(&house, &tools(&house), AFTERWARDS).await;
    let mail = reminded(&house, &company.mentee).await.pop().unwrap();
    let address = mail.outcome_address.expect("it asks");
    let link = address.strip_prefix("http://127.0.0.1:8080").unwrap();
    let somebody = house.stranger();
    for said in ["held", "missed", "moved"] {
        let page = somebody.opens(&format!("{link}&said={said}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert!(
            page.body
                .contains("Luis Ortega, did this meeting take place?")
        );
        assert!(!page.body.contains("What surprised you?"), "not the agenda");
    }
    let page = mei.opens(&meeting).await;
    assert!(
        page.body.contains("This meeting is over."),
        "nothing was said"
    );
    let path = link.split('?').next().unwrap();
    let page = somebody.opens(link).await;
    let fields = [("occurrence", page.hidden("occurrence")), ("said", "held")];
    let saved = somebody.posts(path, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let page = mei.opens(&meeting).await;
    assert!(page.body.contains("Luis Ortega: It took place."));
    for odd in ["perhaps", ""] {
        let fields = [("occurrence", "2026-11-25T15:00:00"), ("said", odd)];
        let refused = somebody.posts(path, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let other = format!("{path}?occurrence=2026-01-01T00:00:00");
    assert_eq!(somebody.opens(&other).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        somebody.opens("/a/nothing/outcome").await.status,
        StatusCode::NOT_FOUND
    );
}

/// Mei's meeting with Luis on Teams, as it opens, with its join address.
async fn opens_on_teams(house: &House, mei: &Browser<'_>) -> (String, String) {
    let company = &house.world.larkspur;
    has_an_account(house, &company.mentor).await;
    let luis = company.mentee.id.to_string();
    let fields = [
        ("title", "First weeks"),
        ("agenda", ""),
        ("people", luis.as_str()),
        ("date", "2026-11-23"),
        ("time", "09:10"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
        ("mode", "teams"),
        ("location", ""),
    ];
    let made = mei.posts(&format!("{TRACK}/meetings"), &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let id = MeetingId(made.location().rsplit('/').next().unwrap().parse().unwrap());
    let tx = house.world.store.begin(company.id).await.unwrap();
    let link = links::find_in(&tx, company.id, id).await.unwrap();
    let mut link = link.expect("one is wanted");
    link.state = LinkState::Ready;
    let teams = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0";
    link.observed.join_url = Some(teams.to_owned());
    links::save(&tx, &link).await.unwrap();
    tx.commit().await.unwrap();
    let page = mei.opens(made.location()).await;
    let (_, join) = page.body.split_once("href=\"/j/").expect("the way in");
    let code = join.split('"').next().unwrap();
    (made.location().to_owned(), format!("/j/{code}"))
}

#[tokio::test]
async fn who_opened_the_join_address_is_told_afterwards_and_only_to_those_who_met() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let (meeting, join) = opens_on_teams(&house, &mei).await;
    let opened = mei.opens(&join).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
    house.world.clock.advance(SignedDuration::from_mins(5));
    mei.opens(&join).await;
    // Neither a program with Luis's link nor his browser that fetches ahead is Luis.
    let luis = house.signs_in("larkspur", &company.mentee).await;
    house.stranger().opens(&join).await;
    let ahead = [("sec-purpose", "prefetch".to_owned())];
    luis.sends(Method::GET, &join, &[], &ahead).await;
    luis.sends(Method::HEAD, &join, &[], &[]).await;
    let amara = house.signs_in("larkspur", &company.administrator).await;
    amara.opens(&join).await;

    let early = mei.opens(&meeting).await;
    assert!(
        !early.body.contains("opened the join address"),
        "not before it is over"
    );
    house.world.clock.advance(SignedDuration::from_hours(1));
    for browser in [&mei, &luis] {
        let page = browser.opens(&meeting).await;
        let told = "Mei Tanaka opened the join address: Today, Mon 23 Nov at 17:00.";
        assert!(page.body.contains(told), "{}", page.body);
        assert!(!page.body.contains("Luis Ortega opened"));
        assert!(!page.body.contains("Amara Okafor opened"));
        assert!(page.body.contains("may have been there all the same"));
    }
    assert!(!amara.opens(&meeting).await.body.contains("opened the join"));
}

#[tokio::test]
async fn notes_are_read_by_those_who_meet_and_private_ones_by_their_author_alone() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let meeting = plans_for_wednesday(&house, &mei).await;
    let notes = format!("{meeting}/notes");
    for fields in [
        [("revision", "0"), ("shared", "Delegate <more>")],
        [("revision", "0"), ("private", "Luis seems tired")],
    ] {
        let saved = mei.posts(&notes, &fields).await;
        assert_eq!(saved.location(), notes, "{}", saved.body);
    }
    let page = mei.opens(&notes).await;
    assert!(
        page.body.contains("Delegate &#60;more&#62;"),
        "{}",
        page.body
    );
    assert!(page.body.contains("Luis seems tired"));
    let page = luis.opens(&notes).await;
    assert!(page.body.contains("Delegate &#60;more&#62;"));
    assert!(!page.body.contains("tired"));
    assert!(luis.opens(&meeting).await.body.contains("Delegate"));

    // Nobody else, whatever they run.
    assert_eq!(amara.opens(&notes).await.status, StatusCode::NOT_FOUND);
    let posted = amara
        .posts(&notes, &[("revision", "1"), ("shared", "x")])
        .await;
    assert_eq!(posted.status, StatusCode::NOT_FOUND);
    let page = amara.opens(&meeting).await;
    assert!(!page.body.contains("Delegate") && !page.body.contains("Notes"));
    let log = amara.opens("/larkspur/manage/audit").await;
    assert!(log.body.contains("Changed the shared notes of a meeting."));
    assert!(!log.body.contains("Delegate") && !log.body.contains("tired"));
    // At rest they can't be read.
    let on = house.world.store.read();
    let rows = Statement::from_string(on.get_database_backend(), "SELECT text FROM notes");
    let rows = on.query_all_raw(rows).await.unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let sealed: Vec<u8> = row.try_get("", "text").unwrap();
        let sealed = String::from_utf8_lossy(&sealed).into_owned();
        assert!(!sealed.contains("Delegate") && !sealed.contains("tired"));
    }
}

#[tokio::test]
async fn who_writes_at_the_same_time_sees_both_versions() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let meeting = plans_for_wednesday(&house, &mei).await;
    let notes = format!("{meeting}/notes");
    let of_mei = [("revision", "0"), ("shared", "We agreed on two goals")];
    mei.posts(&notes, &of_mei).await;
    let of_luis = [("revision", "0"), ("shared", "We agreed on three goals")];
    let overtaken = luis.posts(&notes, &of_luis).await;
    assert_eq!(overtaken.status, StatusCode::CONFLICT);
    assert!(overtaken.body.contains("We agreed on two goals"));
    assert!(overtaken.body.contains("We agreed on three goals"));
    let revision = overtaken.hidden("revision").to_owned();
    let both = [
        ("revision", revision.as_str()),
        ("shared", "Two goals, or three"),
    ];
    assert_eq!(luis.posts(&notes, &both).await.location(), notes);
    assert!(
        mei.opens(&meeting)
            .await
            .body
            .contains("Two goals, or three")
    );
    let long = "x".repeat(10_001);
    let long = [("revision", "2"), ("shared", long.as_str())];
    let refused = luis.posts(&notes, &long).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("10001 of at most 10,000"));
    for fields in [
        &[("revision", "2")][..],
        &[("revision", "x"), ("shared", "")],
    ] {
        let odd = luis.posts(&notes, fields).await;
        assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    }
}

async fn logs(
    browser: &Browser<'_>,
    once: &str,
    luis: &str,
    date: &str,
    mode: &str,
) -> super::Answer {
    let fields = [
        ("once", once),
        ("title", "Met in the hall"),
        ("people", luis),
        ("date", date),
        ("time", "09:00"),
        ("zone", "Europe/Berlin"),
        ("duration", "20"),
        ("mode", mode),
        ("location", ""),
    ];
    browser
        .posts(&format!("{TRACK}/meetings/past"), &fields)
        .await
}

#[tokio::test]
async fn mei_logs_a_meeting_that_nobody_planned_and_nobody_is_written_to() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let form = mei.opens(&format!("{TRACK}/meetings/past")).await;
    assert_eq!(form.status, StatusCode::OK, "{}", form.body);
    let once = form.hidden("once").to_owned();
    let id = company.mentee.id.to_string();
    let logged = logs(&mei, &once, &id, "2026-11-20", "teams").await;
    assert_eq!(logged.status, StatusCode::SEE_OTHER, "{}", logged.body);
    let again = logs(&mei, &once, &id, "2026-11-20", "teams").await;
    assert_eq!(
        again.location(),
        logged.location(),
        "a double click logs once"
    );
    let page = mei.opens(logged.location()).await;
    for words in [
        "Met in the hall",
        "Teams video call",
        "This meeting was held.",
        "Mei Tanaka logged this meeting.",
        "Nobody gets a mail about it.",
    ] {
        assert!(page.body.contains(words), "{words}\n{}", page.body);
    }
    assert!(!page.body.contains("/j/") && !page.body.contains("Reschedule"));
    let on = house.world.store.read();
    for table in ["outbox", "meeting_links"] {
        let count = format!("SELECT COUNT(*) AS count FROM {table}");
        let count = Statement::from_string(on.get_database_backend(), count);
        let row = on.query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i64>("", "count").unwrap(), 0, "{table}");
    }
    passes(&house, &tools(&house), "2026-11-23T09:00:00Z").await;
    assert!(reminded(&house, &company.mentee).await.is_empty());
    // Luis finds it among his meetings, and may say otherwise.
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let home = luis.opens("/larkspur").await;
    assert!(home.body.contains("Met in the hall"), "{}", home.body);
    says(&luis, logged.location(), "missed").await;
    let page = mei.opens(logged.location()).await;
    assert!(page.body.contains("You say different things."));

    let ahead = logs(&mei, "", &id, "2026-11-24", "phone").await;
    assert_eq!(ahead.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(ahead.body.contains("That is not over yet."));
    let long_ago = logs(&mei, "", &id, "2025-11-20", "phone").await;
    assert!(long_ago.body.contains("more than a year ago"));
    let nobody = logs(&mei, "", "", "2026-11-20", "phone").await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let not_hers = amara.opens(&format!("{TRACK}/meetings/past")).await;
    assert_eq!(
        not_hers.status,
        StatusCode::NOT_FOUND,
        "she is not enrolled"
    );
}

#[tokio::test]
async fn who_runs_a_track_reads_numbers_and_never_what_a_meeting_was_about() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let id = company.mentee.id.to_string();
    plans_for_wednesday(&house, &mei).await;
    logs(&mei, "", &id, "2026-11-20", "phone").await;
    logs(&mei, "", &id, "2026-11-19", "phone").await;
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let page = amara.opens(&format!("{TRACK}/settings/meetings")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    for words in ["Mei Tanaka", "Luis Ortega and Mei Tanaka", "All meetings"] {
        assert!(page.body.contains(words), "{words}\n{}", page.body);
    }
    let csv = amara.opens(&format!("{TRACK}/settings/meetings.csv")).await;
    assert_eq!(
        csv.body,
        "\"kind\",\"who\",\"planned\",\"held\",\"missed\",\"unanswered\"\r\n\
         \"track\",\"New Managers\",\"1\",\"2\",\"0\",\"0\"\r\n\
         \"participant\",\"Luis Ortega\",\"1\",\"2\",\"0\",\"0\"\r\n\
         \"participant\",\"Mei Tanaka\",\"1\",\"2\",\"0\",\"0\"\r\n\
         \"pair\",\"Luis Ortega and Mei Tanaka\",\"1\",\"2\",\"0\",\"0\"\r\n"
    );
    for text in [&page.body, &csv.body] {
        assert!(!text.contains("First weeks") && !text.contains("Met in the hall"));
    }
    // The meeting goes by without a word.
    passes(&house, &tools(&house), AFTERWARDS).await;
    let csv = amara.opens(&format!("{TRACK}/settings/meetings.csv")).await;
    assert!(
        csv.body
            .contains("\"New Managers\",\"0\",\"2\",\"0\",\"1\""),
        "{}",
        csv.body
    );
    let refused = mei.opens(&format!("{TRACK}/settings/meetings.csv")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let edda = &house.world.quillfield.administrator;
    let edda = house.signs_in("quillfield", edda).await;
    let foreign = edda
        .opens("/larkspur/tracks/new-managers/settings/meetings")
        .await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}
