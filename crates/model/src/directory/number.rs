//! Telephone numbers as dialled: plus, national and E.164 forms of one number are the same number.

/// Calling codes of one and two digits; all others have three (ITU-T E.164, list of assigned country codes).
const SHORT_CALLING_CODES: &[&str] = &[
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47",
    "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66",
    "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// Prefixes that callers put before an international number.
const INTERNATIONAL_PREFIXES: &[&str] = &["011", "00"];

/// Longest number of E.164, in digits.
const E164_MAX: usize = 15;

/// The bare digits of what was dialled: plus and visual separators (RFC 3966) go, parameters after `;` too.
///
/// `None` where something else is left, so that names are not taken for numbers.
pub fn normalise(dialled: &str) -> Option<String> {
    let number = dialled.split(';').next().unwrap_or_default();
    let number = number.strip_prefix('+').unwrap_or(number);
    let digits: String = number
        .chars()
        .filter(|c| !matches!(c, '-' | '.' | '(' | ')' | ' '))
        .collect();
    let good =
        !digits.is_empty() && digits.len() <= E164_MAX + 3 && digits.bytes().all(|b| b.is_ascii_digit());
    good.then_some(digits)
}

/// Every spelling of an E.164 number: itself, national with and without trunk prefix, international.
pub fn forms(e164: &str) -> Vec<String> {
    let mut forms = vec![e164.to_owned()];
    forms.extend(
        INTERNATIONAL_PREFIXES
            .iter()
            .map(|prefix| format!("{prefix}{e164}")),
    );
    let national = national(e164);
    if national.len() >= 6 {
        forms.push(national.to_owned());
        if !e164.starts_with('1') {
            forms.push(format!("0{national}"));
        }
    }
    forms
}

fn national(e164: &str) -> &str {
    let code = SHORT_CALLING_CODES
        .iter()
        .find_map(|code| e164.strip_prefix(code));
    code.or_else(|| e164.get(3..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_dial_becomes_digits() {
        for (dialled, digits) in [
            ("+15162065319", Some("15162065319")),
            ("+1-516-206.5319;phone-context=x", Some("15162065319")),
            ("(516) 206 5319", Some("5162065319")),
            ("alice", None),
            ("", None),
            ("+", None),
            ("1234567890123456789", None),
            ("１２３", None),
        ] {
            assert_eq!(normalise(dialled).as_deref(), digits, "{dialled}");
        }
    }

    #[test]
    fn national_and_international_forms_are_the_same_number() {
        let us = forms("15162065319");
        assert!(
            ["15162065319", "5162065319", "01115162065319", "0015162065319"]
                .iter()
                .all(|f| us.contains(&f.to_string()))
        );
        let gb = forms("442071838750");
        assert!(
            ["02071838750", "2071838750", "00442071838750"]
                .iter()
                .all(|f| gb.contains(&f.to_string()))
        );
        assert!(forms("35312345678").contains(&"12345678".to_owned()));
    }
}
