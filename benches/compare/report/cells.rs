//! A row as words: the same for text and page.

use crate::results::{BUSY_CALLERS, Delay, Line, Results, Row, Sample, Span};

/// What others may take of the machine without remark, percent.
const MUCH: f64 = 2.0;

/// Names of the columns.
pub(super) const HEADS: [&str; 15] = [
    "server",
    "scenario",
    "codec",
    "legs",
    "CPU ms a leg-second",
    "times floor",
    "peer takes",
    "a core",
    "held",
    "missing %",
    ">5 ms %",
    ">20 ms %",
    "latest ms",
    "delay p50/p99 ms",
    "KiB a leg",
];
/// Columns of words; the others are figures and stand to the right.
pub(super) const WORDS: usize = 3;

/// One cell for each column; none where the row was never measured.
pub(super) fn cells(results: &Results, row: &Row) -> Option<Vec<String>> {
    let line = row.line()?;
    let mut cells = vec![
        row.server.name().to_owned(),
        row.scenario.clone(),
        row.codec.clone(),
        legs(row, &line),
        span(line.cpu_ms, 3),
        format!("{:.2}", line.to_floor.median),
        or_dash(results.peer_takes(row).map(|times| format!("{times:.1}×"))),
        format!("{:.0}", line.legs_a_core),
        or_dash(results.most_held(row).map(held)),
    ];
    cells.extend([line.missing, line.late_5ms, line.late_20ms].map(|percent| mark(share(percent), &line)));
    cells.push(mark(format!("{:.1}", line.latest_ms), &line));
    let delay = line
        .delay
        .map(|delay| format!("{:.0} / {:.0}", delay.p50, delay.p99));
    let delay = delay.map(|delay| mark(delay, &line));
    cells.push(or_dash(delay));
    cells.push(or_dash(line.memory_kib.map(|kib| format!("{kib:.0}"))));
    Some(cells)
}

/// How many are held, and a + where no more were tried.
fn held((legs, is_all_tried): (usize, bool)) -> String {
    format!("{legs}{}", if is_all_tried { "+" } else { "" })
}

/// What should be known of a row's figures, if anything.
pub(super) fn remark(row: &Row) -> Option<String> {
    let name = format!(
        "{}, {}, {}, {} legs",
        row.server.name(),
        row.scenario,
        row.codec,
        row.legs
    );
    if let Some(reason) = &row.skipped {
        return Some(format!("{name}: {reason}"));
    }
    let line = row.line()?;
    let away =
        (line.turned_away > 0).then(|| format!("up to {} calls turned away with 503", line.turned_away));
    let late = (line.callers_late > 0.1).then(|| format!("callers late {:.2} %", line.callers_late));
    let others =
        (line.others > MUCH).then(|| format!("others took up to {:.0} % of the machine", line.others));
    let busy = (line.callers_busy > BUSY_CALLERS).then(|| {
        format!(
            "callers used {:.0} % of their core and may be at fault themselves",
            line.callers_busy
        )
    });
    let beside = row.samples.iter().filter_map(beside);
    let said: Vec<_> = beside.chain(away).chain(late).chain(busy).chain(others).collect();
    (!said.is_empty()).then(|| format!("{name}: {}", said.join(", ")))
}

/// What else went on in a run.
fn beside(sample: &Sample) -> Option<String> {
    let delay = |delay: Delay| format!("p50 {:.1} ms, p99 {:.1} ms", delay.p50, delay.p99);
    let joins = sample.joins.map(|joins| {
        format!(
            "{:.0} calls a second, {} failed, set-up {}",
            joins.per_second,
            joins.failed,
            delay(joins.setup)
        )
    });
    let rest = sample.rest.map(|rest| {
        let kinds = [
            ("lists", rest.list),
            ("filtered", rest.few),
            ("ordered", rest.ordered),
            ("two fields", rest.fields),
            ("single calls", rest.one),
        ];
        let kinds = kinds
            .into_iter()
            .filter_map(|(kind, took)| Some(format!(", {kind} {}", delay(took?))));
        let kinds: String = kinds.collect();
        format!(
            "{:.0} requests a second, {} failed{kinds}",
            rest.per_second, rest.failed
        )
    });
    joins.or(rest)
}

