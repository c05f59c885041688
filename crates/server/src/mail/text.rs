//! What people typed, made safe to stand in a header or in a calendar line.

/// One line: every line break becomes a space, other control characters go.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if is_break(character) || character == '\t' {
            line.push(' ');
        } else if !character.is_control() {
            line.push(character);
        }
    }
    line.trim().to_owned()
}

/// Several lines, divided by `\n` alone: the other breaks that some program
/// takes for one (CR, NEL, U+2028, …) become it too, and control characters go.
pub(super) fn lines(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\r' && characters.peek() == Some(&'\n') {
            continue;
        }
        if is_break(character) {
            lines.push('\n');
        } else if character == '\t' || !character.is_control() {
            lines.push(character);
        }
    }
    lines
}

const fn is_break(character: char) -> bool {
    matches!(
        character,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e01_no_break_of_any_kind_survives_in_one_line() {
        assert_eq!(
            one_line("Hi\r\nBCC: x@y\rA\nB\u{2028}C\u{85}D\0\u{7f}E\t "),
            "Hi  BCC: x@y A B C DE"
        );
    }

    #[test]
    fn lines_are_divided_by_newlines_alone() {
        assert_eq!(lines("a\r\nb\rc\u{2029}d\0\te"), "a\nb\nc\nd\te");
        assert_eq!(lines("a\n\nb\r\n\r\nc"), "a\n\nb\n\nc");
    }
}
