//! The catalogue of faults: each row that speaks of Microsoft, produced over the admin API.
//!
//! The numbers are those of the fault table and of the attack list, section "Graph that lies".

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER, assert_failure};
use crate::world::{Admin, Answer, World, http};

const MEETINGS: &str = "/v1.0/me/onlineMeetings";
const CREATE_OR_GET: &str = "/v1.0/me/onlineMeetings/createOrGet";
const TOKEN: &str = "/oauth2/v2.0/token";

/// A sandbox, its levers, and a host at work.
struct Stage {
    world: World,
    admin: Admin,
    host: Client,
}

impl Stage {
    async fn set() -> Self {
        let world = World::start().await;
        let admin = Admin::start(&world).await;
        let host = Client::signed_in(
            &world,
            SCHEDULER,
            &[
                "OnlineMeetings.ReadWrite",
                "User.ReadBasic.All",
                "User.Read",
            ],
        );
        Self { world, admin, host }
    }

    async fn goes_wrong(&self, fault: Value) {
        let added = self.admin.send("POST", "faults", &fault).await;
        assert_eq!(added.status, 201, "{added:?}");
    }

    async fn pulls(&self, method: &str, lever: &str, body: Value) {
        let pulled = self.admin.send(method, lever, &body).await;
        assert!(pulled.status < 300, "{pulled:?}");
    }

    async fn all_is_well_again(&self) {
        self.pulls("DELETE", "faults", Value::Null).await;
    }

    async fn creates(&self, external_id: &str) -> Answer {
        self.host.post(CREATE_OR_GET, wanted(external_id)).await
    }

    async fn meetings(&self) -> Vec<Value> {
        let truth = self.admin.get("truth").await.body;
        truth["meetings"].as_array().unwrap().clone()
    }

    fn path_of(made: &Answer) -> String {
        format!("{MEETINGS}/{}", made.text("id"))
    }

    async fn refresh_token(&self) -> String {
        let code = self.world.code().await;
        let tokens = self.world.redeem(&code, &[]).await;
        tokens.text("refresh_token").to_owned()
    }
}

fn wanted(external_id: &str) -> Value {
    json!({
        "externalId": external_id,
        "subject": "First steps",
        "startDateTime": "2026-03-09T09:00:00Z",
        "endDateTime": "2026-03-09T09:45:00Z",
        "participants": {"attendees": [{"upn": "mei@larkspur.example", "role": "coorganizer"}]},
    })
}

#[tokio::test]
async fn f02_f03_g08_the_answer_to_a_creation_is_lost_and_the_meeting_is_there() {
    let stage = Stage::set().await;
    stage
        .goes_wrong(json!({
            "on": {"method": "POST", "path_prefix": CREATE_OR_GET},
            "times": 1,
            "do": {"lose_answer": true},
        }))
        .await;
    let heard = stage
        .host
        .hears_back("POST", CREATE_OR_GET, Some(wanted("m-1")))
        .await;
    assert!(!heard);
    assert_eq!(stage.meetings().await.len(), 1);
    let again = stage.creates("m-1").await;
    assert_eq!(again.status, 200);
    let meetings = stage.meetings().await;
    assert_eq!(meetings.len(), 1);
    assert_eq!(meetings[0]["external_id"], "m-1");
    assert_eq!(meetings[0]["id"], again.body["id"]);
    // The cancellation that came meanwhile: get, then delete.
    let gone = stage.host.delete(&Stage::path_of(&again)).await;
    assert_eq!(gone.status, 204);
    assert_eq!(stage.meetings().await[0]["deleted"], true);
}

