//! What is in the log after a whole walk, at debug level: enough to find everything by, and
//! nothing that somebody could use.

use ithaca::clock::{Clock, Randomness};
use ithaca::store::credentials::{self, token_place};
use ithaca::store::{Place, Store, organizations};
use ithaca::vault::Vault;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Cluster, PASSWORD, TOKEN, comes};
use crate::runtime::wait_for;
use crate::stories::{confirms, goes_to_the_integration};
use crate::visitor::Visitor as _;

const TITLE: &str = "Zanzibar crossing";
const AGENDA: &str = "Nobody but us should read this";

#[test]
fn the_log_of_a_whole_walk_names_everything_and_tells_no_secret() {
    let log = "[log]\nfilter = \"debug\"\nformat = \"json\"\n";
    let cluster = Cluster::starts_with("logs", 1, log);
    cluster.gets_teams();
    let mut secrets = cluster.tokens();
    // Microsoft refuses to make a meeting once, and once its answer to a change is lost.
    for (on, act) in [
        (
            json!({ "path_contains": "createOrGet" }),
            json!({ "status": 503 }),
        ),
        (
            json!({ "path_contains": "onlineMeetings/", "method": "PATCH" }),
            json!({ "lose_answer": true }),
        ),
    ] {
        let fault = json!({ "on": on, "times": 1, "do": act });
        cluster.tells_the_sandbox(Method::POST, "faults", &fault);
    }
    let (path, mut body) = cluster.meeting(TITLE, "teams");
    body["agenda"] = json!(AGENDA);
    let (_, meeting) = cluster.asks(Method::POST, &path, Some(&body), &[]).unwrap();
    let id = meeting["id"].as_str().unwrap().to_owned();
    comes("the invitations", || {
        cluster.letters("luis@larkspur.example").len() == 1
    });
    secrets.extend(cluster.codes_in_mail());
    let mut mei = cluster.signs_in("Mei Tanaka");
    mei.opens(&format!("{}/larkspur/meetings/{id}", cluster.balancer.url));
    mei.sees(AGENDA);
    secrets.push(
        mei.cookie(&mei.address(), "__Host-ithaca")
            .unwrap()
            .to_owned(),
    );
    for code in secrets.clone() {
        // Whoever guesses at links leaves no codes in the log either.
        if code.starts_with("/j/") || code.starts_with("/a/") {
            mei.opens(&format!("{}{code}", cluster.balancer.url));
        }
    }
    let cancel = json!({ "reason": AGENDA });
    let path = format!("/meetings/{id}/cancellation");
    cluster
        .asks(Method::POST, &path, Some(&cancel), &[])
        .unwrap();
    comes("the cancellation", || {
        cluster.letters("luis@larkspur.example").len() == 2
    });
    let mut amara = cluster.signs_in("Amara Okafor");
    goes_to_the_integration(&mut amara);
    amara.clicks("Remove Microsoft Teams");
    confirms(&mut amara);
    amara.clicks("Remove");
    amara.comes_to_see("Microsoft Entra admin center");

    let log = cluster.nodes[0].program.errors();
    secrets.extend([PASSWORD, TITLE, AGENDA, "luis@larkspur.example", "eyJ"].map(str::to_owned));
    secrets.extend(["__Host-", "code=", "Bearer "].map(str::to_owned));
    secrets.push(TOKEN.get().unwrap().clone());
    for file in ["client-secret", "key"] {
        let text = std::fs::read_to_string(cluster.folder.file(file)).unwrap();
        secrets.push(text.trim().to_owned());
    }
    for secret in &secrets {
        assert!(secret.len() > 2);
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{secret:?} is in the log");
    }

    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let failures: Vec<_> = saying(&lines, "Microsoft did not do what was asked").collect();
    assert!(
        failures.len() >= 2,
        "{} failures were logged",
        failures.len()
    );
    for line in failures {
        let fields = &line["fields"];
        assert!(fields["organization.id"].is_string(), "{line}");
        let by = [
            &fields["microsoft.request_id"],
            &fields["client_request_id"],
        ];
        assert!(by.iter().any(|id| id.is_string()), "{line}");
        assert_eq!(line["span"]["meeting.id"], id.as_str(), "{line}");
        assert_eq!(line["span"]["reconciler"], "links", "{line}");
    }
    let about = |line: &&Value| line["span"]["meeting.id"] == id.as_str();
    let answered: Vec<_> = saying(&lines, "a request was answered")
        .filter(about)
        .collect();
    assert!(
        !answered.is_empty(),
        "no request about the meeting was logged"
    );
    for line in answered {
        assert!(line["span"]["organization.id"].is_string(), "{line}");
        assert!(line["span"]["request.id"].is_string(), "{line}");
    }
}

fn saying<'a>(lines: &'a [Value], words: &'a str) -> impl Iterator<Item = &'a Value> {
    lines
        .iter()
        .filter(move |line| line["fields"]["message"] == words)
}

impl Cluster {
    /// The tokens that open Larkspur's Microsoft.
    fn tokens(&self) -> Vec<String> {
        wait_for(async {
            let place = Place::Postgres(self.database.clone());
            let store = Store::connect(&place, Clock::system()).await.unwrap();
            let key = self.folder.file("key");
            let vault = Vault::load(&key, &[], Randomness::system()).unwrap();
            let larkspur = organizations::find_by_slug(&store, "larkspur").await;
            let id = larkspur.unwrap().unwrap().id;
            let stored = credentials::find(&store, id).await.unwrap().unwrap();
            let (access, _) = stored.access_token.unwrap();
            let opened = [
                ("refresh_token", stored.refresh_token),
                ("access_token", access),
            ]
            .map(|(column, sealed)| {
                let text = vault.open_text(token_place(id, column), &sealed);
                text.unwrap().expose_secret().to_owned()
            });
            store.close().await;
            opened.to_vec()
        })
    }

    /// The addresses in people's mail that do something for whoever has them.
    fn codes_in_mail(&self) -> Vec<String> {
        let mail = self.asks_the_sandbox("mail");
        let mut codes = Vec::new();
        for message in mail.as_array().unwrap() {
            let raw = message["raw"].as_str().unwrap();
            let read = mail_parser::MessageParser::new()
                .parse(raw.as_bytes())
                .unwrap();
            let text = read.body_text(0).unwrap().into_owned();
            for word in text.split_whitespace() {
                let path = word.strip_prefix(self.balancer.url.as_str());
                codes.extend(
                    path.filter(|path| path.starts_with("/j/") || path.starts_with("/a/"))
                        .map(|path| path.split('?').next().unwrap_or(path).to_owned()),
                );
            }
        }
        assert!(codes.len() >= 2, "{codes:?}");
        codes
    }
}
