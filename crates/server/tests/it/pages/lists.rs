//! Lists of meetings as pages: the agenda, the week and the month, and those of a track.

use http::StatusCode;

use super::meetings::plans;
use super::{Answer, House};

/// The part of a page from here to there.
fn between<'a>(page: &'a Answer, from: &str, to: &str) -> &'a str {
    let (_, rest) = page
        .body
        .split_once(from)
        .unwrap_or_else(|| panic!("no {from} on {}", page.body));
    rest.split(to).next().unwrap_or_default()
}

#[tokio::test]
async fn a_week_and_a_month_show_each_meeting_on_the_day_of_its_reader() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    // On Wednesday 24 November 2027 at 15:00 in Berlin, where Mei's clock shows 23:00.
    plans(&mei, company, "phone").await;
    let month = mei.opens("/larkspur/meetings/month?on=2027-11").await;
    assert!(month.body.contains("November 2027"), "{}", month.body);
    let day = between(&month, "datetime=\"2027-11-24\"", "</td>");
    assert!(
        day.contains("23:00") && day.contains("First weeks as a manager"),
        "{day}"
    );
    let week = mei.opens("/larkspur/meetings/week?on=2027-11-28").await;
    let day = between(&week, "datetime=\"2027-11-24\"", "</td>");
    assert!(
        day.contains("First weeks as a manager") && day.contains("Luis Ortega"),
        "{day}"
    );

    // It is to be turned from page to page, and no address leads beyond what there is.
    assert!(
        month.body.contains("/larkspur/meetings/month?on=2027%2D12"),
        "{}",
        month.body
    );
    let next = mei.opens("/larkspur/meetings/month?on=2027%2D12").await;
    assert!(
        next.body.contains("Nothing is planned in this month."),
        "{}",
        next.body
    );
    for nonsense in ["x", "2027-13", "10000-01-01", "-5"] {
        let answer = mei
            .opens(&format!("/larkspur/meetings/week?on={nonsense}"))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{nonsense}");
    }
    // Today is marked where it is, in her zone.
    let present = mei.opens("/larkspur/meetings/month").await;
    let day = between(&present, "datetime=\"2026-11-23\"", "</td>");
    assert!(day.contains("Today"), "{day}");
}

#[tokio::test]
async fn a_list_is_narrowed_down_by_its_address() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let empty = mei.opens("/larkspur/meetings").await;
    assert!(
        empty.body.contains("Plan one in New Managers"),
        "{}",
        empty.body
    );
    plans(&mei, company, "phone").await;
    for (query, is_found) in [
        ("title=WEEKS+as", true),
        ("person=ortega", true),
        ("mode=phone&state=scheduled&track=new-managers", true),
        ("mode=teams", false),
        ("state=cancelled", false),
        ("person=priya", false),
        ("past", false),
        // What it is about is looked through for nobody.
        ("title=surprised", false),
        // A word that nobody knows narrows nothing.
        ("mode=pigeon&colour=green", true),
    ] {
        for list in ["meetings", "tracks/new-managers/meetings"] {
            let page = mei.opens(&format!("/larkspur/{list}?{query}")).await;
            assert_eq!(page.status, StatusCode::OK, "{query}");
            let shown = between(&page, "id=\"meetings\"", "</main>");
            let found = shown.contains("First weeks as a manager");
            assert_eq!(found, is_found, "{list}?{query}: {shown}");
        }
    }
    let nothing = mei.opens("/larkspur/meetings?title=surprised").await;
    assert!(
        nothing.body.contains("No meeting fits that."),
        "{}",
        nothing.body
    );
    assert!(nothing.body.contains("Show all"), "{}", nothing.body);
    for query in ["track=elsewhere", "after=1.2.3"] {
        let answer = mei.opens(&format!("/larkspur/meetings?{query}")).await;
        assert!(
            answer.status.is_client_error(),
            "{query}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn a_tracks_meetings_are_their_peoples_and_in_outline_its_administrators() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    plans(&mei, company, "phone").await;
    let amara = house.signs_in("larkspur", &company.administrator).await;
    for list in ["", "/week?on=2027-11-24", "/month?on=2027-11"] {
        let page = amara
            .opens(&format!("/larkspur/tracks/new-managers/meetings{list}"))
            .await;
        assert!(
            page.body.contains("First weeks as a manager"),
            "{}",
            page.body
        );
        assert!(!page.body.contains("What surprised you?"));
        assert!(!page.body.contains("/j/"));
    }
    let list = amara.opens("/larkspur/tracks/new-managers/meetings").await;
    for words in ["Mei Tanaka", "Luis Ortega", "Phone"] {
        assert!(list.body.contains(words), "{words}");
    }
    // They are not her own.
    let own = amara.opens("/larkspur/meetings").await;
    assert!(!own.body.contains("First weeks as a manager"));
    let edda = &house.world.quillfield.administrator;
    let edda = house.signs_in("quillfield", edda).await;
    for list in ["meetings", "meetings/week", "meetings/month"] {
        let answer = edda
            .opens(&format!("/larkspur/tracks/new-managers/{list}"))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{list}");
        let answer = edda
            .opens(&format!("/quillfield/tracks/elsewhere/{list}"))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{list}");
    }
}
