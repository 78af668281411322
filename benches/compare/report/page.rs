//! Results as one page that needs nothing else: charts, table, method.

use std::fmt::Write;

use super::METHOD;
use super::aims;
use super::cells::{HEADS, WORDS, cells, legs, remark, share};
use super::chart::{Bar, Chart, escape};
use crate::goals::goals;
use crate::results::{Line, Results, Row, Server};
use crate::scenario::{SIZED, THREE_TALK};

const STYLE: &str = "
:root { color-scheme: light dark; --text: #1c2430; --back: #fdfdfb; --faint: #d5d8dc; --soft: #5a6472;
  --floor: #8b95a1; --ours: #1f77b4; --peer: #d9822b; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ed; --back: #14181d; --faint: #39414b; --soft: #9ba6b3;
  --floor: #7c8794; --ours: #5aaee8; --peer: #efa45a; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin: 2.2rem 0 .4rem; font-size: 1.15rem; }
p { max-width: 48rem; } .soft, dt { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dd { margin: 0; }
svg { width: 100%; height: auto; font: 13px system-ui, sans-serif; } svg text { fill: var(--text); } svg .tick { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--faint); fill: none; } .ends { stroke: var(--text); stroke-width: 1.4; fill: none; }
.floor { fill: var(--floor); } .ours { fill: var(--ours); } .peer { fill: var(--peer); }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em; }
i.floor { background: var(--floor); } i.ours { background: var(--ours); } i.peer { background: var(--peer); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .82rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .55rem; border-bottom: 1px solid var(--faint); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; white-space: normal; vertical-align: bottom; } .word { text-align: left; }
";

/// See the module.
pub(super) fn page(results: &Results) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Partyline: performance</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Partyline: performance</h1>\n"
    );
    page.push_str(&environment(results));
    page.push_str(
        "<p><i class=\"key floor\"></i>the floor: receive and send, nothing else <i class=\"key ours\"></i>Partyline \
         <i class=\"key peer\"></i>Janus AudioBridge</p>\n",
    );
    page.push_str(&aims(results));
    for chart in charts(results) {
        put(
            &mut page,
            format_args!("<h2>{}</h2>\n{}", chart.title, chart.svg()),
        );
    }
    page.push_str(&table(results));
    page.push_str("<h2>How it was measured</h2>\n");
    for paragraph in METHOD {
        put(&mut page, format_args!("<p>{}</p>", escape(paragraph)));
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn environment(results: &Results) -> String {
    let mut text = "<dl>\n".to_owned();
    let runs = format!(
        "{}, of {:.0} s each; medians are shown",
        results.runs, results.seconds
    );
    let lines = results.environment.lines().into_iter().chain([("runs", runs)]);
    for (name, what) in lines {
        put(
            &mut text,
            format_args!("<dt>{name}</dt><dd>{}</dd>", escape(&what)),
        );
    }
    text + "</dl>\n"
}

fn charts(results: &Results) -> Vec<Chart> {
    let chart = |title, axis, bar: &dyn Fn(&Row, &Line) -> Option<Bar>| Chart {
        title,
        axis,
        bars: measured(results)
            .filter_map(|(row, line)| bar(row, &line))
            .collect(),
    };
    vec![
        chart(
            "What a leg costs",
            "CPU for one leg for one second, ms (less is better); whiskers: least and most of the runs",
            &cost,
        ),
        growth(results),
        capacity(results),
        chart(
            "Packets missing",
            "packets missing, percent of those due (less is better)",
            &|row, line| percent(row, line, line.missing),
        ),
        chart(
            "Packets late",
            "packets more than 5 ms after their time, percent of those due (less is better)",
            &|row, line| percent(row, line, line.late_5ms),
        ),
        chart(
            "Delay",
            "packet in to packet out, median, ms (less is better); whisker: to the 99th of 100",
            &delay,
        ),
    ]
}

fn measured(results: &Results) -> impl Iterator<Item = (&Row, Line)> {
    results.rows.iter().filter_map(|row| Some((row, row.line()?)))
}

const fn class(server: Server) -> &'static str {
    match server {
        Server::Floor => "floor",
        Server::Partyline => "ours",
        Server::Janus => "peer",
    }
}

fn label(row: &Row, line: &Line) -> String {
    format!(
        "{} {}, {} legs, {}",
        row.server.name(),
        row.codec,
        legs(row, line),
        row.scenario
    )
}

fn bar((row, line): (&Row, &Line), value: f64, ends: Option<(f64, f64)>, figure: String) -> Bar {
    Bar {
        label: label(row, line),
        class: class(row.server),
        value,
        ends,
        figure,
    }
}

fn cost(row: &Row, line: &Line) -> Option<Bar> {
    let span = line.cpu_ms;
    let figure = format!("{:.3} ms, {:.1} × floor", span.median, line.to_floor.median);
    Some(bar(
        (row, line),
        span.median,
        Some((span.least, span.most)),
        figure,
    ))
}

/// None where the callers could not keep up: the table has these, with a dagger.
fn percent(row: &Row, line: &Line, value: f64) -> Option<Bar> {
    (!line.is_doubtful()).then(|| bar((row, line), value, None, format!("{} %", share(value))))
}

fn delay(row: &Row, line: &Line) -> Option<Bar> {
    let delay = line.delay.filter(|_| !line.is_doubtful())?;
    let figure = format!("{:.0} ms, p99 {:.0}", delay.p50, delay.p99);
    Some(bar((row, line), delay.p50, Some((delay.p50, delay.p99)), figure))
}

