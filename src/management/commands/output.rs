//! How commands print: for eyes on a terminal, for other programs in a pipe.

use std::io::{IsTerminal as _, Write as _, stdout};

use comfy_table::Table;
use comfy_table::presets::{NOTHING, UTF8_FULL_CONDENSED};

/// Prints rows under their titles.
pub(super) fn table<const N: usize>(
    titles: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> std::io::Result<()> {
    let mut table = Table::new();
    table.load_style(if stdout().is_terminal() { UTF8_FULL_CONDENSED } else { NOTHING });
    table.set_header(titles);
    table.add_rows(rows);
    if !stdout().is_terminal() {
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
    }
    writeln!(stdout(), "{}", table.trim_fmt())
}

/// Prints one line.
pub(super) fn line(text: impl std::fmt::Display) -> std::io::Result<()> {
    writeln!(stdout(), "{text}")
}

/// A text from the table, a path or a command line, with what would move a terminal's cursor made visible.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let escape = character.is_control() || is_invisible(character);
            if escape { character.escape_unicode().collect::<Vec<_>>() } else { vec![character] }
        })
        .collect()
}

/// Unicode's marks of writing direction and of no width, which can make a text look like another.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_the_cursor_is_made_visible() {
        assert_eq!(visible("a\u{1b}[2J\n\u{202e}é"), "a\\u{1b}[2J\\u{a}\\u{202e}é");
    }
}
