//! Where log lines go: to standard error, by a thread of their own. Whoever reads them too
//! slowly, or not at all, loses lines and holds nobody up (F45).

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Lines that wait to be written; what comes beyond them is dropped.
const WAITING: usize = 1_024;
/// The last lines get so long at the end.
const LAST: Duration = Duration::from_secs(1);

static SINK: OnceLock<SyncSender<Line>> = OnceLock::new();
static DROPPED: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
enum Line {
    Text(Vec<u8>),
    /// Everything before it was written once this is answered.
    Told(SyncSender<()>),
}

/// Takes lines and never waits.
#[derive(Clone, Copy, Debug)]
pub struct Sink;

impl Sink {
    /// Begins to write to standard error.
    pub fn open() -> Self {
        SINK.get_or_init(|| {
            let (sender, lines) = sync_channel(WAITING);
            let writer = std::thread::Builder::new().name("log".to_owned());
            if let Err(error) = writer.spawn(move || write(&lines)) {
                eprintln!("No thread could be started for the log: {error}");
            }
            sender
        });
        Self
    }
}

fn write(lines: &Receiver<Line>) {
    let mut out = io::stderr();
    for line in lines {
        match line {
            // Nobody is left to be told that nobody reads.
            Line::Text(text) => drop(out.write_all(&text)),
            Line::Told(done) => drop(done.try_send(())),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let taken = SINK
            .get()
            .is_some_and(|sink| sink.try_send(Line::Text(line.to_vec())).is_ok());
        if !taken {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many lines nobody read in time.
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Waits for the lines that were taken so far, a moment long: before the program ends.
pub fn finish() {
    let Some(sink) = SINK.get() else { return };
    let (done, told) = sync_channel(1);
    if sink.try_send(Line::Told(done)).is_ok() {
        let _ = told.recv_timeout(LAST);
    }
}
