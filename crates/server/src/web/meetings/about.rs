//! What every form for a new meeting asks, whatever else it does.

use mentoring::meeting;
use mentoring::organization::MemberId;
use mentoring::refusal::Refusal;
use mentoring::track::Mode;
use uuid::Uuid;

use crate::app::meetings::Offer;
use crate::web::actor::SignedIn;
use crate::web::answer::{self, Failed};
use crate::web::form::{Fields, FromFields};

/// Title, people and mode, as they were typed and chosen.
#[derive(Default)]
pub struct About {
    /// Tells a form that is sent twice from two.
    pub once: String,
    pub title: String,
    pub people: Vec<String>,
    pub mode: String,
    pub location: String,
}

impl FromFields for About {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            once: fields.one("once")?,
            title: fields.one("title")?,
            people: fields.several("people"),
            mode: fields.one("mode")?,
            location: fields.one("location")?,
        })
    }
}

impl About {
    /// A form that nobody has typed in yet.
    pub fn fresh(signed_in: &SignedIn, mode: Option<Mode>) -> Self {
        let app = &signed_in.app;
        Self {
            once: app.randomness.uuid_v7(app.clock.now()).to_string(),
            mode: mode.map_or(String::new(), |mode| mode.as_str().to_owned()),
            ..Self::default()
        }
    }

    pub fn form_key(&self) -> Result<Option<Uuid>, Failed> {
        match self.once.as_str() {
            "" => Ok(None),
            once => answer::id(once).map(Some),
        }
    }

    /// The people and the mode, where they can be read.
    pub fn read(&self) -> Option<(Vec<MemberId>, Mode)> {
        Some((self.members()?, Mode::parse(&self.mode)?))
    }

    fn members(&self) -> Option<Vec<MemberId>> {
        let ids = self.people.iter();
        ids.map(|id| Uuid::try_parse(id).ok().map(MemberId))
            .collect()
    }

    /// All that is wrong with it by itself, where the rest of the form can't be read.
    pub fn refusals(&self, agenda: &str) -> Vec<Refusal> {
        let mut refusals = meeting::check_words(&self.title, agenda, &self.location);
        match self.members() {
            None => refusals.push(Refusal::NotAParticipant),
            Some(nobody) if nobody.is_empty() => refusals.push(Refusal::NobodyElse),
            Some(_) => {}
        }
        if Mode::parse(&self.mode).is_none() {
            refusals.push(Refusal::ModeOff);
        }
        refusals
    }
}

/// The mode that is chosen already: Teams, where it is offered.
pub fn first_mode(offer: &Offer) -> Option<Mode> {
    if offer.teams.is_ok() {
        return Some(Mode::Teams);
    }
    offer.track.modes.iter().find(|mode| *mode != Mode::Teams)
}