/// How many were in, and of how many where that is not all.
pub(super) fn legs(row: &Row, line: &Line) -> String {
    match line.legs_in {
        all if all == row.legs => all.to_string(),
        some => format!("{some} of {}", row.legs),
    }
}

fn span(span: Span, digits: usize) -> String {
    format!(
        "{:.digits$} ({:.digits$}–{:.digits$})",
        span.median, span.least, span.most
    )
}

/// A percentage; what is not nothing does not look like nothing.
pub(super) fn share(percent: f64) -> String {
    match percent {
        0.0 => "0".to_owned(),
        little if little < 0.001 => "<0.001".to_owned(),
        some => format!("{some:.3}"),
    }
}

/// A figure that is not the server's alone has a dagger.
fn mark(figure: String, line: &Line) -> String {
    match line.is_doubtful() {
        true => figure + "†",
        false => figure,
    }
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::{results, row};
    use crate::results::{Joins, Server};
    use crate::traffic::Rest;

    #[test]
    fn each_column_has_its_cell() {
        let results = results(vec![row(Server::Partyline, 100, &[0.4, 0.5, 0.8], 1)]);
        let cells = cells(&results, &results.rows[0]).unwrap();
        assert_eq!(cells.len(), HEADS.len());
        assert_eq!(
            cells[4..10],
            ["0.500 (0.400–0.800)", "2.50", "–", "2000", "100+", "0.100"]
        );
    }

    #[test]
    fn a_little_is_not_shown_as_nothing() {
        assert_eq!([0.0, 0.0004, 0.02].map(share), ["0", "<0.001", "0.020"]);
    }

    #[test]
    fn what_went_on_beside_the_legs_is_told() {
        let mut joins = row(Server::Partyline, 500, &[0.4], 0);
        joins.samples[0].joins = Some(Joins {
            per_second: 204.6,
            failed: 1,
            setup: Delay { p50: 2.0, p99: 9.0 },
        });
        let said = remark(&joins).unwrap();
        assert!(
            said.ends_with("205 calls a second, 1 failed, set-up p50 2.0 ms, p99 9.0 ms"),
            "{said}"
        );
        joins.samples[0].joins = None;
        joins.samples[0].rest = Some(Rest {
            per_second: 60.0,
            failed: 0,
            list: Some(Delay { p50: 4.0, p99: 8.0 }),
            fields: Some(Delay { p50: 1.0, p99: 7.0 }),
            ..Rest::default()
        });
        let said = remark(&joins).unwrap();
        assert!(
            said.ends_with(
                "60 requests a second, 0 failed, lists p50 4.0 ms, p99 8.0 ms, two fields p50 1.0 ms, p99 7.0 ms"
            ),
            "{said}"
        );
    }

    #[test]
    fn a_row_with_callers_turned_away_says_how_many_were_in() {
        let mut full = row(Server::Partyline, 2_000, &[0.4, 0.5], 0);
        (full.samples[1].legs_in, full.samples[1].turned_away) = (1_614, 386);
        let results = results(vec![full]);
        let cells = cells(&results, &results.rows[0]).unwrap();
        assert_eq!((cells[3].as_str(), cells[8].as_str()), ("1614 of 2000", "–"));
        let said = remark(&results.rows[0]).unwrap();
        assert!(
            said.ends_with("2000 legs: up to 386 calls turned away with 503"),
            "{said}"
        );
    }

    #[test]
    fn rows_with_late_callers_or_without_figures_are_remarked_on() {
        let mut late = row(Server::Partyline, 100, &[0.4], 0);
        assert_eq!(remark(&late), None);
        late.samples[0].callers_late_percent = 2.0;
        assert!(remark(&late).unwrap().ends_with("callers late 2.00 %"));
        assert_eq!(mark("1".to_owned(), &late.line().unwrap()), "1");
        late.samples[0].callers_late_percent = 9.0;
        assert_eq!(mark("1".to_owned(), &late.line().unwrap()), "1†");
        late.skipped = Some("why".to_owned());
        assert!(remark(&late).unwrap().ends_with("100 legs: why"));
    }
}