#[tokio::test]
async fn f04_a_request_that_a_proxy_held_for_ten_minutes_is_done_after_its_client_left() {
    let stage = Stage::set().await;
    stage
        .goes_wrong(json!({
            "on": {"path_prefix": CREATE_OR_GET},
            "times": 1,
            "do": {"hold_seconds": 600},
        }))
        .await;
    let has_arrived = async { while stage.admin.get("faults").await.body != json!([]) {} };
    tokio::select! {
        _ = stage.creates("m-1") => panic!("the answer came"),
        () = has_arrived => {}
    }
    stage
        .pulls("POST", "clock", json!({"advance_seconds": 599}))
        .await;
    assert_eq!(stage.meetings().await, Vec::<Value>::new());
    stage.pulls("POST", "clock", json!({"advance": "1s"})).await;
    while stage.meetings().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Held in real time, and let go by calling everything off.
    stage
        .goes_wrong(json!({"on": {"path_prefix": MEETINGS}, "do": {"delay_ms": 600_000}}))
        .await;
    let (answer, ()) = tokio::join!(stage.creates("m-2"), async {
        let recorded = || stage.admin.get("faults");
        while recorded().await.body[0]["happened"] != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stage.all_is_well_again().await;
    });
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn f08_the_grant_is_revoked_at_a_step_of_ones_choice() {
    let stage = Stage::set().await;
    let token = stage.refresh_token().await;
    stage
        .goes_wrong(json!({
            "on": {"path_contains": TOKEN},
            "after": 2,
            "times": 1,
            "do": {"pull": {
                "method": "PATCH",
                "path": "users/scheduler@larkspur.example",
                "body": {"revoke_sessions": true},
            }},
        }))
        .await;
    for _ in 0..2 {
        assert_eq!(stage.world.refresh(&token, &[]).await.status, 200);
    }
    let refused = stage.world.refresh(&token, &[]).await;
    refused.assert_refusal(400, "invalid_grant", 50173);
    assert_eq!(refused.text("suberror"), "bad_token");
}

#[tokio::test]
async fn f10_the_host_is_disabled_or_loses_the_licence_from_a_step_on() {
    for change in [json!({"enabled": false}), json!({"licensed": false})] {
        let stage = Stage::set().await;
        let token = stage.refresh_token().await;
        stage
            .goes_wrong(json!({
                "on": {"path_prefix": MEETINGS},
                "after": 1,
                "times": 1,
                "do": {"pull": {"method": "PATCH", "path": format!("users/{SCHEDULER}"), "body": change}},
            }))
            .await;
        assert_eq!(stage.creates("m-1").await.status, 201);
        assert_failure(&stage.creates("m-2").await, 403, "Forbidden");
        let refreshed = stage.world.refresh(&token, &[]).await;
        if change["enabled"] == false {
            refreshed.assert_refusal(400, "invalid_grant", 50057);
        } else {
            assert_eq!(refreshed.status, 200);
        }
        // What exists stays joinable.
        let meetings = stage.meetings().await;
        let link = meetings[0]["join_url"].as_str().unwrap();
        assert_eq!(http().get(link).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn f11_consent_or_the_enterprise_application_goes_from_a_step_on() {
    for (lever, error, code) in [
        ("grants", "invalid_grant", 65001),
        ("applications", "unauthorized_client", 700_016),
    ] {
        let stage = Stage::set().await;
        let token = stage.refresh_token().await;
        stage
            .goes_wrong(json!({
                "on": {"path_contains": TOKEN},
                "after": 1,
                "do": {"pull": {"method": "DELETE", "path": format!("/_sandbox/{lever}/larkspur.example")}},
            }))
            .await;
        assert_eq!(stage.world.refresh(&token, &[]).await.status, 200);
        let refused = stage.world.refresh(&token, &[]).await;
        refused.assert_refusal(400, error, code);
    }
}

#[tokio::test]
async fn f12_the_client_secret_is_refused_until_somebody_puts_it_right() {
    let stage = Stage::set().await;
    let token = stage.refresh_token().await;
    for code in [7_000_215, 7_000_222, 700_027] {
        stage
            .goes_wrong(json!({"on": {"path_contains": TOKEN}, "do": {"aadsts": code}}))
            .await;
        for _ in 0..3 {
            let refused = stage.world.refresh(&token, &[]).await;
            refused.assert_refusal(401, "invalid_client", code);
        }
        stage.all_is_well_again().await;
    }
    assert_eq!(stage.world.refresh(&token, &[]).await.status, 200);
}

#[tokio::test]
async fn f17_g06_a_storm_of_429_hits_one_host_and_ends_by_the_clock() {
    let stage = Stage::set().await;
    let other = Client::signed_in(
        &stage.world,
        "scheduler@quillfield.example",
        &["OnlineMeetings.ReadWrite"],
    );
    stage
        .goes_wrong(json!({
            "on": {"path_prefix": "/v1.0", "user": SCHEDULER},
            "for_seconds": 3600,
            "do": {"graph_error": "TooManyRequests", "headers": {"Retry-After": 1}},
        }))
        .await;
    for _ in 0..10 {
        let answer = stage.creates("m-1").await;
        assert_failure(&answer, 429, "TooManyRequests");
        assert_eq!(answer.headers["retry-after"], "1");
        let calm = other.post(CREATE_OR_GET, wanted("q-1")).await;
        assert!(calm.status < 300);
    }
    stage.pulls("POST", "clock", json!({"advance": "1h"})).await;
    // The host's token is as old; a younger one is let in.
    let host = Client::signed_in(&stage.world, SCHEDULER, &["OnlineMeetings.ReadWrite"]);
    assert_eq!(host.post(CREATE_OR_GET, wanted("m-1")).await.status, 201);
}

#[tokio::test]
async fn f18_f30_microsoft_is_down_for_a_day() {
    let stage = Stage::set().await;
    for down in [
        json!({"lose_request": true}),
        json!({"status": 503, "body": "Service Unavailable"}),
    ] {
        stage
            .goes_wrong(json!({"for_seconds": 86_400, "do": down}))
            .await;
        for path in [
            MEETINGS,
            "/organizations/v2.0/.well-known/openid-configuration",
        ] {
            match stage.host.try_send("GET", path, None).await {
                Ok(response) if response.status() == 200 => {
                    assert!(response.bytes().await.is_err(), "{down} {path}");
                }
                Ok(response) => assert_eq!(response.status(), 503, "{down} {path}"),
                Err(_) => {}
            }
        }
        assert_eq!(stage.meetings().await, Vec::<Value>::new());
        stage
            .pulls("POST", "clock", json!({"advance": "P1D"}))
            .await;
        let up = stage
            .world
            .get("/organizations/v2.0/.well-known/openid-configuration");
        assert_eq!(up.await.status, 200);
    }
}

#[tokio::test]
async fn f19_all_calls_of_one_organization_are_slow_and_the_others_quick() {
    let stage = Stage::set().await;
    let other = Client::signed_in(
        &stage.world,
        "scheduler@quillfield.example",
        &["OnlineMeetings.ReadWrite"],
    );
    stage
        .goes_wrong(json!({"on": {"tenant": "larkspur.example"}, "do": {"delay_ms": 29_000}}))
        .await;
    let slow = stage.creates("m-1");
    tokio::pin!(slow);
    tokio::select! {
        _ = &mut slow => panic!("the slow call was quick"),
        quick = other.post(CREATE_OR_GET, wanted("q-1")) => assert_eq!(quick.status, 201),
    }
    stage.all_is_well_again().await;
    assert_eq!(slow.await.status, 201);
    // The work is done at once, and only the answer late.
    stage
        .goes_wrong(json!({"on": {"path_prefix": MEETINGS}, "do": {"delay_answer_ms": 30}}))
        .await;
    assert_eq!(stage.creates("m-2").await.status, 201);
}

#[tokio::test]
async fn g02_g19_an_answer_carries_a_link_or_times_that_nobody_asked_for() {
    let stage = Stage::set().await;
    for changed in [
        json!({"joinWebUrl": "javascript:alert(1)"}),
        json!({"joinWebUrl": "https://teams.microsoft.com.evil.example/l/meetup-join/x"}),
        json!({"startDateTime": "2026-03-09T09:00:00"}),
        json!({"startDateTime": {"dateTime": "2026-03-09T09:00:00", "timeZone": "W. Europe Standard Time"}}),
        json!({"startDateTime": "1999-03-09T10:00:00Z", "endDateTime": "1999-03-09T09:00:00Z"}),
    ] {
        stage
            .goes_wrong(json!({
                "on": {"method": "POST", "path_prefix": MEETINGS},
                "times": 1,
                "do": {"alter": changed},
            }))
            .await;
        let told = stage.creates("m-1").await;
        for (name, value) in changed.as_object().unwrap() {
            assert_eq!(told.body[name], *value);
        }
        assert_eq!(told.text("subject"), "First steps");
    }
    assert_eq!(stage.meetings().await.len(), 1);
}

#[tokio::test]
async fn g04_an_answer_drips_or_stops_half_way() {
    let stage = Stage::set().await;
    stage
        .goes_wrong(json!({
            "on": {"path_prefix": MEETINGS}, "times": 1,
            "do": {"drip": {"every_ms": 1, "bytes": 200}},
        }))
        .await;
    assert_eq!(stage.creates("m-1").await.text("subject"), "First steps");
    stage
        .goes_wrong(json!({"on": {"path_prefix": MEETINGS}, "times": 1, "do": {"cut_after": 40}}))
        .await;
    let body = Some(wanted("m-2"));
    assert!(!stage.host.hears_back("POST", CREATE_OR_GET, body).await);
    assert_eq!(stage.meetings().await.len(), 2);
}

#[tokio::test]
async fn g05_retry_after_says_anything_or_nothing() {
    let stage = Stage::set().await;
    for value in [
        json!(1),
        json!(0),
        json!("-5"),
        json!(99_999_999),
        json!("Wed, 21 Oct 2026 07:28:00 GMT"),
        json!("soon"),
        json!("\u{e9}"),
    ] {
        stage
            .goes_wrong(json!({
                "times": 1,
                "do": {"status": 429, "headers": {"Retry-After": value}},
            }))
            .await;
        let answer = stage.creates("m-1").await;
        assert_eq!(answer.status, 429);
        let expected = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        assert_eq!(
            answer.headers["retry-after"].as_bytes(),
            expected.as_bytes()
        );
    }
    stage
        .goes_wrong(json!({"times": 1, "do": {"status": 429}}))
        .await;
    assert!(
        !stage
            .creates("m-1")
            .await
            .headers
            .contains_key("retry-after")
    );
}

#[tokio::test]
async fn g07_failures_alternate_in_the_order_they_were_asked_for() {
    let stage = Stage::set().await;
    for status in [500, 502, 503, 504] {
        stage
            .goes_wrong(json!({
                "on": {"path_prefix": MEETINGS}, "times": 1, "do": {"status": status},
            }))
            .await;
    }
    for status in [500, 502, 503, 504, 201] {
        assert_eq!(stage.creates("m-1").await.status, status);
    }
}

#[tokio::test]
async fn g10_an_update_drops_the_join_link() {
    let stage = Stage::set().await;
    let made = stage.creates("m-1").await;
    let path = Stage::path_of(&made);
    for method in ["PATCH", "GET"] {
        stage
            .goes_wrong(json!({
                "on": {"method": method, "path_prefix": path},
                "do": {"alter": {"joinWebUrl": null}},
            }))
            .await;
    }
    let told = stage.host.patch(&path, json!({"subject": "Second"})).await;
    assert_eq!((told.status, told.text("subject")), (200, "Second"));
    for told in [told, stage.host.get(&path).await] {
        assert_eq!(told.body.get("joinWebUrl"), None);
    }
    stage.all_is_well_again().await;
    let told = stage.host.get(&path).await;
    assert_eq!(told.body["joinWebUrl"], made.body["joinWebUrl"]);
}

#[tokio::test]
async fn g11_create_or_get_answers_with_other_values_or_another_organizer() {
    let stage = Stage::set().await;
    let mei = stage.world.person("mei@larkspur.example").id.to_string();
    stage
        .goes_wrong(json!({
            "on": {"path_prefix": CREATE_OR_GET}, "times": 1,
            "do": {"alter": {
                "subject": "Another talk",
                "startDateTime": "2026-04-01T09:00:00.0000000Z",
                "participants": {"organizer": {"identity": {"user": {"id": mei}}}},
            }},
        }))
        .await;
    let told = stage.creates("m-1").await;
    assert_eq!(told.text("subject"), "Another talk");
    let organizer = &told.body["participants"]["organizer"];
    assert_eq!(organizer["identity"]["user"]["id"], mei);
    assert!(organizer["upn"].is_string(), "the rest is as it was");
    assert_eq!(stage.meetings().await[0]["subject"], "First steps");
}

#[tokio::test]
async fn g12_two_meetings_are_answered_with_one_id() {
    let stage = Stage::set().await;
    let first = stage.creates("m-1").await;
    stage
        .goes_wrong(json!({
            "on": {"path_prefix": CREATE_OR_GET}, "times": 1,
            "do": {"alter": {"id": first.text("id")}},
        }))
        .await;
    let second = stage.creates("m-2").await;
    assert_eq!(second.body["id"], first.body["id"]);
    assert_eq!(stage.meetings().await.len(), 2);
}

#[tokio::test]
async fn g13_a_deletion_is_confirmed_and_the_meeting_still_there() {
    let stage = Stage::set().await;
    let made = stage.creates("m-1").await;
    let path = Stage::path_of(&made);
    stage
        .goes_wrong(json!({"on": {"method": "DELETE"}, "times": 1, "do": {"status": 204}}))
        .await;
    assert_eq!(stage.host.delete(&path).await.status, 204);
    assert_eq!(stage.host.get(&path).await.status, 200);
    assert_eq!(stage.host.delete(&path).await.status, 204);
    assert_eq!(stage.host.get(&path).await.status, 404);
}

#[tokio::test]
async fn g14_g15_a_good_token_is_refused_challenged_or_not_enough() {
    let stage = Stage::set().await;
    let once = |act: Value| json!({"on": {"path_prefix": MEETINGS}, "times": 1, "do": act});
    stage
        .goes_wrong(once(json!({"graph_error": "InvalidAuthenticationToken"})))
        .await;
    let refused = stage.creates("m-1").await;
    assert_failure(&refused, 401, "InvalidAuthenticationToken");
    assert!(refused.headers.contains_key("www-authenticate"));

    stage
        .goes_wrong(once(json!({"claims_challenge": true})))
        .await;
    let challenged = stage.creates("m-1").await;
    assert_eq!(challenged.status, 401);
    let challenge = challenged.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("error=\"insufficient_claims\", claims=\""));

    stage
        .goes_wrong(once(json!({
            "graph_error": "Forbidden",
            "message": "No application access policy found for this app.",
        })))
        .await;
    let refused = stage.creates("m-1").await;
    assert_failure(&refused, 403, "Forbidden");
    assert_eq!(
        refused.body["error"]["message"],
        "No application access policy found for this app."
    );
    assert_eq!(stage.meetings().await, Vec::<Value>::new());
}

#[tokio::test]
async fn g16_g17_g18_strangers_addresses_and_wrong_people() {
    let stage = Stage::set().await;
    stage
        .goes_wrong(json!({
            "on": {"path_prefix": "/v1.0/users"}, "times": 1,
            "do": {"redirect": "http://169.254.169.254/", "status": 307},
        }))
        .await;
    let sent_away = stage.host.get("/v1.0/users").await;
    assert_eq!(sent_away.status, 307);
    assert_eq!(sent_away.headers["location"], "http://169.254.169.254/");

    let elsewhere = "https://graph.evil.example/v1.0/users?$skiptoken=x";
    let stranger = json!({"id": "0", "mail": "mei@larkspur.example"});
    for changed in [
        json!({"@odata.nextLink": elsewhere}),
        json!({"value": []}),
        json!({"value": [stranger, stranger]}),
    ] {
        stage
            .goes_wrong(json!({
                "on": {"path_prefix": "/v1.0/users"}, "times": 1, "do": {"alter": changed},
            }))
            .await;
        let told = stage.host.get("/v1.0/users?$top=5").await;
        for (name, value) in changed.as_object().unwrap() {
            assert_eq!(told.body[name], *value);
        }
    }
}

#[tokio::test]
async fn each_part_of_a_batch_has_its_own_fate() {
    let stage = Stage::set().await;
    let body = |id: &str| {
        json!({
            "id": id, "method": "POST", "url": "/me/onlineMeetings/createOrGet",
            "headers": {"Content-Type": "application/json"}, "body": wanted(id),
        })
    };
    let acts = [
        json!({"lose_answer": true}),
        json!({"lose_request": true}),
        json!({"status": 503, "headers": {"Retry-After": "4"}}),
        json!({"graph_error": "Forbidden"}),
        json!({"garbage": "wrong types"}),
        json!({"garbage": "empty_list"}),
        json!({"alter": {"joinWebUrl": null}}),
        json!({"claims_challenge": true}),
        json!({"redirect": "http://127.0.0.1:1/"}),
        json!({"delay_answer_ms": 20}),
        json!({"aadsts": 50173}),
    ];
    for act in &acts {
        stage
            .goes_wrong(json!({"on": {"path_prefix": CREATE_OR_GET}, "times": 1, "do": act}))
            .await;
    }
    let ids: Vec<String> = (0..=acts.len()).map(|at| format!("p{at:02}")).collect();
    let parts: Vec<Value> = ids.iter().map(|id| body(id)).collect();
    let told = stage.host.batch(json!(parts)).await;
    let statuses: Vec<u64> = ids
        .iter()
        .map(|id| told[id]["status"].as_u64().unwrap())
        .collect();
    assert_eq!(
        statuses,
        [504, 504, 503, 403, 200, 200, 201, 401, 302, 201, 400, 201]
    );
    assert_eq!(told["p02"]["headers"]["Retry-After"], "4");
    assert!(told["p04"]["body"]["id"].is_array());
    assert_eq!(told["p06"]["body"].get("joinWebUrl"), None);
    let mut made: Vec<String> = stage
        .meetings()
        .await
        .iter()
        .map(|meeting| meeting["external_id"].as_str().unwrap().to_owned())
        .collect();
    made.sort_unstable();
    assert_eq!(made, ["p00", "p06", "p09", "p11"]);
}

#[tokio::test]
async fn levers_are_pulled_within_a_batch_too() {
    let stage = Stage::set().await;
    stage
        .goes_wrong(json!({
            "on": {"method": "POST", "path_prefix": MEETINGS},
            "after": 1,
            "times": 1,
            "do": {"pull": {
                "method": "patch", "path": format!("users/{SCHEDULER}"), "body": {"licensed": false},
            }},
        }))
        .await;
    let part = |id: &str, after: Value| {
        json!({
            "id": id, "method": "POST", "url": "/me/onlineMeetings", "dependsOn": after,
            "headers": {"Content-Type": "application/json"}, "body": {"subject": id},
        })
    };
    let told = stage
        .host
        .batch(json!([part("a", json!([])), part("b", json!(["a"]))]))
        .await;
    assert_eq!(
        (&told["a"]["status"], &told["b"]["status"]),
        (&json!(201), &json!(403))
    );
}

#[tokio::test]
async fn clock_stands_runs_and_is_put_anywhere() {
    let stage = Stage::set().await;
    let told = stage
        .admin
        .send(
            "POST",
            "clock",
            &json!({"set": "2027-01-01T00:00:00Z", "advance": "2h 30m"}),
        )
        .await;
    assert_eq!(told.text("now"), "2027-01-01T02:30:00Z");
    assert_eq!(told.body["frozen"], false);
    stage.pulls("POST", "clock", json!({"frozen": true})).await;
    stage
        .pulls("POST", "clock", json!({"advance": -1800}))
        .await;
    let told = stage.admin.get("clock").await;
    assert_eq!(told.text("now"), "2027-01-01T02:00:00Z");
    assert_eq!(told.body["frozen"], true);
    stage.pulls("POST", "clock", json!({"frozen": false})).await;
    assert_eq!(
        stage.world.sandbox.now(),
        "2027-01-01T02:00:00Z".parse().unwrap()
    );
    stage.pulls("POST", "reset", json!({})).await;
    let start: jiff::Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    assert_eq!(
        stage.world.sandbox.now().duration_since(start),
        SignedDuration::ZERO
    );
}
