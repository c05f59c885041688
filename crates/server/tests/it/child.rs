//! A program that a test starts and that never outlives the test run, however that ends.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::runtime::{GLANCE, PATIENCE};

// The program runs in a process group of its own beside a watcher. The watcher reads a pipe
// whose other end only the test holds: it closes when the test lets go or when the test
// program dies of whatever cause, and then the whole group ends.
const WATCHED: &str = r#"
exec 3<&0
( cat; kill -KILL -$$ ) <&3 >/dev/null 2>&1 &
exec "$0" "$@" </dev/null 3<&-
"#;

/// A running program with its group.
#[derive(Debug)]
pub struct Child {
    program: String,
    process: std::process::Child,
    lifeline: Option<ChildStdin>,
    lines: Mutex<Receiver<String>>,
    errors: Arc<Mutex<String>>,
    /// Disconnects when standard error is at its end.
    all_errors: Mutex<Receiver<()>>,
}

impl Child {
    /// Starts `program`; its standard output is read line by line with [`Child::next_line`].
    pub fn starts<S: AsRef<OsStr>>(
        program: &str,
        arguments: &[S],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut process = Command::new("sh")
            .args(["-c", WATCHED, program])
            .args(arguments)
            .envs(environment.iter().copied())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("every machine has a shell");
        let lifeline = process.stdin.take();
        let output = process.stdout.take().expect("it is piped");
        let error_output = process.stderr.take().expect("it is piped");

        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody listens any more once the child is dropped; the pipe is drained all the same.
                let _ = sender.send(line);
            }
        });
        let errors = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&errors);
        let (reading, all_errors) = channel();
        std::thread::spawn(move || {
            keep(error_output, &kept);
            drop(reading);
        });
        Self {
            program: program.to_owned(),
            process,
            lifeline,
            lines: Mutex::new(lines),
            errors,
            all_errors: Mutex::new(all_errors),
        }
    }

    /// The next line of standard output; fails the test with the program's own words where
    /// none comes.
    pub fn next_line(&self) -> String {
        self.next_line_within(PATIENCE)
    }

    /// The same for a program that takes its time.
    pub fn next_line_within(&self, patience: Duration) -> String {
        match self.lines().recv_timeout(patience) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!(
                "{} said nothing for {patience:?}.\n{}",
                self.program,
                self.errors()
            ),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("{} ended early.\n{}", self.program, self.errors())
            }
        }
    }

    fn lines(&self) -> MutexGuard<'_, Receiver<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks it to stop as Ctrl-C does and waits until it has.
    pub fn interrupted(&mut self) -> ExitStatus {
        self.interrupt();
        self.ended()
    }

    /// Asks it to stop, and gives it the time to leave nothing behind.
    pub fn stops(&mut self) {
        self.interrupt();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(GLANCE);
        }
    }

    /// Ends it as a power cut would; what it held is free when this returns.
    pub fn is_killed(&self) {
        self.is_sent("KILL");
        let status = format!("/proc/{}/stat", self.id());
        let lives = || {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let state = text.rsplit(") ").next().unwrap_or_default();
            !state.is_empty() && !state.starts_with('Z')
        };
        while lives() {
            std::thread::sleep(GLANCE);
        }
    }

    /// Its number, for signals.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends it a signal: `STOP`, `CONT`, `TERM`.
    pub fn is_sent(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &self.id().to_string()])
            .status();
        assert!(sent.expect("every machine has kill").success());
    }

    /// The same for one that may have ended.
    pub fn is_sent_quietly(&self, signal: &str) {
        let _ = Command::new("kill")
            .args([&format!("-{signal}"), &self.id().to_string()])
            .stderr(Stdio::null())
            .status();
    }

    /// Asks it to end, as whoever supervises it does.
    pub fn is_asked_to_end(&self) {
        self.hears("-TERM");
    }

    /// Lifts the limit on how large its files may grow.
    pub fn may_write_again(&self) {
        let pid = self.process.id().to_string();
        let lifted = Command::new("prlimit")
            .args(["--pid", &pid, "--fsize=unlimited"])
            .status();
        assert!(lifted.expect("util-linux is there").success());
    }

    /// From now on, the kernel gives it little more memory than it has.
    pub fn gets_little_more_memory(&self) {
        const LITTLE: u64 = 4 * 1024;
        let pid = self.id().to_string();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        // What is only reserved is none yet.
        let size = status.lines().find_map(|line| line.strip_prefix("VmData:"));
        let kilobytes = size.and_then(|size| size.trim().strip_suffix(" kB"));
        let kilobytes: u64 = kilobytes
            .and_then(|size| size.parse().ok())
            .expect("it lives");
        let limited = Command::new("prlimit")
            .args([
                "--pid",
                &pid,
                &format!("--data={}", (kilobytes + LITTLE) * 1024),
            ])
            .status();
        assert!(limited.expect("util-linux is there").success());
    }

    fn hears(&self, signal: &str) {
        Command::new("kill")
            .args([signal, &self.process.id().to_string()])
            .stderr(Stdio::null())
            .status()
            .expect("every machine has kill");
    }

    /// All that it said on standard output, once it has stopped by itself.
    pub fn says_at_the_end(&mut self) -> (ExitStatus, String) {
        let status = self.ended();
        let lines: Vec<String> = self.lines().iter().collect();
        (status, lines.join("\n"))
    }

    fn interrupt(&mut self) {
        // The number of a program that has ended may be another's by now.
        if !matches!(self.process.try_wait(), Ok(None)) {
            return;
        }
        let pid = self.process.id().to_string();
        Command::new("kill")
            .args(["-INT", &pid])
            .stderr(Stdio::null())
            .status()
            .expect("every machine has kill");
    }

    /// Whether it has ended, of whatever cause.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// Waits until it has stopped by itself.
    pub fn ended(&mut self) -> ExitStatus {
        self.ended_within(PATIENCE)
    }

    /// The same for a program that takes its time.
    pub fn ended_within(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait().expect("it is our child") {
                // Its last words may still be in the pipe.
                let all = self
                    .all_errors
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let _ = all.recv_timeout(PATIENCE);
                return status;
            }
            std::thread::sleep(GLANCE);
        }
        panic!("{} does not stop.\n{}", self.program, self.errors());
    }

    /// What it wrote to standard error so far; all of it once it has [`ended`](Self::ended).
    pub fn errors(&self) -> String {
        self.errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("--- {} wrote:\n{}", self.program, self.errors());
        }
    }
}

