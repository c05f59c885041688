//! The programs that read, and the chance by which series are made.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A program that reads calendar objects.
#[derive(Clone, Copy, Debug)]
pub enum Program {
    ICalendar,
    VObject,
    IcalJs,
    Dateutil,
}

impl Program {
    /// What it makes of each entry of a list.
    pub fn reads(self, list: &Value) -> Vec<Value> {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/calendar"));
        let python = folder.join(".venv/bin/python");
        let (program, words) = match self {
            Self::ICalendar => (python, vec!["read.py", "icalendar"]),
            Self::VObject => (python, vec!["read.py", "vobject"]),
            Self::Dateutil => (python, vec!["read.py", "dateutil"]),
            Self::IcalJs => (PathBuf::from("node"), vec!["read.mjs"]),
        };
        let mut child = Command::new(&program)
            .args(words)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{} ({error}): bin/test installs it", program.display())
            });
        let mut stdin = child.stdin.take().expect("it is piped");
        let input = list.to_string();
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().expect("it was started");
        writer
            .join()
            .expect("writing does not panic")
            .expect("it reads everything");
        assert!(
            output.status.success(),
            "{self:?} ended with {}",
            output.status
        );
        serde_json::from_slice(&output.stdout).expect("it answers with a list in JSON")
    }
}

/// Chance that comes out the same each time (`SplitMix64`).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}
