//! Everyone once, and afterwards what changed.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER, assert_failure};
use crate::world::{Admin, Answer, World};

const DELTA: &str = "/v1.0/users/delta?$select=displayName,mail,accountEnabled";

fn directory(world: &World) -> Client {
    Client::signed_in(world, SCHEDULER, &["User.Read.All"])
}

fn entries(answer: &Answer) -> &Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["value"].as_array().unwrap()
}

/// Follows the pages to their end: what they hold, and the link for the next round.
async fn round(client: &Client, path: &str) -> (Vec<Value>, String) {
    let mut found = Vec::new();
    let mut path = path.to_owned();
    loop {
        let page = client.get(&path).await;
        found.extend(entries(&page).iter().cloned());
        let link = |name: &str| page.body[name].as_str().map(str::to_owned);
        if let Some(next) = link("@odata.nextLink") {
            assert!(page.body.get("@odata.deltaLink").is_none());
            path = next;
        } else {
            return (found, link("@odata.deltaLink").unwrap());
        }
    }
}

#[tokio::test]
async fn a_first_round_holds_everyone_and_the_next_what_changed() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let graph = directory(&world);
    let (everyone, link) = round(&graph, &format!("{DELTA}&$top=10")).await;
    let larkspur = world.larkspur();
    let count = world.sandbox.read(|state| state.people.count(larkspur));
    assert_eq!(everyone.len(), count);
    assert!(link.starts_with(&format!("{}/v1.0/users/delta?$deltatoken=", world.url)));
    // Wren has no mail: what was never set is left out.
    let wren = |person: &&Value| person["displayName"] == "Wren Archer";
    let wren = everyone.iter().find(wren).unwrap();
    assert!(wren.get("mail").is_none(), "{wren}");

    let (nothing, link) = round(&graph, &link).await;
    assert_eq!(nothing, Vec::<Value>::new());

    let mei = world.person("mei@larkspur.example").id;
    let luis = world.person("luis@larkspur.example").id;
    for (address, change) in [
        ("mei@larkspur.example", json!({"enabled": false})),
        // What isn't asked for doesn't count.
        (
            "hanna@larkspur.example",
            json!({"licensed": false, "mfa": true}),
        ),
        // Nor what is as it was in the end.
        (
            "jonas@larkspur.example",
            json!({"mail": "other@larkspur.example"}),
        ),
        (
            "jonas@larkspur.example",
            json!({"mail": "jonas@larkspur.example"}),
        ),
        // Another tenant's changes are its own.
        ("edda@quillfield.example", json!({"enabled": false})),
    ] {
        let path = format!("users/{address}");
        assert_eq!(admin.send("PATCH", &path, &change).await.status, 200);
    }
    let gone = admin
        .send("DELETE", "users/luis@larkspur.example", &json!({}))
        .await;
    assert_eq!(gone.status, 204);
    let (mut changes, next) = round(&graph, &link).await;
    changes.sort_by_key(|change| change.get("@removed").is_some());
    assert_eq!(
        changes,
        [
            json!({
                "id": mei,
                "displayName": "Mei Tanaka",
                "mail": "mei@larkspur.example",
                "accountEnabled": false,
            }),
            json!({"id": luis, "@removed": {"reason": "changed"}}),
        ]
    );
    // The same link tells the same again, the new one only what came since.
    assert_eq!(round(&graph, &link).await.0.len(), 2);
    assert_eq!(round(&graph, &next).await.0.len(), 0);

    let minimal = directory(&world).saying("Prefer", "return=minimal");
    let answer = minimal.get(&link).await;
    assert_eq!(answer.headers["preference-applied"], "return=minimal");
    let short = |person: &&Value| person["id"] == json!(mei);
    assert_eq!(
        entries(&answer).iter().find(short).unwrap(),
        &json!({"id": mei, "accountEnabled": false})
    );
}

