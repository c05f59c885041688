//! Online meetings: what a host may do, and what comes back.

use sandbox::tenant::meetings::{AccessPolicy, MeetingRole};
use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER, assert_failure};
use crate::world::{Answer, World};

const MEETINGS: [&str; 1] = ["OnlineMeetings.ReadWrite"];
const CREATE_OR_GET: &str = "/v1.0/me/onlineMeetings/createOrGet";
const ALL_MEMBERS: &str = "include-unknown-enum-members";

fn host(world: &World) -> Client {
    Client::signed_in(world, SCHEDULER, &MEETINGS).saying("Prefer", ALL_MEMBERS)
}

fn attendee(upn: &str, role: &str) -> Value {
    json!({"upn": upn, "role": role})
}

/// A meeting of Mei and Luis, wanted by an application for its own meeting `key`.
fn mentoring(key: &str) -> Value {
    json!({
        "externalId": key,
        "subject": "First steps",
        "startDateTime": "2026-03-09T10:00:00+01:00",
        "endDateTime": "2026-03-09T10:45:00+01:00",
        "participants": {"attendees": [
            attendee("mei@larkspur.example", "coorganizer"),
            attendee("luis@larkspur.example", "attendee"),
        ]},
    })
}

fn roles(answer: &Answer) -> Vec<(&str, &str)> {
    answer.body["participants"]["attendees"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:?}"))
        .iter()
        .map(|one| (one["upn"].as_str().unwrap(), one["role"].as_str().unwrap()))
        .collect()
}

fn at(answer: &Answer) -> String {
    format!("/v1.0/me/onlineMeetings/{}", answer.text("id"))
}

#[tokio::test]
async fn the_same_key_gives_the_same_meeting() {
    let world = World::start().await;
    let ithaca = Client::connect(&world).await;
    let made = ithaca.post(CREATE_OR_GET, mentoring("m-1")).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.text("externalId"), "m-1");
    assert_eq!(made.text("startDateTime"), "2026-03-09T09:00:00.0000000Z");
    assert_eq!(made.text("endDateTime"), "2026-03-09T09:45:00.0000000Z");
    let organizer = &made.body["participants"]["organizer"];
    assert_eq!(organizer["upn"], SCHEDULER);

    let mut other = mentoring("m-1");
    other["subject"] = json!("Another subject");
    other["startDateTime"] = json!("2026-03-10T10:00:00Z");
    other["endDateTime"] = json!("2026-03-10T11:00:00Z");
    let got = ithaca.post(CREATE_OR_GET, other).await;
    assert_eq!(got.status, 200, "{got:?}");
    assert_eq!(got.text("joinWebUrl"), made.text("joinWebUrl"));
    // What was sent the second time is not applied.
    assert_eq!(got.text("subject"), "First steps");
    assert_eq!(got.text("startDateTime"), made.text("startDateTime"));

    let second = ithaca.post(CREATE_OR_GET, mentoring("m-2")).await;
    assert_eq!(second.status, 201);
    assert_ne!(second.text("id"), made.text("id"));
}

#[tokio::test]
async fn the_key_belongs_to_one_host() {
    let world = World::start().await;
    let made = host(&world).post(CREATE_OR_GET, mentoring("m-1")).await;
    let other = Client::signed_in(&world, "host.plain@larkspur.example", &MEETINGS);
    let elsewhere = other.post(CREATE_OR_GET, mentoring("m-1")).await;
    assert_eq!(elsewhere.status, 201);
    assert_ne!(elsewhere.text("joinWebUrl"), made.text("joinWebUrl"));
}

#[tokio::test]
async fn many_at_once_with_one_key_make_one_meeting() {
    let world = World::start().await;
    let host = std::sync::Arc::new(host(&world));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let host = host.clone();
        calls.spawn(async move { host.post(CREATE_OR_GET, mentoring("m-1")).await.status });
    }
    let statuses = calls.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 19);
    assert_eq!(world.sandbox.read(|state| state.meetings.iter().count()), 1);
}

#[tokio::test]
async fn create_or_get_counts_five_properties_and_no_more() {
    let world = World::start().await;
    let mut body = mentoring("m-1");
    body["lobbyBypassSettings"] = json!({"scope": "everyone"});
    body["allowedPresenters"] = json!("organizer");
    let made = host(&world).post(CREATE_OR_GET, body).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["lobbyBypassSettings"]["scope"], "organization");
    assert_eq!(made.text("allowedPresenters"), "everyone");
}