fn keep(mut output: impl Read, kept: &Mutex<String>) {
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = output.read(&mut piece) {
        kept.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(&String::from_utf8_lossy(&piece[..length]));
    }
}

#[test]
fn a_program_ends_with_its_test_together_with_those_it_started() {
    let child = Child::starts("sh", &["-c", "sleep 600 & echo $!; wait"], &[]);
    let grandchild = format!("/proc/{}", child.next_line());
    assert!(std::fs::exists(&grandchild).expect("/proc can be read"));
    drop(child);
    let deadline = Instant::now() + PATIENCE;
    while std::fs::read_to_string(format!("{grandchild}/status"))
        .is_ok_and(|status| !status.contains("State:\tZ"))
    {
        assert!(Instant::now() < deadline, "the grandchild lives on");
        std::thread::sleep(GLANCE);
    }
}

#[test]
fn a_program_that_is_interrupted_may_tidy_up() {
    let mut child = Child::starts(
        "sh",
        &[
            "-c",
            "trap 'echo bye; exit 3' INT; echo ready; while :; do sleep 0.01; done",
        ],
        &[],
    );
    assert_eq!(child.next_line(), "ready");
    assert_eq!(child.interrupted().code(), Some(3));
    assert_eq!(child.next_line(), "bye");
}
