//! Pass or fail: what was found beside what is asked for, as lines and as JSON.

use std::fs;
use std::path::Path;

use serde::Serialize;

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    pub(crate) what: String,
    pub(crate) found: String,
    pub(crate) limit: String,
    pub(crate) reached: bool,
}

impl Check {
    /// One that is reached where `found` is at most `limit`; both are written with so many digits and their unit.
    pub(crate) fn at_most(what: &str, found: f64, limit: f64, digits: usize, unit: &str) -> Self {
        Self {
            what: what.to_owned(),
            found: figure(found, digits, unit),
            limit: format!("at most {}", figure(limit, digits, unit)),
            reached: found <= limit,
        }
    }

    /// One that is reached where `found` is at least `limit`, written the same way.
    pub(crate) fn at_least(what: &str, found: f64, limit: f64, digits: usize, unit: &str) -> Self {
        Self {
            limit: format!("at least {}", figure(limit, digits, unit)),
            reached: found >= limit,
            ..Self::at_most(what, found, limit, digits, unit)
        }
    }

    /// One of what must never happen: that it happened no time.
    pub(crate) fn none(what: &str, found: usize) -> Self {
        Self::at_most(what, found as f64, 0.0, 0, "")
    }
}

fn figure(figure: f64, digits: usize, unit: &str) -> String {
    format!("{figure:.digits$} {unit}").trim_end().to_owned()
}

/// Checks as lines, and the verdict.
pub(crate) fn text(checks: &[Check]) -> String {
    let width = |of: fn(&Check) -> &str| checks.iter().map(|check| of(check).chars().count()).max();
    let (what, found) = (width(|check| &check.what), width(|check| &check.found));
    let (what, found) = (what.unwrap_or(0), found.unwrap_or(0));
    let line = |check: &Check| {
        let mark = if check.reached { "yes" } else { "NO " };
        format!(
            "{mark}  {:what$}  {:>found$}   {}\n",
            check.what, check.found, check.limit
        )
    };
    let lines: String = checks.iter().map(line).collect();
    let verdict = if all_reached(checks) { "PASS" } else { "FAIL" };
    format!("{lines}{verdict}\n")
}

/// Whether there is nothing that was not reached.
pub(crate) fn all_reached(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.reached)
}

/// Writes what was found into `folder`.
///
/// # Errors
/// It cannot be written.
pub(crate) fn write(folder: &Path, name: &str, found: &impl Serialize) -> Result<(), String> {
    let json = serde_json::to_string_pretty(found).map_err(|error| error.to_string())?;
    let path = folder.join(name);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, json + "\n"));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_that_is_not_reached_fails_all() {
        let good = Check::at_most("memory", 4.96, 5.0, 1, "MiB");
        assert!(good.reached && good.found == "5.0 MiB" && good.limit == "at most 5.0 MiB");
        let bad = Check::at_most("handles left", 3.0, 0.0, 0, "");
        assert!(text(std::slice::from_ref(&good)).ends_with("PASS\n"));
        let text = text(&[good, bad]);
        assert!(
            text.contains("NO   handles left        3   at most 0\n"),
            "{text}"
        );
        assert!(text.ends_with("FAIL\n"));
    }

    #[test]
    fn what_must_be_many_is_reached_from_its_limit_on() {
        let joins = |found| Check::at_least("joins", found, 200.0, 1, "a second");
        assert!(joins(200.0).reached && !joins(199.9).reached);
        assert_eq!(joins(199.9).limit, "at least 200.0 a second");
        assert!(Check::none("gaps", 0).reached && !Check::none("gaps", 1).reached);
    }
}
