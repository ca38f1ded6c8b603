//! Whether a probability tells the truth: of all that was said to be 70 % likely, were 70 in 100 so? As numbers, as text
//! and as a picture.

use std::fmt::Write as _;

use serde::Serialize;

/// One tenth of the scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// How many were said to lie here.
    pub count: usize,
    /// The mean of what was said of them.
    pub said: f64,
    /// The share that was so.
    pub so: f64,
}

/// How what was said compares with what was so.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Ten equal parts of the scale.
    pub bins: Vec<Bin>,
    /// Mean distance of said and so, each bin weighed by how many lie in it.
    pub ece: f64,
    /// Mean square of the distance of what was said from what was so, piece by piece.
    pub brier: f64,
}

impl Reliability {
    /// Of probabilities and what was so.
    pub fn of(pieces: &[(f64, bool)]) -> Self {
        let mut bins = vec![Bin::default(); BINS];
        let mut brier = 0.0;
        for &(said, so) in pieces {
            let so = f64::from(u8::from(so));
            let bin = &mut bins[((said * BINS as f64) as usize).min(BINS - 1)];
            bin.count += 1;
            bin.said += said;
            bin.so += so;
            brier += (said - so) * (said - so);
        }
        let many = pieces.len().max(1) as f64;
        let mut ece = 0.0;
        for bin in bins.iter_mut().filter(|bin| bin.count > 0) {
            ece += (bin.said - bin.so).abs() / many;
            bin.said /= bin.count as f64;
            bin.so /= bin.count as f64;
        }
        Self { bins, ece, brier: brier / many }
    }

    /// How often the likelier answer was said to be right, in percent, and how often it was.
    pub fn claimed_and_right(&self) -> (f64, f64) {
        let many = self.bins.iter().map(|bin| bin.count).sum::<usize>().max(1) as f64;
        let percent = |share: fn(&Bin) -> f64| {
            100.0 * self.bins.iter().map(|bin| share(bin) * bin.count as f64).sum::<f64>() / many
        };
        let right = |bin: &Bin| if bin.said < 0.5 { 1.0 - bin.so } else { bin.so };
        (percent(|bin| bin.said.max(1.0 - bin.said)), percent(right))
    }

    /// The diagram as lines of text: a bar of what was so, a mark at what was said.
    pub fn text(&self) -> String {
        let mut text =
            format!("  said     so   count   (expected error {:.3}, Brier {:.3})\n", self.ece, self.brier);
        for bin in self.bins.iter().filter(|bin| bin.count > 0) {
            let place = |x: f64| (x * WIDE as f64).round() as usize;
            let bar: String = (0..=WIDE)
                .map(|at| match at {
                    at if at == place(bin.said) => '|',
                    at if at < place(bin.so) => '=',
                    _ => ' ',
                })
                .collect();
            let _ =
                writeln!(text, "  {:.2}   {:.2}   {:>5}   {}", bin.said, bin.so, bin.count, bar.trim_end());
        }
        text
    }

    /// The diagram as a picture: a disc for each bin, as large as it holds many, on the diagonal when it tells the truth.
    pub fn svg(&self, title: &str) -> String {
        let most = self.bins.iter().map(|bin| bin.count).max().unwrap_or_default().max(1) as f64;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 360 380\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"360\" height=\"380\" fill=\"#fff\"/>\n\
             <text x=\"180\" y=\"20\" text-anchor=\"middle\">{} (expected error {:.3})</text>\n\
             <path d=\"M40 340V40H340V340Z\" fill=\"none\" stroke=\"#888\"/>\n\
             <path d=\"M40 340L340 40\" stroke=\"#bbb\" stroke-dasharray=\"4\"/>\n",
            escaped(title),
            self.ece
        );
        for tick in 0..=5 {
            let (share, along) = (f64::from(tick) / 5.0, f64::from(tick) * 60.0);
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"356\" text-anchor=\"middle\">{share:.1}</text>",
                40.0 + along
            );
            let _ =
                writeln!(svg, "<text x=\"34\" y=\"{}\" text-anchor=\"end\">{share:.1}</text>", 344.0 - along);
        }
        svg += "<text x=\"190\" y=\"374\" text-anchor=\"middle\">said</text>\n";
        svg += "<text x=\"12\" y=\"190\" text-anchor=\"middle\" transform=\"rotate(-90 12 190)\">was so</text>\n";
        for bin in self.bins.iter().filter(|bin| bin.count > 0) {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.1}\" fill=\"#2a6f97\" fill-opacity=\"0.7\"><title>{} of {}</title></circle>",
                40.0 + 300.0 * bin.said,
                340.0 - 300.0 * bin.so,
                2.0 + 10.0 * (bin.count as f64 / most).sqrt(),
                (bin.so * bin.count as f64).round(),
                bin.count
            );
        }
        svg + "</svg>\n"
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Tenths: with some hundred clips a finer scale would have empty bins.
const BINS: usize = 10;

/// Characters that the text's bar is wide.
const WIDE: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_truth_has_no_error_and_a_boast_has_its_own() {
        let truthful: Vec<(f64, bool)> = (0..100).map(|n| (0.75, n % 4 != 0)).collect();
        let told = Reliability::of(&truthful);
        assert!(told.ece < 1e-9 && (told.brier - 0.1875).abs() < 1e-9, "{told:?}");
        let boast: Vec<(f64, bool)> = truthful.iter().map(|(_, so)| (0.95, *so)).collect();
        assert!((Reliability::of(&boast).ece - 0.2).abs() < 1e-9);
        assert!(Reliability::of(&[]).ece.abs() < 1e-12);
        let (claimed, right) =
            Reliability::of(&[(0.9, true), (0.9, false), (0.2, false), (0.3, false)]).claimed_and_right();
        assert!((claimed - 82.5).abs() < 1e-9 && (right - 75.0).abs() < 1e-9, "{claimed} {right}");
    }

    #[test]
    fn both_diagrams_show_each_bin_that_holds_anything() {
        let told = Reliability::of(&[(0.05, false), (0.95, true), (1.0, true)]);
        assert_eq!(told.text().lines().count(), 3);
        let svg = told.svg("a < b");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("a &lt; b") && svg.ends_with("</svg>\n"));
    }
}
