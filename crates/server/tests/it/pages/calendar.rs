//! The calendar that somebody's programs subscribe to.

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty,
};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use mentoring::meeting::{Draft, Scope};
use mentoring::organization::MeetingId;
use mentoring::repetition::{End, Every, Repetition};
use mentoring::track::Mode;

use super::meetings::plans;
use super::{Answer, Browser, House};

/// Makes an address and answers its path.
async fn subscribes(browser: &Browser<'_>) -> String {
    let page = browser.posts("/larkspur/profile/calendar", &[]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let mark = "<code>http://127.0.0.1:8080";
    let (_, rest) = page.body.split_once(mark).expect("it is shown");
    let path = rest.split('<').next().expect("it ends").to_owned();
    let webcal = format!("href=\"webcal://127.0.0.1:8080{path}\"");
    assert!(page.body.contains(&webcal), "{}", page.body);
    path
}

fn events(feed: &Answer) -> Vec<ICalendarComponent> {
    assert_eq!(feed.status, StatusCode::OK, "{}", feed.body);
    let calendar = ICalendar::parse(&feed.body).expect("it is a calendar");
    let head = &calendar.components[0];
    assert!(head.property(&ICalendarProperty::Method).is_none());
    let events = calendar.components.iter();
    events
        .filter(|one| one.component_type == ICalendarComponentType::VEvent)
        .cloned()
        .collect()
}

fn text(event: &ICalendarComponent, property: &ICalendarProperty) -> String {
    let entry = event.property(property).expect("it has one");
    entry.values[0].as_text().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn luis_has_his_meetings_in_his_own_calendar() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let profile = luis.opens("/larkspur/profile").await;
    for words in ["Make an address", "Outlook every few hours", "up to a day"] {
        assert!(profile.body.contains(words), "{words}");
    }
    let address = subscribes(&luis).await;
    let empty = house.stranger().opens(&address).await;
    assert!(events(&empty).is_empty());
    assert_eq!(empty.header("content-type"), "text/calendar; charset=utf-8");
    assert!(empty.header("cache-control").contains("private"));

    let meeting = plans(&mei, company, "phone").await.location().to_owned();
    let feed = house.stranger().opens(&address).await;
    let all = events(&feed);
    assert_eq!(all.len(), 1, "{}", feed.body);
    let title = text(&all[0], &ICalendarProperty::Summary);
    assert_eq!(title, "First weeks as a manager");
    assert!(
        feed.body
            .contains("DTSTART;TZID=Europe/Berlin:20271124T150000")
    );
    assert!(feed.body.contains("PARTSTAT=NEEDS-ACTION"));
    let id = meeting.rsplit('/').next().expect("it ends in an id");
    assert_eq!(
        text(&all[0], &ICalendarProperty::Uid),
        format!("{id}@127.0.0.1")
    );

    // Nothing new costs one line; an answer is new.
    let mark = feed.header("etag").to_owned();
    let again = [("if-none-match", format!("\"else\", W/{mark}"))];
    let known = house
        .stranger()
        .sends(Method::GET, &address, &[], &again)
        .await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert!(known.body.is_empty());
    assert_eq!(known.header("etag"), mark);
    luis.posts(&format!("{meeting}/answer"), &[("answer", "maybe")])
        .await;
    let new = house
        .stranger()
        .sends(Method::GET, &address, &[], &again)
        .await;
    assert_eq!(new.status, StatusCode::OK);
    assert!(new.body.replace("\r\n ", "").contains("PARTSTAT=TENTATIVE"));

    let fields = [("revision", "1"), ("reason", "")];
    mei.posts(&format!("{meeting}/cancellation"), &fields).await;
    assert!(events(&house.stranger().opens(&address).await).is_empty());
}

/// shown once, ended by a new one, by its owner, and with their membership.
#[tokio::test]
async fn r10_an_address_ends_at_once_when_it_is_to_end() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let first = subscribes(&luis).await;
    let profile = luis.opens("/larkspur/profile").await;
    assert!(!profile.body.contains(".ics"), "it is shown once");
    assert!(profile.body.contains("Make a new address"));
    let second = subscribes(&luis).await;
    let status = async |address: &str| house.stranger().opens(address).await.status;
    assert_eq!(status(&first).await, StatusCode::NOT_FOUND);
    assert_eq!(status(&second).await, StatusCode::OK);
    let ended = luis.posts("/larkspur/profile/calendar/removal", &[]).await;
    assert_eq!(ended.location(), "/larkspur/profile");
    assert_eq!(status(&second).await, StatusCode::NOT_FOUND);

    let third = subscribes(&luis).await;
    assert_eq!(status(&third).await, StatusCode::OK);
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let member = format!("/larkspur/manage/members/{}", company.mentee.id);
    amara.posts(&format!("{member}/deactivation"), &[]).await;
    assert_eq!(status(&third).await, StatusCode::NOT_FOUND);
    amara.posts(&format!("{member}/reactivation"), &[]).await;
    assert_eq!(status(&third).await, StatusCode::NOT_FOUND, "for good");
    for nothing in ["/calendar/.ics", "/calendar/x.ics", "/calendar/x"] {
        assert_eq!(status(nothing).await, StatusCode::NOT_FOUND);
    }
    let log = amara.opens("/larkspur/manage/audit").await;
    assert!(
        log.body
            .contains("Made a new address for the own calendar.")
    );
    let code = third.rsplit('/').next().expect("it ends in a code");
    assert!(!log.body.contains(code));
}

