//! `/organization`: the tenant itself.

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::Sandbox;
use crate::graph::answer::{Answer, Failure};
use crate::graph::asked::Asked;
use crate::graph::bearer;
use crate::tenant::Tenant;

/// What `User.Read` shows of an organization. Source: "Get organization"; which properties these
/// are exactly is unverified.
const BASIC: [&str; 3] = ["id", "displayName", "verifiedDomains"];

pub(super) fn answer(sandbox: &Sandbox, asked: &Asked, rest: &[&str]) -> Result<Answer, Failure> {
    if asked.method != Method::GET {
        return Err(Failure::not_allowed());
    }
    let sees_all = bearer::may(
        &asked.bearer,
        &["Organization.Read.All", "Directory.Read.All"],
        &["Organization.Read.All", "Directory.Read.All"],
    );
    if !sees_all && !bearer::may(&asked.bearer, &["User.Read"], &[]) {
        return Err(Failure::denied());
    }
    let id = asked.bearer.tenant;
    let mut organization = sandbox
        .read(|state| state.tenants.get(&id).map(properties))
        .ok_or_else(|| Failure::no_resource(&id.to_string()))?;
    let selected = asked.selected();
    if let Some(unknown) = selected.iter().find(|name| {
        !organization
            .keys()
            .any(|key| key.eq_ignore_ascii_case(name))
    }) {
        return Err(Failure::bad_request(format!(
            "Parsing OData Select and Expand failed: Could not find a property named '{unknown}' \
             on type 'microsoft.graph.organization'."
        )));
    }
    organization.retain(|key, value| {
        if !sees_all && !BASIC.contains(&key.as_str()) {
            *value = match value {
                Value::Array(_) => json!([]),
                _ => Value::Null,
            };
        }
        selected.is_empty() || selected.iter().any(|name| name.eq_ignore_ascii_case(key))
    });
    let mut context = format!("{}/v1.0/$metadata#organization", sandbox.url());
    if !selected.is_empty() {
        context = format!("{context}({})", selected.join(","));
    }
    match rest {
        [] => Ok(Answer::json(
            StatusCode::OK,
            json!({"@odata.context": context, "value": [organization]}),
        )),
        [key] if *key == id.to_string() => {
            let mut one = Map::new();
            one.insert(
                "@odata.context".to_owned(),
                json!(format!("{context}/$entity")),
            );
            one.extend(organization);
            Ok(Answer::json(StatusCode::OK, Value::Object(one)))
        }
        [key] => Err(Failure::no_resource(key)),
        [_, word, ..] => Err(Failure::no_segment(word)),
    }
}

fn properties(tenant: &Tenant) -> Map<String, Value> {
    let domains: Vec<Value> = tenant
        .domains
        .iter()
        .enumerate()
        .map(|(at, name)| {
            json!({
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": at == 0,
                "isInitial": at == 0,
                "name": name,
                "type": "Managed",
            })
        })
        .collect();
    let Value::Object(properties) = json!({
        "id": tenant.id,
        "displayName": tenant.name,
        "verifiedDomains": domains,
        "countryLetterCode": tenant.country,
        "tenantType": "AAD",
        "businessPhones": [],
        "city": null,
        "country": null,
        "createdDateTime": null,
        "postalCode": null,
        "preferredLanguage": "en",
        "state": null,
        "street": null,
        "technicalNotificationMails": [],
    }) else {
        return Map::new();
    };
    properties
}
