//! Small things that many pages show: a face, a time, a mode, a tag, a way onward.
//!
//! Each is a template of its own, so that a page says `{{ face }}`.

use askama::Template;
use askama::filters::HtmlSafe;

/// A person as a page shows them: their picture, or their initials on a colour of their own.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/face.html")]
pub struct Face {
    pub name: String,
    pub initials: String,
    /// Address of the picture, where there is one.
    pub photo: Option<String>,
    /// Which of the eight colours, 1 to 8.
    pub hue: u8,
}

impl HtmlSafe for Face {}

impl Face {
    pub fn new(first_name: &str, last_name: &str) -> Self {
        let initials = [first_name, last_name]
            .iter()
            .filter_map(|name| name.chars().next())
            .flat_map(char::to_uppercase)
            .collect();
        let name = format!("{first_name} {last_name}").trim().to_owned();
        let sum = name.chars().fold(7, |sum: u32, letter| {
            sum.wrapping_mul(31) ^ u32::from(letter)
        });
        let hue = u8::try_from((sum >> 3) % 8).unwrap_or_default() + 1;
        Self {
            name,
            initials,
            photo: None,
            hue,
        }
    }

    #[must_use]
    pub fn with_photo(mut self, address: Option<String>) -> Self {
        self.photo = address;
        self
    }
}

/// When a meeting is, as people say it: "Tomorrow, Tue 24 Nov, 15:00-15:45 · 09:00 for Luis".
#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/when.html")]
pub struct When {
    /// "Today", "Tomorrow"; only ever beside the exact day.
    pub relative: Option<String>,
    /// "Tue 24 Nov 2026"
    pub day: String,
    /// "15:00-15:45"
    pub hours: String,
    /// The reader's zone, named where it is not plain: "Berlin time".
    pub zone: String,
    /// The same moment for others: "09:00 for Luis".
    pub elsewhere: Vec<String>,
    /// The beginning as RFC 3339, for programs.
    pub instant: String,
}

/// How people meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Template)]
#[template(path = "parts/mode.html")]
pub enum Mode {
    InPerson,
    Phone,
    Teams,
}

impl HtmlSafe for Mode {}
impl HtmlSafe for When {}

impl Mode {
    /// As forms spell it.
    pub fn key(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::Phone => "phone",
            Self::Teams => "teams",
        }
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::InPerson => "In person",
            Self::Phone => "Phone",
            Self::Teams => "Teams video call",
        }
    }
}

/// A word about a state, with the tone it is said in.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/tag.html")]
pub struct Tag {
    pub word: String,
    pub tone: Tone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Well,
    Waiting,
    Wrong,
}

impl HtmlSafe for Tag {}

impl Tag {
    pub fn new(word: impl Into<String>, tone: Tone) -> Self {
        Self {
            word: word.into(),
            tone,
        }
    }
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "tag",
            Self::Well => "tag well",
            Self::Waiting => "tag waiting",
            Self::Wrong => "tag wrong",
        }
    }
}

/// A way onward: a link and what it says.
#[derive(Debug, Clone)]
pub struct Way {
    pub label: String,
    pub address: String,
}

impl Way {
    pub fn new(label: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            address: address.into(),
        }
    }
}
