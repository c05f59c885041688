//! Seeded histories of people, clocks, crashes, Microsoft and mail, run against the real rules,
//! reconcilers and store; docs/simulation.md says how.

mod calendars;
mod checker;
mod choices;
mod companies;
mod history;
mod mail;
mod meddling;
mod microsoft;
mod mutants;
mod offers;
mod people;
mod promises;
mod seeds;
mod stage;
mod template;
mod tenant;
mod weather;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use history::Outcome;
use mutants::Mutant;
use world::Options;

/// How many histories a run of all tests has. They take seven minutes on two cores that have
/// nothing else to do; where it would be more than ten, fewer are run.
const HISTORIES: u64 = 3_000;
const SECONDS: u64 = 600;
/// A run with fewer has shown too little.
const FEWEST: u64 = 500;

fn run(seed: u64, options: Options) -> Outcome {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the operating system gives us a thread")
        .block_on(history::run(seed, options))
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("it is a number"))
}

/// Seconds of processor time that this program has taken, as Linux counts them.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|text| text.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// `ITHACA_SIMULATE_SEED` runs one history and prints it line by line; together with
/// `ITHACA_SIMULATE_HISTORIES`, as many from there on.
#[test]
fn every_promise_is_kept_in_every_history() {
    let first = number("ITHACA_SIMULATE_SEED");
    let asked = number("ITHACA_SIMULATE_HISTORIES");
    let histories = asked.unwrap_or(if first.is_some() { 1 } else { HISTORIES });
    let prints = histories == 1;
    let patience = match asked.or(first) {
        Some(_) => Duration::MAX,
        None => Duration::from_secs(number("ITHACA_SIMULATE_SECONDS").unwrap_or(SECONDS)),
    };
    let first = first.unwrap_or(1);
    let (began, began_with) = (Instant::now(), processor_seconds());
    let next = AtomicU64::new(first);
    let (ran, calls) = (AtomicU64::new(0), AtomicUsize::new(0));
    let failed: Mutex<Vec<(u64, Vec<String>)>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + histories || began.elapsed() > patience {
                        return;
                    }
                    let options = Options {
                        prints,
                        ..Options::default()
                    };
                    let outcome = run(seed, options);
                    ran.fetch_add(1, Ordering::Relaxed);
                    calls.fetch_add(outcome.calls, Ordering::Relaxed);
                    if !outcome.broken.is_empty() {
                        println!("seed {seed}: {:#?}", outcome.broken);
                        let mut failed = failed.lock().expect("nobody panics with it");
                        failed.push((seed, outcome.broken));
                    }
                }
            });
        }
    });
    let ran = ran.into_inner();
    let processor = processor_seconds() - began_with;
    #[expect(clippy::cast_precision_loss, reason = "it is shown with two digits")]
    let each = processor / ran.max(1) as f64;
    println!(
        "{ran} histories with {} calls to Microsoft in {:.0?}; {each:.2} processor seconds each",
        calls.into_inner(),
        began.elapsed(),
    );
    let failed = failed.into_inner().expect("nobody panics with it");
    assert!(failed.is_empty(), "these seeds broke promises: {failed:#?}");
    assert!(ran >= FEWEST.min(histories), "only {ran} histories ran");
}

#[test]
fn the_same_seed_gives_the_same_history() {
    for seed in [3, 1_414, 271_828] {
        let options = Options::default();
        let (one, other) = (run(seed, options), run(seed, options));
        if one.digest != other.digest {
            let differs = one.trace.iter().zip(&other.trace).find(|(a, b)| a != b);
            panic!("seed {seed}: {differs:#?}");
        }
        assert_ne!(one.digest, run(seed + 1, options).digest);
    }
}

/// Breaks a promise on purpose until the checker says which.
fn is_caught(mutant: Mutant) {
    /// More histories than any mutant ever outlived.
    const MOST: u64 = 200;
    let first = number("ITHACA_SIMULATE_SEED");
    let options = Options {
        mutant: Some(mutant),
        prints: first.is_some(),
    };
    let first = first.unwrap_or(1);
    for seed in first..=first + MOST {
        let outcome = run(seed, options);
        let is_it = |broken: &String| broken.starts_with(mutant.breaks());
        if let Some(broken) = outcome.broken.iter().find(|broken| is_it(broken)) {
            println!("{mutant:?} is caught by history {seed}: {broken}");
            return;
        }
    }
    panic!("{mutant:?} outlived {MOST} histories");
}

#[test]
fn an_ithaca_without_external_ids_is_caught() {
    is_caught(Mutant::NoExternalId);
}

#[test]
fn an_ithaca_without_fencing_is_caught() {
    is_caught(Mutant::NoFencing);
}

#[test]
fn an_ithaca_without_tombstones_is_caught() {
    is_caught(Mutant::NoTombstone);
}

#[test]
fn an_ithaca_that_mixes_up_tokens_is_caught() {
    is_caught(Mutant::ForeignToken);
}

#[test]
fn an_ithaca_that_never_compares_is_caught() {
    is_caught(Mutant::BlindSweep);
}

#[test]
fn an_ithaca_that_puts_messages_out_after_the_commit_is_caught() {
    is_caught(Mutant::OutboxAfterCommit);
}
