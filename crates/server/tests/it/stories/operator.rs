//! An instance in earnest, from an empty folder to the first administrator's first invitation.

use std::net::TcpListener;
use std::time::Instant;

use serde_json::{Value, json};

use super::folder::Folder;
use crate::child::Child;
use crate::reader::{CLIENT, Reader};
use crate::runtime::{GLANCE, PATIENCE, wait_for};
use crate::standalone::Standalone;
use crate::visitor::Visitor;

const PASSWORD: &str = "sails of black and white";

/// A folder with a configuration and a key in it.
pub struct Instance {
    pub folder: Folder,
    pub config: String,
    pub url: String,
}

impl Instance {
    fn new(name: &str) -> Self {
        Self::with(name, "")
    }

    /// One with more in its configuration.
    pub fn with(name: &str, more: &str) -> Self {
        let folder = Folder::new(name);
        // Nothing else takes the port in the moment between.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("loopback has a free port").port();
        let url = format!("http://127.0.0.1:{port}");
        let config = folder.file("ithaca.toml");
        std::fs::write(
            &config,
            format!(
                "public_url = \"{url}\"\nlisten = \"127.0.0.1:{port}\"\nkey_file = \"key\"\n\
                 [database]\nurl = \"sqlite:ithaca.db\"\n{more}\n"
            ),
        )
        .expect("the folder can be written");
        let config = config.to_str().expect("the path is text").to_owned();
        Self {
            folder,
            config,
            url,
        }
    }

    pub fn starts(&self, words: &[&str]) -> Child {
        let mut words = words.to_vec();
        if words[0] != "key" {
            words.extend(["--config", &self.config]);
        }
        Child::starts(env!("CARGO_BIN_EXE_ithaca"), &words, &[])
    }

    /// What it says to these words, having done what they ask.
    pub fn does(&self, words: &[&str]) -> String {
        let mut ithaca = self.starts(words);
        let (status, said) = ithaca.says_at_the_end();
        assert!(status.success(), "{words:?}: {}", ithaca.errors());
        said
    }

    /// Why it doesn't do it.
    pub fn refuses(&self, words: &[&str]) -> String {
        let mut ithaca = self.starts(words);
        let (status, said) = ithaca.says_at_the_end();
        assert_eq!((status.code(), said.as_str()), (Some(1), ""), "{words:?}");
        ithaca.errors()
    }

    pub fn serves(&self) -> Child {
        let ithaca = self.starts(&["serve"]);
        self.is_ready();
        ithaca
    }

    /// Waits until it answers.
    pub fn is_ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        let ready = format!("{}/health/ready", self.url);
        while !wait_for(async { CLIENT.get(&ready).send().await })
            .is_ok_and(|answer| answer.status().is_success())
        {
            assert!(Instant::now() < deadline, "{} never answers", self.url);
            std::thread::sleep(GLANCE);
        }
    }
}

pub fn key_of(instance: &Instance) -> String {
    let key = instance.folder.file("key");
    key.to_str().expect("the path is text").to_owned()
}

const AMARA: [&str; 10] = [
    "member",
    "invite",
    "--organization",
    "larkspur",
    "--email",
    "amara@larkspur.example",
    "--first-name",
    "Amara",
    "--last-name",
    "Okafor",
];

#[test]
fn an_instance_begins_on_the_command_line_and_goes_on_in_the_browser() {
    let instance = Instance::new("operator");
    let missing = instance.refuses(&["check"]);
    assert!(
        missing.contains("ithaca.toml:3") && missing.contains("ithaca key create"),
        "{missing}"
    );
    let missing = instance.refuses(&["serve"]);
    assert!(missing.contains("ithaca key create"), "{missing}");
    assert_eq!(instance.folder.entries(), 1, "nothing was touched");

    instance.does(&["key", "create", &key_of(&instance)]);
    assert!(instance.does(&["check"]).contains("is in order"));
    let founded = [
        "organization",
        "create",
        "Larkspur Health",
        "--slug",
        "larkspur",
    ];
    assert!(
        instance
            .does(&founded)
            .contains(&format!("{}/larkspur", instance.url))
    );
    let first = [&AMARA[..], &["--global-administrator"]].concat();
    let said = instance.does(&first);
    let link = said.lines().next().expect("a link is printed");

    let mut ithaca = instance.serves();
    let mut amara = Reader::new();
    amara.opens(link);
    amara.sees("Welcome, Amara");
    amara.fills("Password", "short");
    amara.clicks("Accept the invitation");
    amara.sees("Choose a password of 10 to 128 characters.");
    amara.fills("Password", PASSWORD);
    amara.clicks("Accept the invitation");
    amara.sees("Hello, Amara");
    amara.clicks("Manage");
    amara.clicks("Members");
    amara.clicks("Invite a member");
    amara.fills("First name", "Mei");
    amara.fills("Last name", "Tanaka");
    amara.fills("E-mail", "mei@larkspur.example");
    amara.clicks("Send invitation");
    amara.sees("Mail is not configured. Send this link yourself");
    let text = amara.text();
    let hers = text
        .split(' ')
        .find(|word| word.contains("/larkspur/invitation/"))
        .expect("the link is shown");

    let mut mei = Reader::new();
    mei.opens(hers);
    mei.fills("Password", PASSWORD);
    mei.clicks("Accept the invitation");
    mei.sees("Hello, Mei");
    mei.opens(link);
    mei.sees("This link no longer works");
    mei.opens(&format!("{}/larkspur", instance.url));
    mei.clicks("Sign out");
    mei.sees("You are signed out.");
    mei.fills("E-mail", "mei@larkspur.example");
    mei.fills("Password", "sails of another colour");
    mei.clicks("Sign in");
    mei.sees("do not belong together");
    assert_eq!(mei.finds_in("E-mail"), "mei@larkspur.example");
    mei.fills("Password", PASSWORD);
    mei.clicks("Sign in");
    mei.sees("Hello, Mei");
    assert!(ithaca.interrupted().success(), "{}", ithaca.errors());
}

