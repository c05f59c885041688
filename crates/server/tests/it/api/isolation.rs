//! Nobody learns through the API what they may not see, nor that it exists.

use http::Method;
use serde_json::{Value, json};

use super::{Program, draft, filled, plans, with};
use crate::pages::House;

const NOTHING: &str = "0193e0c4-7f1e-7000-8000-000000000000";

/// Every operation of the description: method and path.
fn operations() -> Vec<(Method, String)> {
    let document = ithaca::api::document();
    let paths = document["paths"].as_object().unwrap();
    let mut operations = Vec::new();
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            operations.push((method, path.clone()));
        }
    }
    operations
}

/// A body that would be accepted where the thing exists.
fn body(path: &str, company: &crate::store::Company) -> Value {
    match path.rsplit('/').next().unwrap() {
        "meetings" => draft(company),
        "answers" => json!({ "answer": "yes" }),
        "meeting-modes" => json!({ "modes": ["phone"] }),
        _ => json!({}),
    }
}

#[tokio::test]
async fn i01_i02_i03_every_address_with_a_foreign_id_answers_as_if_there_were_none() {
    let house = House::opens().await;
    let (larkspur, quillfield) = (&house.world.larkspur, &house.world.quillfield);
    let theirs = Program::of(&house, &quillfield.mentor).await;
    let meeting = plans(&theirs, quillfield, draft(quillfield)).await;
    let before = theirs.gets("/meetings").await.body;
    let meeting = meeting["id"].as_str().unwrap();
    let mut asked = 0;
    for member in [&larkspur.mentor, &larkspur.mentee, &larkspur.administrator] {
        let ours = Program::of(&house, member).await;
        for (method, path) in operations()
            .into_iter()
            .filter(|(_, path)| path.contains("{id}"))
        {
            let foreign = if path.starts_with("/tracks") {
                quillfield.track.id.to_string()
            } else {
                meeting.to_owned()
            };
            let body = (method != Method::GET).then(|| body(&path, larkspur));
            let ask = async |id: &str| {
                let path = filled(&path, id);
                ours.sends(method.clone(), &path, body.clone(), &[]).await
            };
            let (foreign, missing) = (ask(&foreign).await, ask(NOTHING).await);
            foreign.refuses(404);
            assert_eq!(foreign.body, missing.body, "{method} {path}");
            assert_eq!(foreign.headers, missing.headers, "{method} {path}");
            ask("nonsense").await.refuses(404);
            asked += 1;
        }
    }
    assert!(asked >= 3 * 13, "only {asked} addresses were asked");
    assert_eq!(
        theirs.gets("/meetings").await.body,
        before,
        "nothing changed"
    );
}

#[tokio::test]
async fn i04_nobody_of_another_organization_can_be_met() {
    let house = House::opens().await;
    let (larkspur, quillfield) = (&house.world.larkspur, &house.world.quillfield);
    let mei = Program::of(&house, &larkspur.mentor).await;
    let path = format!("/tracks/{}/meetings", larkspur.track.id);
    let ask = async |who: String| {
        let body = with(draft(larkspur), "attendees", json!([who]));
        mei.posts(&path, body).await
    };
    let foreign = ask(quillfield.mentee.id.to_string()).await;
    foreign.refuses(422);
    let missing = ask(NOTHING.to_owned()).await;
    let blank = |answer: &crate::pages::Answer, id: &str| answer.body.replace(id, "…");
    assert_eq!(
        blank(&foreign, &quillfield.mentee.id.to_string()),
        blank(&missing, NOTHING)
    );
    // Of one's own organization, but not in the track.
    ask(larkspur.administrator.email.to_string())
        .await
        .refuses(422);
    assert_eq!(mei.gets("/meetings").await.json()["items"], json!([]));
}

#[tokio::test]
async fn i05_r07_what_only_we_decide_cannot_be_sent() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    for field in [
        "id",
        "org_id",
        "organization_id",
        "organizer",
        "created_by",
        "role",
        "status",
        "revision",
        "link",
        "email_verified",
        "tid",
        "__proto__",
    ] {
        let body = with(
            draft(company),
            field,
            json!(house.world.quillfield.id.to_string()),
        );
        let answer = mei.posts(&path, body).await;
        answer.refuses(400);
        assert_eq!(answer.fields(), [field]);
    }
    assert_eq!(mei.gets("/meetings").await.json()["items"], json!([]));
}

#[tokio::test]
async fn i07_no_answer_has_a_word_of_another_organization() {
    let house = House::opens().await;
    let (larkspur, quillfield) = (&house.world.larkspur, &house.world.quillfield);
    let theirs = Program::of(&house, &quillfield.mentor).await;
    let canary = with(draft(quillfield), "title", json!("canary-of-quillfield"));
    plans(&theirs, quillfield, canary).await;
    for member in [&larkspur.mentor, &larkspur.administrator] {
        let ours = Program::of(&house, member).await;
        plans_if_they_may(&ours, larkspur).await;
        for (method, path) in operations() {
            if method == Method::GET {
                let path = filled(&path, &larkspur.track.id.to_string());
                let body = ours.gets(&path).await.body;
                assert!(
                    !body.contains("canary") && !body.contains("quillfield"),
                    "{path}: {body}"
                );
            }
        }
    }
}

