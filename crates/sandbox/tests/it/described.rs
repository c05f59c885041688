//! The description of the admin API is true: every route, every field, every answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER};
use crate::world::{Admin, Answer, World};

const DESCRIPTION: &str = include_str!("../../assets/openapi.json");

/// Where routes are written down.
const SOURCES: [&str; 1] = [include_str!("../../src/admin/mod.rs")];

fn description() -> Value {
    serde_json::from_str(DESCRIPTION).unwrap()
}

/// A path with something in place of its parameters, below `/_sandbox/`.
fn example(path: &str) -> String {
    path.trim_start_matches("/_sandbox/")
        .replace("{upn}", "mei@larkspur.example")
        .replace("{tenant}", "larkspur.example")
        .replace("{number}", "1")
        .replace("{client_id}", "00000000-0000-4000-8000-000000000000")
}

fn operations(path: &Value) -> BTreeSet<String> {
    let all = path.as_object().unwrap().keys();
    all.filter(|name| *name != "parameters")
        .map(|method| method.to_uppercase())
        .collect()
}

#[tokio::test]
async fn it_is_served_and_names_every_route_with_every_method() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let description = description();
    assert_eq!(admin.get("openapi.json").await.body, description);

    let paths = description["paths"].as_object().unwrap();
    let described: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    let written: BTreeSet<&str> = SOURCES
        .iter()
        .flat_map(|source| source.split('"'))
        .filter(|text| text.starts_with("/_sandbox/"))
        .collect();
    assert_eq!(described, written);

    for (path, operation) in paths {
        let odd = admin
            .send_text("TRACE", &example(path), "application/json", "")
            .await;
        assert_eq!(odd.status, 405, "{path}");
        let allowed: BTreeSet<String> = odd.headers["allow"]
            .to_str()
            .unwrap()
            .split(',')
            .filter(|method| *method != "HEAD")
            .map(str::to_owned)
            .collect();
        assert_eq!(operations(operation), allowed, "{path}");
    }
}

/// What stands behind a reference.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolved(root, root.pointer(&reference[1..]).unwrap()),
        None => schema,
    }
}

/// The fields that a refusal of an unknown one lists.
fn fields_that_exist(refused: &Answer) -> BTreeSet<String> {
    let message = refused.body["error"]["message"].as_str().unwrap();
    let (_, listed) = message.split_once("expected").unwrap_or_default();
    let names = listed.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn it_knows_every_field_that_is_read_and_no_other() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let root = description();
    // Written in other ways too, which the description needn't repeat.
    let aliases = ["drip_ms", "aadsts_code", "AADSTS"];
    let within = |name: &str, inner: Value| {
        let mut body = json!({});
        body[name] = inner;
        body
    };
    for (method, path, schema, wrap) in [
        ("POST", "faults", "Fault", ""),
        ("POST", "faults", "On", "on"),
        ("POST", "faults", "ActForm", "do"),
        ("POST", "mail/faults", "MailFault", ""),
        ("POST", "mail/faults", "MailFault/properties/on", "on"),
        ("POST", "mail/faults", "MailAct", "do"),
        ("POST", "clock", "ClockChange", ""),
        ("PATCH", "users/mei@larkspur.example", "PersonChange", ""),
        ("PATCH", "tenants/larkspur.example", "TenantChange", ""),
        ("PATCH", "limits", "LimitsChange", ""),
        ("PATCH", "limits", "Rate", "host"),
        ("PATCH", "meetings", "MeetingsChange", ""),
        ("POST", "access-policies", "AccessPolicyGrant", ""),
        ("POST", "applications", "NewAppRegistration", ""),
        ("POST", "apps/x/certificates", "NewCertificate", ""),
        ("POST", "reset", "Nothing", ""),
        ("POST", "keys/rotate", "Nothing", ""),
    ] {
        let unknown = json!({"no_such_field": 1});
        let body = if wrap.is_empty() {
            unknown
        } else {
            within(wrap, unknown)
        };
        let refused = admin.send(method, path, &body).await;
        assert_eq!(refused.status, 400, "{path}");
        assert_eq!(refused.body["error"]["code"], "unknown_field", "{path}");
        let schema = &root["components"]["schemas"]
            .pointer(&format!("/{schema}"))
            .unwrap()["properties"];
        let described: BTreeSet<String> = schema.as_object().unwrap().keys().cloned().collect();
        let mut read = fields_that_exist(&refused);
        read.retain(|name| !aliases.contains(&name.as_str()));
        assert_eq!(described, read, "{path} {wrap}");
    }
    // Nothing takes a body that isn't looked at above.
    let bodies = root["paths"].as_object().unwrap().values();
    let count = bodies
        .flat_map(|path| path.as_object().unwrap().values())
        .filter(|operation| operation.get("requestBody").is_some())
        .count();
    assert_eq!(count, 12);
}

