//! Answers that make no sense: what broken proxies, hostile servers and bad
//! days send instead of JSON.

use std::convert::Infallible;
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::Frame;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Value, json};

/// How large a huge answer is, in pieces.
const HUGE: usize = 1_024;
/// How deep a deep answer is nested.
const DEEP: usize = 100_000;

/// What a huge answer consists of: 64 KiB.
static PIECE: [u8; 64 << 10] = [b'x'; 64 << 10];

/// Kinds of nonsense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nonsense {
    /// A page where JSON belongs, as proxies send it.
    Html,
    /// JSON that stops in the middle.
    Truncated,
    /// JSON nested a hundred thousand times.
    Deep,
    /// 64 MiB of JSON.
    Huge,
    /// JSON that goes on until the client hangs up.
    Endless,
    /// 64 MiB of JSON, pressed into 400 KiB.
    GzipBomb,
    /// The known names with values of other types.
    WrongTypes,
    /// No body at all.
    Empty,
    /// `{}`.
    EmptyObject,
    /// `[]`.
    EmptyList,
    /// `null`.
    Null,
    /// Bytes that are no UTF-8.
    InvalidUtf8,
    /// Every name twice, with different values.
    DuplicateKeys,
}

/// Every kind with its name.
pub const KINDS: [(&str, Nonsense); 13] = [
    ("html", Nonsense::Html),
    ("truncated", Nonsense::Truncated),
    ("deep", Nonsense::Deep),
    ("huge", Nonsense::Huge),
    ("endless", Nonsense::Endless),
    ("gzip_bomb", Nonsense::GzipBomb),
    ("wrong_types", Nonsense::WrongTypes),
    ("empty", Nonsense::Empty),
    ("empty_object", Nonsense::EmptyObject),
    ("empty_list", Nonsense::EmptyList),
    ("null", Nonsense::Null),
    ("invalid_utf8", Nonsense::InvalidUtf8),
    ("duplicate_keys", Nonsense::DuplicateKeys),
];

impl FromStr for Nonsense {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.to_ascii_lowercase().replace([' ', '-'], "_");
        let found = KINDS.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            format!("`{text}` is none of {}", names.join(", "))
        })
    }
}

impl<'de> Deserialize<'de> for Nonsense {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// The answer.
pub(super) fn answer(kind: Nonsense) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    match kind {
        Nonsense::Html => (
            [(header::CONTENT_TYPE, "text/html")],
            "<!DOCTYPE html><title>Gateway</title><h1>Please sign in to the network</h1>",
        )
            .into_response(),
        Nonsense::Truncated => (json, r#"{"id":"MSo1N2Y5","subject":"Ment"#).into_response(),
        Nonsense::Deep => (json, "[".repeat(DEEP)).into_response(),
        Nonsense::Huge => (json, Body::new(Pieces::of(HUGE))).into_response(),
        Nonsense::Endless => (json, Body::new(Pieces::of(usize::MAX))).into_response(),
        Nonsense::GzipBomb => (
            [
                (header::CONTENT_TYPE, "application/json"),
                (header::CONTENT_ENCODING, "gzip"),
            ],
            pressed(),
        )
            .into_response(),
        Nonsense::WrongTypes => (json, wrong_types().to_string()).into_response(),
        Nonsense::Empty => StatusCode::OK.into_response(),
        Nonsense::EmptyObject => (json, "{}").into_response(),
        Nonsense::EmptyList => (json, "[]").into_response(),
        Nonsense::Null => (json, "null").into_response(),
        Nonsense::InvalidUtf8 => (json, &b"{\"id\":\"\xff\xfe\xc0\",\"joinWebUrl\":\"\xed\xa0\x80\"}"[..])
            .into_response(),
        Nonsense::DuplicateKeys => (
            json,
            r#"{"id":"a","id":"b","access_token":"a","access_token":"b","joinWebUrl":"https://a.example","joinWebUrl":"https://b.example"}"#,
        )
            .into_response(),
    }
}

/// The same within the JSON of a batch, where only some of it can be told.
pub(crate) fn within_batch(kind: Nonsense) -> Value {
    match kind {
        Nonsense::Html => json!("<!DOCTYPE html><title>Gateway</title>"),
        Nonsense::WrongTypes | Nonsense::DuplicateKeys => wrong_types(),
        Nonsense::EmptyObject => json!({}),
        Nonsense::EmptyList => json!([]),
        Nonsense::Empty | Nonsense::Null => Value::Null,
        Nonsense::Truncated => json!(r#"{"id":"MSo1N2Y5","subject":"Ment"#),
        Nonsense::InvalidUtf8 => json!("\u{fffd}"),
        // serde_json writes recursively; this is deep enough for readers that stop at 128.
        Nonsense::Deep => (0..512).fold(Value::Null, |inner, _| json!([inner])),
        Nonsense::Huge | Nonsense::Endless | Nonsense::GzipBomb => {
            json!({"id": "x".repeat(2 << 20)})
        }
    }
}

fn wrong_types() -> Value {
    json!({
        "id": ["not", "a", "text"],
        "access_token": {"token": true},
        "expires_in": "soon",
        "id_token": 7,
        "joinWebUrl": false,
        "keys": "none",
        "refresh_token": [],
        "responses": {"1": 200},
        "scope": {},
        "startDateTime": 20_260_302,
        "value": "one",
    })
}

/// `{"id":"xxx…"}` in so many pieces.
struct Pieces {
    left: usize,
    begun: bool,
    ended: bool,
}

impl Pieces {
    fn of(left: usize) -> Self {
        Self {
            left,
            begun: false,
            ended: false,
        }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece: &'static [u8] = if !self.begun {
            self.begun = true;
            b"{\"id\":\""
        } else if self.left > 0 {
            self.left -= 1;
            &PIECE
        } else if !self.ended {
            self.ended = true;
            b"\"}"
        } else {
            return Poll::Ready(None);
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece)))))
    }
}

