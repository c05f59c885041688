use http::Method;
use microsoft::{Group, Kind};
use serde_json::{Value, json};

use crate::fake::{
    Fake, HOLDER, LARKSPUR, MEI, QUILLFIELD, SCHEDULER, Seen, account, answer, graph_error, raw,
    token,
};

const MEI_UPN: &str = "mei.tanaka@larkspur.example";

/// Answers each part of a batch by its address.
fn batch(seen: &Seen, part: impl Fn(&str) -> (u16, Value)) -> http::Response<bytes::Bytes> {
    assert_eq!((seen.path(), &seen.method), ("/v1.0/$batch", &Method::POST));
    let sent = seen.json();
    let requests = sent["requests"].as_array().unwrap();
    assert!(requests.len() <= 20);
    let responses: Vec<_> = requests
        .iter()
        .rev()
        .map(|request| {
            let (status, body) = part(request["url"].as_str().unwrap());
            json!({ "id": request["id"], "status": status, "headers": { "Retry-After": "7" }, "body": body })
        })
        .collect();
    answer(200, &json!({ "responses": responses }))
}

fn nobody() -> (u16, Value) {
    (
        404,
        json!({ "error": { "code": "Request_ResourceNotFound", "message": "no" } }),
    )
}

async fn find(fake: &Fake, addresses: &[&str]) -> Vec<microsoft::Lookup> {
    let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    let token = token();
    fake.client
        .users(&token)
        .find_by_email(&addresses)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_host_and_its_tenant_are_named() {
    let fake = Fake::new(|seen| match seen.path() {
        "/v1.0/me" => answer(200, &account(SCHEDULER, "scheduler@larkspur.example", None)),
        _ => answer(
            200,
            &json!({ "value": [{ "id": LARKSPUR, "displayName": "Larkspur",
                "verifiedDomains": [{ "name": "larkspur.example", "isDefault": true }] }] }),
        ),
    });
    let token = token();
    let users = fake.client.users(&token);
    assert_eq!(users.me().await.unwrap().object_id, SCHEDULER);
    let organization = users.organization().await.unwrap();
    assert_eq!(organization.tenant, LARKSPUR);
    assert_eq!(organization.display_name, "Larkspur");
    assert_eq!(organization.domains, ["larkspur.example"]);
    assert_eq!(token.holder(), HOLDER);
    assert_ne!(LARKSPUR, QUILLFIELD);
}

#[tokio::test]
async fn a_token_that_turns_out_to_be_somebody_elses_is_noticed() {
    let fake = Fake::new(|_| answer(200, &account(MEI, MEI_UPN, None)));
    let token = token();
    assert_eq!(
        fake.client.users(&token).me().await.unwrap_err().kind,
        Kind::Garbage
    );
}

#[tokio::test]
async fn people_are_found_by_name_and_then_by_mail_in_two_calls() {
    let fake = Fake::new(|seen| {
        batch(seen, |url| {
            if url.starts_with("/users/mei.tanaka@larkspur.example?") {
                (200, account(MEI, "Mei.Tanaka@Larkspur.example", None))
            } else if url.starts_with("/users?$filter=mail%20eq%20%27luis") {
                let luis = account(
                    SCHEDULER,
                    "lortega@larkspur.example",
                    Some("Luis@larkspur.example"),
                );
                (200, json!({ "value": [luis] }))
            } else if url.starts_with("/users?") {
                (200, json!({ "value": [] }))
            } else {
                nobody()
            }
        })
    });
    let found = find(
        &fake,
        &[MEI_UPN, "luis@larkspur.example", "priya@elsewhere.example"],
    )
    .await;
    assert_eq!(fake.seen().len(), 2);
    assert_eq!(found[0].address, MEI_UPN);
    assert_eq!(found[0].found.as_ref().unwrap()[0].object_id, MEI);
    assert_eq!(
        found[1].found.as_ref().unwrap()[0].user_principal_name,
        "lortega@larkspur.example"
    );
    assert!(found[2].found.as_ref().unwrap().is_empty());
}

#[tokio::test]
async fn g18_two_accounts_of_one_address_are_both_shown() {
    let fake = Fake::new(|seen| {
        batch(seen, |url| {
            if url.starts_with("/users?") {
                let one = account(MEI, "one@larkspur.example", Some("team@larkspur.example"));
                let two = account(
                    SCHEDULER,
                    "two@larkspur.example",
                    Some("TEAM@larkspur.example"),
                );
                (200, json!({ "value": [one, two] }))
            } else {
                nobody()
            }
        })
    });
    let found = find(&fake, &["team@larkspur.example"]).await;
    assert_eq!(found[0].found.as_ref().unwrap().len(), 2);
}

#[tokio::test]
async fn g18_an_account_that_was_not_asked_for_is_not_taken() {
    let fake = Fake::new(|seen| {
        batch(seen, |url| match url.starts_with("/users?") {
            false if url.contains("luis") => nobody(),
            false => (200, account(SCHEDULER, "somebody@larkspur.example", None)),
            true => (
                200,
                json!({ "value": [account(SCHEDULER, "somebody@larkspur.example", None)] }),
            ),
        })
    });
    for lookup in find(&fake, &[MEI_UPN, "luis@larkspur.example"]).await {
        assert_eq!(
            lookup.found.unwrap_err().kind,
            Kind::Garbage,
            "{}",
            lookup.address
        );
    }
}

#[tokio::test]
async fn one_throttled_part_does_not_spoil_the_others() {
    let fake = Fake::new(|seen| {
        batch(seen, |url| {
            if url.contains("mei.tanaka") {
                (200, account(MEI, MEI_UPN, None))
            } else {
                (
                    429,
                    json!({ "error": { "code": "TooManyRequests", "message": "later" } }),
                )
            }
        })
    });
    let found = find(&fake, &["luis@larkspur.example", MEI_UPN]).await;
    let failure = found[0].found.as_ref().unwrap_err();
    assert_eq!(failure.group(), Group::Throttled);
    assert_eq!(failure.retry_after.unwrap().as_secs(), 7);
    assert_eq!(found[1].found.as_ref().unwrap().len(), 1);
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_part_that_is_missing_or_answered_twice_is_not_guessed() {
    let fake = Fake::new(|_| answer(200, &json!({ "responses": [] })));
    let found = find(&fake, &[MEI_UPN]).await;
    assert_eq!(found[0].found.as_ref().unwrap_err().kind, Kind::Garbage);

    let fake = Fake::new(|_| {
        let one = json!({ "id": "0", "status": 200, "body": account(MEI, MEI_UPN, None) });
        answer(200, &json!({ "responses": [one, one] }))
    });
    let token = token();
    let found = fake
        .client
        .users(&token)
        .find_by_email(&[MEI_UPN.into()])
        .await;
    assert_eq!(found.unwrap_err().kind, Kind::Garbage);
}

#[tokio::test]
async fn graph_is_asked_about_nothing_that_is_no_address() {
    let fake = Fake::new(|_| panic!("nobody should ask"));
    let found = find(&fake, &["", "me", "a b@x", "x\u{0}@y"]).await;
    assert!(
        found
            .iter()
            .all(|lookup| lookup.found.as_ref().unwrap().is_empty())
    );
    let many = vec![MEI_UPN.to_owned(); 21];
    let token = token();
    let failure = fake
        .client
        .users(&token)
        .find_by_email(&many)
        .await
        .unwrap_err();
    assert_eq!(failure.kind, Kind::RequestWrong);
}

#[test]
fn a_guest_shows_in_the_name_that_entra_gives() {
    let read = |upn: &str| {
        let account: microsoft::DirectoryAccount =
            serde_json::from_value(account(MEI, upn, None)).unwrap();
        account.is_guest()
    };
    assert!(read("priya_elsewhere.example#EXT#@larkspur.example"));
    assert!(!read(MEI_UPN));
}

#[tokio::test]
async fn a_photo_is_a_picture_or_nothing() {
    let photo = async |response: fn() -> http::Response<bytes::Bytes>| {
        let fake = Fake::new(move |_| response());
        let token = token();
        let photo = fake.client.users(&token).photo(MEI).await;
        assert_eq!(
            fake.seen()[0].path(),
            format!("/v1.0/users/{MEI}/photos/96x96/$value")
        );
        photo
    };
    let there = photo(|| raw(200, "image/jpeg", "JFIF"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (there.content_type, &there.bytes[..]),
        ("image/jpeg", &b"JFIF"[..])
    );
    assert_eq!(
        photo(|| graph_error(404, "ImageNotFound", ""))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        photo(|| graph_error(404, "ErrorNonExistentMailbox", ""))
            .await
            .unwrap(),
        None
    );
    for lie in [
        || raw(200, "image/svg+xml", "<svg onload='x'>"),
        || raw(200, "text/html", "<html>"),
        || raw(200, "image/png", ""),
    ] {
        assert_eq!(photo(lie).await.unwrap_err().kind, Kind::Garbage);
    }
}
