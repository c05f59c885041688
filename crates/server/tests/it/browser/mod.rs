//! People at a real browser. What they do is written in the words of the page, and waited
//! for: a sentence that is not true yet gets [`PATIENCE`] to become so.
//!
//! Their methods block, so a test with people in it is a plain `#[test]`.

mod driver;
mod every_page;
mod live;
mod looks;
mod proposals;
mod rehearsal;
mod sandbox_pages;
mod walk;

use std::time::Instant;

use fantoccini::elements::{Element, ElementRef};
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, error::CmdError};
use serde_json::{Value, json};

use crate::runtime::{GLANCE, PATIENCE, wait_for};
use crate::visitor::Visitor;

pub use looks::{inspect, validate};

// Finds what a person would point at. Answers the element, or a sentence why there is none.
const FIND: &str = include_str!("find.js");

/// Someone at a browser of their own. It closes when this is dropped.
#[derive(Debug)]
pub struct Person {
    name: String,
    scripts: bool,
    client: Option<Client>,
}

impl Person {
    /// A person whose browser is as browsers are.
    pub fn named(name: &str) -> Self {
        Self::at_a_browser(name, true)
    }

    /// A person who has turned scripts off.
    pub fn without_scripts(name: &str) -> Self {
        Self::at_a_browser(name, false)
    }

    pub fn at_a_browser(name: &str, scripts: bool) -> Self {
        Self {
            name: name.to_owned(),
            scripts,
            client: Some(driver::browser(scripts)),
        }
    }

    pub fn has_scripts(&self) -> bool {
        self.scripts
    }

    pub fn reloads(&mut self) {
        wait_for(self.client().refresh()).expect("a page can be reloaded");
    }

    pub fn goes_back(&mut self) {
        wait_for(self.client().back()).expect("one can go back");
    }

    /// Whether the box or choice of that label is ticked.
    pub fn finds_ticked(&mut self, label: &str) -> bool {
        self.with("read", label, async |element| element.is_selected().await)
    }

    /// Waits until the words are gone.
    pub fn no_longer_sees(&mut self, text: &str) {
        self.waits_until(&format!("“{text}” to go away"), false, |seen| {
            !seen.contains(text)
        });
    }

    /// Turns to the window that has opened beside this one.
    pub fn turns_to_the_popup(&mut self) {
        let here = wait_for(self.client().window()).expect("the browser has a window");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(other) = self.windows().into_iter().find(|window| *window != here) {
                wait_for(self.client().switch_to_window(other)).expect("a window can be turned to");
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{} waits in vain for a pop-up at {}:\n{}",
                self.name,
                self.address(),
                self.text()
            );
            std::thread::sleep(GLANCE);
        }
    }

    /// Waits until the pop-up has closed itself, and turns to the page behind it.
    pub fn is_back_from_the_popup(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.windows().len() > 1 {
            assert!(
                Instant::now() < deadline,
                "{} waits in vain for the pop-up to close",
                self.name
            );
            std::thread::sleep(GLANCE);
        }
        self.turns_to_the_page();
    }

    /// Closes the pop-up by hand, as one may at any time.
    pub fn closes_the_popup(&mut self) {
        wait_for(self.client().close_window()).expect("a window can be closed");
        self.turns_to_the_page();
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("it is taken only by drop")
    }

    fn windows(&self) -> Vec<WindowHandle> {
        wait_for(self.client().windows()).expect("the browser tells its windows")
    }

    fn turns_to_the_page(&mut self) {
        let page = self
            .windows()
            .into_iter()
            .next()
            .expect("the page behind the pop-up is still there");
        wait_for(self.client().switch_to_window(page)).expect("a window can be turned to");
    }

    fn turns(&mut self, label: &str, on: bool) {
        self.with("tick", label, async |element| {
            if element.is_selected().await? == on {
                Ok(())
            } else {
                element.click().await
            }
        });
    }

    fn waits_until(&mut self, wish: &str, reloads: bool, holds: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.text();
            if holds(&seen) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{} waits in vain for {wish} at {}:\n{seen}",
                self.name,
                self.address()
            );
            std::thread::sleep(GLANCE);
            if reloads {
                self.reloads();
            }
        }
    }

    /// Finds what is meant and does something with it. A page that changes meanwhile takes
    /// its elements along: then they are looked for anew, as a person would.
    fn with<T>(
        &mut self,
        intent: &str,
        name: &str,
        act: impl AsyncFnOnce(&Element) -> Result<T, CmdError> + Copy,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let trouble = match self.looks_for(intent, name) {
                Ok(element) => match wait_for(act(&element)) {
                    Ok(result) => return result,
                    Err(error)
                        if error.is_stale_element_reference() || error.is_no_such_element() =>
                    {
                        error.to_string()
                    }
                    Err(error) => panic!(
                        "{} can't {intent} “{name}” at {}: {error}\n{}",
                        self.name,
                        self.address(),
                        self.text()
                    ),
                },
                Err(reason) => reason,
            };
            assert!(
                Instant::now() < deadline,
                "{} can't {intent} “{name}” at {}: {trouble}\n{}",
                self.name,
                self.address(),
                self.text()
            );
            std::thread::sleep(GLANCE);
        }
    }

    fn looks_for(&self, intent: &str, name: &str) -> Result<Element, String> {
        let found = wait_for(
            self.client()
                .execute(FIND, vec![json!(intent), json!(name)]),
        )
        .map_err(|error| error.to_string())?;
        match found {
            Value::String(reason) => Err(reason),
            Value::Object(reference) => {
                let id = reference
                    .values()
                    .next()
                    .and_then(Value::as_str)
                    .ok_or("an element without an id")?;
                Ok(Element::from_element_id(
                    self.client().clone(),
                    ElementRef::from(id.to_owned()),
                ))
            }
            other => Err(format!("an answer of an unknown kind: {other}")),
        }
    }
}

