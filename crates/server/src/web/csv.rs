//! Tables for spreadsheets.

use axum::response::IntoResponse as _;
use http::{HeaderValue, header};

use super::answer::{Answer, Failed};

/// Answers with a table as a file of this name, heads first (RFC 4180).
pub fn file<const COLUMNS: usize>(
    name: &str,
    heads: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> Answer {
    let text = table(heads, rows).map_err(|error| Failed::Broken(error.to_string()))?;
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    let disposition = HeaderValue::try_from(disposition)
        .map_err(|_| Failed::Broken("a file name that no header takes".to_owned()))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, text).into_response())
}

fn table<const COLUMNS: usize>(
    heads: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> Result<String, Box<dyn std::error::Error>> {
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(heads)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| defused(cell)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// W-18: what a spreadsheet would take for a formula is marked as text.
fn defused(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mark = if is_formula { "'" } else { "" };
    format!("{mark}{cell}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w18_no_cell_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"] {
            let text = table(["What"], [[formula.to_owned()]]).unwrap();
            assert!(text.starts_with("\"What\"\r\n\"'"), "{text:?}");
        }
        let said = "say \"hi\",\r\nall".to_owned();
        assert_eq!(
            table(["Number", "Who"], [[said, "Mei".to_owned()]]).unwrap(),
            "\"Number\",\"Who\"\r\n\"say \"\"hi\"\",\r\nall\",\"Mei\"\r\n"
        );
    }
}
