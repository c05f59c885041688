//! Microsoft's own clients, unmodified, against `ithaca sandbox` over HTTPS.
//!
//! Each test runs one script of `tests/conformance` beside a sandbox of its own. A script says
//! what it has shown, a sentence a line; whatever it can't show, the test fails with.

mod clients;
mod recipes;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::child::Child;
use crate::runtime::PATIENCE;

/// Variables that would lead a client elsewhere, or have it trust somebody else.
const ELSEWHERE: [&str; 10] = [
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
];

/// A sandbox with a folder that holds what a client has to know of it: `sandbox.json`, the line
/// that it announced itself with, and `sandbox-ca.pem`.
struct Tenant {
    folder: PathBuf,
    _sandbox: Child,
}

impl Tenant {
    fn starts() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("conformance-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder for tests can be written to");
        let authority = folder.join("sandbox-ca.pem");
        let sandbox = Child::starts(
            env!("CARGO_BIN_EXE_ithaca"),
            &[
                "sandbox",
                "--listen",
                "localhost:0",
                "--tls-listen",
                "localhost:0",
                "--admin-listen",
                "127.0.0.1:0",
                "--smtp-listen",
                "127.0.0.1:0",
                "--json",
                "--ca-out",
                &authority.to_string_lossy(),
            ],
            &[],
        );
        fs::write(folder.join("sandbox.json"), sandbox.next_line())
            .expect("the folder for tests can be written to");
        Self {
            folder,
            _sandbox: sandbox,
        }
    }

    /// Starts a program of the clients' own environment in the folder.
    fn starts_client(&self, program: &str, arguments: &[&str]) -> Child {
        let environment = installed(".venv");
        let program = environment.join("bin").join(program);
        assert!(
            program.exists(),
            "{} is not there: bin/test installs Microsoft's clients",
            program.display()
        );
        let mut words = vec![
            "--chdir".to_owned(),
            self.folder.to_string_lossy().into_owned(),
        ];
        words.extend(ELSEWHERE.map(|name| format!("--unset={name}")));
        // What Python compiles it keeps there too, for it takes longer than most tests.
        let bytecode = environment.join("bytecode");
        words.push(format!("PYTHONPYCACHEPREFIX={}", bytecode.display()));
        words.push("NODE_EXTRA_CA_CERTS=sandbox-ca.pem".to_owned());
        words.push(program.to_string_lossy().into_owned());
        words.extend(arguments.iter().map(|&word| word.to_owned()));
        Child::starts("env", &words, &[])
    }

    /// Runs a script of the suite, and takes down what it shows.
    fn sees(&self, program: &str, script: &str, arguments: &[&str]) {
        let script = installed(script).to_string_lossy().into_owned();
        let client = self.starts_client(program, &[&[script.as_str()], arguments].concat());
        let (mut shown, mut failed) = (0, Vec::new());
        loop {
            // Python compiles what it imports, some hundreds of files.
            let line = client.next_line_within(6 * PATIENCE);
            if line == "done" {
                break;
            } else if let Some(sentence) = line.strip_prefix("not ok ") {
                failed.push(sentence.to_owned());
            } else if line.starts_with("ok ") {
                shown += 1;
            }
        }
        assert!(
            failed.is_empty() && shown > 0,
            "{script} has not shown that\n  {}",
            failed.join("\n  ")
        );
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        // It is below target/ and may as well stay.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A file of the suite.
fn installed(name: &str) -> PathBuf {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance");
    suite
        .canonicalize()
        .expect("the suite is part of the project")
        .join(name)
}