/// A series is one entry with what deviates from it; a month after its end it leaves.
#[tokio::test]
async fn a_series_is_one_entry_with_its_exceptions_until_it_is_long_over() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let acting = house.acts(&company.mentor).await;
    let draft = Draft {
        title: "Weekly, with commas; and\\more".to_owned(),
        agenda: String::new(),
        attendees: vec![company.mentee.id],
        local_start: "2026-11-24T15:00:00".parse().expect("a time"),
        time_zone: "Europe/Berlin".to_owned(),
        duration_minutes: 45,
        mode: Mode::Phone,
        location: String::new(),
        repetition: Some(Repetition {
            every: Every::Week,
            end: End::Count(4),
        }),
    };
    let track = company.track.id;
    let made = house.app.create_meeting(&acting, track, &draft, None).await;
    let id: MeetingId = made.expect("Mei may");
    let second = "2026-12-01T15:00:00".parse().expect("a time");
    house
        .app
        .cancel_meeting(&acting, id, 1, Scope::This(second), None)
        .await
        .expect("Mei may");
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let address = subscribes(&luis).await;
    let feed = house.stranger().opens(&address).await;
    let all = events(&feed);
    assert_eq!(all.len(), 1);
    assert!(
        feed.body.contains("RRULE:FREQ=WEEKLY;COUNT=4"),
        "{}",
        feed.body
    );
    assert!(
        feed.body
            .contains("EXDATE;TZID=Europe/Berlin:20261201T150000")
    );
    assert_eq!(text(&all[0], &ICalendarProperty::Summary), draft.title);
    assert_eq!(feed.body.matches("BEGIN:VTIMEZONE").count(), 1);

    house
        .world
        .clock
        .advance(SignedDuration::from_hours(24 * 51));
    assert_eq!(events(&house.stranger().opens(&address).await).len(), 1);
    house
        .world
        .clock
        .advance(SignedDuration::from_hours(24 * 2));
    assert!(events(&house.stranger().opens(&address).await).is_empty());
}

/// Nothing of another person's or another organization's is in it (I-07).
#[tokio::test]
async fn i07_a_calendar_is_its_owners_alone() {
    let house = House::opens_on_monday().await;
    let (ours, theirs) = (&house.world.larkspur, &house.world.quillfield);
    let mei = house.signs_in("larkspur", &ours.mentor).await;
    plans(&mei, ours, "phone").await;
    let their_mei = house.signs_in("quillfield", &theirs.mentor).await;
    plans(&their_mei, theirs, "phone").await;
    let amara = house.signs_in("larkspur", &ours.administrator).await;
    let address = subscribes(&amara).await;
    let feed = house.stranger().opens(&address).await;
    assert!(events(&feed).is_empty(), "she runs all and meets nobody");
    let address = subscribes(&mei).await;
    let feed = house.stranger().opens(&address).await;
    assert_eq!(events(&feed).len(), 1);
    assert!(!feed.body.contains("quillfield"));
}
