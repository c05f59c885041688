//! When one wants to be reminded: a part of the profile.

use mentoring::refusal::Refusal;
use mentoring::reminder::{MINUTES, Setting};

use super::actor::SignedIn;
use super::answer::{Answer, Failed, refused, see, see_and_say, view_as};
use super::form::{Fields, Form, FromFields};
use super::pages::form::Choice;
use super::pages::profile::Reminders;
use super::profile;
use super::tokens::Typed;
use crate::app::AppError;
use crate::store::reminders;

/// What the form says.
pub struct Wishes {
    kinds: Vec<String>,
    minutes_before: String,
}

impl FromFields for Wishes {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            kinds: fields.several("reminders"),
            minutes_before: fields.one("minutes_before")?,
        })
    }
}

impl Wishes {
    fn setting(&self) -> Result<Setting, AppError> {
        let minutes = match self.minutes_before.as_str() {
            "off" => None,
            minutes => Some(minutes.parse().map_err(|_| Refusal::ReminderInvalid)?),
        };
        let wants = |kind: &str| self.kinds.iter().any(|known| known == kind);
        Ok(Setting::check(
            wants("day_before"),
            minutes,
            wants("after"),
        )?)
    }
}

/// The part of the profile.
pub(super) async fn part(signed_in: &SignedIn) -> Result<Reminders, Failed> {
    let setting = reminders::find_setting(&signed_in.app.store, &signed_in.sight).await?;
    let off = Choice::new("off", "Not at all", setting.minutes_before.is_none());
    let minutes = MINUTES.iter().map(|minutes| {
        let label = match minutes {
            60 => "An hour before".to_owned(),
            120 => "Two hours before".to_owned(),
            minutes => format!("{minutes} minutes before"),
        };
        let chosen = setting.minutes_before == Some(*minutes);
        Choice::new(minutes.to_string(), label, chosen)
    });
    Ok(Reminders {
        kinds: vec![
            Choice::new("day_before", "A day before", setting.day_before),
            Choice::new("after", "Afterwards: did you meet?", setting.after),
        ],
        minutes: std::iter::once(off).chain(minutes).collect(),
    })
}

/// Saves it.
pub async fn change(signed_in: SignedIn, Form(wishes): Form<Wishes>) -> Answer {
    let changed = match wishes.setting() {
        Ok(setting) => {
            let acting = signed_in.acting();
            signed_in.app.change_reminders(acting, setting).await
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => see_and_say(&signed_in.to("profile"), "Saved."),
        Err(error) => {
            let refused = refused(error)?;
            let page = profile::page_with(&signed_in, &Typed::default(), refused.errors).await?;
            view_as(refused.status, &page)
        }
    }
}

/// The form is on the profile.
pub async fn again(signed_in: SignedIn) -> Answer {
    see(&signed_in.to("profile"))
}
