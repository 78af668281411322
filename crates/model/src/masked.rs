//! Numbers as others may see them.

/// All but the last two characters of a number, hidden.
pub fn masked(number: &str) -> String {
    let length = number.chars().count();
    let shown = length.saturating_sub(2).max(length.min(2));
    number
        .chars()
        .enumerate()
        .map(|(n, c)| match c {
            '+' if n == 0 => '+',
            c if n >= shown => c,
            _ => '*',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_of_a_number_are_shown_and_of_a_short_one_none() {
        for (number, shown) in [
            ("+15162065319", "+*********19"),
            ("15162065319", "*********19"),
            ("12", "**"),
            ("7", "*"),
            ("", ""),
        ] {
            assert_eq!(masked(number), shown);
        }
    }
}
