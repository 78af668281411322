//! Bars as SVG: each with its label, its figure, and its least and most where there were several runs.

use std::fmt::Write;

/// Width of labels, of the widest bar, and of what stands behind it.
const LABEL: f64 = 420.0;
const BARS: f64 = 420.0;
const BEHIND: f64 = 210.0;
/// Height of a bar with the space below it, of the bar alone, and of title and axis.
const STEP: f64 = 24.0;
const THICK: f64 = 15.0;
const ABOVE: f64 = 10.0;
const AXIS: f64 = 40.0;

/// One bar.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    /// Stands before it.
    pub(super) label: String,
    /// Class of its colour.
    pub(super) class: &'static str,
    pub(super) value: f64,
    /// Least and most.
    pub(super) ends: Option<(f64, f64)>,
    /// Stands behind it.
    pub(super) figure: String,
}

/// Bars on one axis that begins with 0.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    /// What the axis shows, with its unit.
    pub(super) axis: &'static str,
    pub(super) bars: Vec<Bar>,
}

impl Chart {
    /// As SVG.
    pub(super) fn svg(&self) -> String {
        let ends = self
            .bars
            .iter()
            .map(|bar| bar.ends.map_or(bar.value, |(_, most)| most.max(bar.value)));
        let scale = Scale::to(ends.fold(0.0, f64::max));
        let bottom = ABOVE + STEP * self.bars.len() as f64;
        let (width, height) = (LABEL + BARS + BEHIND, bottom + AXIS);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n",
            escape(self.title)
        );
        scale.draw(&mut svg, bottom, self.axis);
        for (n, bar) in self.bars.iter().enumerate() {
            bar.draw(&mut svg, &scale, ABOVE + STEP * n as f64);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

impl Bar {
    fn draw(&self, svg: &mut String, scale: &Scale, top: f64) {
        let middle = top + THICK / 2.0;
        let (length, text) = (scale.length(self.value), middle + 4.5);
        let far = self
            .ends
            .map_or(length, |(_, most)| length.max(scale.length(most)));
        put(
            svg,
            format_args!(
                "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{}</text>",
                LABEL - 8.0,
                escape(&self.label)
            ),
        );
        put(
            svg,
            format_args!(
                "<rect x=\"{LABEL}\" y=\"{top}\" width=\"{length:.1}\" height=\"{THICK}\" class=\"{}\"/>",
                self.class
            ),
        );
        if let Some((least, most)) = self.ends.filter(|(least, most)| most > least) {
            let (from, to) = (LABEL + scale.length(least), LABEL + scale.length(most));
            put(
                svg,
                format_args!(
                    "<path d=\"M{from:.1} {middle}H{to:.1}m0-4v8M{from:.1} {}v8\" class=\"ends\"/>",
                    middle - 4.0
                ),
            );
        }
        put(
            svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{text}\" class=\"figure\">{}</text>",
                LABEL + far + 7.0,
                escape(&self.figure)
            ),
        );
    }
}

/// From figures to lengths: 0 is at the left, the last tick at the right.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    step: f64,
    ticks: u32,
}

impl Scale {
    /// One with room for `most`, in four to ten steps of 1, 2 or 5.
    fn to(most: f64) -> Self {
        if most <= 0.0 || !most.is_finite() {
            return Self { step: 1.0, ticks: 1 };
        }
        let decade = 10_f64.powf((most / 8.0).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
        let step = steps
            .into_iter()
            .find(|step| most / step <= 8.0)
            .unwrap_or(10.0 * decade);
        Self {
            step,
            ticks: (most / step - 1e-9).ceil() as u32,
        }
    }

    fn end(&self) -> f64 {
        self.step * f64::from(self.ticks)
    }

    fn length(&self, value: f64) -> f64 {
        BARS * value / self.end()
    }

    fn draw(&self, svg: &mut String, bottom: f64, axis: &str) {
        for tick in 0..=self.ticks {
            let value = self.step * f64::from(tick);
            let x = LABEL + self.length(value);
            put(
                svg,
                format_args!("<path d=\"M{x:.1} {}V{bottom}\" class=\"grid\"/>", ABOVE - 6.0),
            );
            put(
                svg,
                format_args!(
                    "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" class=\"tick\">{}</text>",
                    bottom + 13.0,
                    self.number(value)
                ),
            );
        }
        let middle = LABEL + BARS / 2.0;
        put(
            svg,
            format_args!(
                "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" class=\"tick\">{}</text>",
                bottom + 31.0,
                escape(axis)
            ),
        );
    }

    /// With as many digits as the step has.
    fn number(&self, value: f64) -> String {
        let digits = (-self.step.log10().floor()).max(0.0) as usize;
        format!("{value:.digits$}")
    }
}

fn put(svg: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(svg, "{arguments}").expect("writing to a String cannot fail");
}

/// Text for HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_room_for_the_largest_in_even_steps() {
        for (most, step, ticks) in [
            (0.41, 0.1, 5),
            (2_000.0, 500.0, 4),
            (8.0, 1.0, 8),
            (9.0, 2.0, 5),
            (0.0, 1.0, 1),
        ] {
            let scale = Scale::to(most);
            assert!(
                (scale.step - step).abs() < 1e-9 && scale.ticks == ticks,
                "{most}: {scale:?}"
            );
            assert!(scale.end() >= most);
        }
    }

    #[test]
    fn lengths_are_in_proportion_and_begin_with_nothing() {
        let scale = Scale::to(10.0);
        assert_eq!(scale.length(0.0), 0.0);
        assert!((scale.length(scale.end()) - BARS).abs() < 1e-9);
        assert!((2.0 * scale.length(2.5) - scale.length(5.0)).abs() < 1e-9);
    }

    #[test]
    fn ticks_have_the_digits_of_their_step() {
        assert_eq!(Scale::to(0.4).number(0.3), "0.30");
        assert_eq!(Scale::to(2_000.0).number(500.0), "500");
    }

    #[test]
    fn a_bar_has_its_label_its_figure_and_its_ends() {
        let bar = Bar {
            label: "a < b".to_owned(),
            class: "peer",
            value: 2.0,
            ends: Some((1.0, 3.0)),
            figure: "2.0 ms".to_owned(),
        };
        let chart = Chart {
            title: "T",
            axis: "ms",
            bars: vec![bar],
        };
        let svg = chart.svg();
        for needle in ["a &lt; b", "2.0 ms", "class=\"peer\"", "class=\"ends\""] {
            assert!(svg.contains(needle), "{needle}: {svg}");
        }
    }
}
