//! The console: what people see of the sandbox, and the levers they pull there.

use sandbox::tenant::access::{Block, Switches};
use serde_json::json;

use crate::graph_world::{Client, SCHEDULER};
use crate::world::{Admin, VERIFIER, World, http};

/// A person before the console.
struct Watcher {
    url: String,
}

impl Watcher {
    fn of(world: &World) -> Self {
        Self {
            url: world.url.clone(),
        }
    }

    async fn opens(&self, path: &str) -> String {
        let response = http()
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }

    /// Sends a form as a page of the console would: where it leads, or the page that says why not.
    async fn sends(&self, path: &str, fields: &[(&str, &str)]) -> Result<String, String> {
        let response = http()
            .post(format!("{}{path}", self.url))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(serde_urlencoded::to_string(fields).unwrap())
            .send()
            .await
            .unwrap();
        if response.status() == 303 {
            return Ok(response.headers()["location"].to_str().unwrap().to_owned());
        }
        assert_eq!(response.status(), 400);
        Err(response.text().await.unwrap())
    }
}

#[tokio::test]
async fn every_place_shows_what_is_there() {
    let world = World::start().await;
    let me = Watcher::of(&world);
    for (path, words) in [
        ("/", "Nobody has asked for anything yet."),
        ("/sandbox/meetings", "There are no meetings yet."),
        ("/sandbox/consents", "Nothing is approved yet."),
        ("/sandbox/calls", "Nobody has asked for anything yet."),
        ("/sandbox/faults", "Nothing does."),
        ("/sandbox/limits", "Microsoft’s own value"),
        ("/mail", "No mail has arrived yet."),
    ] {
        assert!(me.opens(path).await.contains(words), "{path}");
    }
    let host = Client::connect(&world).await;
    host.post(
        "/v1.0/me/onlineMeetings/createOrGet",
        json!({
            "externalId": "m-1", "subject": "First <steps>",
            "participants": {"attendees": [{"upn": "mei@larkspur.example", "role": "coorganizer"}]},
        }),
    )
    .await;
    for (path, words) in [
        ("/", "Larkspur Health"),
        ("/", "Quillfield College"),
        ("/", "2026-03-02 09:00:00 UTC"),
        ("/sandbox/meetings", "First &#60;steps&#62;"),
        ("/sandbox/meetings", "Mei Tanaka (coorganizer)"),
        ("/sandbox/consents", "Ithaca for Teams Scheduler"),
        (
            "/sandbox/consents",
            "<code class=\"tag\">OnlineMeetings.ReadWrite</code>",
        ),
        ("/sandbox/calls", "/v1.0/me/onlineMeetings/createOrGet"),
        ("/sandbox/calls/rows", "/v1.0/me/onlineMeetings/createOrGet"),
        ("/sandbox/people?search=TANAKA", "Mei Tanaka"),
        ("/sandbox/people?search=zzz", "Nobody is called “zzz” here."),
    ] {
        let page = me.opens(path).await;
        assert!(page.contains(words), "{words} in {path}: {page}");
        if path != "/sandbox/calls/rows" {
            assert_eq!(page.matches("<h1>").count(), 1, "{path}");
            assert!(page.contains("aria-current=\"page\""), "{path}");
        }
    }
    let people = me.opens("/sandbox/people?search=larkspur").await;
    assert!(!people.contains("Edda Lindqvist"));
}

