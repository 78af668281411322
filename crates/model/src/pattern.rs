//! Patterns of `like` and `ilike`.

/// Texts that must stand in a value in this order. Between two of them anything may stand; the first begins the value and
/// the last ends it, so an empty one at either end leaves that end open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<String>,
    ignore_case: bool,
}

impl Pattern {
    /// From the texts between the wild cards. A single text stands for values that contain it.
    pub fn new(pieces: Vec<String>, ignore_case: bool) -> Self {
        let fold = |piece: String| if ignore_case { piece.to_lowercase() } else { piece };
        let mut pieces: Vec<_> = pieces.into_iter().map(fold).collect();
        if pieces.len() < 2 {
            pieces.insert(0, String::new());
            pieces.push(String::new());
        }
        Self { pieces, ignore_case }
    }

    /// The texts, never fewer than two; in small letters when case does not count.
    pub fn pieces(&self) -> &[String] {
        &self.pieces
    }

    /// Whether capital and small letters are the same.
    pub fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    /// Whether `value` is like this. Takes time by the length of `value` times that of the pattern and no more: the
    /// leftmost place of each piece leaves most for those after it, so nothing is ever tried twice.
    pub fn matches(&self, value: &str) -> bool {
        match self.ignore_case {
            true => self.matches_folded(&value.to_lowercase()),
            false => self.matches_folded(value),
        }
    }

    fn matches_folded(&self, value: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return false;
        };
        let rest = value.strip_prefix(first.as_str());
        let Some(mut rest) = rest.and_then(|rest| rest.strip_suffix(last.as_str())) else {
            return false;
        };
        for piece in middle {
            match rest.split_once(piece.as_str()) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(pattern: &str, ignore_case: bool) -> Pattern {
        Pattern::new(pattern.split('%').map(str::to_owned).collect(), ignore_case)
    }

    #[test]
    fn wild_cards_stand_for_anything_and_ends_are_fixed_without_them() {
        for (pattern, value, matches) in [
            ("Account%", "Accounting", true),
            ("Account%", "My Account", false),
            ("%count", "Account", true),
            ("A%t", "Account", true),
            ("A%t", "At", true),
            ("A%t", "A", false),
            ("A%t", "Attic", false),
            ("A%c%t", "Account", true),
            ("a%b%a", "aba", true),
            ("a%b%a", "ab", false),
            ("ab%ba", "aba", false),
            ("%", "", true),
            ("%%", "x", true),
            ("count", "Accounting", true),
            ("count", "Count", false),
            ("", "anything", true),
        ] {
            assert_eq!(like(pattern, false).matches(value), matches, "{pattern} {value}");
        }
    }

    #[test]
    fn case_counts_only_where_it_is_asked_for() {
        assert!(like("AccOUnt%", true).matches("accounting"));
        assert!(like("%ÜRGEN", true).matches("Jürgen"));
        assert!(!like("%ÜRGEN", false).matches("Jürgen"));
    }

    #[test]
    fn a_pattern_of_many_wild_cards_takes_no_time() {
        let pattern = like(&"%a".repeat(1000), false);
        assert!(!pattern.matches(&format!("{}b", "a".repeat(100_000))));
    }
}
