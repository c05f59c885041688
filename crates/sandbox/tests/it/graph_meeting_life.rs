//! How meetings end, come back, and what a host or an application may not do.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER, assert_failure};
use crate::world::{Admin, Answer, World, http};

const MEETINGS: [&str; 1] = ["OnlineMeetings.ReadWrite"];
const CREATE_OR_GET: &str = "/v1.0/me/onlineMeetings/createOrGet";
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

fn host(world: &World) -> Client {
    Client::signed_in(world, SCHEDULER, &MEETINGS)
}

async fn made(client: &Client, key: &str) -> Answer {
    let body = json!({
        "externalId": key,
        "startDateTime": "2026-03-09T10:00:00Z",
        "endDateTime": "2026-03-09T11:00:00Z",
    });
    client.post(CREATE_OR_GET, body).await
}

fn at(answer: &Answer) -> String {
    format!("/v1.0/me/onlineMeetings/{}", answer.text("id"))
}

#[tokio::test]
async fn a_meeting_is_forgotten_sixty_days_after_its_end_unless_it_changes() {
    let world = World::start().await;
    let meeting = made(&host(&world), "a").await;
    assert_eq!(
        meeting.text("expiryDateTime"),
        "2026-05-08T11:00:00.0000000Z"
    );
    world.sandbox.clock().move_by(A_DAY * 66);
    let day_before = host(&world).get(&at(&meeting)).await;
    assert_eq!(day_before.status, 200);
    // A change is worth sixty days more.
    let body = json!({"subject": "Again"});
    let changed = host(&world).patch(&at(&meeting), body).await;
    assert_eq!(
        changed.text("expiryDateTime"),
        "2026-07-06T09:00:00.0000000Z"
    );
    world.sandbox.clock().move_by(A_DAY * 60);
    let late = host(&world);
    for answer in [
        late.get(&at(&meeting)).await,
        late.patch(&at(&meeting), json!({"subject": "x"})).await,
        late.delete(&at(&meeting)).await,
    ] {
        assert_failure(&answer, 404, "NotFound");
    }
    // Its key makes another one.
    let again = made(&late, "a").await;
    assert_eq!(again.status, 201);
    assert_ne!(again.text("id"), meeting.text("id"));
}

#[tokio::test]
async fn the_link_of_a_deleted_meeting_does_what_the_switch_says() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let client = host(&world);
    for (switch, page, after) in [
        ("survive", 200, 404),
        ("revive", 200, 200),
        ("close", 404, 404),
    ] {
        let change = json!({"deleted_links": switch});
        assert_eq!(admin.send("PATCH", "meetings", &change).await.status, 204);
        let meeting = made(&client, switch).await;
        assert_eq!(client.delete(&at(&meeting)).await.status, 204);
        assert_eq!(client.get(&at(&meeting)).await.status, 404);
        let opened = http().get(meeting.text("joinWebUrl")).send().await.unwrap();
        assert_eq!(opened.status().as_u16(), page, "{switch}");
        assert_eq!(client.get(&at(&meeting)).await.status, after, "{switch}");
    }
    let unknown = admin
        .send("PATCH", "meetings", &json!({"deleted": 1}))
        .await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn a_number_finds_the_meeting_in_its_tenant_alone() {
    let world = World::start().await;
    let client = host(&world);
    let meeting = made(&client, "a").await;
    for number in 0..20 {
        made(&client, &number.to_string()).await;
    }
    let settings = &meeting.body["joinMeetingIdSettings"];
    let number = settings["joinMeetingId"].as_str().unwrap();
    assert_eq!(number.len(), 12);
    let spaced = format!("{} {} {}", &number[..3], &number[3..8], &number[8..]);
    let elsewhere = Client::signed_in(&world, "scheduler@quillfield.example", &MEETINGS);
    for (client, number, count) in [
        (&client, number, 1),
        (&client, spaced.as_str(), 1),
        (&client, "999999999999", 0),
        (&client, "7", 0),
        (&elsewhere, number, 0),
    ] {
        let path = format!(
            "/v1.0/me/onlineMeetings?$filter=joinMeetingIdSettings/joinMeetingId eq '{number}'"
        );
        let found = client.get(&path).await;
        let found = found.body["value"].as_array().unwrap();
        assert_eq!(found.len(), count, "{number}");
        if let [one] = found.as_slice() {
            assert_eq!(one["id"], meeting.body["id"]);
        }
    }
}

