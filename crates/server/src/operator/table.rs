//! How the instance does, as `ithaca status` prints it.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::report::Report;
use super::span;

/// The report as text for a terminal.
pub fn text(report: &Report) -> String {
    let at = report.at;
    let ago = |then: Option<Timestamp>| {
        then.map_or("–".to_owned(), |then| {
            format!("{} ago", span(at.duration_since(then)))
        })
    };
    let mut rows = vec![["waits for", "due", "under way", "oldest", "next"].map(str::to_owned)];
    rows.extend(report.work.iter().map(|work| {
        [
            work.reconciler.to_owned(),
            work.waiting.to_string(),
            work.held.to_string(),
            work.oldest
                .map_or("–".to_owned(), |oldest| span(at.duration_since(oldest))),
            work.next.map_or("–".to_owned(), |next| {
                format!("in {}", span(next.duration_since(at)))
            }),
        ]
    }));
    let mut text = columns(&rows);
    for node in &report.nodes {
        let _ = writeln!(
            text,
            "\nnode {} · version {} · up {} · seen {}",
            node.id,
            node.version,
            span(at.duration_since(node.started_at)),
            ago(Some(node.seen_at)),
        );
        let mut rows = vec![
            [
                "reconciler",
                "looked",
                "worked",
                "under way",
                "finished",
                "failed",
            ]
            .map(str::to_owned),
        ];
        rows.extend(node.reconcilers.iter().map(|(name, status)| {
            [
                name.clone(),
                ago(status.looked_at),
                ago(status.worked_at),
                status.running.to_string(),
                status.finished.to_string(),
                status.failed.to_string(),
            ]
        }));
        text.push_str(&columns(&rows));
    }
    if report.wrong.is_empty() {
        text.push_str("\nAll is well.\n");
    } else {
        text.push_str("\nTo look at:\n");
        for sentence in &report.wrong {
            let _ = writeln!(text, "- {sentence}");
        }
    }
    text
}

/// The rows, each column as wide as its longest cell.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).enumerate();
        let line: String = cells
            .map(|(place, (cell, width))| {
                if place == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("  {cell:>width$}")
                }
            })
            .collect();
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
