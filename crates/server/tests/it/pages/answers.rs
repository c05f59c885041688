//! Answers: on the meeting's page, and by the links of a mail without signing in.

use http::{Method, StatusCode};
use ithaca::content::Invitation;
use ithaca::store::meetings;
use jiff::SignedDuration;
use mentoring::answer::Answer;
use mentoring::invitation::Participation;
use mentoring::member::Member;
use mentoring::organization::MeetingId;

use super::meetings::plans;
use super::outbox::{is_emptied, told};
use super::{Browser, House};

fn id_of(meeting: &str) -> MeetingId {
    let id = meeting.rsplit('/').next().expect("it ends in an id");
    MeetingId(id.parse().expect("an id"))
}

/// The newest mail to somebody.
async fn mail(house: &House, member: &Member) -> Invitation {
    let company = &house.world.larkspur;
    let mut all = told(house, company.id, member).await;
    all.pop().expect("there is one").invitation
}

/// The path of the links in somebody's newest mail.
async fn link(house: &House, member: &Member) -> String {
    let address = mail(house, member).await.answer_address;
    let address = address.expect("it asks");
    let path = address.strip_prefix("http://127.0.0.1:8080");
    path.expect("it is ours").to_owned()
}

async fn answered(house: &House, meeting: &str, member: &Member) -> (Option<Answer>, i64) {
    let company = &house.world.larkspur;
    let stored = meetings::find_for_work(&house.world.store, company.id, id_of(meeting)).await;
    let meeting = stored
        .expect("it is readable")
        .expect("it is there")
        .meeting;
    let mut people = meeting.attendees.iter();
    let attendee = people.find(|one| one.member == member.id);
    (attendee.expect("they are of it").answer, meeting.revision)
}

async fn planned(browser: &Browser<'_>, house: &House) -> String {
    let made = plans(browser, &house.world.larkspur, "phone").await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    made.location().to_owned()
}

#[tokio::test]
async fn luis_answers_on_the_page_and_mei_reads_it_there() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = planned(&mei, &house).await;
    let page = mei.opens(&meeting).await;
    assert!(page.body.contains("No answer yet"), "{}", page.body);
    assert!(page.body.contains("Your answer"));

    let luis = house.signs_in("larkspur", &company.mentee).await;
    let fields = [
        ("answer", "maybe"),
        ("note", "I am on the train; <ten> minutes late"),
    ];
    let given = luis.posts(&format!("{meeting}/answer"), &fields).await;
    assert_eq!(given.location(), meeting, "{}", given.body);
    let page = mei.opens(&meeting).await;
    assert!(page.body.contains(">Maybe</span>"), "{}", page.body);
    assert!(
        page.body
            .contains("I am on the train; &#60;ten&#62; minutes late")
    );
    // Whoever runs the organization sees the answer; the note is for those who meet.
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let page = amara.opens(&meeting).await;
    assert!(page.body.contains(">Maybe</span>"), "{}", page.body);
    assert!(!page.body.contains("on the train"));
    assert!(!page.body.contains("Your answer"));
    let forbidden = amara.posts(&format!("{meeting}/answer"), &fields).await;
    assert_eq!(forbidden.status, StatusCode::FORBIDDEN);
    let log = amara.opens("/larkspur/manage/audit").await;
    assert!(log.body.contains("Answered a meeting: maybe."));
    assert!(!log.body.contains("on the train"));
}

#[tokio::test]
async fn an_answer_that_is_none_or_a_note_without_end_comes_back() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = planned(&mei, &house).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let address = format!("{meeting}/answer");
    let none = luis.posts(&address, &[("note", "Perhaps")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.body.contains("Answer yes, no or maybe."));
    assert!(none.body.contains("Perhaps"), "what was typed is kept");
    let long = "🙂".repeat(501);
    let fields = [("answer", "no"), ("note", long.as_str())];
    let refused = luis.posts(&address, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("501 of at most 500"));
    let answer = answered(&house, &meeting, &company.mentee).await;
    assert_eq!(answer, (None, 1));
}

/// Mei has the form open while Luis answers: she is in conflict with nobody.
#[tokio::test]
async fn an_answer_is_no_change_of_the_meeting() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = planned(&mei, &house).await;
    let form = mei.opens(&format!("{meeting}/cancellation")).await;
    let revision = form.hidden("revision").to_owned();
    let luis = house.signs_in("larkspur", &company.mentee).await;
    luis.posts(&format!("{meeting}/answer"), &[("answer", "yes")])
        .await;
    let fields = [("revision", revision.as_str()), ("reason", "")];
    let cancelled = mei.posts(&format!("{meeting}/cancellation"), &fields).await;
    assert_eq!(cancelled.location(), meeting, "{}", cancelled.body);
}