async fn plans_if_they_may(program: &Program<'_>, company: &crate::store::Company) {
    let path = format!("/tracks/{}/meetings", company.track.id);
    program.posts(&path, draft(company)).await;
}

#[tokio::test]
async fn i08_a_page_token_leads_nobody_else_anywhere() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let luis = Program::of(&house, &company.mentee).await;
    for minute in 10..13 {
        let start = json!(format!("2027-11-24T15:{minute}"));
        plans(&mei, company, with(draft(company), "local_start", start)).await;
    }
    let first = mei.gets("/meetings?page_size=1").await.json();
    let token = first["next_page_token"].as_str().unwrap().to_owned();
    let theirs = format!("/meetings?page_size=1&page_token={token}");
    luis.gets(&theirs).await.refuses(400);
    let edda = Program::of(&house, &house.world.quillfield.mentor).await;
    edda.gets(&theirs).await.refuses(400);
    for list in [
        "/tracks",
        "/meetings?from=2027-01-01T00:00:00Z",
        &format!("/tracks/{}/meetings", company.track.id),
    ] {
        let join = if list.contains('?') { '&' } else { '?' };
        mei.gets(&format!("{list}{join}page_token={token}"))
            .await
            .refuses(400);
    }
    let mut bytes = token.clone().into_bytes();
    for at in [0, bytes.len() / 2, bytes.len() - 2] {
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes.clone()).unwrap();
        mei.gets(&format!("/meetings?page_token={changed}"))
            .await
            .refuses(400);
    }
    for made_up in [
        "",
        "x",
        "AAAA",
        "%00",
        "1700000000000.0193e0c47f1e70008000000000000000",
        &"A".repeat(4_000),
    ] {
        mei.gets(&format!("/meetings?page_token={made_up}"))
            .await
            .refuses(400);
    }
    assert_eq!(
        mei.gets(&theirs).await.status.as_u16(),
        200,
        "it is good for Mei"
    );
}

#[tokio::test]
async fn r04_who_may_only_look_at_a_meeting_changes_nothing_of_it() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let luis = Program::of(&house, &company.mentee).await;
    let made = plans(&mei, company, draft(company)).await;
    let id = made["id"].as_str().unwrap();
    let meeting = format!("/meetings/{id}");
    assert_eq!(luis.gets(&meeting).await.status.as_u16(), 200);
    let document = ithaca::api::document();
    let value = |field: &str| match field {
        "attendees" => json!([company.mentee.id.to_string()]),
        "local_start" => json!("2027-11-25T09:00"),
        "time_zone" => json!("Asia/Tokyo"),
        "duration_minutes" => json!(30),
        "mode" => json!("phone"),
        "repetition" => json!({ "every": "week", "count": 3 }),
        "scope" => json!("following"),
        _ => json!("Mine now"),
    };
    let occurrence = filled("/meetings/{id}/occurrences/{original_start}", id);
    let mut tried = 0;
    for (shape, address) in [
        ("MeetingChanges", &meeting),
        ("OccurrenceChanges", &occurrence),
    ] {
        let properties = &document["components"]["schemas"][shape]["properties"];
        for field in properties.as_object().unwrap().keys() {
            let mut body = json!({ field: value(field) });
            if shape == "OccurrenceChanges" {
                body["duration_minutes"] = json!(30);
            }
            luis.sends(Method::PATCH, address, Some(body), &[])
                .await
                .refuses(403);
            tried += 1;
        }
    }
    assert!(tried >= 15, "only {tried} fields were tried");
    for address in [&meeting, &occurrence] {
        let address = format!("{address}/cancellation");
        luis.posts(&address, json!({})).await.refuses(403);
    }
    let modes = format!("/tracks/{}/meeting-modes", company.track.id);
    let body = json!({ "modes": ["phone"] });
    luis.sends(Method::PUT, &modes, Some(body), &[])
        .await
        .refuses(403);
    assert_eq!(mei.gets(&meeting).await.json(), made);
}

#[tokio::test]
async fn i05_what_only_we_decide_cannot_be_changed() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = plans(&mei, company, draft(company)).await;
    let meeting = format!("/meetings/{}", made["id"].as_str().unwrap());
    for field in [
        "id",
        "org_id",
        "track_id",
        "organizer",
        "created_by",
        "status",
        "revision",
        "link",
        "starts_at",
        "ends_at",
    ] {
        let body = json!({ field: house.world.quillfield.id.to_string() });
        let answer = mei.sends(Method::PATCH, &meeting, Some(body), &[]).await;
        assert_eq!(answer.refuses(400).fields(), [field]);
    }
    let stranger = json!({ "attendees": [house.world.quillfield.mentee.id.to_string()] });
    mei.sends(Method::PATCH, &meeting, Some(stranger), &[])
        .await
        .refuses(422);
    assert_eq!(mei.gets(&meeting).await.json(), made);
}
