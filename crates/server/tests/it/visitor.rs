//! Someone who uses the pages, in the words of the pages: with a browser (`Person`, scripts
//! on or off) or without one (`Reader`). A story told of a visitor can be lived by each.

/// What a person can do on a page and see there.
pub trait Visitor {
    fn opens(&mut self, url: &str);

    /// Follows the link, presses the button or opens the summary of exactly that name.
    fn clicks(&mut self, name: &str);

    /// The same for the only one whose name has these words in it.
    fn picks(&mut self, part: &str);

    /// Writes into the field of that label, or picks the option of a list.
    fn fills(&mut self, label: &str, text: &str);

    fn ticks(&mut self, label: &str);

    fn unticks(&mut self, label: &str);

    /// Picks one of several: a radio button.
    fn chooses(&mut self, label: &str);

    /// The words are on the page. A browser is given time to arrive there.
    fn sees(&mut self, text: &str);

    /// The words will be on the page by themselves; without scripts, after reloading it.
    fn comes_to_see(&mut self, text: &str);

    /// The words are not on the page. Say first what *is* seen, so that the page is there.
    fn does_not_see(&mut self, text: &str);

    /// Presses a button that leads to Microsoft: to a pop-up, or away from the page.
    fn leaves_for_microsoft(&mut self, button: &str);

    /// Has done what Microsoft asked; the pop-up is gone or has led back to the page.
    fn is_back_from_microsoft(&mut self);

    /// What stands in the field of that label.
    fn finds_in(&mut self, label: &str) -> String;

    /// Whether a field, choice, link or button of that name is on the page.
    fn is_offered(&mut self, name: &str) -> bool;

    /// Whether the choice is there but can't be made.
    fn is_refused(&mut self, label: &str) -> bool;

    /// Where the visitor is.
    fn address(&self) -> String;

    /// The visible words of the page, with single spaces.
    fn text(&self) -> String;
}
