//! One HTML page made from reports: a table for each case, and a plot for each unit. It has no script and
//! loads nothing, so that it can be kept and sent. Light or dark, as its reader prefers.

use std::fmt::Write as _;

use crate::report::{CaseReport, Metric, Report, shown};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d2430;--dim:#667085;--line:#d5dae3;--bar:#3567c4;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--dim:#98a2b3;--line:#3a4252;--bar:#7ea6f2;--bad:#f2a19a}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}th,td{padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--line)}
th{text-align:left;font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums}
.dim{color:var(--dim)}.bad{color:var(--bad);font-weight:600}svg{width:100%;height:auto;margin:.5rem 0}
svg text{fill:var(--ink);font:13px system-ui,sans-serif}svg .bar{fill:var(--bar)}
svg .spread,svg .one{stroke:var(--ink);stroke-width:1.5}svg .one{stroke-dasharray:4 3}
";

const WIDTH: f64 = 900.0;
const NAMES: f64 = 330.0;
const VALUES: f64 = 100.0;
const ROW: f64 = 26.0;

/// The page.
pub(crate) fn page(reports: &[Report]) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>chinwag bench</title>\
         <style>{STYLE}</style>\n<h1>chinwag bench</h1>\n"
    );
    for report in reports {
        let machine = &report.machine;
        let _ = writeln!(
            html,
            "<p class=\"dim\">chinwag {}, {} CPUs ({}), {} MiB, {}</p>",
            escaped(&report.version),
            machine.cpus,
            escaped(&machine.cpu_model),
            machine.memory_bytes >> 20,
            escaped(&machine.kernel)
        );
        for case in &report.cases {
            section(&mut html, case);
        }
    }
    html.push_str("</html>\n");
    html
}

fn section(html: &mut String, case: &CaseReport) {
    let _ = writeln!(html, "<h2>{}: {}</h2>", escaped(&case.case), escaped(&case.load));
    let faults = case.faults;
    let verdict = if faults.is_clean() {
        "<p>Every delivery once, in order, in its place.</p>".to_owned()
    } else {
        format!("<p class=\"bad\">{}</p>", escaped(&faults.to_string()))
    };
    let _ = writeln!(html, "{verdict}");
    for note in &case.notes {
        let _ = writeln!(html, "<p class=\"dim\">{}</p>", escaped(note));
    }
    let mut units: Vec<&str> = Vec::new();
    for metric in &case.metrics {
        if !units.contains(&metric.unit.as_str()) {
            units.push(&metric.unit);
        }
    }
    for unit in units {
        let metrics: Vec<&Metric> = case.metrics.iter().filter(|metric| metric.unit == unit).collect();
        plot(html, unit, &metrics);
    }
    html.push_str("<table><tr><th>figure<th>unit<th>min<th>median<th>max\n");
    for metric in &case.metrics {
        let spread = metric.spread;
        let (name, unit) = (escaped(&metric.name), escaped(&metric.unit));
        let _ = write!(html, "<tr><td>{name}<td>{unit}");
        for value in [spread.min, spread.median, spread.max] {
            let _ = write!(html, "<td class=\"n\">{}", shown(value));
        }
        html.push('\n');
    }
    html.push_str("</table>\n");
}

/// Bars show the medians, and lines the range from minimum to maximum; ratios have a mark at one.
fn plot(html: &mut String, unit: &str, metrics: &[&Metric]) {
    let is_ratio = unit == "x";
    let least: f64 = if is_ratio { 1.0 } else { 0.0 };
    let most = metrics.iter().map(|metric| metric.spread.max).fold(least, f64::max);
    if most <= 0.0 {
        return;
    }
    let room = WIDTH - NAMES - VALUES;
    let at = |value: f64| NAMES + (value.max(0.0) / most) * room;
    let height = ROW * metrics.len() as f64;
    let label = if is_ratio { "ratios".to_owned() } else { format!("figures in {unit}") };
    let _ = writeln!(
        html,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">",
        escaped(label.trim())
    );
    for (row, metric) in metrics.iter().enumerate() {
        let top = ROW * row as f64;
        let (middle, text) = (top + ROW / 2.0, top + ROW / 2.0 + 4.5);
        let spread = metric.spread;
        let _ = writeln!(
            html,
            "<text x=\"0\" y=\"{text}\">{}</text>\
             <rect class=\"bar\" x=\"{NAMES}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\
             <line class=\"spread\" x1=\"{:.1}\" y1=\"{middle}\" x2=\"{:.1}\" y2=\"{middle}\"/>\
             <text x=\"{:.1}\" y=\"{text}\">{} {}</text>",
            escaped(&metric.name),
            top + 5.0,
            at(spread.median) - NAMES,
            ROW - 10.0,
            at(spread.min),
            at(spread.max),
            at(spread.max) + 8.0,
            shown(spread.median),
            escaped(unit)
        );
    }
    if is_ratio {
        let one = at(1.0);
        let _ =
            writeln!(html, "<line class=\"one\" x1=\"{one:.1}\" y1=\"0\" x2=\"{one:.1}\" y2=\"{height}\"/>");
    }
    html.push_str("</svg>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Sample;

    #[test]
    fn the_page_shows_every_figure_and_runs_no_script() {
        let mut report = Report::new();
        for value in [1.5, 2.5, 3.5] {
            let mut sample = Sample::new("fanout", "3 <receivers>".to_owned());
            sample.add("latency p50", "µs", value);
            sample.add("server CPU ÷ bare loop", "x", value);
            sample.faults.lost = 1;
            report.push(sample);
        }
        let html = page(&[report]);
        assert!(html.contains("fanout: 3 &lt;receivers&gt;"), "{html}");
        assert!(html.contains("<td class=\"n\">1.500<td class=\"n\">2.500<td class=\"n\">3.500"), "{html}");
        assert!(html.contains("FAULTS: 3 lost"), "{html}");
        assert_eq!(html.matches("<svg").count(), 2);
        assert_eq!(html.matches("class=\"one\"").count(), 1);
        assert!(!html.contains("<script") && !html.contains("http"));
    }
}
