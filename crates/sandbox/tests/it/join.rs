//! The page behind a join URL: who walks in, who waits.

use sandbox::tenant::meetings::DeletedLinks;
use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER};
use crate::world::{Answer, World};

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

/// The one client of a test: making one takes longer than what it is used for.
fn client() -> reqwest::Client {
    thread_local! {
        static CLIENT: reqwest::Client = crate::world::http();
    }
    CLIENT.with(Clone::clone)
}

async fn open(url: &str) -> (u16, String) {
    let response = client().get(url).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// What the page says happens to each person at the door.
fn at_the_door(page: &str) -> Vec<(String, String)> {
    page.split("<li><strong>")
        .skip(1)
        .map(|row| {
            let name = row.split('<').next().unwrap().to_owned();
            let (_, outcome) = row.split_once("<span class=\"outcome\">").unwrap();
            (name, outcome.split('<').next().unwrap().to_owned())
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

/// Somebody comes to the door, lets another in, or leaves: the page afterwards.
async fn step(url: &str, fields: &[(&str, &str)]) -> String {
    let (_, path) = url.split_once("/l/").unwrap();
    let base = url.strip_suffix(path).unwrap().trim_end_matches("/l/");
    let sent = client()
        .post(url)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(serde_urlencoded::to_string(fields).unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 303);
    let back = sent.headers()["location"].to_str().unwrap().to_owned();
    open(&format!("{base}{back}")).await.1
}

/// The names in one of the two lists, with the number that their buttons carry.
fn listed(page: &str, list: &str) -> Vec<(String, String)> {
    let (_, rest) = page.split_once(&format!("<h2 id=\"{list}\">")).unwrap();
    let section = rest.split("</section>").next().unwrap();
    section
        .split("<span class=\"grow\">")
        .skip(1)
        .map(|row| {
            let (_, number) = row.split_once("name=\"leave\" value=\"").unwrap();
            (
                row.split(" <span").next().unwrap().to_owned(),
                number.split('"').next().unwrap().to_owned(),
            )
        })
        .collect()
}

fn names(page: &str, list: &str) -> Vec<String> {
    listed(page, list)
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

#[tokio::test]
async fn people_come_wait_are_let_in_and_leave() {
    let world = World::start().await;
    let made = meeting(
        &world,
        json!({
            "lobbyBypassSettings": {"scope": "organizationExcludingGuests"},
            "allowedLobbyAdmitters": "organizerAndCoOrganizers",
        }),
    )
    .await;
    let url = made.text("joinWebUrl");
    let page = step(url, &[("address", "dana.cole@partner.example")]).await;
    assert_eq!(names(&page, "lobby"), ["Dana Cole"]);
    assert!(page.contains("Nobody in the meeting may let them in."));
    // A colleague walks in, and may not let anybody in.
    let page = step(url, &[("address", "luis@larkspur.example")]).await;
    assert_eq!(names(&page, "room"), ["Luis Ortega"]);
    assert!(page.contains("<strong>Luis Ortega</strong> is in the meeting."));
    assert!(!page.contains("name=\"admit\""));
    let dana = listed(&page, "lobby")[0].1.clone();
    let page = step(url, &[("admit", &dana)]).await;
    assert_eq!(names(&page, "lobby"), ["Dana Cole"]);
    // The co-organizer may.
    let page = step(url, &[("address", "mei@larkspur.example")]).await;
    assert!(page.contains("Mei Tanaka may let them in."));
    let page = step(url, &[("admit", &dana)]).await;
    assert_eq!(
        names(&page, "room"),
        ["Dana Cole", "Luis Ortega", "Mei Tanaka"]
    );
    let page = step(url, &[("leave", &dana)]).await;
    assert_eq!(names(&page, "room"), ["Luis Ortega", "Mei Tanaka"]);
    // Whoever comes twice is there once; whoever is nobody isn't there at all.
    step(url, &[("address", "mei@larkspur.example")]).await;
    step(url, &[("address", "oskar.lund@larkspur.example")]).await;
    let page = step(url, &[("address", "nobody@nowhere.example")]).await;
    assert_eq!(names(&page, "room"), ["Luis Ortega", "Mei Tanaka"]);
    assert_eq!(names(&page, "lobby"), Vec::<String>::new());
}

#[tokio::test]
async fn under_everyone_strangers_enter_by_themselves_when_somebody_known_has_come() {
    let world = World::start().await;
    let made = meeting(
        &world,
        json!({"lobbyBypassSettings": {"scope": "everyone"}}),
    )
    .await;
    let url = made.text("joinWebUrl");
    for name in ["Ada", "Ben"] {
        let page = step(url, &[("name", name)]).await;
        assert!(names(&page, "lobby").contains(&name.to_owned()));
    }
    let page = step(url, &[("address", "edda@quillfield.example")]).await;
    assert_eq!(names(&page, "room"), ["Ada", "Ben", "Edda Lindqvist"]);
    let page = step(url, &[("name", "Cleo")]).await;
    assert!(names(&page, "room").contains(&"Cleo".to_owned()));
}

#[tokio::test]
async fn strangers_pages_let_nobody_in() {
    let world = World::start().await;
    let made = meeting(&world, json!({})).await;
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("origin", "https://evil.example")],
        vec![],
    ] {
        let mut request = client()
            .post(made.text("joinWebUrl"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("name=Eve");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        assert_eq!(request.send().await.unwrap().status(), 403);
    }
    let (_, page) = open(made.text("joinWebUrl")).await;
    assert!(page.contains("Nobody waits."));
}

/// Microsoft's rules, written down once more as a table: under each scope, what happens to a
/// member, a guest, somebody of another organization, somebody with a personal account, and
/// somebody without any. `in` walks in, `co` waits for company, `ad` to be admitted.
const RULES: [(&str, [&str; 5]); 6] = [
    ("organizer", ["ad", "ad", "ad", "ad", "ad"]),
    ("invited", ["ad", "ad", "ad", "ad", "ad"]),
    (
        "organizationExcludingGuests",
        ["in", "ad", "ad", "ad", "ad"],
    ),
    ("organization", ["in", "in", "ad", "ad", "ad"]),
    ("organizationAndFederated", ["in", "in", "in", "ad", "ad"]),
    ("everyone", ["in", "in", "in", "in", "co"]),
];

const VISITORS: [&str; 5] = [
    "address=jonas@larkspur.example",
    "address=dana.cole@partner.example",
    "address=edda@quillfield.example",
    "address=robin.hale@personal.example",
    "name=Ada",
];

#[tokio::test]
async fn the_page_agrees_with_the_rules_in_every_combination() {
    let world = World::start().await;
    for (scope, outcomes) in RULES {
        for presenters in ["everyone", "organization", "roleIsPresenter", "organizer"] {
            for admitters in [
                "organizerAndCoOrganizersAndPresenters",
                "organizerAndCoOrganizers",
            ] {
                let case = format!("{scope} {presenters} {admitters}");
                let made = meeting(
                    &world,
                    json!({
                        "lobbyBypassSettings": {"scope": scope},
                        "allowedPresenters": presenters,
                        "allowedLobbyAdmitters": admitters,
                        "participants": {"attendees": [
                            {"upn": "mei@larkspur.example", "role": "coorganizer"},
                            {"upn": "uma.patel@larkspur.example", "role": "presenter"},
                            {"upn": "luis@larkspur.example", "role": "attendee"},
                        ]},
                    }),
                )
                .await;
                let url = made.text("joinWebUrl");
                let by_presenters = admitters == "organizerAndCoOrganizersAndPresenters";
                let until = match presenters {
                    "everyone" if by_presenters => "somebody in the meeting lets them in",
                    "organization" if by_presenters => {
                        "somebody of Larkspur Health in the meeting lets them in"
                    }
                    "roleIsPresenter" if by_presenters => "Mei Tanaka or Uma Patel lets them in",
                    _ => "Mei Tanaka lets them in",
                };
                let says = |outcome| match outcome {
                    "in" => "walks in".to_owned(),
                    "co" => {
                        "waits in the lobby until somebody with an account has joined".to_owned()
                    }
                    _ => format!("waits in the lobby until {until}"),
                };
                // Said to the one who asks, and listed for those on the list.
                for (visitor, outcome) in VISITORS.iter().zip(outcomes) {
                    let (_, page) = open(&format!("{url}&{visitor}")).await;
                    let told = page.split("</strong>").nth(1).unwrap();
                    let told = told.split(".</p>").next().unwrap().trim();
                    assert_eq!(told, says(outcome), "{case} {visitor}");
                }
                let (_, page) = open(url).await;
                for (name, outcome_here) in [
                    ("Teams Scheduler", "in"),
                    ("Mei Tanaka", "in"),
                    ("Uma Patel", outcomes[0]),
                    ("Luis Ortega", outcomes[0]),
                    ("A guest of Larkspur Health", outcomes[1]),
                    ("Somebody outside, with an account elsewhere", outcomes[2]),
                    ("Somebody outside, without an account", outcomes[4]),
                ] {
                    assert_eq!(outcome(&page, name), says(outcome_here), "{case} {name}");
                }
                // Played: Ada waits; of those who come, the first who may lets her in.
                step(url, &[("name", "Ada")]).await;
                let admits = |who: &str| match who {
                    "Mei Tanaka" => true,
                    _ if !by_presenters => false,
                    "Uma Patel" => presenters != "organizer",
                    "Luis Ortega" => matches!(presenters, "everyone" | "organization"),
                    _ => false,
                };
                for (address, name) in [
                    ("luis@larkspur.example", "Luis Ortega"),
                    ("uma.patel@larkspur.example", "Uma Patel"),
                    ("mei@larkspur.example", "Mei Tanaka"),
                ] {
                    let page = step(url, &[("address", address)]).await;
                    let is_in = names(&page, "room").contains(&name.to_owned());
                    let walks_in = name == "Mei Tanaka" || outcomes[0] == "in";
                    assert_eq!(is_in, walks_in, "{case} {name}");
                    let ada_waits = names(&page, "lobby").contains(&"Ada".to_owned());
                    assert_eq!(ada_waits, outcomes[4] == "ad", "{case}");
                    if is_in && ada_waits && admits(name) {
                        assert!(
                            page.contains(&format!("{name} may let them in.")),
                            "{case} {name}"
                        );
                        break;
                    }
                    assert!(
                        !ada_waits || page.contains("Nobody in the meeting may let them in."),
                        "{case} {name}"
                    );
                }
            }
        }
    }
}