#[tokio::test]
async fn a_link_has_to_be_encoded_whole() {
    let world = World::start().await;
    let client = host(&world);
    let meeting = made(&client, "a").await;
    let url = meeting.text("joinWebUrl");
    let whole: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
    let path = |url: &str| format!("/v1.0/me/onlineMeetings?$filter=JoinWebUrl eq '{url}'");
    let found = client.get(&path(&whole)).await;
    assert_eq!(found.body["value"][0]["id"], meeting.body["id"]);
    let half = client.get(&path(url)).await;
    assert_eq!(half.body["value"], json!([]));
    for unknown in [
        "subject eq 'x'",
        "JoinWebUrl ne 'x'",
        "VideoTeleconferenceId eq '1'",
    ] {
        let answer = client
            .get(&format!("/v1.0/me/onlineMeetings?$filter={unknown}"))
            .await;
        assert_failure(&answer, 400, "InvalidArgument");
    }
}

#[tokio::test]
async fn the_switches_refuse_what_microsoft_has_refused() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let client = host(&world);
    let meeting = made(&client, "a").await;
    let typed = json!({"lobbyBypassSettings": {
        "@odata.type": "#microsoft.graph.lobbyBypassSettings",
        "scope": "organizer",
    }});
    let outsider = json!({"participants": {"attendees": [
        {"upn": "priya@elsewhere.example", "role": "presenter"},
    ]}});
    for (body, switch) in [
        (&typed, json!({"type_annotations": "refuse"})),
        (&outsider, json!({"outsiders": "refuse"})),
    ] {
        assert_eq!(client.patch(&at(&meeting), body.clone()).await.status, 200);
        assert_eq!(admin.send("PATCH", "meetings", &switch).await.status, 204);
        let refused = client.patch(&at(&meeting), body.clone()).await;
        assert_eq!(refused.status, 400, "{refused:?}");
    }
    let attendee = json!({"participants": {"attendees": [
        {"upn": "priya@elsewhere.example", "role": "attendee"},
    ]}});
    assert_eq!(client.patch(&at(&meeting), attendee).await.status, 200);
    let annotated = client.patch(&at(&meeting), typed).await;
    assert_failure(&annotated, 400, "InvalidArgument");
    assert_eq!(
        annotated.body["error"]["message"],
        "One or more properties do not support updating. Please refer to Microsoft Graph \
         documentation for more information."
    );
}

#[tokio::test]
async fn attendees_who_are_anonymous_stay_so() {
    let world = World::start().await;
    let client = host(&world);
    let meeting = made(&client, "a").await;
    let set = |roles: Value| json!({"anonymizeIdentityForRoles": roles});
    let hidden = client.patch(&at(&meeting), set(json!(["attendee"]))).await;
    assert_eq!(
        hidden.body["anonymizeIdentityForRoles"],
        json!(["attendee"])
    );
    let shown = client.patch(&at(&meeting), set(json!([]))).await;
    assert_failure(&shown, 400, "InvalidArgument");
}

#[tokio::test]
async fn a_part_of_a_meeting_can_be_selected_and_json_says_that_it_is_json() {
    let world = World::start().await;
    let client = host(&world);
    let meeting = made(&client, "a").await;
    let part = client
        .get(&format!("{}?$select=subject,joinWebUrl", at(&meeting)))
        .await;
    let keys: Vec<&String> = part.body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["@odata.context", "joinWebUrl", "subject"]);
    let unknown = client.get(&format!("{}?$select=size", at(&meeting))).await;
    assert_failure(&unknown, 400, "BadRequest");
    let untyped = client.send_text("POST", CREATE_OR_GET, "{}").await;
    assert_failure(&Answer::read(untyped).await, 400, "BadRequest");
}