#[tokio::test]
async fn a_round_may_begin_now_or_be_about_a_few() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let graph = directory(&world);
    let (none, link) = round(&graph, &format!("{DELTA}&$deltatoken=latest")).await;
    assert_eq!(none, Vec::<Value>::new());
    let mei = world.person("mei@larkspur.example").id;
    let few = format!("/v1.0/users/microsoft.graph.delta()?$filter=id%20eq%20'{mei}'");
    let (one, of_mei) = round(&graph, &few).await;
    assert_eq!(one[0]["userPrincipalName"], "mei@larkspur.example");
    let change = json!({"display_name": "Luis O."});
    admin
        .send("PATCH", "users/luis@larkspur.example", &change)
        .await;
    admin
        .send(
            "DELETE",
            "users/mei@larkspur.example?permanently=true",
            &json!({}),
        )
        .await;
    assert_eq!(round(&graph, &link).await.0.len(), 2);
    assert_eq!(
        round(&graph, &of_mei).await.0,
        [json!({"id": mei, "@removed": {"reason": "deleted"}})]
    );
}

#[tokio::test]
async fn changes_come_in_pages_too() {
    let world = World::start().await;
    let graph = directory(&world);
    let (everyone, link) = round(&graph, "/v1.0/users/delta?$select=surname&$top=5").await;
    let larkspur = world.larkspur();
    let ids: Vec<_> = world.sandbox.read(|state| {
        let people = state.people.list(larkspur);
        people.map(|person| person.id).collect()
    });
    for id in ids {
        world.sandbox.change(|state| {
            state
                .people
                .change(id, |person| "Renamed".clone_into(&mut person.surname))
        });
    }
    let (changes, _) = round(&graph, &link).await;
    assert_eq!(changes.len(), everyone.len());
    assert!(changes.iter().all(|person| person["surname"] == "Renamed"));
}

#[tokio::test]
async fn a_link_is_good_for_seven_days_and_not_after_a_reset() {
    let world = World::start().await;
    let (_, link) = round(&directory(&world), DELTA).await;
    world
        .sandbox
        .clock()
        .move_by(SignedDuration::from_hours(7 * 24 + 1));
    let late = directory(&world).get(&link).await;
    assert_failure(&late, 410, "syncStateNotFound");
    let again = late.headers["location"].to_str().unwrap().to_owned();
    assert!(again.ends_with("/users/delta?$deltatoken="), "{again}");
    assert!(!round(&directory(&world), &again).await.0.is_empty());

    let (_, link) = round(&directory(&world), DELTA).await;
    world.sandbox.reset();
    let answer = directory(&world).get(&link).await;
    assert_failure(&answer, 410, "syncStateNotFound");
    for nonsense in ["AAAA", "e30", "%00"] {
        let path = format!("/v1.0/users/delta?$deltatoken={nonsense}");
        let answer = directory(&world).get(&path).await;
        assert_failure(&answer, 400, "Request_BadRequest");
    }
}

#[tokio::test]
async fn read_basic_follows_the_basics_and_an_application_needs_more() {
    let world = World::start().await;
    let basic = Client::signed_in(&world, SCHEDULER, &["User.ReadBasic.All"]);
    let (everyone, link) = round(&basic, DELTA).await;
    assert!(
        everyone
            .iter()
            .all(|person| person.get("accountEnabled").is_none())
    );
    world.change_person("mei@larkspur.example", |mei| mei.enabled = false);
    assert_eq!(round(&basic, &link).await.0.len(), 0);
    let app = Client::by_itself(&world, &["User.ReadBasic.All"]);
    assert_failure(&app.get(DELTA).await, 403, "Authorization_RequestDenied");
    for wrong in [
        "$filter=startsWith(mail,'a')",
        "$orderby=displayName",
        "$search=%22displayName:mei%22",
    ] {
        let answer = basic.get(&format!("/v1.0/users/delta?{wrong}")).await;
        assert_failure(&answer, 400, "Request_UnsupportedQuery");
    }
}
