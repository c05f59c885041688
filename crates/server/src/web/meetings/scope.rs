//! How much of a series a form is about.

use jiff::Timestamp;
use jiff::civil::DateTime;
use mentoring::meeting::{Meeting, Scope};
use mentoring::repetition::Occurrence;

use crate::web::answer::Failed;
use crate::web::form::{Fields, FromFields};
use crate::web::pages::form::Choice;
use crate::web::pages::meetings::Scoping;

/// The occurrence that an address or a form names by its original start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named(Option<DateTime>);

impl FromFields for Named {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        let named = fields.optional("occurrence")?;
        let named = named.map(|named| named.parse().map_err(|_| Failed::NotFound));
        Ok(Self(named.transpose()?))
    }
}

impl Named {
    /// The occurrence: without a name the one under way or next.
    pub fn of(self, meeting: &Meeting, now: Timestamp) -> Result<Occurrence, Failed> {
        match self.0 {
            None => Ok(meeting.current(now)),
            Some(original) => meeting.occurrence(original).ok_or(Failed::NotFound),
        }
    }
}

/// An occurrence, and how much of the series from it on.
#[derive(Clone, Debug, Default)]
pub struct Scoped {
    pub named: Named,
    scope: String,
}

impl FromFields for Scoped {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            named: Named::from_fields(fields)?,
            scope: fields.one("scope")?,
        })
    }
}

impl Scoped {
    /// A form about one occurrence.
    pub fn of(named: Named) -> Self {
        Self {
            named,
            scope: "this".to_owned(),
        }
    }

    /// Which occurrences are meant.
    pub fn read(&self, occurrence: &Occurrence) -> Scope {
        match self.scope.as_str() {
            "all" => Scope::All,
            "following" => Scope::Following(occurrence.original_start),
            _ => Scope::This(occurrence.original_start),
        }
    }

    /// The choice, of a series only.
    pub fn shown(&self, meeting: &Meeting, occurrence: &Occurrence) -> Option<Scoping> {
        let choice = |value: &str, label: &str| Choice::new(value, label, self.scope == value);
        meeting.repetition.map(|_| Scoping {
            occurrence: occurrence.original_start.to_string(),
            choices: vec![
                choice("this", "Only this meeting"),
                choice("following", "This one and all that follow"),
                choice("all", "All meetings of the series"),
            ],
        })
    }
}