/// What looks for harm in mails opens every link, and perhaps asks twice: nothing is
/// recorded until somebody presses a button, for which they need no session.
#[tokio::test]
async fn a_link_of_the_mail_asks_and_its_button_answers() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let luis = &company.mentee;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = planned(&mei, &house).await;
    let link = link(&house, luis).await;
    let somebody = house.stranger();
    for answer in ["yes", "no", "maybe"] {
        let address = format!("{link}?answer={answer}");
        let page = somebody.opens(&address).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert!(page.body.contains("Luis Ortega, will you be there?"));
        assert!(page.body.contains("First weeks as a manager"));
        assert!(page.body.contains("Tokyo time"), "Luis's own zone");
        assert!(!page.body.contains("What surprised you?"), "not the agenda");
        let first = page
            .body
            .find("<button class=\"button\" ")
            .expect("one stands out");
        assert!(page.body[first..].starts_with(&format!(
            "<button class=\"button\" type=\"submit\" name=\"answer\" value=\"{answer}\""
        )));
        let head = somebody.sends(Method::HEAD, &address, &[], &[]).await;
        assert_eq!(head.status, StatusCode::OK);
    }
    assert_eq!(answered(&house, &meeting, luis).await, (None, 1));

    // A browser of Luis's in which he is not signed in.
    let fields = [("answer", "no"), ("note", "On leave")];
    let given = house.stranger().posts(&link, &fields).await;
    assert_eq!(given.location(), link, "{}", given.body);
    assert_eq!(
        answered(&house, &meeting, luis).await,
        (Some(Answer::No), 1)
    );
    let page = mei.opens(&meeting).await;
    assert!(page.body.contains("On leave"));
    let page = house.stranger().opens(&format!("{link}?answer=yes")).await;
    assert!(page.body.contains("your answer is <strong>No</strong>"));
    assert_eq!(answered(&house, &meeting, luis).await.0, Some(Answer::No));
    // A form of another site is none of ours.
    let foreign = [("sec-fetch-site", "cross-site".to_owned())];
    let forged = house
        .stranger()
        .sends(Method::POST, &link, &[("answer", "yes")], &foreign)
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_link_that_does_not_count_says_so_with_a_way_onward() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let luis = &company.mentee;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = planned(&mei, &house).await;
    let link = link(&house, luis).await;
    let somebody = house.stranger();
    for address in ["/a/nonsense", "/a/AAAAAAAAAAAAAAAAAAAAAA?answer=yes"] {
        let wrong = somebody.opens(address).await;
        assert_eq!(wrong.status, StatusCode::NOT_FOUND);
        assert!(wrong.body.contains("This link does not work any more"));
        assert!(wrong.body.contains("Go to Ithaca"));
        let path = address.split('?').next().expect("it begins");
        let wrong = somebody.posts(path, &[("answer", "yes")]).await;
        assert_eq!(wrong.status, StatusCode::NOT_FOUND);
    }
    let fields = [("revision", "1"), ("reason", "")];
    mei.posts(&format!("{meeting}/cancellation"), &fields).await;
    let off = somebody.opens(&format!("{link}?answer=yes")).await;
    assert!(
        off.body.contains("This meeting was cancelled."),
        "{}",
        off.body
    );
    assert!(
        !off.body
            .contains("<button class=\"button\" type=\"submit\" name=\"answer\"")
    );
    assert!(off.body.contains("Look at the meeting"));
    let late = somebody.posts(&link, &[("answer", "yes")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("This meeting was cancelled."));

    house.world.clock.advance(SignedDuration::from_mins(1));
    let second = planned(&mei, &house).await;
    let link = self::link(&house, luis).await;
    house
        .world
        .clock
        .advance(SignedDuration::from_hours(24 * 400));
    let over = somebody.opens(&link).await;
    assert!(over.body.contains("This meeting is over"), "{}", over.body);
    let late = somebody.posts(&link, &[("answer", "yes")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert_eq!(answered(&house, &second, luis).await.0, None);
}

/// A link is good for its person and its meeting, as long as both belong together.
#[tokio::test]
async fn a_link_ends_with_its_person_s_place_in_the_meeting() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let luis = &company.mentee;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    planned(&mei, &house).await;
    let of_mei = link(&house, &company.mentor).await;
    let of_luis = link(&house, luis).await;
    assert_ne!(of_mei, of_luis);
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let gone = format!("/larkspur/manage/members/{}/deactivation", luis.id);
    let gone = amara.posts(&gone, &[]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    let closed = house.stranger().opens(&of_luis).await;
    assert_eq!(closed.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_link_is_not_tried_without_end() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    planned(&mei, &house).await;
    let link = link(&house, &company.mentee).await;
    let somebody = house.stranger();
    for _ in 0..30 {
        let given = somebody.posts(&link, &[("answer", "yes")]).await;
        assert_eq!(given.status, StatusCode::SEE_OTHER);
    }
    let refused = somebody.posts(&link, &[("answer", "no")]).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!refused.header("retry-after").is_empty());
    house.world.clock.advance(SignedDuration::from_hours(1));
    let given = somebody.posts(&link, &[("answer", "no")]).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER);
}

/// Their mail asks them again, with the same link, and says so to their calendar.
#[tokio::test]
async fn a_moved_meeting_asks_again() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let luis = &company.mentee;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = planned(&mei, &house).await;
    let before = link(&house, luis).await;
    is_emptied(&house, company.id, luis).await;
    house.world.clock.advance(SignedDuration::from_mins(1));
    house
        .stranger()
        .posts(&before, &[("answer", "yes"), ("note", "With pleasure")])
        .await;
    let fields = [
        ("revision", "1"),
        ("date", "2027-11-25"),
        ("time", "10:00"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
    ];
    let moved = mei.posts(&format!("{meeting}/schedule"), &fields).await;
    assert_eq!(moved.location(), meeting, "{}", moved.body);
    assert_eq!(answered(&house, &meeting, luis).await, (None, 2));
    let kept = answered(&house, &meeting, &company.mentor).await;
    assert_eq!(kept.0, Some(Answer::Yes));
    assert!(!mei.opens(&meeting).await.body.contains("With pleasure"));
    assert_eq!(link(&house, luis).await, before);
    let parts: Vec<Participation> = mail(&house, luis)
        .await
        .calendar
        .attendees
        .into_iter()
        .map(|(.., participation)| participation)
        .collect();
    assert_eq!(parts, [Participation::Accepted, Participation::NeedsAction]);
}
