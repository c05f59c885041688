//! schemathesis tries the API against its own description: whatever is described is sent,
//! and whatever is not, and every answer has to be as described.

use std::path::PathBuf;
use std::process::Command;

use crate::demo::Demo;

#[test]
fn schemathesis_finds_nothing_that_the_description_does_not_say() {
    let suite = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/api");
    let program = suite.join(".venv/bin/schemathesis");
    assert!(
        program.exists(),
        "schemathesis is not installed: run `bin/test`, which installs it"
    );
    // It leaves notes of what it tried where it is started.
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("schemathesis-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let demo = Demo::starts();
    // Jonas is in a track and administers it, so nothing is out of his reach.
    let token = &demo.member("Jonas Weber").api_token;
    let done = Command::new(program)
        .current_dir(&folder)
        .arg("--config-file")
        .arg(suite.join("schemathesis.toml"))
        .arg("run")
        .arg(demo.at("/api/v1/openapi.json"))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", "all", "--max-examples", "12", "--no-color"])
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", &suite)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("ITHACA_ATTENDEE", "luis@larkspur.example")
        .output()
        .expect("it can be started");
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8_lossy(&done.stdout).replace(token.as_str(), "ith_…");
    assert!(
        done.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
    // A run that reached nothing would prove nothing.
    for phase in ["Coverage", "Fuzzing", "Stateful"] {
        assert!(said.contains(&format!("✅ {phase}")), "{said}");
    }
}
