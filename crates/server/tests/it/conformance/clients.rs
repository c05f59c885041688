//! A test for each client and subject.

use super::{Tenant, installed};

fn python(script: &str, arguments: &[&str]) {
    Tenant::starts().sees("python", &format!("python/{script}.py"), arguments);
}

fn node(script: &str, arguments: &[&str]) {
    Tenant::starts().sees("node", &format!("node/{script}.mjs"), arguments);
}

/// With a key and its certificate in the folder, which the script registers.
fn with_certificate(program: &str, script: &str) {
    let tenant = Tenant::starts();
    let made = installed("python/certificate.py");
    let maker = tenant.starts_client("python", &[&made.to_string_lossy()]);
    assert_eq!(maker.next_line(), "done");
    tenant.sees(program, script, &[]);
}

#[test]
fn msal_python_signs_a_person_in_and_keeps_them_signed_in() {
    python("msal_code", &[]);
}

#[test]
fn msal_python_is_an_application_by_secret_and_by_certificate() {
    with_certificate("python", "python/msal_app.py");
}

#[test]
fn msal_python_waits_for_approval_until_an_administrator_gives_it() {
    python("msal_consent", &[]);
}

#[test]
fn msal_python_tells_every_group_of_refusals_apart() {
    python("msal_refusals", &[]);
}

#[test]
fn azure_identity_gets_tokens_and_tells_refusals() {
    with_certificate("python", "python/azure_identity.py");
}

#[test]
fn msgraph_sdk_python_reads_people_as_an_application() {
    python("graph_people", &[]);
}

#[test]
fn msgraph_sdk_python_holds_meetings_as_an_application() {
    python("graph_meetings", &["itself"]);
}

#[test]
fn msgraph_sdk_python_holds_meetings_for_the_host_who_signed_in() {
    python("graph_meetings", &["host"]);
}

#[test]
fn msal_node_signs_a_person_in_and_keeps_them_signed_in() {
    node("msal_code", &[]);
}

#[test]
fn msal_node_is_an_application_by_secret_and_by_certificate() {
    with_certificate("node", "node/msal_app.mjs");
}

#[test]
fn msal_node_tells_who_must_sign_in_again_from_who_need_not() {
    node("msal_refusals", &[]);
}

#[test]
fn graph_for_javascript_reads_people_as_an_application() {
    node("graph_people", &[]);
}

#[test]
fn graph_for_javascript_holds_meetings_as_an_application() {
    node("graph_meetings", &["itself"]);
}

#[test]
fn graph_for_javascript_holds_meetings_for_the_host_who_signed_in() {
    node("graph_meetings", &["host"]);
}
