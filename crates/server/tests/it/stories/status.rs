//! How an instance does, as its operator sees it: at a door of its own, as numbers, and on
//! the command line. And that there is one program to a database file.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use reqwest::StatusCode;
use serde_json::Value;

use super::folder::Folder;
use super::operator::{Instance, key_of};
use crate::child::Child;
use crate::demo::Demo;
use crate::reader::{CLIENT, Reader};
use crate::runtime::wait_for;
use crate::visitor::Visitor as _;

const SECRET: &str = "only the operator knows";

/// An instance with a door for its operator, and where that is.
fn watched(name: &str) -> (Instance, String) {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let place = free.expect("loopback has a free port");
    let more = format!("[operator]\nlisten = \"{place}\"\nsecret_file = \"secret\"");
    let instance = Instance::with(name, &more);
    let secret = instance.folder.file("secret");
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    instance.does(&["key", "create", &key_of(&instance)]);
    (instance, format!("http://{place}"))
}

fn gets(request: reqwest::RequestBuilder) -> (StatusCode, String) {
    wait_for(async {
        let answer = request.send().await.expect("somebody answers");
        (answer.status(), answer.text().await.expect("in words"))
    })
}

#[test]
fn an_operator_sees_how_the_instance_does_and_nobody_else_does() {
    let (instance, door) = watched("watched");
    let nothing = instance.refuses(&["status"]);
    assert!(nothing.contains("There is no database"), "{nothing}");
    let mut ithaca = instance.serves();

    // Whoever balances the load knows no secret.
    let ready = gets(CLIENT.get(format!("{door}/health/ready")));
    assert_eq!(ready, (StatusCode::OK, "ready\n".to_owned()));
    for path in ["/", "/metrics", "/status.json"] {
        let asked = CLIENT.get(format!("{door}{path}"));
        assert_eq!(gets(asked).0, StatusCode::UNAUTHORIZED, "{path}");
        let guesses = CLIENT.get(format!("{door}{path}")).bearer_auth("sesame");
        assert_eq!(gets(guesses).0, StatusCode::UNAUTHORIZED, "{path}");
        let (public, _) = gets(CLIENT.get(format!("{}{path}", instance.url)));
        assert!(path == "/" || public == StatusCode::NOT_FOUND, "{path}");
    }

    let mut reader = Reader::new();
    reader.opens(&format!("{}/robots.txt", instance.url));
    let (status, metrics) = gets(CLIENT.get(format!("{door}/metrics")).bearer_auth(SECRET));
    assert_eq!(status, StatusCode::OK);
    is_prometheus_text(&metrics);
    for sample in [
        "ithaca_serving 1",
        "ithaca_database_up 1",
        "ithaca_waiting_rows{reconciler=\"links\"} 0",
        "ithaca_oldest_waiting_seconds{reconciler=\"outbox\"} 0",
        "ithaca_reconciler_batches_total{reconciler=\"retention\",outcome=\"finished\"} 1",
        "ithaca_http_requests_total{door=\"pages\",status=\"2xx\"}",
        "ithaca_http_request_duration_seconds_bucket{door=\"pages\",le=\"0.1\"}",
        "process_resident_memory_bytes",
    ] {
        assert!(metrics.contains(sample), "no {sample} in\n{metrics}");
    }

    let (status, page) = gets(CLIENT.get(format!("{door}/")).basic_auth("x", Some(SECRET)));
    assert_eq!(status, StatusCode::OK);
    for words in ["All is well.", "retention", "outbox", "Looks again"] {
        assert!(page.contains(words), "no {words} in\n{page}");
    }

    let said = instance.does(&["status"]);
    assert!(said.ends_with("All is well."), "{said}");
    assert!(
        said.contains("links") && said.contains("finished"),
        "{said}"
    );
    let json: Value = serde_json::from_str(&instance.does(&["status", "--json"])).unwrap();
    assert_eq!(json["nodes"].as_array().map(Vec::len), Some(1), "{json}");

    assert!(ithaca.interrupted().success());
    let mut status = instance.starts(&["status"]);
    let (code, said) = status.says_at_the_end();
    assert_eq!(code.code(), Some(1), "monitoring hears of it");
    assert!(said.contains("No node is there"), "{said}");
}