#[tokio::test]
async fn a_call_is_shown_with_request_and_answer_and_no_secret() {
    let world = World::start().await;
    let me = Watcher::of(&world);
    let code = world.code().await;
    let tokens = world.redeem(&code, &[]).await;
    let refresh = tokens.text("refresh_token");
    world.refresh(refresh, &[]).await;
    let host = Client::with_token(&world, tokens.text("access_token"));
    host.post("/v1.0/me/onlineMeetings", json!({"subject": "First steps"}))
        .await;
    world
        .get(&format!("/organizations/oauth2/v2.0/token?code={code}&x=1"))
        .await;
    let secret = world.sandbox.ithaca().1;
    let total = world.sandbox.read(|state| state.calls.total());
    let mut everything = me.opens("/sandbox/calls").await;
    assert!(everything.contains("?code=***&#38;x=1"), "{everything}");
    for number in 1..=total {
        everything.push_str(&me.opens(&format!("/sandbox/calls/{number}")).await);
    }
    for shown in [
        "grant_type=refresh_token",
        "First steps",
        "joinWebUrl",
        "Bearer ***",
        "&#34;access_token&#34;: &#34;***&#34;",
        "&#34;token_type&#34;: &#34;Bearer&#34;",
        "client_secret=***",
        "code_verifier=***",
        "A page, ",
        "x-ms-request-id",
    ] {
        assert!(everything.contains(shown), "{shown} in {everything}");
    }
    for hidden in [
        secret.reveal(),
        &code,
        VERIFIER,
        refresh,
        tokens.text("access_token"),
        tokens.text("id_token"),
        "eyJ",
    ] {
        assert!(!everything.contains(hidden), "{hidden}");
    }
    for number in ["0", "9999", "first"] {
        let answer = world.get(&format!("/sandbox/calls/{number}")).await;
        assert_eq!(answer.status, 404);
    }
}

#[tokio::test]
async fn a_client_that_left_and_a_huge_answer_are_written_down_and_stay_small() {
    let world = World::start().await;
    let (me, admin) = (Watcher::of(&world), Admin::start(&world).await);
    let discovery = "/organizations/v2.0/.well-known/openid-configuration";
    let endless = json!({"times": 1, "do": {"delay_ms": 600_000}});
    admin.send("POST", "faults", &endless).await;
    let has_arrived = async { while admin.get("faults").await.body != json!([]) {} };
    tokio::select! {
        _ = world.get(discovery) => panic!("the answer came"),
        () = has_arrived => {}
    }
    let huge = json!({"times": 1, "do": {"garbage": "huge"}});
    admin.send("POST", "faults", &huge).await;
    world.get(discovery).await;
    let page = loop {
        let page = me.opens("/sandbox/calls").await;
        if page.contains("client left") {
            break page;
        }
    };
    assert!(page.contains("499") && page.contains("garbage"));
    let call = me.opens("/sandbox/calls/2").await;
    assert!(call.contains("(67108873 bytes in all)"), "{call}");
    assert!(call.len() < 20_000);
}