/// What a leg costs at every size, codec by codec, from few legs to many: flat, if cost follows talkers.
fn growth(results: &Results) -> Chart {
    let sizes = |codec: &'static str| {
        let ours = measured(results).filter(|(row, _)| row.server == Server::Partyline);
        let mut rows: Vec<_> = ours
            .filter(|(row, _)| row.scenario == THREE_TALK && row.codec == codec)
            .collect();
        rows.sort_by_key(|(row, _)| row.legs);
        rows
    };
    let bars = SIZED.into_iter().flat_map(sizes).filter_map(|(row, line)| {
        Some(Bar {
            label: format!("{}, {} legs", row.codec, legs(row, &line)),
            ..cost(row, &line)?
        })
    });
    Chart {
        title: "What a leg costs among few and among many",
        axis: "CPU for one leg for one second, ms, in one meeting with three who talk (less is better, alike is the aim)",
        bars: bars.collect(),
    }
}

/// The largest size held by each server in each scenario: measured, with what its cost there would allow beside it.
fn capacity(results: &Results) -> Chart {
    let is_most = |row: &Row| matches!(results.most_held(row), Some((held, _)) if held == row.legs);
    let largest = |row: &&Row| row.server != Server::Floor && is_most(row);
    let bars = results.rows.iter().filter(largest).filter_map(|row| {
        let line = row.line()?;
        let more = line.legs_a_core;
        let figure = format!("{} held; {more:.0} by CPU", row.legs);
        let ends = Some((row.legs as f64, more.max(row.legs as f64)));
        Some(Bar {
            label: format!("{} {}, {}", row.server.name(), row.codec, row.scenario),
            ..bar((row, &line), row.legs as f64, ends, figure)
        })
    });
    Chart {
        title: "Legs that one core holds",
        axis: "legs (more is better); bar: the most that was tried and held, whisker: what its CPU there would allow",
        bars: bars.collect(),
    }
}

fn aims(results: &Results) -> String {
    let goals = goals(results);
    let mut text = "<h2>Goals</h2>\n".to_owned();
    text.push_str(&grid(&aims::HEADS, aims::WORDS, goals.iter().map(aims::cells)));
    put(
        &mut text,
        format_args!("<p class=\"soft\">{}</p>", aims::summary(&goals)),
    );
    text
}

/// Cells under their heads, the first ones words.
fn grid(heads: &[&str], words: usize, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = "<div class=\"wide\"><table>\n<tr>".to_owned();
    let kind = |column: usize| if column < words { " class=\"word\"" } else { "" };
    for (column, head) in heads.iter().enumerate() {
        put(
            &mut text,
            format_args!("<th{}>{}</th>", kind(column), escape(head)),
        );
    }
    text.push_str("</tr>\n");
    for cells in rows {
        text.push_str("<tr>");
        for (column, cell) in cells.iter().enumerate() {
            put(
                &mut text,
                format_args!("<td{}>{}</td>", kind(column), escape(cell)),
            );
        }
        text.push_str("</tr>\n");
    }
    text + "</table></div>\n"
}

fn table(results: &Results) -> String {
    let rows = results.rows.iter().filter_map(|row| cells(results, row));
    let mut text = "<h2>All figures</h2>\n".to_owned() + &grid(&HEADS, WORDS, rows);
    for remark in results.rows.iter().filter_map(remark) {
        put(
            &mut text,
            format_args!("<p class=\"soft\">{}</p>", escape(&remark)),
        );
    }
    text
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::{results, row};

    #[test]
    fn a_page_needs_nothing_from_elsewhere_and_escapes_what_it_shows() {
        let page = page(&results(vec![row(Server::Partyline, 100, &[0.4], 1)]));
        assert!(page.contains("CPU &lt;x&gt;"), "{page}");
        for foreign in ["http://", "https://", "<script", "<link", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn cost_is_shown_from_few_legs_to_many_for_each_codec_that_has_sizes() {
        let sized = |codec: &str, legs| Row {
            codec: codec.to_owned(),
            ..row(Server::Partyline, legs, &[0.4], 0)
        };
        let mut full = sized("opus", 2_000);
        full.samples[0].legs_in = 1_614;
        let rows = vec![
            row(Server::Floor, 100, &[0.2], 0),
            sized("G722", 1_000),
            full,
            sized("opus", 100),
            sized("PCMU", 500),
            row(Server::Janus, 500, &[1.1], 0),
        ];
        let labels: Vec<_> = growth(&results(rows))
            .bars
            .into_iter()
            .map(|bar| bar.label)
            .collect();
        assert_eq!(
            labels,
            ["PCMU, 500 legs", "opus, 100 legs", "opus, 1614 of 2000 legs"]
        );
    }

    #[test]
    fn capacity_is_the_largest_size_that_was_held() {
        let rows = vec![
            row(Server::Partyline, 100, &[0.5], 0),
            row(Server::Partyline, 500, &[0.4], 0),
            row(Server::Partyline, 900, &[0.4], 500),
            row(Server::Floor, 900, &[0.2], 0),
        ];
        let chart = capacity(&results(rows));
        assert_eq!(chart.bars.len(), 1);
        assert_eq!(chart.bars[0].figure, "500 held; 2500 by CPU");
    }
}
