//! What a node has counted since it started: requests, calls to Microsoft, mails. The
//! operator reads it as metrics. Every set of labels is bounded: no organization, no
//! member, no address is one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Upper ends of the durations that are told apart, in milliseconds.
const BUCKETS: [u32; 11] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/// How often something took how long.
#[derive(Clone, Debug, Default)]
struct Histogram {
    /// How many were in this bucket; the last ones were longer than all.
    counts: [u64; BUCKETS.len() + 1],
    sum: Duration,
}

impl Histogram {
    fn add(&mut self, took: Duration) {
        let place = BUCKETS
            .iter()
            .position(|end| took <= Duration::from_millis(u64::from(*end)));
        self.counts[place.unwrap_or(BUCKETS.len())] += 1;
        self.sum += took;
    }
}

#[derive(Debug, Default)]
struct Counted {
    requests: BTreeMap<(&'static str, u16), u64>,
    durations: BTreeMap<&'static str, Histogram>,
    calls: BTreeMap<(&'static str, &'static str), u64>,
    call_durations: Histogram,
    mails: BTreeMap<&'static str, u64>,
}

/// The counters of one process. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Figures(Arc<Mutex<Counted>>);

impl Figures {
    fn with<T>(&self, count: impl FnOnce(&mut Counted) -> T) -> T {
        count(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A request was answered: which door it came to, and with which status.
    pub fn request(&self, door: &'static str, status: u16, took: Duration) {
        self.with(|all| {
            *all.requests.entry((door, status / 100)).or_default() += 1;
            all.durations.entry(door).or_default().add(took);
        });
    }

    /// Microsoft was called: what was asked, and `ok` or the kind of the failure.
    pub fn call(&self, call: &'static str, outcome: &'static str, took: Duration) {
        self.with(|all| {
            *all.calls.entry((call, outcome)).or_default() += 1;
            all.call_durations.add(took);
        });
    }

    /// A message was handled: what became of it this time.
    pub fn mail(&self, fate: &'static str) {
        self.with(|all| *all.mails.entry(fate).or_default() += 1);
    }

    /// All of them in Prometheus' text format (version 0.0.4).
    pub fn write(&self, out: &mut Exposition) {
        self.with(|all| {
            out.family(
                "ithaca_http_requests_total",
                "counter",
                "Requests answered.",
            );
            for ((door, class), count) in &all.requests {
                let class = format!("{class}xx");
                let labels = [("door", *door), ("status", class.as_str())];
                out.sample("ithaca_http_requests_total", &labels, *count);
            }
            let name = "ithaca_http_request_duration_seconds";
            out.family(
                name,
                "histogram",
                "From the request's head to the answer's head.",
            );
            for (door, histogram) in &all.durations {
                out.histogram(name, &[("door", door)], histogram);
            }
            let name = "ithaca_microsoft_calls_total";
            out.family(name, "counter", "Calls to Microsoft by what came of them.");
            for ((call, outcome), count) in &all.calls {
                out.sample(name, &[("call", *call), ("outcome", *outcome)], *count);
            }
            let name = "ithaca_microsoft_call_duration_seconds";
            out.family(name, "histogram", "How long Microsoft took.");
            out.histogram(name, &[], &all.call_durations);
            let name = "ithaca_mails_total";
            out.family(
                name,
                "counter",
                "Tries to send a message, by what came of them.",
            );
            for (fate, count) in &all.mails {
                out.sample(name, &[("fate", *fate)], *count);
            }
        });
    }
}

/// A text in Prometheus' format that grows.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Begins a family of samples.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One sample. Labels are words of ours, or of an operator's machine.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let _ = self.0.write_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let start = if index == 0 { '{' } else { ',' };
            let text = text
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            let _ = write!(self.0, "{start}{label}=\"{text}\"");
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let mut so_far = 0;
        let ends = BUCKETS
            .iter()
            .map(|end| (f64::from(*end) / 1_000.0).to_string())
            .chain(["+Inf".to_owned()]);
        for (end, count) in ends.zip(histogram.counts) {
            so_far += count;
            let labels = [labels, &[("le", end.as_str())]].concat();
            self.sample(&format!("{name}_bucket"), &labels, so_far);
        }
        let sum = histogram.sum.as_secs_f64();
        self.sample(&format!("{name}_sum"), labels, sum);
        self.sample(&format!("{name}_count"), labels, so_far);
    }

    /// What was written.
    pub fn text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_as_prometheus_reads_it() {
        let figures = Figures::default();
        figures.request("pages", 200, Duration::from_millis(7));
        figures.request("pages", 204, Duration::from_mins(1));
        figures.request("api", 409, Duration::from_millis(5));
        figures.call("create_or_get", "ok", Duration::from_millis(80));
        figures.mail("sent");
        let mut out = Exposition::default();
        figures.write(&mut out);
        let text = out.text();
        for line in [
            "# TYPE ithaca_http_requests_total counter",
            "ithaca_http_requests_total{door=\"pages\",status=\"2xx\"} 2",
            "ithaca_http_requests_total{door=\"api\",status=\"4xx\"} 1",
            "ithaca_http_request_duration_seconds_bucket{door=\"pages\",le=\"0.005\"} 0",
            "ithaca_http_request_duration_seconds_bucket{door=\"pages\",le=\"0.01\"} 1",
            "ithaca_http_request_duration_seconds_bucket{door=\"pages\",le=\"10\"} 1",
            "ithaca_http_request_duration_seconds_bucket{door=\"pages\",le=\"+Inf\"} 2",
            "ithaca_http_request_duration_seconds_count{door=\"pages\"} 2",
            "ithaca_http_request_duration_seconds_bucket{door=\"api\",le=\"0.005\"} 1",
            "ithaca_microsoft_calls_total{call=\"create_or_get\",outcome=\"ok\"} 1",
            "ithaca_mails_total{fate=\"sent\"} 1",
        ] {
            assert!(text.lines().any(|one| one == line), "no {line} in\n{text}");
        }
    }

    #[test]
    fn a_label_cannot_break_out_of_its_line() {
        let mut out = Exposition::default();
        out.sample("up", &[("node", "a\"b\\c\nd")], 1);
        assert_eq!(out.text(), "up{node=\"a\\\"b\\\\c\\nd\"} 1\n");
    }
}