/// `{"id":"xxx…"}` of 64 MiB in gzip (RFC 1952, RFC 1951), written by hand: one block with fixed
/// codes, in which a length of 258 at distance 1 says the same letter again in 13 bits.
fn pressed() -> Vec<u8> {
    const LENGTH: usize = 258;
    let repeats = (HUGE * PIECE.len()) / LENGTH;
    let mut bits = Bits::default();
    bits.plain(0b011, 3);
    for letter in *b"{\"id\":\"x" {
        bits.letter(letter);
    }
    for _ in 0..repeats {
        // Code 285 of lengths, then code 0 of distances.
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    for letter in *b"\"}" {
        bits.letter(letter);
    }
    // Code 256, the end of the block.
    bits.code(0, 7);
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    bytes.extend(bits.ended());
    let length = b"{\"id\":\"x".len() + repeats * LENGTH + 2;
    let whole = b"{\"id\":\""
        .iter()
        .copied()
        .chain(std::iter::repeat_n(b'x', 1 + repeats * LENGTH))
        .chain(*b"\"}");
    bytes.extend(checksum(whole).to_le_bytes());
    bytes.extend(u32::try_from(length).unwrap_or_default().to_le_bytes());
    bytes
}

/// Bits in the order of RFC 1951: the lowest of a byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn plain(&mut self, value: u32, bits: u32) {
        self.held |= value << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.bytes.push(self.held.to_le_bytes()[0]);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Codes are written with their highest bit first.
    fn code(&mut self, code: u32, bits: u32) {
        self.plain(code.reverse_bits() >> (32 - bits), bits);
    }

    /// A letter below 144.
    fn letter(&mut self, letter: u8) {
        self.code(0x30 + u32::from(letter), 8);
    }

    fn ended(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.held.to_le_bytes()[0]);
        }
        self.bytes
    }
}

/// CRC-32 (RFC 1952, 8).
fn checksum(bytes: impl Iterator<Item = u8>) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|at| {
        let start = u32::try_from(at).unwrap_or_default();
        (0..8).fold(start, |sum, _| {
            if sum & 1 == 1 {
                0xedb8_8320 ^ (sum >> 1)
            } else {
                sum >> 1
            }
        })
    });
    let sum = bytes.fold(u32::MAX, |sum, byte| {
        let at = (sum ^ u32::from(byte)) & 0xff;
        table[at as usize] ^ (sum >> 8)
    });
    !sum
}