#[tokio::test]
async fn people_change_accounts_tenants_clock_and_consents() {
    let world = World::start().await;
    let me = Watcher::of(&world);
    let code = world.code().await;
    let token = world.redeem(&code, &[]).await;
    let token = token.text("refresh_token");

    let mei = world.person("mei@larkspur.example").id;
    let page = format!("/sandbox/people/{mei}");
    assert!(
        me.opens(&page)
            .await
            .contains("id=\"licensed\" name=\"licensed\" value=\"1\" checked")
    );
    let fields = [
        ("enabled", "1"),
        ("mfa", "1"),
        ("role", "application_administrator"),
    ];
    assert_eq!(me.sends(&page, &fields).await, Ok(page.clone()));
    let person = world.person("mei@larkspur.example");
    assert!(person.enabled && person.mfa && !person.teams_licensed);
    let wrong = me.sends(&page, &[("role", "emperor")]).await.unwrap_err();
    assert!(
        wrong.contains("role=\"alert\">role: unknown variant"),
        "{wrong}"
    );
    let gone = me.sends(&page, &[("act", "delete")]).await;
    assert_eq!(gone.as_deref(), Ok("/sandbox/people"));
    assert_eq!(world.get(&page).await.status, 404);

    let robin = world.person("robin.hale@personal.example").id;
    let page = format!("/sandbox/people/{robin}");
    me.sends(&page, &[("enabled", "1"), ("role", "none")])
        .await
        .unwrap();
    let kind = world.person("robin.hale@personal.example").kind;
    assert_eq!(kind, sandbox::tenant::person::PersonKind::Personal);

    let tenant = format!("/sandbox/tenants/{}", world.larkspur());
    let fields = [("consent_policy", "admin-only")];
    assert_eq!(me.sends(&tenant, &fields).await.as_deref(), Ok("/"));
    assert!(
        me.opens("/")
            .await
            .contains("value=\"admin-only\" selected")
    );

    me.sends("/sandbox/clock", &[("advance", "31d")])
        .await
        .unwrap();
    assert!(me.opens("/").await.contains("2026-04-02 09:00:00 UTC"));
    let wrong = me.sends("/sandbox/clock", &[("advance", "soon")]).await;
    assert!(wrong.unwrap_err().contains("role=\"alert\""));
    me.sends("/sandbox/clock", &[("stop", "1")]).await.unwrap();
    assert!(me.opens("/").await.contains("Let it run"));
    me.sends("/sandbox/clock", &[("run", "1")]).await.unwrap();
    assert!(!world.sandbox.clock().is_frozen());

    assert_eq!(world.refresh(token, &[]).await.status, 200);
    let larkspur = format!("/sandbox/consents/{}", world.larkspur());
    me.sends(&larkspur, &[("what", "grants")]).await.unwrap();
    world
        .refresh(token, &[])
        .await
        .assert_refusal(400, "invalid_grant", 65001);
    me.sends(&larkspur, &[("what", "applications")])
        .await
        .unwrap();
    world
        .refresh(token, &[])
        .await
        .assert_refusal(400, "unauthorized_client", 700_016);
    assert!(me.sends("/sandbox/consents/nowhere", &[]).await.is_err());

    let kids = async || {
        let keys = world.get("/common/discovery/v2.0/keys").await.body;
        keys["keys"].as_array().unwrap().len()
    };
    let before = kids().await;
    me.sends("/sandbox/keys", &[]).await.unwrap();
    assert_eq!(kids().await, before + 1);
    me.sends("/sandbox/reset", &[]).await.unwrap();
    assert!(world.person("mei@larkspur.example").teams_licensed);
    assert!(me.opens("/").await.contains("2026-03-02 09:00:00 UTC"));
}

