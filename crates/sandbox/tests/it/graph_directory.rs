//! Looking people up in less usual ways: odd names, other addresses, searches, photos.

use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER, assert_failure};
use crate::world::{Admin, Answer, World};

fn directory(world: &World) -> Client {
    Client::signed_in(world, SCHEDULER, &["User.Read.All"])
}

fn names(answer: &Answer) -> Vec<&str> {
    answer.body["value"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:?}"))
        .iter()
        .map(|person| person["displayName"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_name_that_begins_with_a_dollar_sign_stands_in_brackets() {
    let world = World::start().await;
    world.change_person("mei@larkspur.example", |mei| {
        "$mei@larkspur.example".clone_into(&mut mei.upn);
    });
    let graph = directory(&world);
    let bare = graph.get("/v1.0/users/$mei@larkspur.example").await;
    assert_failure(&bare, 400, "BadRequest");
    let answer = graph.get("/v1.0/users('$mei@larkspur.example')").await;
    assert_eq!(answer.text("displayName"), "Mei Tanaka");
    world.change_person("$mei@larkspur.example", |mei| {
        "o'hara@larkspur.example".clone_into(&mut mei.upn);
    });
    for path in [
        "/v1.0/users('o''hara@larkspur.example')",
        "/v1.0/users/o'hara@larkspur.example",
        "/v1.0/users/O%27HARA@larkspur.example",
    ] {
        assert_eq!(graph.get(path).await.text("displayName"), "Mei Tanaka");
    }
}

#[tokio::test]
async fn proxy_and_other_addresses_find_people_for_whoever_may_see_them() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let change = json!({
        "other_mails": ["mei@home.example"],
        "proxy_addresses": ["smtp:m.tanaka@larkspur.example"],
    });
    admin
        .send("PATCH", "users/mei@larkspur.example", &change)
        .await;
    let graph = directory(&world);
    let mei = graph
        .get("/v1.0/users/mei@larkspur.example?$select=proxyAddresses,otherMails")
        .await;
    assert_eq!(
        mei.body["proxyAddresses"],
        json!([
            "SMTP:mei@larkspur.example",
            "smtp:m.tanaka@larkspur.example"
        ])
    );
    assert_eq!(mei.body["otherMails"], json!(["mei@home.example"]));
    for filter in [
        "proxyAddresses/any(p:p eq 'smtp:m.tanaka@larkspur.example')",
        "proxyAddresses/any(p:p eq 'smtp:MEI@larkspur.example')",
        "proxyAddresses/any(p:startsWith(p,'smtp:m.tan'))",
        "otherMails/any(o:o eq 'mei@home.example')",
        "otherMails/any(o:startsWith(o,'mei@home'))",
    ] {
        let path = format!("/v1.0/users?$filter={filter}");
        assert_eq!(names(&graph.get(&path).await), ["Mei Tanaka"], "{filter}");
        let basic = Client::signed_in(&world, SCHEDULER, &["User.ReadBasic.All"]);
        let refused = basic.get(&path).await;
        assert_failure(&refused, 403, "Authorization_RequestDenied");
    }
    // Another's address is nobody's mail.
    let none = graph
        .get("/v1.0/users?$filter=mail eq 'mei@home.example'")
        .await;
    assert_eq!(none.body["value"], json!([]));
}

#[tokio::test]
async fn a_search_looks_for_words_and_needs_its_header() {
    let world = World::start().await;
    let plain = directory(&world);
    let path = r#"/v1.0/users?$search="displayName:tana""#;
    let refused = plain.get(path).await;
    assert_failure(&refused, 400, "Request_UnsupportedQuery");
    assert_eq!(
        refused.body["error"]["message"],
        "Request with $search query parameter only works through MSGraph with a special request \
         header: 'ConsistencyLevel: eventual'"
    );
    let graph = directory(&world).saying("ConsistencyLevel", "eventual");
    assert_eq!(names(&graph.get(path).await), ["Mei Tanaka"]);
    for (search, found) in [
        (r#""displayName:ortega luis""#, vec!["Luis Ortega"]),
        (
            r#""mail:mei@" OR "displayName:ortega""#,
            vec!["Mei Tanaka", "Luis Ortega"],
        ),
        (r#""displayName:mei" AND "displayName:ortega""#, vec![]),
        // Other properties have to begin so.
        (r#""mail:larkspur""#, vec![]),
    ] {
        let answer = graph.get(&format!("/v1.0/users?$search={search}")).await;
        let mut names = names(&answer);
        names.sort_by_key(|name| found.iter().position(|other| other == name));
        assert_eq!(names, found, "{search}");
    }
    for search in [
        "mei",
        r#""mei""#,
        r#""displayName:mei"#,
        r#""displayName:a" XOR"#,
    ] {
        let answer = graph.get(&format!("/v1.0/users?$search={search}")).await;
        assert_failure(&answer, 400, "BadRequest");
    }
}

#[tokio::test]
async fn people_are_counted_for_whoever_accepts_an_eventual_answer() {
    let world = World::start().await;
    let refused = directory(&world).get("/v1.0/users/$count").await;
    assert_failure(&refused, 400, "BadRequest");
    let graph = directory(&world).saying("ConsistencyLevel", "eventual");
    let count = async |path: &str| {
        let response = graph.raw("GET", path, None).await;
        assert_eq!(response.headers()["content-type"], "text/plain");
        response.text().await.unwrap().parse::<usize>().unwrap()
    };
    let larkspur = world.larkspur();
    let everyone = world.sandbox.read(|state| state.people.count(larkspur));
    assert_eq!(count("/v1.0/users/$count").await, everyone);
    let path = "/v1.0/users/$count?$filter=startsWith(displayName,'mei')";
    assert_eq!(count(path).await, 1);
}

#[tokio::test]
async fn lists_are_sorted_and_know_no_skip() {
    let world = World::start().await;
    let graph = directory(&world);
    let first = graph
        .get("/v1.0/users?$orderby=displayName&$top=2&$select=displayName")
        .await;
    let last = graph
        .get("/v1.0/users?$orderby=displayName desc&$top=1&$select=displayName")
        .await;
    let (first, last) = (names(&first), names(&last));
    assert!(
        first[0] < first[1] && first[1] < last[0],
        "{first:?} {last:?}"
    );
    let sorted_and_filtered =
        "/v1.0/users?$orderby=displayName&$filter=startsWith(displayName,'a')";
    let refused = graph.get(sorted_and_filtered).await;
    assert_failure(&refused, 400, "Request_UnsupportedQuery");
    let eventual = directory(&world).saying("ConsistencyLevel", "eventual");
    let answer = eventual
        .get(&format!("{sorted_and_filtered}&$count=true"))
        .await;
    assert_eq!(
        names(&answer).len(),
        usize::try_from(answer.body["@odata.count"].as_u64().unwrap()).unwrap()
    );
    let skipped = graph.get("/v1.0/users?$skip=5").await;
    assert_failure(&skipped, 400, "Request_UnsupportedQuery");
}

#[tokio::test]
async fn operators_beyond_the_simple_ones_say_what_they_need() {
    let world = World::start().await;
    let graph = directory(&world);
    for (filter, operator) in [
        ("endsWith(mail,'@larkspur.example')", "endsWith"),
        ("mail ne null", "ne"),
        ("not startsWith(mail,'a')", "not"),
    ] {
        // The count alone doesn't do, nor the header.
        for answer in [
            graph
                .get(&format!("/v1.0/users?$count=true&$filter={filter}"))
                .await,
            directory(&world)
                .saying("ConsistencyLevel", "eventual")
                .get(&format!("/v1.0/users?$filter={filter}"))
                .await,
        ] {
            assert_failure(&answer, 400, "Request_UnsupportedQuery");
            let message = answer.body["error"]["message"].as_str().unwrap();
            assert!(
                message.starts_with(&format!(
                    "Operator '{operator}' is not supported because the required parameters might \
                     be missing. Try adding $count=true query parameter and \
                     ConsistencyLevel:eventual header."
                )),
                "{message}"
            );
        }
    }
}

#[tokio::test]
async fn a_photo_has_nine_sizes_and_its_absence_a_placeholder() {
    let world = World::start().await;
    let graph = directory(&world);
    let photos = "/v1.0/users/mei@larkspur.example/photos";
    let list = graph.get(photos).await;
    let list = list.body["value"].as_array().unwrap();
    assert_eq!(list.len(), 9);
    for one in list {
        let id = one["id"].as_str().unwrap();
        let picture = graph
            .raw("GET", &format!("{photos}/{id}/$value"), None)
            .await;
        assert_eq!(
            picture.headers()["etag"],
            one["@odata.mediaEtag"].as_str().unwrap()
        );
        let picture = picture.bytes().await.unwrap();
        // Height and width stand in the frame's header.
        let at = picture
            .windows(2)
            .position(|two| two == [0xFF, 0xC0])
            .unwrap()
            + 5;
        let side = u16::from_be_bytes([picture[at], picture[at + 1]]);
        assert_eq!(one["height"], side, "{id}");
        assert_eq!(id, format!("{side}x{side}"));
    }
    let none = format!("/v1.0/users/{SCHEDULER}/photo");
    let placeholder = graph.get(&none).await;
    assert_eq!(placeholder.text("@odata.mediaContentType"), "image/gif");
    assert_eq!(placeholder.text("id"), "1x1");
    let picture = graph.get(&format!("{none}/$value")).await;
    assert_failure(&picture, 404, "ImageNotFound");
    let no_mailbox = graph
        .get("/v1.0/users/wren.archer@larkspur.example/photo/$value")
        .await;
    assert_failure(&no_mailbox, 404, "ErrorNonExistentMailbox");
}

#[tokio::test]
async fn an_application_sees_photos_with_more_than_the_basics() {
    let world = World::start().await;
    let path = "/v1.0/users/mei@larkspur.example/photo/$value";
    let basic = Client::by_itself(&world, &["User.ReadBasic.All"]);
    assert_failure(&basic.get(path).await, 403, "ErrorAccessDenied");
    for role in ["User.Read.All", "ProfilePhoto.Read.All"] {
        let app = Client::by_itself(&world, &[role]);
        assert_eq!(app.raw("GET", path, None).await.status(), 200, "{role}");
    }
    let delegated = Client::signed_in(&world, SCHEDULER, &["User.ReadBasic.All"]);
    assert_eq!(delegated.raw("GET", path, None).await.status(), 200);
}

#[tokio::test]
async fn a_deleted_account_is_not_found_and_its_own_me_neither() {
    let world = World::start().await;
    let luis = Client::signed_in(&world, "luis@larkspur.example", &["User.Read"]);
    let id = world.person("luis@larkspur.example").id;
    world.sandbox.change(|state| state.people.remove(id));
    let me = luis.get("/v1.0/me").await;
    assert_failure(&me, 404, "Request_ResourceNotFound");
    assert_eq!(
        me.body["error"]["message"],
        format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are \
             not present."
        )
    );
    let graph = directory(&world);
    for key in ["luis@larkspur.example".to_owned(), id.to_string()] {
        let answer = graph.get(&format!("/v1.0/users/{key}")).await;
        assert_failure(&answer, 404, "Request_ResourceNotFound");
    }
}

#[tokio::test]
async fn every_answer_names_itself_and_what_it_is() {
    let world = World::start().await;
    let id = "0a1b2c3d-0000-4000-8000-000000000001";
    let graph = directory(&world)
        .saying("client-request-id", id)
        .saying("return-client-request-id", "true");
    let me = graph.get("/v1.0/me?$select=id,mail").await;
    assert_eq!(me.headers["client-request-id"], id);
    assert_eq!(me.headers["request-id"].to_str().unwrap().len(), 36);
    let diagnostic = me.headers["x-ms-ags-diagnostic"].to_str().unwrap();
    let diagnostic: Value = serde_json::from_str(diagnostic).unwrap();
    assert!(diagnostic["ServerInfo"]["DataCenter"].is_string());
    assert_eq!(
        me.text("@odata.context"),
        format!("{}/v1.0/$metadata#users(id,mail)/$entity", world.url)
    );
    let list = graph.get("/v1.0/users?$top=1").await;
    let mut shown: Vec<&String> = list.body["value"][0].as_object().unwrap().keys().collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            "businessPhones",
            "displayName",
            "givenName",
            "id",
            "jobTitle",
            "mail",
            "mobilePhone",
            "officeLocation",
            "preferredLanguage",
            "surname",
            "userPrincipalName",
        ]
    );
    assert_eq!(
        list.text("@odata.context"),
        format!("{}/v1.0/$metadata#users", world.url)
    );
}