/// Each line is a comment that announces a family, or a sample of the family before it.
fn is_prometheus_text(text: &str) {
    let mut family = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_ne!(family, name, "{line}");
            name.clone_into(&mut family);
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let name = sample.split('{').next().unwrap();
        let of_family = name.strip_prefix(family.as_str()).unwrap_or("?");
        assert!(
            ["", "_bucket", "_sum", "_count"].contains(&of_family),
            "{line} in {family}"
        );
        assert!(!sample.contains('{') || sample.ends_with('}'), "{line}");
    }
}

/// F45: whoever reads the log has stopped reading.
#[test]
fn f45_a_log_that_nobody_reads_holds_nobody_up() {
    let (instance, door) = watched("unread");
    let text = std::fs::read_to_string(&instance.config).unwrap();
    std::fs::write(&instance.config, text + "\n[log]\nfilter = \"trace\"\n").unwrap();
    let script = "\"$0\" serve --config \"$1\" 2>&1 >/dev/null | sleep 600";
    let ithaca = env!("CARGO_BIN_EXE_ithaca");
    let _program = Child::starts("sh", &["-c", script, ithaca, &instance.config], &[]);
    instance.is_ready();
    let dropped = || {
        let (_, metrics) = gets(CLIENT.get(format!("{door}/metrics")).bearer_auth(SECRET));
        let line = metrics
            .lines()
            .find(|line| line.starts_with("ithaca_log_lines_dropped_total "));
        line.and_then(|line| line.split(' ').nth(1)?.parse::<u64>().ok())
    };
    let deadline = std::time::Instant::now() + crate::runtime::PATIENCE;
    while dropped() == Some(0) {
        assert!(std::time::Instant::now() < deadline, "no line was dropped");
        let (status, _) = gets(CLIENT.get(format!("{}/robots.txt", instance.url)));
        assert_eq!(status, StatusCode::OK);
    }
    assert!(dropped() > Some(0));
}

#[test]
fn a_database_file_has_one_program() {
    let (instance, _) = watched("one-program");
    let mut ithaca = instance.serves();
    // Otherwise it would fail at the door already.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let text = std::fs::read_to_string(&instance.config).unwrap();
    let second = instance.folder.file("second.toml");
    let own = text.lines().map(|line| match line {
        line if line.starts_with("listen") && line.contains(&instance.url[7..]) => {
            format!("listen = \"{}\"", port.as_ref().unwrap())
        }
        line => line.to_owned(),
    });
    let own: Vec<String> = own.collect();
    let without_operator = own
        .join("\n")
        .split("[operator]")
        .next()
        .unwrap()
        .to_owned();
    std::fs::write(&second, without_operator).unwrap();
    let words = ["serve", "--config", second.to_str().unwrap()];
    let mut refused = Child::starts(env!("CARGO_BIN_EXE_ithaca"), &words, &[]);
    assert_eq!(refused.ended().code(), Some(1));
    let why = refused.errors();
    assert!(
        why.contains("Another Ithaca works on") && why.contains("PostgreSQL"),
        "{why}"
    );
    // The operator's commands go on beside it.
    instance.does(&[
        "organization",
        "create",
        "Larkspur Health",
        "--slug",
        "larkspur",
    ]);
    ithaca.is_killed();
    ithaca.ended();
    let mut next = instance.serves();
    assert!(next.interrupted().success(), "who was killed holds nothing");
}

#[test]
fn a_folder_has_one_demo() {
    let folder = Folder::new("one-demo");
    let _first = Demo::starts_with(&["--data", folder.path()]);
    let words = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--sandbox-listen",
        "127.0.0.1:0",
        "--data",
    ];
    let words = [&words[..], &[folder.path()]].concat();
    let mut second = Child::starts(env!("CARGO_BIN_EXE_ithaca"), &words, &[]);
    assert_eq!(second.ended().code(), Some(1));
    let why = second.errors();
    assert!(why.contains("Another Ithaca works on"), "{why}");
}