#[tokio::test]
async fn a_policy_for_a_host_replaces_what_everyone_has_after_half_an_hour() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let id = world.person(SCHEDULER).id;
    let path = format!("/v1.0/users/{id}/onlineMeetings");
    let app = world.sandbox.ithaca().0.to_string();
    let half_an_hour = SignedDuration::from_mins(30);
    let roles = ["OnlineMeetings.ReadWrite.All"];
    let may = async || {
        let client = Client::by_itself(&world, &roles);
        client.post(&path, json!({})).await.status
    };
    let give = async |grant: Value| {
        let given = admin.send("POST", "access-policies", &grant).await;
        assert_eq!(given.status, 204, "{given:?}");
    };
    let tenant = "larkspur.example";
    assert_eq!(may().await, 403);
    give(json!({"tenant": tenant, "apps": [app]})).await;
    assert_eq!(may().await, 403);
    world.sandbox.clock().move_by(half_an_hour);
    assert_eq!(may().await, 201);
    // The host gets one of their own, which names another application.
    give(json!({"tenant": tenant, "host": SCHEDULER, "apps": [id]})).await;
    assert_eq!(may().await, 201);
    world.sandbox.clock().move_by(half_an_hour);
    assert_eq!(may().await, 403);
    // Both of them, at once.
    give(json!({
        "tenant": tenant, "host": SCHEDULER, "apps": [id, app], "acts_after_seconds": 0,
    }))
    .await;
    assert_eq!(may().await, 201);
    for wrong in [
        json!({"tenant": "nowhere.example", "apps": []}),
        json!({"tenant": tenant, "host": "nobody@larkspur.example", "apps": []}),
    ] {
        let answer = admin.send("POST", "access-policies", &wrong).await;
        assert_eq!(answer.status, 404);
    }
}

#[tokio::test]
async fn a_host_who_is_gone_disabled_or_unlicensed_makes_no_more_meetings() {
    let world = World::start().await;
    let client = host(&world);
    let meeting = made(&client, "a").await;
    for change in [
        (|host| host.enabled = false) as fn(&mut sandbox::tenant::person::Person),
        |host| {
            host.enabled = true;
            host.teams_licensed = false;
        },
    ] {
        world.change_person(SCHEDULER, change);
        let refused = made(&client, "b").await;
        assert_failure(&refused, 403, "Forbidden");
        assert_eq!(refused.body["error"]["message"], "");
    }
    let id = world.person(SCHEDULER).id;
    world.sandbox.change(|state| state.people.remove(id));
    assert_failure(&made(&client, "b").await, 404, "UnknownError");
    // Who has the link still gets in.
    let opened = http().get(meeting.text("joinWebUrl")).send().await.unwrap();
    assert_eq!(opened.status().as_u16(), 200);
}

#[tokio::test]
async fn an_application_token_has_roles_and_a_delegated_one_has_scopes() {
    let world = World::start().await;
    let id = world.person(SCHEDULER).id;
    let path = format!("/v1.0/users/{id}/onlineMeetings");
    // The delegated permission does nothing for an application, nor the other way round.
    let app = Client::by_itself(&world, &MEETINGS);
    assert_failure(&app.post(&path, json!({})).await, 403, "Forbidden");
    let person = Client::signed_in(&world, SCHEDULER, &["OnlineMeetings.ReadWrite.All"]);
    assert_failure(&person.post(&path, json!({})).await, 403, "Forbidden");
    let roleless = Client::by_itself(&world, &[]);
    assert_failure(&roleless.post(&path, json!({})).await, 403, "Forbidden");
    let list = roleless.get("/v1.0/users").await;
    assert_failure(&list, 403, "Authorization_RequestDenied");
    let me = roleless.get("/v1.0/me/onlineMeetings/x").await;
    assert_failure(&me, 400, "BadRequest");
    assert_eq!(
        me.body["error"]["message"],
        "/me request is only valid with delegated authentication flow."
    );
}