#[tokio::test]
async fn times_that_are_left_out_are_now_and_an_hour() {
    let world = World::start().await;
    let host = host(&world);
    let bare = host.post(CREATE_OR_GET, json!({"externalId": "a"})).await;
    assert_eq!(bare.text("startDateTime"), "2026-03-02T09:00:00.0000000Z");
    assert_eq!(bare.text("endDateTime"), "2026-03-02T10:00:00.0000000Z");
    let start_only = host
        .post(
            CREATE_OR_GET,
            json!({"externalId": "b", "startDateTime": "2026-03-02T14:30:34.2444915-07:00"}),
        )
        .await;
    assert_eq!(
        start_only.text("startDateTime"),
        "2026-03-02T21:30:34.2444915Z"
    );
    assert_eq!(
        start_only.text("endDateTime"),
        "2026-03-02T22:30:34.2444915Z"
    );
}

#[tokio::test]
async fn meetings_that_make_no_sense_are_refused_and_not_made() {
    let world = World::start().await;
    let host = host(&world);
    let with = |change: Value| {
        let mut body = mentoring("m-1");
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for body in [
        with(json!({"externalId": null})),
        with(json!({"externalId": ""})),
        with(json!({"externalId": 7})),
        with(json!({"startDateTime": null})),
        with(json!({"endDateTime": "2026-03-09T08:00:00Z"})),
        with(json!({"startDateTime": "2026-03-09T10:00:00"})),
        with(json!({"startDateTime": "next Monday"})),
        with(json!({"subject": 7})),
        with(json!({"participants": {"attendees": "Mei"}})),
        with(json!({"participants": {"attendees": [{"role": "attendee"}]}})),
        with(json!({"participants": {"attendees": [attendee("mei@larkspur.example", "boss")]}})),
    ] {
        let answer = host.post(CREATE_OR_GET, body).await;
        assert_failure(&answer, 400, "BadRequest");
    }
    let no_json = host.raw("POST", CREATE_OR_GET, None).await;
    assert_eq!(no_json.status(), 400);
    // An id without a name has made Microsoft stumble.
    let luis = world.person("luis@larkspur.example").id;
    let nameless = host
        .post(
            CREATE_OR_GET,
            with(json!({"participants": {"attendees": [{"identity": {"user": {"id": luis}}}]}})),
        )
        .await;
    assert_failure(&nameless, 500, "InternalServerError");
    assert_eq!(world.sandbox.read(|state| state.meetings.iter().count()), 0);
}

#[tokio::test]
async fn a_plain_create_takes_everything_but_a_key() {
    let world = World::start().await;
    let host = host(&world);
    let made = host
        .post(
            "/v1.0/me/onlineMeetings",
            json!({
                "subject": "Plain",
                "lobbyBypassSettings": {"scope": "invited", "isDialInBypassEnabled": true},
                "allowedPresenters": "roleIsPresenter",
                "recordAutomatically": true,
            }),
        )
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["lobbyBypassSettings"]["scope"], "invited");
    assert_eq!(made.body["recordAutomatically"], true);
    assert_eq!(made.body["externalId"], Value::Null);
    let keyed = host.post("/v1.0/me/onlineMeetings", mentoring("m-1")).await;
    assert_failure(&keyed, 400, "BadRequest");
}

#[tokio::test]
async fn ids_and_links_are_written_as_microsoft_writes_them() {
    let world = World::start().await;
    let made = host(&world).post(CREATE_OR_GET, mentoring("m-1")).await;
    let host = world.person(SCHEDULER);
    let thread = made.body["chatInfo"]["threadId"].as_str().unwrap();
    let name = thread
        .strip_prefix("19:")
        .and_then(|rest| rest.strip_suffix("@thread.v2"))
        .unwrap();
    assert_eq!(name.len(), "meeting_".len() + 48);
    assert_eq!(
        made.text("joinWebUrl"),
        format!(
            "{}/l/meetup-join/19%3a{name}%40thread.v2/0?context=\
             %7b%22Tid%22%3a%22{}%22%2c%22Oid%22%3a%22{}%22%7d",
            world.url, host.tenant, host.id
        )
    );
    let decoded =
        base64::Engine::decode(&base64::prelude::BASE64_STANDARD, made.text("id")).unwrap();
    assert_eq!(
        String::from_utf8(decoded).unwrap(),
        format!("1*{}*0**{thread}", host.id)
    );
}

