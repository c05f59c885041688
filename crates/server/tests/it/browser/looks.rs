//! How a page looks, and whether everybody can use it: pictures and axe-core at the width of
//! a phone and of a desk, light and dark; html-validate on the markup as it was sent.
//!
//! The pictures are kept in `target/looks/`, to be looked at.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Person;
use crate::runtime::wait_for;

const SIZES: [(u32, u32); 2] = [(390, 844), (1280, 900)];
const SCHEMES: [&str; 2] = ["light", "dark"];

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/web");

static AXE: LazyLock<String> = LazyLock::new(|| {
    std::fs::read_to_string(PathBuf::from(FOLDER).join("node_modules/axe-core/axe.min.js"))
        .expect("axe-core is not installed: run `bin/test`, which installs it")
});

/// Takes pictures of the page the person is at, and answers what axe-core finds on it, one
/// line each; nothing is the only good answer.
pub fn inspect(person: &Person, name: &str) -> Vec<String> {
    let client = person.client();
    let mut findings = Vec::new();
    for (width, height) in SIZES {
        for scheme in SCHEMES {
            view(client, width, height, scheme);
            picture(client, &format!("{name}-{width}-{scheme}"));
            findings.extend(
                axe(client)
                    .into_iter()
                    .map(|finding| format!("{name}, {width} px, {scheme}: {finding}")),
            );
            if let Some(finding) = sideways(client) {
                findings.push(format!("{name}, {width} px: {finding}"));
            }
        }
    }
    browser_command(client, "Emulation.clearDeviceMetricsOverride", json!({}));
    browser_command(client, "Emulation.setEmulatedMedia", json!({}));
    findings.sort();
    findings
}

/// What html-validate finds in the pages, given as name and markup.
pub fn validate(pages: &[(String, String)]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Finding {
        name: String,
        line: u32,
        rule: String,
        message: String,
    }
    let pages: Vec<_> = pages
        .iter()
        .map(|(name, html)| json!({ "name": name, "html": html }))
        .collect();
    let mut node = Command::new("node")
        .arg("validate.mjs")
        .current_dir(FOLDER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Node.js is not installed: run `bin/test`, which installs it");
    let mut input = node.stdin.take().expect("it is piped");
    input
        .write_all(json!(pages).to_string().as_bytes())
        .expect("the checker reads everything");
    drop(input);
    let answer = node.wait_with_output().expect("the checker ends");
    let findings: Vec<Finding> = serde_json::from_slice(&answer.stdout).unwrap_or_else(|_| {
        panic!(
            "html-validate does not run; `bin/test` installs it\n{}",
            String::from_utf8_lossy(&answer.stderr)
        )
    });
    findings
        .into_iter()
        .map(
            |Finding {
                 name,
                 line,
                 rule,
                 message,
             }| format!("{name}, line {line}: {message} ({rule})"),
        )
        .collect()
}

/// Keeps a picture of what the browser shows, and says where.
pub fn picture(client: &Client, name: &str) -> String {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .with_file_name("looks")
        .join(format!("{name}.png"));
    let folder = file.parent().expect("it has one");
    std::fs::create_dir_all(folder).expect("the target folder can be written");
    match wait_for(client.screenshot()) {
        Ok(picture) => std::fs::write(&file, picture).expect("the target folder can be written"),
        Err(error) => return format!("missing: {error}"),
    }
    file.display().to_string()
}

fn view(client: &Client, width: u32, height: u32, scheme: &str) {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    browser_command(client, "Emulation.setDeviceMetricsOverride", size);
    let media = json!({ "features": [
        { "name": "prefers-color-scheme", "value": scheme },
        { "name": "prefers-reduced-motion", "value": "reduce" },
    ] });
    browser_command(client, "Emulation.setEmulatedMedia", media);
}

fn axe(client: &Client) -> Vec<String> {
    let is_there = wait_for(client.execute("return typeof axe === 'object'", Vec::new()))
        .expect("the page answers");
    if is_there != json!(true) {
        wait_for(client.execute(&AXE, Vec::new())).expect("axe-core can be loaded");
    }
    let run = "const done = arguments[0];
        axe.run(document, { preload: false, resultTypes: ['violations'] }).then(
            (results) => done(results.violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map((node) => node.html) }))),
            (error) => done(String(error)));";
    let violations = wait_for(client.execute_async(run, Vec::new())).expect("axe-core answers");
    let Value::Array(violations) = violations else {
        panic!("axe-core gave up: {violations}")
    };
    violations.iter().map(described).collect()
}

fn described(violation: &Value) -> String {
    let mut line = format!(
        "{} ({})",
        violation["help"].as_str().unwrap_or_default(),
        violation["id"].as_str().unwrap_or_default()
    );
    for place in violation["where"].as_array().into_iter().flatten().take(3) {
        let _ = write!(line, "\n    {}", place.as_str().unwrap_or_default());
    }
    line
}

/// Whether one has to scroll sideways to read the page.
fn sideways(client: &Client) -> Option<String> {
    let script =
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    let over = wait_for(client.execute(script, Vec::new()))
        .expect("the page answers")
        .as_i64()
        .unwrap_or(0);
    (over > 0).then(|| format!("the page is {over} px wider than the window"))
}

/// A command of Chromium's own protocol, where WebDriver has none.
#[derive(Debug)]
struct BrowserCommand {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for BrowserCommand {
    fn endpoint(
        &self,
        base_url: &url::Url,
        session_id: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!(
            "session/{}/goog/cdp/execute",
            session_id.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (
            http::Method::POST,
            Some(json!({ "cmd": self.command, "params": self.parameters }).to_string()),
        )
    }
}

fn browser_command(client: &Client, command: &'static str, parameters: Value) {
    wait_for(client.issue_cmd(BrowserCommand {
        command,
        parameters,
    }))
    .unwrap_or_else(|error| panic!("{command}: {error}"));
}
