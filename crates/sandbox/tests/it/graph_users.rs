//! People, as far as an application's permissions show them.

use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER, assert_failure};
use crate::world::World;

const BASIC: [&str; 2] = ["User.Read", "User.ReadBasic.All"];

fn directory(world: &World) -> Client {
    Client::signed_in(world, SCHEDULER, &BASIC)
}

fn names(answer: &crate::world::Answer) -> Vec<&str> {
    answer.body["value"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:?}"))
        .iter()
        .map(|person| person["displayName"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_host_reads_its_own_profile() {
    let world = World::start().await;
    let ithaca = Client::connect(&world).await;
    let me = ithaca
        .get("/v1.0/me?$select=id,displayName,userPrincipalName,accountEnabled")
        .await;
    assert_eq!(me.status, 200, "{me:?}");
    assert_eq!(me.text("displayName"), "Teams Scheduler");
    assert_eq!(me.text("userPrincipalName"), SCHEDULER);
    assert_eq!(me.body["accountEnabled"], true);
    assert_eq!(me.body.as_object().unwrap().len(), 5);
    assert_eq!(
        me.headers["content-type"],
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;\
         charset=utf-8"
    );
    assert!(me.headers.contains_key("request-id"));
}

#[tokio::test]
async fn paths_are_read_as_generously_as_microsoft_reads_them() {
    let world = World::start().await;
    let graph = directory(&world);
    let mei = world.person("mei@larkspur.example");
    for path in [
        "/v1.0/users/mei@larkspur.example".to_owned(),
        "/v1.0//users/mei%40larkspur.example".to_owned(),
        "/v1.0/Users/MEI@larkspur.example".to_owned(),
        "/v1.0/users('mei@larkspur.example')".to_owned(),
        format!("/v1.0/users/{}", mei.id),
    ] {
        let answer = graph.get(&path).await;
        assert_eq!(answer.text("id"), mei.id.to_string(), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_guest_is_found_by_the_long_name_with_its_number_sign_encoded() {
    let world = World::start().await;
    let answer = directory(&world)
        .get("/v1.0/users/dana.cole_partner.example%23EXT%23@larkspur.example")
        .await;
    assert_eq!(answer.text("mail"), "dana.cole@partner.example");
}

#[tokio::test]
async fn a_mail_address_that_is_no_sign_in_name_is_found_by_filter_alone() {
    let world = World::start().await;
    let graph = directory(&world);
    let direct = graph
        .get("/v1.0/users/tobias.brandt@larkspur.example")
        .await;
    assert_failure(&direct, 404, "Request_ResourceNotFound");
    let filtered = graph
        .get(
            "/v1.0/users?$filter=mail eq 'TOBIAS.brandt@larkspur.example' or \
             userPrincipalName eq 'tobias.brandt@larkspur.example'\
             &$select=id,displayName,mail,userPrincipalName",
        )
        .await;
    assert_eq!(names(&filtered), ["Tobias Brandt"]);
    assert_eq!(
        filtered.body["value"][0]["userPrincipalName"],
        "t.brandt@larkspur.example"
    );
    let nobody = graph
        .get("/v1.0/users?$filter=mail eq 'o''hara@larkspur.example'")
        .await;
    assert_eq!(nobody.body["value"], json!([]));
    let two = graph
        .get("/v1.0/users?$filter=mail eq 'frontdesk@larkspur.example'")
        .await;
    assert_eq!(names(&two), ["Front East", "Front West"]);
}

#[tokio::test]
async fn read_basic_shows_names_mail_and_nothing_else() {
    let world = World::start().await;
    let graph = directory(&world);
    let luis = graph
        .get("/v1.0/users/luis@larkspur.example?$select=mail,accountEnabled,userType,jobTitle")
        .await;
    assert_eq!(luis.text("mail"), "luis@larkspur.example");
    for hidden in ["accountEnabled", "userType", "jobTitle"] {
        assert_eq!(luis.body[hidden], Value::Null, "{hidden}");
    }
    let filtered = graph
        .get("/v1.0/users?$filter=accountEnabled eq true")
        .await;
    assert_failure(&filtered, 403, "Authorization_RequestDenied");

    let all = Client::signed_in(&world, SCHEDULER, &["User.Read.All"]);
    let luis = all
        .get("/v1.0/users/luis@larkspur.example?$select=accountEnabled,userType")
        .await;
    assert_eq!(luis.body["accountEnabled"], true);
    assert_eq!(luis.text("userType"), "Member");
}

#[tokio::test]
async fn without_the_permission_only_ones_own_profile_is_there() {
    let world = World::start().await;
    let graph = Client::signed_in(&world, SCHEDULER, &["User.Read"]);
    assert_eq!(
        graph.get(&format!("/v1.0/users/{SCHEDULER}")).await.status,
        200
    );
    for path in [
        "/v1.0/users/mei@larkspur.example",
        "/v1.0/users",
        "/v1.0/users/nobody",
    ] {
        let answer = graph.get(path).await;
        assert_failure(&answer, 403, "Authorization_RequestDenied");
    }
}

#[tokio::test]
async fn another_tenant_is_out_of_sight() {
    let world = World::start().await;
    let graph = directory(&world);
    let edda = world.person("edda@quillfield.example");
    for key in ["edda@quillfield.example".to_owned(), edda.id.to_string()] {
        let answer = graph.get(&format!("/v1.0/users/{key}")).await;
        assert_failure(&answer, 404, "Request_ResourceNotFound");
    }
    let filtered = graph
        .get(&format!("/v1.0/users?$filter=id in ('{}')", edda.id))
        .await;
    assert_eq!(filtered.body["value"], json!([]));
}

#[tokio::test]
async fn a_guest_may_not_list_people() {
    let world = World::start().await;
    let graph = Client::signed_in(&world, "dana.cole@partner.example", &BASIC);
    let answer = graph.get("/v1.0/users").await;
    assert_failure(&answer, 403, "Authorization_RequestDenied");
}

#[tokio::test]
async fn a_long_list_comes_in_pages_and_everyone_is_on_one_of_them() {
    let world = World::start().await;
    let graph = directory(&world);
    let mut seen = Vec::new();
    let mut next = Some("/v1.0/users?$top=7&$select=id,displayName".to_owned());
    let mut pages = 0;
    while let Some(path) = next {
        let page = graph.get(&path).await;
        pages += 1;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        next = page.body["@odata.nextLink"].as_str().map(str::to_owned);
        if let Some(next) = &next {
            assert!(
                next.starts_with(&format!("{}/v1.0/users?", world.url)),
                "{next}"
            );
        }
    }
    let larkspur = world.larkspur();
    let everyone = world
        .sandbox
        .read(|state| state.people.list(larkspur).count());
    assert_eq!(seen.len(), everyone);
    assert_eq!(pages, everyone.div_ceil(7));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), everyone);
    for top in ["0", "1000", "many"] {
        let answer = graph.get(&format!("/v1.0/users?$top={top}")).await;
        assert_failure(&answer, 400, "Request_UnsupportedQuery");
    }
}

#[tokio::test]
async fn advanced_queries_need_the_header_and_the_count_together() {
    let world = World::start().await;
    let graph = directory(&world);
    let path = "/v1.0/users?$filter=endsWith(mail,'@larkspur.example')&$top=3&$count=true";
    let refused = graph.get(path).await;
    assert_failure(&refused, 400, "Request_UnsupportedQuery");
    let eventual = directory(&world).saying("ConsistencyLevel", "eventual");
    let answer = eventual.get(path).await;
    assert_eq!(names(&answer).len(), 3);
    assert!(answer.body["@odata.count"].as_u64().unwrap() > 40);
    // Without the header, the count is silently left out.
    let plain = graph.get("/v1.0/users?$count=true&$top=1").await;
    assert!(plain.body.get("@odata.count").is_none());
    let starts = graph
        .get("/v1.0/users?$filter=startsWith(displayName,'mei')")
        .await;
    assert_eq!(names(&starts), ["Mei Tanaka"]);
}

#[tokio::test]
async fn malformed_filters_are_refused_with_a_sentence() {
    let world = World::start().await;
    let graph = directory(&world);
    let deep = "(".repeat(5_000);
    let many = vec!["mail eq 'a@b.example'"; 16].join(" or ");
    for (filter, code) in [
        ("mail eq", "BadRequest"),
        ("mail eq 'open", "BadRequest"),
        ("shoeSize eq '44'", "BadRequest"),
        ("mail eq 'a' and", "BadRequest"),
        (deep.as_str(), "BadRequest"),
        ("contains(displayName,'m')", "Request_UnsupportedQuery"),
        ("proxyAddresses eq 'x'", "Request_UnsupportedQuery"),
        (many.as_str(), "Request_UnsupportedQuery"),
    ] {
        let answer = graph
            .get(&format!(
                "/v1.0/users?$filter={}",
                filter.replace(' ', "%20")
            ))
            .await;
        assert_failure(&answer, 400, code);
    }
    let twice = graph.get("/v1.0/users?$top=1&$top=2").await;
    assert_failure(&twice, 400, "BadRequest");
    let unknown = graph.get("/v1.0/users?$select=shoeSize").await;
    assert_failure(&unknown, 400, "BadRequest");
}

#[tokio::test]
async fn tokens_that_open_nothing_are_refused_for_their_own_reasons() {
    let world = World::start().await;
    let message = async |client: Client| {
        let answer = client.get("/v1.0/me").await;
        assert_failure(&answer, 401, "InvalidAuthenticationToken");
        assert!(
            answer.headers["www-authenticate"]
                .to_str()
                .unwrap()
                .starts_with("Bearer realm=\"\", authorization_uri=")
        );
        answer.body["error"]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        message(Client::with_token(&world, "")).await,
        "Access token is empty."
    );
    assert!(
        message(Client::with_token(&world, "opaque"))
            .await
            .contains("no dots")
    );

    let tokens = world.redeem(&world.code().await, &[]).await;
    let id_token = Client::with_token(&world, tokens.text("id_token"));
    assert!(message(id_token).await.ends_with("Invalid audience."));

    let forged = format!("{}x", tokens.text("access_token"));
    assert_eq!(
        message(Client::with_token(&world, &forged)).await,
        "Signature is invalid."
    );

    world
        .sandbox
        .clock()
        .move_by(jiff::SignedDuration::from_hours(2));
    let late = Client::with_token(&world, tokens.text("access_token"));
    assert_eq!(
        message(late).await,
        "Access token has expired or is not yet valid."
    );
}

#[tokio::test]
async fn a_revoked_session_is_challenged_with_claims() {
    let world = World::start().await;
    let claims = r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#;
    let code = world.code_for(SCHEDULER, &[("claims", claims)]).await;
    let tokens = world.redeem(&code, &[("claims", claims)]).await;
    let ithaca = Client::with_token(&world, tokens.text("access_token"));
    assert_eq!(ithaca.get("/v1.0/me").await.status, 200);
    world
        .sandbox
        .clock()
        .move_by(jiff::SignedDuration::from_mins(1));
    let now = world.sandbox.now();
    world.change_person(SCHEDULER, |person| person.sessions_valid_from = now);
    let answer = ithaca.get("/v1.0/me").await;
    assert_failure(&answer, 401, "InvalidAuthenticationToken");
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("error=\"insufficient_claims\", claims=\""),
        "{challenge}"
    );
}

#[tokio::test]
async fn an_application_by_itself_has_no_me() {
    let world = World::start().await;
    let app = Client::by_itself(&world, &["User.Read.All"]);
    let me = app.get("/v1.0/me").await;
    assert_failure(&me, 400, "BadRequest");
    assert_eq!(app.get("/v1.0/users?$top=1").await.status, 200);
    let basic = Client::by_itself(&world, &["User.ReadBasic.All"]);
    let list = basic.get("/v1.0/users").await;
    assert_failure(&list, 403, "Authorization_RequestDenied");
    assert_eq!(
        basic.get("/v1.0/users/mei@larkspur.example").await.status,
        200
    );
}

#[tokio::test]
async fn the_organization_tells_its_name_and_domains() {
    let world = World::start().await;
    let graph = directory(&world);
    let answer = graph
        .get("/v1.0/organization?$select=id,displayName,verifiedDomains")
        .await;
    let organization = &answer.body["value"][0];
    assert_eq!(organization["displayName"], "Larkspur Health");
    assert_eq!(organization["id"], json!(world.larkspur()));
    assert_eq!(
        organization["verifiedDomains"][0]["name"],
        "larkspur.example"
    );
    let hidden = graph.get("/v1.0/organization?$select=tenantType").await;
    assert_eq!(hidden.body["value"][0]["tenantType"], Value::Null);
}

#[tokio::test]
async fn a_portrait_is_a_jpeg_with_a_tag_and_some_people_have_none() {
    let world = World::start().await;
    let graph = directory(&world);
    let path = "/v1.0/users/mei@larkspur.example/photos/96x96/$value";
    let response = graph.raw("GET", path, None).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "image/jpeg");
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    let picture = response.bytes().await.unwrap();
    assert!(picture.starts_with(&[0xFF, 0xD8, 0xFF]) && picture.ends_with(&[0xFF, 0xD9]));

    let again = directory(&world).saying("If-None-Match", &tag);
    assert_eq!(again.get(path).await.status, 304);
    let none = graph
        .get("/v1.0/users/scheduler@larkspur.example/photo/$value")
        .await;
    assert_failure(&none, 404, "ImageNotFound");
    let odd = graph
        .get("/v1.0/users/mei@larkspur.example/photos/97x97/$value")
        .await;
    assert_eq!(odd.status, 400);
    let described = graph.get("/v1.0/users/mei@larkspur.example/photo").await;
    assert_eq!(described.text("id"), "648x648");
}

#[tokio::test]
async fn the_clients_own_request_id_comes_back() {
    let world = World::start().await;
    let id = "5f0c2c7e-0d5c-4b7e-9a36-0f1f9e6f2a11";
    let graph = directory(&world).saying("client-request-id", id);
    let answer = graph.get("/v1.0/users/nobody").await;
    assert_failure(&answer, 404, "Request_ResourceNotFound");
    assert_eq!(answer.headers["client-request-id"], id);
    assert_ne!(answer.headers["request-id"], id);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_in_graphs_shape() {
    let world = World::start().await;
    let graph = directory(&world);
    for path in [
        "/v1.0/drives",
        "/v1.0/me/drive",
        "/v1.0/",
        "/v1.0/users/mei@larkspur.example/x",
    ] {
        let answer = graph.get(path).await;
        assert_failure(&answer, 400, "BadRequest");
    }
    assert_eq!(graph.delete("/v1.0/me").await.status, 405);
}