impl Visitor for Person {
    fn opens(&mut self, url: &str) {
        wait_for(self.client().goto(url))
            .unwrap_or_else(|error| panic!("{} can't open {url}: {error}", self.name));
    }

    fn clicks(&mut self, name: &str) {
        self.with("press", name, async |element| element.click().await);
    }

    fn fills(&mut self, label: &str, text: &str) {
        let client = self.client().clone();
        self.with("fill", label, async |element| {
            let kind = element.prop("type").await?.unwrap_or_default();
            if element.tag_name().await? == "select" {
                return element.select_by_label(text).await;
            }
            // A date is typed differently in each language; this is what the keys come to.
            if ["date", "time", "datetime-local", "number"].contains(&kind.as_str()) {
                let set = "arguments[0].value = arguments[1];
                    for (const name of ['input', 'change']) arguments[0].dispatchEvent(new Event(name, { bubbles: true }));";
                return client.execute(set, vec![serde_json::to_value(element)?, json!(text)]).await.map(drop);
            }
            element.clear().await?;
            element.send_keys(text).await
        });
    }

    fn finds_in(&mut self, label: &str) -> String {
        self.with("read", label, async |element| {
            Ok(element.prop("value").await?.unwrap_or_default())
        })
    }

    fn ticks(&mut self, label: &str) {
        self.turns(label, true);
    }

    fn unticks(&mut self, label: &str) {
        self.turns(label, false);
    }

    fn chooses(&mut self, label: &str) {
        self.turns(label, true);
    }

    fn sees(&mut self, text: &str) {
        self.waits_until(&format!("“{text}” to be seen"), false, |seen| {
            seen.contains(text)
        });
    }

    fn does_not_see(&mut self, text: &str) {
        let seen = self.text();
        assert!(
            !seen.contains(text),
            "{} sees “{text}” at {}:\n{seen}",
            self.name,
            self.address()
        );
    }

    fn is_offered(&mut self, name: &str) -> bool {
        self.looks_for("press", name).is_ok() || self.looks_for("read", name).is_ok()
    }

    fn is_refused(&mut self, label: &str) -> bool {
        self.with("read", label, async |element| {
            Ok(!element.is_enabled().await?)
        })
    }

    fn text(&self) -> String {
        let script = "return document.body ? document.body.innerText : ''";
        let text = wait_for(self.client().execute(script, Vec::new()));
        let text = text.unwrap_or_else(|error| json!(format!("nothing ({error})")));
        text.as_str()
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn address(&self) -> String {
        wait_for(self.client().current_url())
            .map_or_else(|error| format!("nowhere ({error})"), String::from)
    }

    fn picks(&mut self, part: &str) {
        self.with("pick", part, async |element| element.click().await);
    }

    fn comes_to_see(&mut self, text: &str) {
        let reloads = !self.scripts;
        self.waits_until(&format!("“{text}” to come"), reloads, |seen| {
            seen.contains(text)
        });
    }

    fn leaves_for_microsoft(&mut self, button: &str) {
        self.clicks(button);
        if self.scripts {
            self.turns_to_the_popup();
        }
    }

    fn is_back_from_microsoft(&mut self) {
        if self.scripts {
            self.is_back_from_the_popup();
        }
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let name = format!("failed/{}", self.name);
            eprintln!(
                "--- {} was at {}; the picture is {}",
                self.name,
                self.address(),
                looks::picture(self.client(), &name)
            );
        }
        if let Some(client) = self.client.take() {
            // The browser dies with its driver in any case.
            let _ = wait_for(client.close());
        }
    }
}
