//! The page behind a join URL: who walks in, who waits.

use sandbox::tenant::meetings::DeletedLinks;
use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER};
use crate::world::{Answer, World, http};

fn host(world: &World) -> Client {
    Client::signed_in(world, SCHEDULER, &["OnlineMeetings.ReadWrite"])
}

async fn meeting(world: &World, change: Value) -> Answer {
    let mut body = json!({
        "subject": "First <steps>",
        "startDateTime": "2026-03-09T09:00:00Z",
        "endDateTime": "2026-03-09T09:45:00Z",
        "participants": {"attendees": [
            {"upn": "mei@larkspur.example", "role": "coorganizer"},
            {"upn": "luis@larkspur.example", "role": "attendee"},
        ]},
        "allowedPresenters": "organization",
    });
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    let made = host(world).post("/v1.0/me/onlineMeetings", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made
}

async fn open(url: &str) -> (u16, String) {
    let response = http().get(url).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// What the page says happens to each person at the door.
fn at_the_door(page: &str) -> Vec<(String, String)> {
    page.split("<tr><th scope=\"row\">")
        .skip(1)
        .map(|row| {
            let name = row.split('<').next().unwrap().to_owned();
            let cells: Vec<&str> = row.split("<td>").collect();
            (name, cells[2].split('<').next().unwrap().to_owned())
        })
        .collect()
}

fn outcome(page: &str, name: &str) -> String {
    at_the_door(page)
        .into_iter()
        .find(|(other, _)| other == name)
        .unwrap_or_else(|| panic!("{name} on {page}"))
        .1
}

#[tokio::test]
async fn the_link_shows_its_meeting_and_who_walks_in() {
    let world = World::start().await;
    let made = meeting(&world, json!({})).await;
    let (status, page) = open(made.text("joinWebUrl")).await;
    assert_eq!(status, 200);
    for part in [
        "<h1>First &#60;steps&#62;</h1>",
        "<dt>Starts</dt><dd>2026-03-09 09:00 UTC</dd>",
        "<dt>Hosted by</dt><dd>Teams Scheduler, Larkspur Health</dd>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let waits = "waits in the lobby until somebody of Larkspur Health in the meeting lets them in";
    let expected = [
        ("Teams Scheduler", "walks in"),
        ("Mei Tanaka", "walks in"),
        ("Luis Ortega", "walks in"),
        ("Somebody else of Larkspur Health", "walks in"),
        ("A guest of Larkspur Health", "walks in"),
        ("Somebody outside, with an account elsewhere", waits),
        ("Somebody outside, without an account", waits),
    ]
    .map(|(name, outcome)| (name.to_owned(), outcome.to_owned()));
    assert_eq!(at_the_door(&page), expected);
}

#[tokio::test]
async fn with_nobody_to_admit_the_page_says_that_people_wait_for_the_host() {
    let world = World::start().await;
    let made = meeting(
        &world,
        json!({
            "participants": {"attendees": [{"upn": "luis@larkspur.example"}]},
            "lobbyBypassSettings": {"scope": "organizer"},
            "allowedLobbyAdmitters": "organizerAndCoOrganizers",
        }),
    )
    .await;
    let (_, page) = open(made.text("joinWebUrl")).await;
    assert_eq!(
        outcome(&page, "Luis Ortega"),
        "waits in the lobby until Teams Scheduler lets them in, and nobody else may"
    );
}

#[tokio::test]
async fn a_co_organizer_walks_in_under_every_scope_and_admits() {
    let world = World::start().await;
    for scope in ["organizer", "invited"] {
        let made = meeting(
            &world,
            json!({
                "lobbyBypassSettings": {"scope": scope},
                "allowedLobbyAdmitters": "organizerAndCoOrganizers",
            }),
        )
        .await;
        let (_, page) = open(made.text("joinWebUrl")).await;
        assert_eq!(outcome(&page, "Mei Tanaka"), "walks in");
        assert_eq!(
            outcome(&page, "Luis Ortega"),
            "waits in the lobby until Mei Tanaka lets them in"
        );
    }
}

#[tokio::test]
async fn everyone_still_means_that_strangers_wait_for_company() {
    let world = World::start().await;
    let made = meeting(
        &world,
        json!({"lobbyBypassSettings": {"scope": "everyone"}}),
    )
    .await;
    let (_, page) = open(made.text("joinWebUrl")).await;
    assert_eq!(
        outcome(&page, "Somebody outside, without an account"),
        "waits in the lobby until somebody with an account has joined"
    );
    assert_eq!(
        outcome(&page, "Somebody outside, with an account elsewhere"),
        "walks in"
    );
}

#[tokio::test]
async fn whoever_says_their_name_hears_what_happens() {
    let world = World::start().await;
    let made = meeting(&world, json!({})).await;
    let url = made.text("joinWebUrl");
    for (who, expected) in [
        (
            "address=jonas@larkspur.example",
            "<strong>Jonas Weber</strong> walks in.",
        ),
        (
            "address=dana.cole@partner.example",
            "<strong>Dana Cole</strong> walks in.",
        ),
        (
            "address=edda@quillfield.example",
            "<strong>Edda Lindqvist</strong> waits",
        ),
        (
            "address=oskar.lund@larkspur.example",
            "<strong>Oskar Lund</strong> can’t sign in",
        ),
        (
            "address=priya@elsewhere.example",
            "There is no account priya@elsewhere.example here.",
        ),
        (
            "name=Priya+%3Cb%3E",
            "<strong>Priya &#60;b&#62;</strong> waits in the lobby",
        ),
    ] {
        let (status, page) = open(&format!("{url}&{who}")).await;
        assert_eq!(status, 200);
        assert!(page.contains(expected), "{expected} in {page}");
    }
}

#[tokio::test]
async fn the_link_of_a_deleted_meeting_does_what_the_switch_says() {
    let world = World::start().await;
    let host = host(&world);
    let made = meeting(&world, json!({})).await;
    let url = made.text("joinWebUrl");
    let path = format!("/v1.0/me/onlineMeetings/{}", made.text("id"));
    assert_eq!(host.delete(&path).await.status, 204);

    let (status, page) = open(url).await;
    assert_eq!(status, 200);
    assert!(page.contains("This meeting was deleted at 2026-03-02 09:00 UTC."));
    assert_eq!(host.get(&path).await.status, 404);

    let switch = |to| {
        world
            .sandbox
            .change(|state| state.meetings.deleted_links = to);
    };
    switch(DeletedLinks::Close);
    let (status, page) = open(url).await;
    assert_eq!(status, 404);
    assert!(page.contains("We can’t find that meeting"));

    switch(DeletedLinks::Revive);
    assert_eq!(open(url).await.0, 200);
    assert_eq!(host.get(&path).await.status, 200);
}

#[tokio::test]
async fn a_wrong_link_leads_onward() {
    let world = World::start().await;
    for path in [
        "/l/meetup-join/19%3ameeting_AAAA%40thread.v2/0",
        "/l/meetup-join/x",
        "/l/meetup-join/x/0?context=%7b",
    ] {
        let (status, page) = open(&format!("{}{path}", world.url)).await;
        assert_eq!(status, 404);
        assert!(page.contains("<a href=\"/\">"));
    }
}