#[tokio::test]
async fn newer_roles_and_scopes_show_only_to_clients_that_know_them() {
    let world = World::start().await;
    let knowing = host(&world);
    let made = knowing.post(CREATE_OR_GET, mentoring("m-1")).await;
    assert_eq!(
        roles(&made),
        [
            ("mei@larkspur.example", "coorganizer"),
            ("luis@larkspur.example", "attendee")
        ]
    );
    assert_eq!(made.headers["preference-applied"], ALL_MEMBERS);
    let path = at(&made);
    knowing
        .patch(
            &path,
            json!({"lobbyBypassSettings": {"scope": "organizationExcludingGuests"}}),
        )
        .await;
    let plain = Client::signed_in(&world, SCHEDULER, &MEETINGS)
        .get(&path)
        .await;
    assert_eq!(roles(&plain)[0].1, "unknownFutureValue");
    assert_eq!(
        plain.body["lobbyBypassSettings"]["scope"],
        "unknownFutureValue"
    );
    assert!(!plain.headers.contains_key("preference-applied"));
    let kept = world
        .sandbox
        .read(|state| state.meetings.iter().next().unwrap().attendees[0].role);
    assert_eq!(kept, MeetingRole::Coorganizer);
}

#[tokio::test]
async fn attendees_who_are_not_in_the_directory_are_left_out_without_a_word() {
    let world = World::start().await;
    let mut body = mentoring("m-1");
    body["participants"]["attendees"] = json!([
        attendee("priya@elsewhere.example", "attendee"),
        attendee("edda@quillfield.example", "attendee"),
        attendee("mei@larkspur.example", "coorganizer"),
        attendee(SCHEDULER, "attendee"),
    ]);
    let made = host(&world).post(CREATE_OR_GET, body).await;
    assert_eq!(made.status, 201);
    assert_eq!(roles(&made), [("mei@larkspur.example", "coorganizer")]);
}

