//! The program itself, started as `ithaca demo` the way a person would, on free ports.

use serde::Deserialize;
use serde_json::Value;

use crate::child::Child;
use crate::reader::CLIENT;
use crate::runtime::wait_for;

/// A running demo; it stops when this is dropped, and leaves nothing behind.
#[derive(Debug)]
pub struct Demo {
    pub program: Child,
    /// Where Ithaca answers: `http://127.0.0.1:…`.
    pub url: String,
    /// Where the sandbox tenant answers: `http://localhost:…`.
    pub sandbox_url: String,
    /// Where the mailboxes are.
    pub mail_url: String,
    /// Where the sandbox says what is true inside it.
    pub sandbox_admin_url: String,
    pub organizations: Vec<Organization>,
}

/// An organization of the demo, as the first line of `--json` names it.
#[derive(Debug, Clone, Deserialize)]
pub struct Organization {
    pub slug: String,
    pub name: String,
    pub people: Vec<Member>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Member {
    pub name: String,
    pub email: String,
    pub roles: Vec<String>,
    pub api_token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Announcement {
    url: String,
    sandbox_url: String,
    mail_url: String,
    sandbox_admin_url: String,
    organizations: Vec<Organization>,
}

impl Demo {
    pub fn starts() -> Self {
        Self::starts_with(&[])
    }

    /// Starts it with more arguments, such as `--data DIR`.
    pub fn starts_with(more: &[&str]) -> Self {
        Self::starts_in(&[], more)
    }

    /// The same with variables in its environment.
    pub fn starts_in(environment: &[(&str, &str)], more: &[&str]) -> Self {
        Self::starts_under("", environment, more)
    }

    /// The same after these words to the shell, such as `ulimit -n 60`.
    pub fn starts_under(shell: &str, environment: &[(&str, &str)], more: &[&str]) -> Self {
        let mut arguments = vec!["demo", "--listen", "127.0.0.1:0", "--json"];
        if !more.contains(&"--sandbox-url") {
            arguments.extend(["--sandbox-listen", "127.0.0.1:0"]);
        }
        arguments.extend(more);
        let ithaca = env!("CARGO_BIN_EXE_ithaca");
        let program = if shell.is_empty() {
            Child::starts(ithaca, &arguments, environment)
        } else {
            let script = format!("{shell}; exec \"$0\" \"$@\"");
            let words = [&["-c", &script, ithaca], &arguments[..]].concat();
            Child::starts("sh", &words, environment)
        };
        let line = program.next_line();
        let Announcement {
            url,
            sandbox_url,
            mail_url,
            sandbox_admin_url,
            organizations,
        } = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!("the first line is not what --json promises: {error}\n{line}")
        });
        Self {
            program,
            url,
            sandbox_url,
            mail_url,
            sandbox_admin_url,
            organizations,
        }
    }

    /// An address of Ithaca: `at("/larkspur/meetings")`.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// What the sandbox says of itself: `asks_the_sandbox("truth")`, `asks_the_sandbox("mail")`.
    pub fn asks_the_sandbox(&self, what: &str) -> Value {
        let url = format!(
            "{}/_sandbox/{what}",
            self.sandbox_admin_url.trim_end_matches('/')
        );
        let answer = wait_for(async {
            CLIENT
                .get(&url)
                .send()
                .await?
                .error_for_status()?
                .text()
                .await
        });
        let answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
        serde_json::from_str(&answer).expect("the sandbox answers in JSON")
    }

    /// Changes something at the sandbox: `("PATCH", "users/mei@larkspur.example", "{…}")`.
    pub fn tells_the_sandbox(&self, method: &str, what: &str, body: &str) {
        let url = format!(
            "{}/_sandbox/{what}",
            self.sandbox_admin_url.trim_end_matches('/')
        );
        let method = method.parse().expect("a method of HTTP");
        let answer = wait_for(async {
            CLIENT
                .request(method, &url)
                .header("content-type", "application/json")
                .body(body.to_owned())
                .send()
                .await?
                .error_for_status()
        });
        answer.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The member of that name, in whichever organization.
    pub fn member(&self, name: &str) -> &Member {
        let mut members = self
            .organizations
            .iter()
            .flat_map(|organization| &organization.people);
        members
            .find(|member| member.name == name)
            .unwrap_or_else(|| panic!("the demo has no {name}"))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.program.stops();
    }
}
