//! The hard cases that people make by being who they are: what they write and in which
//! script, where they live, and how many they are. From the form to the letter in the
//! mailbox.

use ithaca::clock::{Clock, Randomness};
use ithaca::store::{Place, Store, members, organizations, tracks};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mentoring::member::{EmailAddress, Member, MemberState};
use mentoring::organization::MemberId;
use mentoring::role::{Role, Roles};
use reqwest::Method;
use serde_json::{Value, json};

use super::folder::Folder;
use super::signs_in;
use crate::calendar::programs::Program;
use crate::demo::Demo;
use crate::mailbox;
use crate::reader::{CLIENT, Reader};
use crate::runtime::wait_for;
use crate::visitor::Visitor;

const LUIS: &str = "luis@larkspur.example";

/// What the API answers to this person's program.
fn asks(demo: &Demo, who: &str, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    let token = &demo.member(who).api_token;
    let url = demo.at(&format!("/api/v1{path}"));
    let mut request = CLIENT.request(method, &url).bearer_auth(token);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    wait_for(async {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok::<_, reqwest::Error>((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    })
    .unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn new_managers(demo: &Demo) -> String {
    let (_, tracks) = asks(demo, "Mei Tanaka", Method::GET, "/tracks", None);
    let tracks = tracks["items"].as_array().expect("a list");
    let track = tracks.iter().find(|track| track["name"] == "New Managers");
    track.expect("Mei is in it")["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

/// Two hundred characters of right-to-left text, emoji that are several characters each, and
/// all that means something to a calendar or a mail.
fn title() -> String {
    let piece = "פגישה, \"מנטור\"; مرحبا 👩🏽‍🏫: \\n اللقاء 🎉 <b>&amp; ";
    let mut title: String = piece.chars().cycle().take(199).collect();
    title.push('🎉');
    assert_eq!(title.chars().count(), 200);
    title
}

const AGENDA: &str = "Erstens, zweitens; drittens: \"ja\"\r\n\r\nשורה שנייה, עם פסיק; \\n 🎉\r\nBEGIN:VCALENDAR, in a line of its own\r\n.\r\nFrom the beginning";
const PLACE: &str = "חדר 5; \"Nord\", \\Flur\\, 🏠";

#[test]
fn what_is_written_in_any_script_arrives_letter_by_letter() {
    let demo = Demo::starts();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.fills("Title", &title());
    mei.fills("Agenda", AGENDA);
    mei.ticks("Luis Ortega");
    mei.chooses("In person");
    mei.fills("Location", PLACE);
    mei.clicks("Create meeting");
    let shown = title().split_whitespace().collect::<Vec<_>>().join(" ");
    mei.sees(&shown);
    mei.sees(PLACE);
    mei.sees("BEGIN:VCALENDAR, in a line of its own");
    let address = mei.address();
    let id = address.rsplit('/').next().expect("it ends with the id");

    // The API says the same, with line ends of one kind.
    let agenda = AGENDA.replace("\r\n", "\n");
    let (_, read) = asks(
        &demo,
        "Luis Ortega",
        Method::GET,
        &format!("/meetings/{id}"),
        None,
    );
    assert_eq!(read["title"], json!(title()));
    assert_eq!(read["agenda"], json!(agenda));
    assert_eq!(read["location"], json!(PLACE));

    // So does the letter, to three programs that know nothing of Ithaca.
    let letter = mailbox::waits_for(&demo, LUIS, 1).remove(0);
    letter.is_calendar_mail("REQUEST", &title());
    assert!(letter.text.contains(PLACE), "{}", letter.text);
    assert!(
        letter.text.contains("From the beginning"),
        "{}",
        letter.text
    );
    for line in letter.calendar.split("\r\n") {
        assert!(line.len() <= 75, "a line of {} octets: {line}", line.len());
    }
    for program in [Program::ICalendar, Program::VObject, Program::IcalJs] {
        let read = program.reads(&json!([letter.calendar])).remove(0);
        assert_eq!(read["summary"], json!(title()), "{program:?}");
        assert_eq!(read["location"], json!(PLACE), "{program:?}");
        let description = read["description"].as_str().unwrap_or_default();
        assert!(description.contains(&agenda), "{program:?}: {description}");
        assert_eq!(read["attendees"].as_array().map(Vec::len), Some(2));
    }

    // Lists find it by letters of it.
    mei.opens(&demo.at("/larkspur/meetings"));
    mei.fills("Title", "مرحبا 👩🏽‍🏫: \\n");
    mei.clicks("Show");
    mei.sees(&shown);
}

#[test]
fn a_program_may_send_line_ends_where_lines_are_and_nowhere_else() {
    let demo = Demo::starts();
    let track = new_managers(&demo);
    let draft = json!({
        "title": title(),
        "agenda": AGENDA,
        "attendees": [LUIS],
        "local_start": "2027-11-24T15:00:00",
        "time_zone": "Europe/Berlin",
        "duration_minutes": 45,
        "mode": "in_person",
        "location": PLACE,
        "repetition": null,
    });
    let path = format!("/tracks/{track}/meetings");
    for field in ["title", "location"] {
        for sneaked in [
            "One\r\nBcc: everybody@larkspur.example",
            "One\nMETHOD:CANCEL",
            "One\u{2028}two",
            "One\u{202E}owt",
        ] {
            let mut wrong = draft.clone();
            wrong[field] = json!(sneaked);
            let (status, problem) = asks(&demo, "Mei Tanaka", Method::POST, &path, Some(&wrong));
            assert_eq!(status, 422, "{field}: {sneaked:?}: {problem}");
            assert!(problem.to_string().contains(field), "{problem}");
        }
    }
    let (status, made) = asks(&demo, "Mei Tanaka", Method::POST, &path, Some(&draft));
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["agenda"], json!(AGENDA.replace("\r\n", "\n")));
    let letter = mailbox::waits_for(&demo, LUIS, 1).remove(0);
    letter.is_calendar_mail("REQUEST", &title());
}

#[test]
fn whoever_moves_to_another_zone_reads_their_meetings_in_it_from_then_on() {
    let demo = Demo::starts();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.fills("Title", "First steps");
    mei.ticks("Luis Ortega");
    mei.fills("Date", "2027-01-12");
    mei.fills("Time", "15:00");
    mei.chooses("Phone");
    mei.clicks("Create meeting");
    mei.sees("15:00");
    mei.sees("09:00 for Luis");
    let address = mei.address();
    let id = address
        .rsplit('/')
        .next()
        .expect("it ends with the id")
        .to_owned();
    let instant = || {
        let (_, read) = asks(
            &demo,
            "Luis Ortega",
            Method::GET,
            &format!("/meetings/{id}"),
            None,
        );
        read["starts_at"].as_str().expect("an instant").to_owned()
    };
    assert_eq!(instant(), "2027-01-12T14:00:00Z");
    let first = mailbox::waits_for(&demo, LUIS, 1).remove(0);
    assert!(first.text.contains("New York time"), "{}", first.text);

    let mut luis = Reader::new();
    signs_in(&mut luis, &demo, "Luis Ortega");
    luis.opens(&demo.at("/larkspur/profile"));
    luis.clicks("Make an address");
    let feed_address = luis
        .text()
        .split_whitespace()
        .find(|word| word.contains("/calendar/") && word.starts_with("http"))
        .expect("the address is shown")
        .to_owned();
    let feed = |reader: &mut Reader| {
        reader.opens(&feed_address);
        reader.html().to_owned()
    };
    let before = feed(&mut luis);
    assert!(
        before.contains("X-WR-TIMEZONE:America/New_York"),
        "{before}"
    );

    luis.opens(&demo.at("/larkspur/profile"));
    luis.fills("Time zone", "Asia/Kathmandu");
    luis.clicks("Save");
    luis.sees("Saved.");
    luis.opens(&address);
    luis.sees("19:45");
    luis.sees("Kathmandu time");
    mei.opens(&address);
    mei.sees("15:00");
    mei.sees("19:45 for Luis");
    assert_eq!(
        instant(),
        "2027-01-12T14:00:00Z",
        "the meeting stays when it is"
    );
    let after = feed(&mut luis);
    assert!(after.contains("X-WR-TIMEZONE:Asia/Kathmandu"), "{after}");
    let start = |feed: &str| {
        let line = feed.lines().find(|line| line.starts_with("DTSTART;TZID"));
        line.map(str::to_owned)
    };
    assert_eq!(
        start(&after),
        Some("DTSTART;TZID=Europe/Berlin:20270112T150000".to_owned())
    );
    assert_eq!(start(&after), start(&before));

    // The month after her move shows it on the day that it is there: past midnight.
    mei.opens(&address);
    mei.clicks("Reschedule");
    mei.fills("Time", "19:30");
    mei.clicks("Reschedule meeting");
    mei.sees("19:30");
    luis.opens(&demo.at("/larkspur/meetings/month?on=2027-01"));
    let wednesday = luis.text();
    let (_, from_thirteen) = wednesday
        .split_once("Wednesday 13 January")
        .expect("the month has this day");
    let day = from_thirteen.split("Thursday").next().unwrap_or_default();
    assert!(day.contains("00:15 First steps"), "{day}");
    let second = mailbox::waits_for(&demo, LUIS, 2);
    let update = second.iter().max_by_key(|letter| letter.sequence);
    let update = update.expect("there are two");
    assert!(update.text.contains("Kathmandu time"), "{}", update.text);
    assert!(update.text.contains("00:15"), "{}", update.text);
}

/// Writes so many more people into New Managers, behind the back of the running demo.
fn more_people(place: &Place, count: usize) -> Vec<String> {
    wait_for(async {
        let clock = Clock::system();
        let randomness = Randomness::system();
        let store = Store::connect(place, clock.clone())
            .await
            .expect("it is there");
        let larkspur = organizations::find_by_slug(&store, "larkspur")
            .await
            .expect("it can be read")
            .expect("the demo has it");
        let tx = store.begin(larkspur.id).await.expect("a change can begin");
        let all = tracks::list_in(&tx, larkspur.id).await.expect("a list");
        let track = all.iter().find(|track| track.name == "New Managers");
        let track = track.expect("the demo has it").id;
        let mut addresses = Vec::new();
        for number in 1..=count {
            let email = format!("mentee{number}@larkspur.example");
            let member = Member {
                id: MemberId(randomness.uuid_v7(clock.now())),
                organization: larkspur.id,
                first_name: "Mentee".to_owned(),
                last_name: format!("Number {number}"),
                email: EmailAddress::parse(&email).expect("an address"),
                time_zone: ["Europe/Berlin", "Asia/Kathmandu", "Pacific/Chatham"][number % 3]
                    .to_owned(),
                language: "en".to_owned(),
                state: MemberState::Active,
                global_administrator: false,
            };
            members::insert(&tx, &member).await.expect("they are new");
            let mentee: Roles = [Role::Mentee].into_iter().collect();
            tracks::enrol(&tx, larkspur.id, track, member.id, &mentee)
                .await
                .expect("they can be enrolled");
            addresses.push(email);
        }
        tx.commit().await.expect("a change can end");
        store.close().await;
        addresses
    })
}

#[test]
fn fifty_people_meet_and_each_is_invited_once_in_their_own_time() {
    let folder = Folder::new("fifty");
    let demo = Demo::starts_with(&["--data", folder.path()]);
    let others = more_people(&Place::Sqlite(folder.file("ithaca.db")), 49);
    let track = new_managers(&demo);
    let draft = |attendees: &[String]| {
        json!({
            "title": "All of us",
            "agenda": "",
            "attendees": attendees,
            "local_start": "2027-11-24T15:00:00",
            "time_zone": "Europe/Berlin",
            "duration_minutes": 45,
            "mode": "phone",
            "location": "",
            "repetition": null,
        })
    };
    let path = format!("/tracks/{track}/meetings");
    let too_many: Vec<String> = others.iter().cloned().chain([LUIS.to_owned()]).collect();
    let (status, problem) = asks(
        &demo,
        "Mei Tanaka",
        Method::POST,
        &path,
        Some(&draft(&too_many)),
    );
    assert_eq!(status, 422, "{problem}");
    let (status, made) = asks(
        &demo,
        "Mei Tanaka",
        Method::POST,
        &path,
        Some(&draft(&others)),
    );
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["attendees"].as_array().map(Vec::len), Some(50));

    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    let id = made["id"].as_str().expect("an id");
    mei.opens(&demo.at(&format!("/larkspur/meetings/{id}")));
    for number in 1..=49 {
        mei.sees(&format!("Mentee Number {number}"));
    }
    mei.opens(&demo.at("/larkspur/meetings?person=number+49"));
    mei.sees("All of us");

    let starts_at: Timestamp = "2027-11-24T14:00:00Z".parse().expect("an instant");
    for (index, address) in others.iter().enumerate() {
        let letters = mailbox::waits_for(&demo, address, 1);
        let [letter] = &letters[..] else {
            panic!("{address} has {} letters", letters.len());
        };
        letter.is_calendar_mail("REQUEST", "All of us");
        assert_eq!(letter.attendees.len(), 50);
        let zone = ["Europe/Berlin", "Asia/Kathmandu", "Pacific/Chatham"][(index + 1) % 3];
        let there = TimeZone::get(zone).expect("a zone").to_datetime(starts_at);
        let clock = there.strftime("%H:%M").to_string();
        assert!(letter.text.contains(&clock), "{address}: {}", letter.text);
    }
}