#[tokio::test]
async fn eleven_co_organizers_are_one_too_many() {
    let world = World::start().await;
    let host = host(&world);
    let larkspur = world.larkspur();
    let upns: Vec<String> = world.sandbox.read(|state| {
        state
            .people
            .list(larkspur)
            .filter(|person| person.upn != SCHEDULER)
            .map(|person| person.upn.clone())
            .take(11)
            .collect()
    });
    let with = |count: usize| {
        let attendees: Vec<Value> = upns[..count]
            .iter()
            .map(|upn| attendee(upn, "coorganizer"))
            .collect();
        json!({"participants": {"attendees": attendees}})
    };
    let made = host.post(CREATE_OR_GET, mentoring("m-1")).await;
    assert_eq!(host.patch(&at(&made), with(10)).await.status, 200);
    let refused = host.patch(&at(&made), with(11)).await;
    assert_failure(&refused, 400, "BadRequest");
    assert_eq!(roles(&host.get(&at(&made)).await).len(), 10);
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_keeps_the_link() {
    let world = World::start().await;
    let host = host(&world);
    let made = host.post(CREATE_OR_GET, mentoring("m-1")).await;
    let changed = host
        .patch(
            &at(&made),
            json!({
                "@odata.type": "#microsoft.graph.onlineMeeting",
                "subject": "Second steps",
                "startDateTime": "2026-03-16T09:00:00Z",
                "endDateTime": "2026-03-16T09:45:00Z",
                "lobbyBypassSettings": {
                    "@odata.type": "#microsoft.graph.lobbyBypassSettings",
                    "scope": "everyone",
                },
                "allowedPresenters": "organization",
                "allowedLobbyAdmitters": "organizerAndCoOrganizers",
                "participants": {"attendees": [attendee("luis@larkspur.example", "coorganizer")]},
            }),
        )
        .await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let read = host.get(&at(&made)).await;
    assert_eq!(read.body, changed.body);
    assert_eq!(read.text("subject"), "Second steps");
    assert_eq!(read.text("startDateTime"), "2026-03-16T09:00:00.0000000Z");
    assert_eq!(read.text("joinWebUrl"), made.text("joinWebUrl"));
    assert_eq!(read.body["lobbyBypassSettings"]["scope"], "everyone");
    assert_eq!(
        read.text("allowedLobbyAdmitters"),
        "organizerAndCoOrganizers"
    );
    // The list of attendees is a whole one: Mei is gone.
    assert_eq!(roles(&read), [("luis@larkspur.example", "coorganizer")]);

    let subject_alone = host.patch(&at(&made), json!({"subject": null})).await;
    assert_eq!(subject_alone.body["subject"], Value::Null);
    assert_eq!(roles(&subject_alone).len(), 1);
}

#[tokio::test]
async fn an_update_takes_no_other_properties_and_no_half_of_the_times() {
    let world = World::start().await;
    let host = host(&world);
    let made = host.post(CREATE_OR_GET, mentoring("m-1")).await;
    for change in [
        json!({"startDateTime": "2026-03-16T09:00:00Z"}),
        json!({"endDateTime": "2026-03-16T09:00:00Z"}),
        json!({"subject": "x", "externalId": "m-2"}),
        json!({"joinWebUrl": "https://teams.example"}),
        json!({"joinMeetingIdSettings": {"isPasscodeRequired": false}}),
        json!({"shareMeetingChatHistoryDefault": "all"}),
        json!({"meetingType": "regular"}),
        json!({"participants": {"organizer": attendee("mei@larkspur.example", "presenter")}}),
        json!({"shoeSize": 44}),
    ] {
        let answer = host.patch(&at(&made), change.clone()).await;
        assert_failure(&answer, 400, "InvalidArgument");
    }
    for change in [
        json!({"lobbyBypassSettings": {"scope": "unknownFutureValue"}}),
        json!({"allowedPresenters": "nobody"}),
        json!({"allowMeetingChat": true}),
        json!({"startDateTime": "2026-03-16T09:00:00Z", "endDateTime": "2026-03-15T09:00:00Z"}),
    ] {
        let answer = host.patch(&at(&made), change.clone()).await;
        assert_failure(&answer, 400, "BadRequest");
    }
    assert_eq!(host.get(&at(&made)).await.body, made.body);
}

#[tokio::test]
async fn a_deleted_meeting_is_gone_and_its_key_makes_a_new_one() {
    let world = World::start().await;
    let host = host(&world);
    let made = host.post(CREATE_OR_GET, mentoring("m-1")).await;
    assert_eq!(host.delete(&at(&made)).await.status, 204);
    for answer in [
        host.get(&at(&made)).await,
        host.delete(&at(&made)).await,
        host.patch(&at(&made), json!({"subject": "x"})).await,
    ] {
        assert_failure(&answer, 404, "NotFound");
    }
    let again = host.post(CREATE_OR_GET, mentoring("m-1")).await;
    assert_eq!(again.status, 201);
    assert_ne!(again.text("id"), made.text("id"));
}

#[tokio::test]
async fn a_meeting_is_found_by_its_link_by_the_host_alone() {
    let world = World::start().await;
    let host = host(&world);
    let made = host.post(CREATE_OR_GET, mentoring("m-1")).await;
    let encoded: String =
        url::form_urlencoded::byte_serialize(made.text("joinWebUrl").as_bytes()).collect();
    let path = format!("/v1.0/me/onlineMeetings?$filter=JoinWebUrl%20eq%20'{encoded}'");
    let found = host.get(&path).await;
    assert_eq!(found.body["value"][0]["id"], made.body["id"], "{found:?}");
    let number = made.body["joinMeetingIdSettings"]["joinMeetingId"]
        .as_str()
        .unwrap();
    let by_number = host
        .get(&format!(
            "/v1.0/me/onlineMeetings?$filter=joinMeetingIdSettings/joinMeetingId%20eq%20'{number}'"
        ))
        .await;
    assert_eq!(by_number.body["value"][0]["id"], made.body["id"]);

    let luis = Client::signed_in(&world, "luis@larkspur.example", &MEETINGS);
    assert_failure(&luis.get(&path).await, 403, "Forbidden");
    // By its id, an attendee may read it.
    assert_eq!(luis.get(&at(&made)).await.status, 200);
    assert_failure(&luis.delete(&at(&made)).await, 403, "Forbidden");
    let outsider = Client::signed_in(&world, "jonas@larkspur.example", &MEETINGS);
    assert_failure(&outsider.get(&at(&made)).await, 404, "NotFound");

    let all = host.get("/v1.0/me/onlineMeetings").await;
    assert_failure(&all, 400, "InvalidArgument");
}

#[tokio::test]
async fn a_person_is_named_by_object_id_and_never_by_address() {
    let world = World::start().await;
    let host = host(&world);
    let id = world.person(SCHEDULER).id;
    let made = host
        .post(
            &format!("/v1.0/users/{id}/onlineMeetings/createOrGet"),
            mentoring("m-1"),
        )
        .await;
    assert_eq!(made.status, 201);
    let by_name = host
        .post(
            &format!("/v1.0/users/{SCHEDULER}/onlineMeetings"),
            json!({}),
        )
        .await;
    assert_failure(&by_name, 404, "UnknownError");
    let mei = world.person("mei@larkspur.example").id;
    let for_mei = host
        .post(&format!("/v1.0/users/{mei}/onlineMeetings"), json!({}))
        .await;
    assert_failure(&for_mei, 403, "Forbidden");
}

#[tokio::test]
async fn guests_and_people_without_teams_host_no_meetings() {
    let world = World::start().await;
    for address in [
        "dana.cole@partner.example",
        "petra.vogel@larkspur.example",
        "oskar.lund@larkspur.example",
    ] {
        let client = Client::signed_in(&world, address, &MEETINGS);
        let answer = client.post(CREATE_OR_GET, mentoring("m-1")).await;
        assert_failure(&answer, 403, "Forbidden");
        assert_eq!(answer.body["error"]["message"], "");
    }
    let personal = Client::signed_in(&world, "robin.hale@personal.example", &MEETINGS);
    let answer = personal.post(CREATE_OR_GET, mentoring("m-1")).await;
    assert_failure(&answer, 401, "AuthenticationError");
}

#[tokio::test]
async fn the_permission_decides_what_may_be_called() {
    let world = World::start().await;
    let made = host(&world).post(CREATE_OR_GET, mentoring("m-1")).await;
    let reader = Client::signed_in(&world, SCHEDULER, &["OnlineMeetings.Read"]);
    assert_eq!(reader.get(&at(&made)).await.status, 200);
    assert_failure(&reader.delete(&at(&made)).await, 403, "Forbidden");
    let stranger = Client::signed_in(&world, SCHEDULER, &["User.Read"]);
    assert_failure(&stranger.get(&at(&made)).await, 403, "Forbidden");
}

#[tokio::test]
async fn an_application_by_itself_needs_a_policy_that_has_begun_to_act() {
    let world = World::start().await;
    let app = Client::by_itself(&world, &["OnlineMeetings.ReadWrite.All"]);
    let host = world.person(SCHEDULER);
    let path = format!("/v1.0/users/{}/onlineMeetings", host.id);
    assert_failure(
        &app.post(CREATE_OR_GET, mentoring("m")).await,
        400,
        "BadRequest",
    );
    let refused = app.post(&path, json!({})).await;
    assert_failure(&refused, 403, "Forbidden");
    assert_eq!(
        refused.body["error"]["message"],
        "No application access policy found for this app."
    );
    let half_an_hour = jiff::SignedDuration::from_mins(30);
    world.sandbox.change(|state| {
        state.meetings.access_policies.push(AccessPolicy {
            tenant: host.tenant,
            apps: [world.sandbox.ithaca().0].into(),
            host: Some(host.id),
            acts_from: world.sandbox.now() + half_an_hour,
        });
    });
    assert_eq!(app.post(&path, json!({})).await.status, 403);
    world.sandbox.clock().move_by(half_an_hour);
    assert_eq!(app.post(&path, json!({})).await.status, 201);
}

#[tokio::test]
async fn meetings_are_counted_by_host_and_month() {
    let world = World::start().await;
    let host_id = world.person(SCHEDULER).id;
    let host = host(&world);
    for key in ["a", "b", "b"] {
        host.post(CREATE_OR_GET, mentoring(key)).await;
    }
    let made = |world: &World| {
        world
            .sandbox
            .read(|state| state.meetings.made_in_month(host_id, world.sandbox.now()))
    };
    assert_eq!(made(&world), 2);
    let copy = world
        .sandbox
        .read(|state| serde_json::to_string(&state.meetings).unwrap());
    let copy: sandbox::tenant::meetings::Meetings = serde_json::from_str(&copy).unwrap();
    assert_eq!(copy.made_in_month(host_id, world.sandbox.now()), 2);
    assert!(copy.find_key(host_id, "b").is_some());
    world
        .sandbox
        .clock()
        .move_by(jiff::SignedDuration::from_hours(24 * 31));
    assert_eq!(made(&world), 0);
}