/// Where a value is not as its schema says.
fn differences(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolved(root, schema);
    for name in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[name].as_array() {
            let fits = |choice: &Value| differences(root, choice, value, at).is_empty();
            return if choices.iter().any(fits) {
                Vec::new()
            } else {
                vec![format!("{at}: {value} fits none of {name}")]
            };
        }
    }
    let mut found = Vec::new();
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        found.push(format!("{at}: {value} is not {constant}"));
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        found.push(format!("{at}: {value} is none of {values:?}"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.contains(&kind) {
        found.push(format!("{at}: {value} is no {types:?}"));
    }
    if let Value::Array(items) = value
        && let Some(of) = schema.get("items")
    {
        for (number, item) in items.iter().enumerate() {
            found.extend(differences(root, of, item, &format!("{at}[{number}]")));
        }
    }
    if let Value::Object(members) = value {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for name in required.iter().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                found.push(format!("{at}.{name} is missing"));
            }
        }
        for (name, member) in members {
            let at = format!("{at}.{name}");
            match (&schema["properties"][name], &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(false)) => found.push(format!("{at} is not described")),
                (Value::Null, of @ Value::Object(_)) => {
                    found.extend(differences(root, of, member, &at));
                }
                (Value::Null, _) => {}
                (of, _) => found.extend(differences(root, of, member, &at)),
            }
        }
    }
    found
}

#[tokio::test]
async fn every_answer_is_as_it_says() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let root = description();
    // A world in which there is something of everything.
    let code = world.code().await;
    world.redeem(&code, &[]).await;
    let host = Client::signed_in(&world, SCHEDULER, &["OnlineMeetings.ReadWrite"]);
    for external_id in ["m-1", "m-2"] {
        let body = json!({
            "externalId": external_id,
            "participants": {"attendees": [{"upn": "mei@larkspur.example"}]},
        });
        let made = host.post("/v1.0/me/onlineMeetings/createOrGet", body).await;
        if external_id == "m-2" {
            let path = format!("/v1.0/me/onlineMeetings/{}", made.text("id"));
            assert_eq!(host.delete(&path).await.status, 204);
        }
    }
    world.sandbox.change(|state| {
        let now = world.sandbox.now();
        state
            .mailboxes
            .deliver(String::new(), vec!["a@b.example".to_owned()], now, vec![]);
    });
    let fault = json!({"on": {"method": "GET"}, "times": 2, "for_seconds": 9, "do": {"drip": 1}});
    let mail_fault = json!({"on": {"stage": "data"}, "do": {"code": 450}});
    let user = "users/luis@larkspur.example";
    let nothing = Value::Null;
    for (method, path, described, body) in [
        ("GET", "openapi.json", "openapi.json", &nothing),
        ("POST", "faults", "faults", &fault),
        ("GET", "faults", "faults", &nothing),
        ("DELETE", "faults/1", "faults/{number}", &nothing),
        ("DELETE", "faults/1", "faults/{number}", &nothing),
        ("DELETE", "faults", "faults", &nothing),
        ("POST", "faults", "faults", &json!({"on": 1})),
        ("POST", "mail/faults", "mail/faults", &mail_fault),
        ("GET", "mail/faults", "mail/faults", &nothing),
        ("DELETE", "mail/faults/1", "mail/faults/{number}", &nothing),
        ("DELETE", "mail/faults", "mail/faults", &nothing),
        ("GET", "truth", "truth", &nothing),
        ("GET", "mail", "mail", &nothing),
        ("DELETE", "mail", "mail", &nothing),
        ("GET", "clock", "clock", &nothing),
        ("POST", "clock", "clock", &json!({"advance": "1d"})),
        (
            "PATCH",
            user,
            "users/{upn}",
            &json!({"mfa": true, "mail": ""}),
        ),
        ("PATCH", user, "users/{upn}", &json!({"mfa": 1})),
        ("DELETE", user, "users/{upn}", &nothing),
        ("DELETE", user, "users/{upn}", &nothing),
        (
            "PATCH",
            "tenants/larkspur.example",
            "tenants/{tenant}",
            &json!({"consent_policy": "allow"}),
        ),
        (
            "DELETE",
            "grants/larkspur.example",
            "grants/{tenant}",
            &nothing,
        ),
        (
            "DELETE",
            "applications/x.example",
            "applications/{tenant}",
            &nothing,
        ),
        ("GET", "doors", "doors", &nothing),
        ("POST", "keys/rotate", "keys/rotate", &nothing),
        ("POST", "reset", "reset", &nothing),
    ] {
        assert_described(&admin, &root, method, path, described, body).await;
    }
}

