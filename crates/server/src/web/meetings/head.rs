//! What stands above every list of meetings: whose they are, which lists there are, and
//! what they are narrowed down to.

use mentoring::link::LinkState;
use mentoring::track::Track;

use super::filter::Typed;
use crate::store::meetings::{Filter, Listed};
use crate::store::tracks;
use crate::web::actor::SignedIn;
use crate::web::answer::Failed;
use crate::web::pages::agenda::{Empty, Head, Tab};
use crate::web::pages::frame::{Frame, Here};
use crate::web::pages::meetings::MeetingLine;
use crate::web::pages::shown::{Tag, Tone, Way};

/// The lists that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Day by day, from now on.
    Coming,
    /// Day by day, back from now.
    Past,
    /// One week.
    Week,
    /// One month.
    Month,
}

impl Which {
    const ALL: [Self; 4] = [Self::Coming, Self::Past, Self::Week, Self::Month];

    fn label(self) -> &'static str {
        match self {
            Self::Coming => "Coming",
            Self::Past => "Past",
            Self::Week => "Week",
            Self::Month => "Month",
        }
    }

    /// Where it stands below the list's own address, and what its address says besides.
    fn place(self) -> (&'static str, &'static [(&'static str, &'static str)]) {
        match self {
            Self::Coming => ("", &[]),
            Self::Past => ("", &[("past", "")]),
            Self::Week => ("/week", &[]),
            Self::Month => ("/month", &[]),
        }
    }
}

/// The lists of one kind of meetings: the actor's own, or those of a track.
pub struct Lists<'a> {
    /// Who looks.
    pub signed_in: &'a SignedIn,
    /// The tracks that the actor sees.
    pub tracks: Vec<Track>,
    /// Whose meetings they are, if they are a track's.
    pub track: Option<Track>,
}

impl<'a> Lists<'a> {
    /// Those of the actor.
    pub async fn mine(signed_in: &'a SignedIn) -> Result<Self, Failed> {
        Ok(Self {
            tracks: tracks::list(&signed_in.app.store, &signed_in.sight).await?,
            signed_in,
            track: None,
        })
    }

    /// Those of a track that the actor sees.
    pub fn of_track(signed_in: &'a SignedIn, track: Track) -> Self {
        Self {
            signed_in,
            tracks: Vec::new(),
            track: Some(track),
        }
    }

    /// What the store is asked for, where this was typed.
    pub fn filter(&self, typed: &Typed) -> Result<Filter, Failed> {
        match &self.track {
            None => typed.filter(&self.tracks),
            Some(track) => typed.filter(std::slice::from_ref(track)),
        }
    }

    /// What surrounds them.
    pub async fn frame(&self, here: Here) -> Result<Frame, Failed> {
        match self.track {
            // The tracks that are at hand are all.
            None => self.signed_in.frame_with(here, &self.tracks).await,
            Some(_) => self.signed_in.frame(here).await,
        }
    }

    /// A meeting as these lists show it: a track's don't name the track, and tell those who
    /// administer it how each link stands.
    pub fn line(&self, listed: &Listed) -> MeetingLine {
        let line = super::line(self.signed_in, listed);
        let Some(track) = &self.track else {
            return line;
        };
        let administers = self.signed_in.acting().actor.may_administer_track(track.id);
        let is_ready = administers && listed.link == Some(LinkState::Ready);
        MeetingLine {
            track: None,
            tag: line
                .tag
                .or_else(|| is_ready.then(|| Tag::new("Teams link ready", Tone::Well))),
            ..line
        }
    }

    /// The address of one of them.
    pub fn path(&self, which: Which) -> String {
        let (below, _) = which.place();
        match &self.track {
            None => self.signed_in.to(&format!("meetings{below}")),
            Some(track) => {
                let slug = &track.slug;
                self.signed_in.to(&format!("tracks/{slug}/meetings{below}"))
            }
        }
    }

    /// The head above one of them; `on` is the day that its address says.
    pub fn head(&self, which: Which, typed: &Typed, on: Option<&str>) -> Head {
        let tab = |each: Which| {
            let address = typed.address(&self.path(each), each.place().1);
            Tab {
                way: Way::new(each.label(), address),
                present: each == which,
            }
        };
        let of_track = self.track.as_ref();
        let on = on.map(|on| ("on", on));
        let kept: Vec<_> = which.place().1.iter().copied().chain(on).collect();
        let choices: &[Track] = if of_track.is_some() {
            &[]
        } else {
            &self.tracks
        };
        Head {
            heading: of_track.map_or("Meetings".to_owned(), |track| {
                format!("Meetings of {}", track.name)
            }),
            above: of_track.map(|track| {
                let page = format!("tracks/{}", track.slug);
                Way::new(track.name.clone(), self.signed_in.to(&page))
            }),
            tabs: Which::ALL.map(tab).to_vec(),
            new: self.planning(),
            filter: typed.shown(&self.path(which), &kept, choices),
        }
    }

    /// Where the actor can plan a meeting.
    fn planning(&self) -> Vec<Way> {
        let actor = &self.signed_in.acting().actor;
        let tracks = match &self.track {
            Some(track) => std::slice::from_ref(track),
            None => &self.tracks[..],
        };
        tracks
            .iter()
            .filter(|track| actor.may_create_meeting_in(track.id))
            .map(|track| {
                let form = format!("tracks/{}/meetings/new", track.slug);
                Way::new(track.name.clone(), self.signed_in.to(&form))
            })
            .collect()
    }

    /// What an empty list says.
    pub fn empty(&self, which: Which, typed: &Typed) -> Empty {
        if typed.narrows() {
            let all = Typed::default().address(&self.path(which), which.place().1);
            return Empty {
                sentence: "No meeting fits that.".to_owned(),
                way: Some(Way::new("Show all", all)),
            };
        }
        let planning = self.planning();
        if which == Which::Past {
            return Empty {
                sentence: "No meetings have taken place yet.".to_owned(),
                way: Some(Way::new("See what is planned", self.path(Which::Coming))),
            };
        }
        let sentence = match (which, planning.is_empty()) {
            (_, true) if self.track.is_none() && self.tracks.is_empty() => {
                "You are in no track yet. A track administrator adds you to one."
            }
            (_, true) => "Nothing is planned.",
            (Which::Week, false) => "Nothing is planned in this week.",
            (Which::Month, false) => "Nothing is planned in this month.",
            (_, false) => "Nothing is planned. A meeting takes half a minute to set up.",
        };
        let plan = |way: &Way| Way::new(format!("Plan one in {}", way.label), &way.address);
        Empty {
            sentence: sentence.to_owned(),
            way: planning.first().map(plan),
        }
    }
}
