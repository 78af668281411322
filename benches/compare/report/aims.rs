//! Goals as words: the same for text and page.

use super::cells::share;
use crate::goals::{Goal, Limit};

/// Names of the columns.
pub(super) const HEADS: [&str; 5] = ["reached", "goal", "asked for", "median", "least–most"];
/// Columns of words; the others are figures and stand to the right.
pub(super) const WORDS: usize = 2;

/// One cell for each column.
pub(super) fn cells(goal: &Goal) -> Vec<String> {
    let figure = |figure: f64| match goal.digits {
        // Shares of packets.
        3 => share(figure),
        digits => format!("{figure:.digits$}"),
    };
    let limit = match goal.limit {
        Limit::AtMost(most) => format!("at most {most}"),
        Limit::AtLeast(least) => format!("at least {least}"),
        Limit::Never => "none".to_owned(),
        Limit::Told => "no goal".to_owned(),
    };
    let reached = match (goal.reached, goal.doubtful) {
        (Some(true), false) => "yes",
        (Some(true), true) => "yes†",
        (Some(false), false) => "NO",
        (Some(false), true) => "NO†",
        (None, _) => "–",
    };
    let (median, ends) = match goal.found {
        Some(found) => (
            figure(found.median),
            format!("{}–{}", figure(found.least), figure(found.most)),
        ),
        None => ("–".to_owned(), "–".to_owned()),
    };
    vec![reached.to_owned(), goal.what.clone(), limit, median, ends]
}

/// How many are reached, in a sentence.
pub(super) fn summary(goals: &[Goal]) -> String {
    let aimed = || goals.iter().filter(|goal| goal.limit != Limit::Told);
    let count = |reached: Option<bool>| aimed().filter(|goal| goal.reached == reached).count();
    let (reached, missed) = (count(Some(true)), count(Some(false)));
    format!(
        "{reached} of {} goals reached, {} not measured",
        reached + missed,
        count(None)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Span;

    #[test]
    fn a_goal_says_what_was_asked_for_and_found() {
        let goal = |limit, found, reached, digits| Goal {
            what: "x".to_owned(),
            limit,
            found,
            reached,
            doubtful: false,
            digits,
        };
        let found = Some(Span {
            median: 1.954,
            least: 1.5,
            most: 2.0,
        });
        let goals = [
            goal(Limit::AtMost(2.0), found, Some(true), 2),
            goal(Limit::Never, None, None, 0),
            goal(Limit::Told, found, None, 2),
        ];
        assert_eq!(cells(&goals[0]), ["yes", "x", "at most 2", "1.95", "1.50–2.00"]);
        let doubtful = Goal {
            doubtful: true,
            ..goals[0].clone()
        };
        assert_eq!(cells(&doubtful)[0], "yes†");
        assert_eq!(cells(&goals[1]), ["–", "x", "none", "–", "–"]);
        assert_eq!(cells(&goals[2]), ["–", "x", "no goal", "1.95", "1.50–2.00"]);
        assert_eq!(summary(&goals), "1 of 1 goals reached, 1 not measured");
    }
}
