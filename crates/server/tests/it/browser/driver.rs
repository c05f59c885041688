//! One `chromedriver` for the test run, and browsers from it: each with an empty profile.

use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::child::Child;
use crate::runtime::wait_for;

static DRIVER: LazyLock<Driver> = LazyLock::new(Driver::starts);

/// A new browser, whose pages run scripts or not.
pub fn browser(scripts: bool) -> Client {
    // 1 allows, 2 blocks: Chromium's values of a content setting.
    let scripts = if scripts { 1 } else { 2 };
    let wishes = json!({
        "goog:chromeOptions": {
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--window-size=1280,900", "--lang=en-US",
                // Ithaca needs nothing from elsewhere; a page that asks for it stays without.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            ],
            "prefs": { "profile.managed_default_content_settings.javascript": scripts },
        },
        "unhandledPromptBehavior": "ignore",
    });
    let wishes = wishes.as_object().expect("it is written above").clone();
    wait_for(
        ClientBuilder::new(HttpConnector::new())
            .capabilities(wishes)
            .connect(&DRIVER.url),
    )
    .unwrap_or_else(|error| {
        panic!(
            "Chromium does not start: {error}\n{}",
            DRIVER
                .program
                .lock()
                .map(|program| program.errors())
                .unwrap_or_default()
        )
    })
}

struct Driver {
    // Kept so that it lives as long as the test run.
    program: Mutex<Child>,
    url: String,
}

impl Driver {
    fn starts() -> Self {
        let profiles = folder_for_profiles();
        let program = Child::starts(
            "chromedriver",
            &["--port=0"],
            &[("TMPDIR", &profiles.to_string_lossy())],
        );
        loop {
            let line = program.next_line();
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                let url = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
                return Self {
                    program: Mutex::new(program),
                    url,
                };
            }
        }
    }
}

/// A folder for this run; those of runs that were cut short are cleared away.
fn folder_for_profiles() -> PathBuf {
    let all = std::env::temp_dir().join("ithaca-browsers");
    for left in std::fs::read_dir(&all).into_iter().flatten().flatten() {
        let alive = PathBuf::from("/proc").join(left.file_name()).exists();
        if !alive {
            let _ = std::fs::remove_dir_all(left.path());
        }
    }
    let ours = all.join(std::process::id().to_string());
    std::fs::create_dir_all(&ours).expect("the folder for temporary files can be written");
    ours
}
