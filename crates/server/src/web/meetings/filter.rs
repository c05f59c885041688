//! What a list of meetings is narrowed down to, as its address says it.

use mentoring::repetition::OccurrenceState;
use mentoring::track::{Mode, Track};

use crate::store::meetings::Filter;
use crate::web::answer::Failed;
use crate::web::form::{Fields, FromFields};
use crate::web::local;
use crate::web::pages::agenda;
use crate::web::pages::form::Choice;

const STATES: [(OccurrenceState, &str); 4] = [
    (OccurrenceState::Scheduled, "Planned"),
    (OccurrenceState::Cancelled, "Cancelled"),
    (OccurrenceState::Held, "Held"),
    (OccurrenceState::Missed, "Missed"),
];

/// What was typed and chosen; what is empty narrows nothing.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    title: String,
    person: String,
    mode: String,
    track: String,
    state: String,
}

impl FromFields for Typed {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            title: fields.one("title")?,
            person: fields.one("person")?,
            mode: fields.one("mode")?,
            track: fields.one("track")?,
            state: fields.one("state")?,
        })
    }
}

impl Typed {
    /// What the store is asked. A track that the actor doesn't see is not found.
    pub fn filter(&self, tracks: &[Track]) -> Result<Filter, Failed> {
        let track = match self.track.as_str() {
            "" => None,
            slug => {
                let mut seen = tracks.iter();
                let track = seen.find(|track| track.slug == slug);
                Some(track.ok_or(Failed::NotFound)?.id)
            }
        };
        let bounded = |text: &str| text.trim().chars().take(200).collect();
        Ok(Filter {
            mode: Mode::parse(&self.mode),
            track,
            state: OccurrenceState::parse(&self.state),
            person: bounded(&self.person),
            title: bounded(&self.title),
        })
    }

    /// An address of a list that is narrowed down in the same way.
    pub fn address(&self, path: &str, further: &[(&str, &str)]) -> String {
        let own = [
            ("title", &self.title),
            ("person", &self.person),
            ("mode", &self.mode),
            ("track", &self.track),
            ("state", &self.state),
        ];
        let own = own.into_iter().map(|(name, value)| (name, value.trim()));
        let pairs: Vec<(&str, &str)> = further
            .iter()
            .copied()
            .chain(own.filter(|(_, value)| !value.is_empty()))
            .collect();
        local::with_query(path, &pairs)
    }

    /// Whether anything is left out.
    pub fn narrows(&self) -> bool {
        !self.address("", &[]).is_empty()
    }

    /// The form, on a list at this path whose address says `kept` besides. Tracks are
    /// offered where there are several.
    pub fn shown(&self, path: &str, kept: &[(&str, &str)], tracks: &[Track]) -> agenda::Filter {
        let any = |chosen: &str| Choice::new("", "Any", chosen.is_empty());
        let with_any = |chosen: &str, choices: Vec<Choice>| {
            std::iter::once(any(chosen)).chain(choices).collect()
        };
        let modes = [Mode::InPerson, Mode::Phone, Mode::Teams];
        let mode = |mode: Mode| {
            let is_chosen = mode.as_str() == self.mode;
            Choice::new(mode.as_str(), super::mode(mode).label(), is_chosen)
        };
        let track = |track: &Track| Choice::new(&track.slug, &track.name, track.slug == self.track);
        let state = |(state, label): (OccurrenceState, &str)| {
            Choice::new(state.as_str(), label, state.as_str() == self.state)
        };
        agenda::Filter {
            action: path.to_owned(),
            kept: kept
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            title: self.title.clone(),
            person: self.person.clone(),
            modes: with_any(&self.mode, modes.map(mode).to_vec()),
            tracks: if tracks.len() > 1 {
                with_any(&self.track, tracks.iter().map(track).collect())
            } else {
                Vec::new()
            },
            states: with_any(&self.state, STATES.map(state).to_vec()),
            all: self.narrows().then(|| local::with_query(path, kept)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrowed_list_has_an_address_to_come_back_to() {
        let typed = Typed {
            title: " Über & unter ".to_owned(),
            mode: "teams".to_owned(),
            ..Typed::default()
        };
        assert_eq!(
            typed.address("/larkspur/meetings", &[("past", "")]),
            "/larkspur/meetings?past=&title=%C3%9Cber%20%26%20unter&mode=teams"
        );
        assert!(typed.narrows());
        assert!(!Typed::default().narrows());
        assert_eq!(
            Typed::default().address("/larkspur/meetings", &[]),
            "/larkspur/meetings"
        );
    }
}
