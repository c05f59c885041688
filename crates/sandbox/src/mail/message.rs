//! A message taken apart for reading: its headers, its text, its HTML, its
//! invitations, its attachments.

use mail_parser::{Address, MessageParser, MessagePart, MimeHeaders as _, PartType};

use crate::mail::calendar::Calendar;

/// What a person sees of a message.
#[derive(Debug, Default)]
pub(super) struct Opened {
    pub(super) subject: String,
    /// The headers that mail programs show, with their decoded values.
    pub(super) headline: Vec<(&'static str, String)>,
    pub(super) text: Option<Vec<Piece>>,
    /// A document for a frame of its own, whose links open elsewhere.
    pub(super) html: Option<String>,
    pub(super) calendars: Vec<Calendar>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) headers: Vec<(String, String)>,
}

/// A piece of text, or an address in it that can be followed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Link(String),
}

#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) size: usize,
}

/// Subject and sender, for a list.
pub(super) fn headline(raw: &[u8]) -> (String, String) {
    let parsed = MessageParser::default().parse_headers(raw);
    let subject = parsed
        .as_ref()
        .and_then(|message| message.subject())
        .unwrap_or_default()
        .to_owned();
    let from = parsed
        .as_ref()
        .and_then(|message| message.from())
        .map(written)
        .unwrap_or_default();
    (subject, from)
}

impl Opened {
    pub(super) fn read(raw: &[u8]) -> Self {
        let Some(message) = MessageParser::default().parse(raw) else {
            return Self::default();
        };
        let mut opened = Self {
            subject: message.subject().unwrap_or_default().to_owned(),
            headers: message
                .headers_raw()
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            ..Self::default()
        };
        for (name, value) in [
            ("From", message.from()),
            ("Reply-To", message.reply_to()),
            ("To", message.to()),
            ("Cc", message.cc()),
        ] {
            if let Some(value) = value {
                opened.headline.push((name, written(value)));
            }
        }
        if let Some(date) = message.date() {
            opened.headline.push(("Date", date.to_rfc822()));
        }
        for part in &message.parts {
            opened.take(part);
        }
        opened
    }

    fn take(&mut self, part: &MessagePart<'_>) {
        if matches!(part.body, PartType::Multipart(_)) {
            return;
        }
        let kind = kind(part);
        let is_attachment = part
            .content_disposition()
            .is_some_and(mail_parser::ContentType::is_attachment);
        let text = part.text_contents();
        match (kind.as_str(), text) {
            ("text/calendar" | "application/ics", Some(text)) => {
                let method = part
                    .content_type()
                    .and_then(|kind| kind.attribute("method"));
                self.calendars.push(Calendar::parse(text, method));
                if is_attachment {
                    self.attach(part, kind);
                }
            }
            ("text/plain", Some(text)) if !is_attachment && self.text.is_none() => {
                self.text = Some(pieces(text));
            }
            ("text/html", Some(text)) if !is_attachment && self.html.is_none() => {
                self.html = Some(format!("<base target=\"_blank\">{text}"));
            }
            _ => self.attach(part, kind),
        }
    }

    fn attach(&mut self, part: &MessagePart<'_>, kind: String) {
        self.attachments.push(Attachment {
            name: part.attachment_name().unwrap_or("(no name)").to_owned(),
            kind,
            size: part.len(),
        });
    }
}

/// The part's type in lower case; plain text where it says nothing (RFC 2045, 5.2).
fn kind(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(kind) => {
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("plain")).to_ascii_lowercase()
        }
        None => "text/plain".to_owned(),
    }
}

fn written(address: &Address<'_>) -> String {
    let list: Vec<String> = address
        .iter()
        .map(|one| {
            let address = one.address().unwrap_or_default();
            match one.name() {
                Some(name) => format!("{name} <{address}>"),
                None => address.to_owned(),
            }
        })
        .collect();
    list.join(", ")
}

/// Finds the addresses in a text. A full stop after one is not part of it.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = ["https://", "http://"]
        .iter()
        .filter_map(|scheme| rest.find(scheme))
        .min()
    {
        let tail = &rest[start..];
        let end = tail
            .find(|letter: char| letter.is_whitespace() || "<>\"".contains(letter))
            .unwrap_or(tail.len());
        let link = tail[..end].trim_end_matches(['.', ',', ';', ':', ')', '!', '?']);
        pieces.push(Piece::Text(rest[..start].to_owned()));
        pieces.push(Piece::Link(link.to_owned()));
        rest = &tail[link.len()..];
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_at_the_end_of_a_sentence_leaves_the_full_stop() {
        assert_eq!(
            pieces("Join at https://a.example/j/1?x=2. Bye <http://b.example>"),
            [
                Piece::Text("Join at ".to_owned()),
                Piece::Link("https://a.example/j/1?x=2".to_owned()),
                Piece::Text(". Bye <".to_owned()),
                Piece::Link("http://b.example".to_owned()),
                Piece::Text(">".to_owned()),
            ]
        );
    }

    #[test]
    fn what_is_no_message_opens_as_an_empty_one() {
        for raw in [
            &b""[..],
            b"\r\n",
            b"\xff\xfe",
            b"Content-Type: multipart/mixed",
        ] {
            let opened = Opened::read(raw);
            assert_eq!(opened.subject, "");
        }
    }
}