#[tokio::test]
async fn the_levers_of_applications_answer_as_it_says() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let root = description();
    let nothing = Value::Null;
    for (method, path, described, body) in [
        ("GET", "applications", "applications", &nothing),
        (
            "POST",
            "applications",
            "applications",
            &json!({"name": "A"}),
        ),
        (
            "POST",
            "applications",
            "applications",
            &json!({"name": "A"}),
        ),
        (
            "POST",
            "applications",
            "applications",
            &json!({"nmae": "A"}),
        ),
        (
            "POST",
            "apps/x/certificates",
            "apps/{client_id}/certificates",
            &json!({"certificate": "none"}),
        ),
    ] {
        assert_described(&admin, &root, method, path, described, body).await;
    }
}

#[tokio::test]
async fn the_levers_of_graph_answer_as_it_says() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let root = description();
    let host = Client::signed_in(&world, SCHEDULER, &["OnlineMeetings.ReadWrite"]);
    host.post("/v1.0/me/onlineMeetings", json!({})).await;
    let app = world.sandbox.ithaca().0;
    let nothing = Value::Null;
    for (method, path, described, body) in [
        ("PATCH", "limits", "limits", &json!({"host": {"calls": 5}})),
        ("GET", "limits", "limits", &nothing),
        ("PATCH", "limits", "limits", &json!({"host": {"calls": 0}})),
        (
            "POST",
            "access-policies",
            "access-policies",
            &json!({"tenant": "larkspur.example", "apps": [app]}),
        ),
        (
            "POST",
            "access-policies",
            "access-policies",
            &json!({"tenant": "x.example", "apps": []}),
        ),
        (
            "PATCH",
            "meetings",
            "meetings",
            &json!({"outsiders": "refuse"}),
        ),
        ("GET", "meetings", "meetings", &nothing),
    ] {
        assert_described(&admin, &root, method, path, described, body).await;
    }
}

async fn assert_described(
    admin: &Admin,
    root: &Value,
    method: &str,
    path: &str,
    described: &str,
    body: &Value,
) {
    let answer = admin.send(method, path, body).await;
    let operation = &root["paths"][format!("/_sandbox/{described}")][method.to_lowercase()];
    let described = resolved(root, &operation["responses"][answer.status.to_string()]);
    assert!(
        described["description"].is_string(),
        "{method} {path} answers {} undescribed",
        answer.status
    );
    let schema = &described["content"]["application/json"]["schema"];
    if schema.is_null() {
        assert_eq!(answer.body, Value::Null, "{method} {path}");
    } else {
        let found = differences(root, schema, &answer.body, "");
        assert!(found.is_empty(), "{method} {path}:\n{}", found.join("\n"));
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
    let root = description();
    let mut ids = BTreeSet::new();
    let mut ahead = vec![&root];
    while let Some(value) = ahead.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    assert!(root.pointer(&reference[1..]).is_some(), "{reference}");
                }
                if let Some(Value::String(id)) = members.get("operationId") {
                    assert!(ids.insert(id), "{id} twice");
                }
                ahead.extend(members.values());
            }
            Value::Array(items) => ahead.extend(items),
            _ => {}
        }
    }
    assert_eq!(root["openapi"], "3.1.0");
}