#[test]
fn what_the_operator_types_wrong_is_refused_at_its_flag() {
    let instance = Instance::new("typed-wrong");
    instance.does(&["key", "create", &key_of(&instance)]);
    let found = |name, slug| ["organization", "create", name, "--slug", slug];
    for (words, refusal) in [
        (found("", "larkspur"), "<NAME>: Give it a name"),
        (found("Larkspur Health", "Lark Spur"), "--slug: Use 2 to 40"),
        (found("Larkspur Health", "assets"), "--slug: That address"),
    ] {
        let errors = instance.refuses(&words);
        assert!(errors.contains(refusal), "{errors}");
    }
    let somewhere = [
        &found("Larkspur Health", "larkspur")[..],
        &["--time-zone", "Mars"],
    ]
    .concat();
    let errors = instance.refuses(&somewhere);
    assert!(
        errors.contains("--time-zone: There is no time zone"),
        "{errors}"
    );

    let nowhere = instance.refuses(&AMARA);
    assert!(nowhere.contains("There is no organization"), "{nowhere}");
    instance.does(&found("Larkspur Health", "larkspur"));
    let twice = instance.refuses(&found("Larkspur Health", "larkspur"));
    assert!(twice.contains("--slug: Another organization"), "{twice}");
    let mut nobody = AMARA;
    (nobody[5], nobody[7]) = ("amara", " ");
    let errors = instance.refuses(&nobody);
    assert!(errors.contains("--email: Enter one e-mail"), "{errors}");
    assert!(errors.contains("--first-name: Enter 1 to 80"), "{errors}");
    instance.does(&AMARA);
    let twice = instance.refuses(&AMARA);
    assert!(twice.contains("--email: Somebody"), "{twice}");
}

#[test]
fn a_trial_of_the_mail_server_arrives_and_says_what_receivers_look_at() {
    let sandbox = Standalone::starts("mail-trial");
    let instance = Instance::new("mail-trial");
    instance.does(&["key", "create", &key_of(&instance)]);
    let trial = ["mail", "test", "luis@larkspur.example"];
    let without = instance.refuses(&trial);
    assert!(without.contains("[smtp]"), "{without}");

    let smtp = &sandbox.first_line.smtp;
    let (host, port) = smtp.rsplit_once(':').expect("a host and a port");
    let host = host.trim_start_matches("smtp://");
    let mut config = std::fs::read_to_string(&instance.config).expect("it was written");
    let section = format!(
        "[smtp]\nhost = \"{host}\"\nport = {port}\ntls = \"none\"\nfrom = \"ithaca@larkspur.example\"\n"
    );
    config.push_str(&section);
    std::fs::write(&instance.config, config).expect("the folder can be written");
    let said = instance.does(&trial);
    for words in [
        "on their way to luis@larkspur.example",
        "SPF",
        "DKIM",
        "DMARC",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }

    let url = format!("{}/_sandbox/mail", sandbox.first_line.admin_url);
    let mail = wait_for(async { CLIENT.get(&url).send().await?.text().await });
    let mail: Value = serde_json::from_str(&mail.expect("the sandbox answers")).expect("JSON");
    let mail = mail.as_array().expect("a list of messages");
    assert_eq!(mail.len(), 2, "{mail:?}");
    for message in mail {
        assert_eq!(message["to"], json!(["luis@larkspur.example"]));
    }
    let invitations = mail.iter().filter(|message| {
        let raw = message["raw"].as_str().unwrap_or_default();
        raw.contains("method=REQUEST") || raw.contains("method=\"REQUEST\"")
    });
    assert_eq!(invitations.count(), 1);

    // A server that isn't there is named with what to look at.
    drop(sandbox);
    let refused = instance.refuses(&trial);
    assert!(refused.contains("did not take the mail"), "{refused}");
}