#[tokio::test]
async fn faults_are_switched_on_and_off() {
    let world = World::start().await;
    let (me, admin) = (Watcher::of(&world), Admin::start(&world).await);
    let host = Client::signed_in(&world, SCHEDULER, &["OnlineMeetings.ReadWrite"]);
    let faults = "/sandbox/faults";
    let page = me.opens(faults).await;
    let keys: Vec<&str> = page
        .split("name=\"usual\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(keys.len() >= 8);
    for key in &keys {
        let back = me.sends(faults, &[("usual", key)]).await;
        assert_eq!(back.as_deref(), Ok(faults), "{key}");
    }
    let waiting = |page: &str| page.matches(">Call it off</button>").count();
    assert_eq!(waiting(&me.opens(faults).await), keys.len());
    assert!(
        me.opens("/")
            .await
            .contains(&format!("{} things go wrong", keys.len()))
    );
    me.sends(faults, &[("number", "all")]).await.unwrap();
    assert_eq!(waiting(&me.opens(faults).await), 0);

    let own = r#"{"on":{"method":"POST"},"times":2,"do":{"status":418}}"#;
    me.sends(faults, &[("lever", "faults"), ("fault", own)])
        .await
        .unwrap();
    let made = host.post("/v1.0/me/onlineMeetings", json!({})).await;
    assert_eq!(made.status, 418);
    let page = me.opens(faults).await;
    assert!(
        page.contains("On method POST, once more; happened 1 times"),
        "{page}"
    );
    me.sends(faults, &[("lever", "faults"), ("number", "11")])
        .await
        .unwrap_err();
    let number = admin.get("faults").await.body[0]["number"].to_string();
    me.sends(faults, &[("lever", "faults"), ("number", &number)])
        .await
        .unwrap();
    assert_eq!(admin.get("faults").await.body, json!([]));

    for (typed, says) in [
        ("{", "That is no JSON"),
        (r#"{"do":{"statsu":1}}"#, "do.statsu: unknown field"),
    ] {
        let page = me.sends(faults, &[("fault", typed)]).await.unwrap_err();
        assert!(page.contains(says), "{page}");
        let kept = typed.replace('"', "&#34;");
        assert!(
            page.contains(&format!("{kept}</textarea>")),
            "what was typed stays: {page}"
        );
    }
}

#[tokio::test]
async fn limits_and_what_teams_does_are_set_and_put_back() {
    let world = World::start().await;
    let (me, admin) = (Watcher::of(&world), Admin::start(&world).await);
    let limits = "/sandbox/limits";
    let own = admin.get("limits").await.body["limits"].clone();
    let page = me.opens(limits).await;
    assert!(page.contains("value=\"130000\""), "{page}");
    let fields = [
        ("meetings-calls", "2"),
        ("meetings-seconds", "60"),
        ("host-calls", "7"),
        ("meetings_a_month", " 3 "),
        ("over_the_month", "refuse"),
    ];
    let back = me.sends(limits, &fields).await;
    assert_eq!(back.as_deref(), Ok(limits));
    let now = admin.get("limits").await.body["limits"].clone();
    assert_eq!(now["meetings"], json!({"calls": 2, "seconds": 60}));
    assert_eq!(now["host"], json!({"calls": 7, "seconds": 1}));
    assert_eq!(now["meetings_a_month"], 3);
    assert_eq!(now["over_the_month"], "refuse");
    assert_eq!(now["app"], own["app"], "an empty field is Microsoft's own");
    let wrong = me.sends(limits, &[("mailbox_at_once", "a few")]).await;
    let wrong = wrong.unwrap_err();
    assert!(wrong.contains("role=\"alert\">mailbox_at_once"), "{wrong}");
    let page = me.opens(limits).await;
    assert!(
        page.contains("value=\"refuse\" selected>Is refused"),
        "{page}"
    );
    me.sends(limits, &[("act", "own")]).await.unwrap();
    assert_eq!(admin.get("limits").await.body["limits"], own);

    let fields = [
        ("act", "meetings"),
        ("deleted_links", "close"),
        ("type_annotations", "refuse"),
        ("outsiders", "refuse"),
    ];
    me.sends(limits, &fields).await.unwrap();
    let now = admin.get("meetings").await.body;
    for (name, value) in &fields[1..] {
        assert_eq!(now[name], *value);
    }
    assert!(
        me.opens(limits)
            .await
            .contains("value=\"close\" selected>Says that the meeting is gone")
    );
}

#[tokio::test]
async fn a_tenant_demands_more_and_gives_access() {
    let world = World::start().await;
    let me = Watcher::of(&world);
    let larkspur = world.larkspur();
    let page = format!("/sandbox/tenants/{larkspur}");
    let requests = format!("href=\"/{larkspur}/consent-requests\"");
    for place in ["/", "/sandbox/consents", &page] {
        assert!(me.opens(place).await.contains(&requests), "{place}");
    }
    let demands = format!("{page}/demands");
    let fields = [
        ("block", "compliant-device"),
        ("consent_requests", "1"),
        ("sign_in_hours", "8"),
        ("loop_limit", "15"),
    ];
    assert_eq!(me.sends(&demands, &fields).await, Ok(page.clone()));
    let switches = || world.sandbox.read(|state| state.switches(larkspur));
    let now = switches();
    assert_eq!(now.access.block.map(Block::code), Some(53000));
    assert_eq!(now.access.sign_in_hours, Some(8));
    assert!(now.consent_requests && !now.mfa);
    assert_eq!(now.loop_limit, Some(15));
    let shown = me.opens(&page).await;
    for words in [
        "value=\"compliant-device\" selected",
        "name=\"consent_requests\" value=\"1\" checked",
        "value=\"15\"",
    ] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    let wrong = me.sends(&demands, &[("sign_in_hours", "long")]).await;
    assert!(wrong.unwrap_err().contains("access.sign_in_hours"));
    assert_eq!(switches(), now, "what is refused changes nothing");
    me.sends(&demands, &[("block", "")]).await.unwrap();
    assert_eq!(switches(), Switches::default());

    let policies = format!("{page}/access-policies");
    let app = format!("app-{}", world.sandbox.ithaca().0);
    let fields = [
        (app.as_str(), "1"),
        ("host", "mei@larkspur.example"),
        ("acts_after_seconds", "0"),
    ];
    assert_eq!(me.sends(&policies, &fields).await, Ok(page.clone()));
    let shown = me.opens(&page).await;
    assert!(shown.contains("<li>Mei Tanaka: Ithaca <span"), "{shown}");
    let wrong = me.sends(&policies, &[("host", "nobody@larkspur.example")]);
    assert!(wrong.await.unwrap_err().contains("There is no account"));
    let nowhere = world.get("/sandbox/tenants/nowhere").await;
    assert_eq!(nowhere.status, 404);
}

#[tokio::test]
async fn strangers_pages_neither_look_nor_pull() {
    let world = World::start().await;
    for (headers, status) in [
        (vec![("sec-fetch-site", "cross-site")], 403),
        (vec![("sec-fetch-site", "same-site")], 403),
        (vec![("origin", "null")], 403),
        (vec![("origin", "http://evil.example")], 403),
        (vec![], 403),
        (vec![("origin", world.url.as_str())], 303),
    ] {
        let mut request = http().post(format!("{}/sandbox/reset", world.url));
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        assert_eq!(
            request.send().await.unwrap().status(),
            status,
            "{headers:?}"
        );
    }
    // A name of theirs that leads here.
    let admin = Admin::start(&world).await;
    for url in [
        format!("{}/", world.url),
        format!("{}/sandbox/people", world.url),
        format!("{}/_sandbox/truth", admin.url),
    ] {
        let asked = http().get(&url).header("host", "evil.example:8081");
        assert_eq!(asked.send().await.unwrap().status(), 403, "{url}");
    }
}

#[tokio::test]
async fn a_page_may_ask_again_but_nobody_else() {
    let world = World::start().await;
    for path in ["/", "/sandbox/calls", "/sandbox/people"] {
        let response = http()
            .get(format!("{}{path}", world.url))
            .send()
            .await
            .unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';"));
        assert!(policy.contains("connect-src 'self'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(header("referrer-policy"), "same-origin");
        assert_eq!(header("x-content-type-options"), "nosniff");
    }
    for (path, kind) in [
        ("/sandbox-console.js", "text/javascript"),
        ("/sandbox-console.css", "text/css"),
    ] {
        let response = http().get(format!("{}{path}", world.url));
        let response = response.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], kind);
    }
}

#[tokio::test]
async fn many_people_and_meetings_come_in_pages() {
    let world = World::start().await;
    let me = Watcher::of(&world);
    let larkspur = world.larkspur();
    world.sandbox.change(|state| {
        let plain = state.people.find_upn(larkspur, "mei@larkspur.example");
        let plain = plain.unwrap().clone();
        for number in 0..500 {
            state.people.put(sandbox::tenant::person::Person {
                id: sandbox::ids::ObjectId(uuid::Uuid::from_u128(number)),
                upn: format!("extra{number}@larkspur.example"),
                mail: None,
                ..plain.clone()
            });
        }
    });
    let page = me.opens("/sandbox/people").await;
    assert!(page.contains("The first 100 of "), "{page}");
    let host = Client::signed_in(&world, SCHEDULER, &["OnlineMeetings.ReadWrite"]);
    for number in 0..60 {
        let body = json!({"subject": format!("Talk {number}")});
        host.post("/v1.0/me/onlineMeetings", body).await;
    }
    let first = me.opens("/sandbox/meetings").await;
    assert!(first.contains("60 meetings, newest first; page 1 of 2."));
    assert!(first.contains(">Older</a>") && !first.contains(">Newer</a>"));
    let second = me.opens("/sandbox/meetings?page=2").await;
    assert!(second.contains(">Newer</a>") && !second.contains(">Older</a>"));
    for page in ["0", "99", "x"] {
        me.opens(&format!("/sandbox/meetings?page={page}")).await;
    }
}
