//! What people type, made fit to be kept and shown.

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Empty,
    /// So many characters.
    TooLong(usize),
    Unprintable,
}

/// A text on one line: trimmed, 1 to `most` characters.
pub(crate) fn line(text: &str, most: usize) -> Result<String, Flaw> {
    let text = text.trim();
    check(text, most, |_| false)?;
    Ok(text.to_owned())
}

/// A text of several lines, of 1 to `most` characters; every line ends in `\n`, whatever
/// the browser sent.
pub(crate) fn lines(text: &str, most: usize) -> Result<String, Flaw> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    check(text, most, |letter| letter == '\n' || letter == '\t')?;
    Ok(text.to_owned())
}

fn check(text: &str, most: usize, may_break: impl Fn(char) -> bool) -> Result<(), Flaw> {
    if text
        .chars()
        .any(|letter| !is_printable(letter) && !may_break(letter))
    {
        return Err(Flaw::Unprintable);
    }
    if !text.chars().any(is_visible) {
        return Err(Flaw::Empty);
    }
    match text.chars().count() {
        count if count > most => Err(Flaw::TooLong(count)),
        _ => Ok(()),
    }
}

/// Control characters and line separators can forge a header line (E-01), and those that
/// turn the direction of writing can make a name read as another.
fn is_printable(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFE}'..='\u{FFFF}')
}

fn is_visible(letter: char) -> bool {
    !letter.is_whitespace() && !matches!(letter, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}')
}
