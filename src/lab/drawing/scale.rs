//! Where a moment stands in a drawing. Time runs to the right, but neither evenly nor without a break: requests that follow
//! each other closely stay apart, and a long silence is cut short.

use chrono::{DateTime, TimeDelta, Utc};

/// A moment that the drawing must have room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stop {
    pub(super) at: DateTime<Utc>,
    /// Whether a mark stands here, which needs room on its left.
    pub(super) marked: bool,
}

/// What a drawing does to time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    /// A silence is drawn as if it were no longer than this.
    pub(super) longest: TimeDelta,
    /// What fills the whole width at least, so that a single request does not.
    pub(super) shortest: TimeDelta,
    /// Percent of the width between a mark and what is before it.
    pub(super) room: f64,
}

/// From moments to percent of the width.
#[derive(Debug)]
pub(super) struct Scale {
    knots: Vec<(DateTime<Utc>, f64)>,
    longest: TimeDelta,
}

/// A silence that is drawn shorter than it was.
#[derive(Debug, PartialEq)]
pub(super) struct Break {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
}

/// Percent of the width that are left free on both sides.
const MARGIN: f64 = 2.0;
const WIDTH: f64 = 100.0 - 2.0 * MARGIN;

impl Scale {
    /// Of the stops in any order.
    pub(super) fn new(mut stops: Vec<Stop>, measure: &Measure) -> Self {
        stops.sort_unstable();
        let gaps: Vec<_> = stops
            .windows(2)
            .map(|pair| {
                let seconds = seconds((pair[1].at - pair[0].at).min(measure.longest));
                (seconds, if pair[1].marked { measure.room } else { 0.0 })
            })
            .collect();
        let factor = factor(&gaps, WIDTH / seconds(measure.shortest).max(0.001));
        let needed = width(&gaps, factor);
        // So many marks that there is no room for them: all closer.
        let closer = if needed > WIDTH { WIDTH / needed } else { 1.0 };
        let mut x = MARGIN;
        let mut knots = Vec::with_capacity(stops.len());
        knots.extend(stops.first().map(|first| (first.at, x)));
        for (stop, gap) in stops.iter().skip(1).zip(&gaps) {
            x += drawn(gap, factor) * closer;
            knots.push((stop.at, x));
        }
        Self { knots, longest: measure.longest }
    }

    /// Percent of the width, to two places.
    pub(super) fn x(&self, at: DateTime<Utc>) -> f64 {
        let after = self.knots.partition_point(|(knot, _)| *knot <= at);
        let x = match (after.checked_sub(1).map(|before| self.knots[before]), self.knots.get(after)) {
            (Some((from, left)), Some((to, right))) => {
                // Two moments within a millisecond are one.
                left + (right - left) * seconds(at - from) / seconds(*to - from).max(0.001)
            }
            (Some((_, x)), None) | (None, Some(&(_, x))) => x,
            (None, None) => MARGIN,
        };
        rounded(x)
    }

    /// The moments between two at which the scale changes.
    pub(super) fn between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> impl Iterator<Item = DateTime<Utc>> {
        self.knots.iter().map(|(at, _)| *at).filter(move |at| from < *at && *at < to)
    }

    pub(super) fn breaks(&self) -> impl Iterator<Item = Break> {
        let pairs = self.knots.windows(2).map(|pair| Break { from: pair[0].0, to: pair[1].0 });
        pairs.filter(|gap| gap.to - gap.from > self.longest)
    }
}

pub(super) fn rounded(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "a drawing")]
fn seconds(span: TimeDelta) -> f64 {
    span.num_milliseconds() as f64 / 1000.0
}

fn drawn((seconds, room): &(f64, f64), factor: f64) -> f64 {
    (seconds * factor).max(*room)
}

fn width(gaps: &[(f64, f64)], factor: f64) -> f64 {
    gaps.iter().map(|gap| drawn(gap, factor)).sum()
}

/// Percent for a second, so that all gaps together fill the width; at most `largest`.
fn factor(gaps: &[(f64, f64)], largest: f64) -> f64 {
    let (mut low, mut high) = (0.0, largest);
    if width(gaps, high) <= WIDTH {
        return high;
    }
    // The width grows with the factor, so halving finds it.
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if width(gaps, middle) > WIDTH { high = middle } else { low = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::log::Record;

    const MEASURE: Measure =
        Measure { longest: TimeDelta::seconds(36), shortest: TimeDelta::seconds(30), room: 5.0 };

    fn scale(seconds: &[i64]) -> Scale {
        let stops = seconds.iter().map(|second| Stop { at: Record::moment(*second), marked: true });
        Scale::new(stops.collect(), &MEASURE)
    }

    fn places(scale: &Scale, seconds: &[i64]) -> Vec<f64> {
        seconds.iter().map(|second| scale.x(Record::moment(*second)).round()).collect()
    }

    #[test]
    fn time_is_even_where_there_is_room() {
        for (case, stops, expected) in [
            ("nothing", vec![], vec![2.0, 2.0, 2.0]),
            ("one moment", vec![0], vec![2.0, 2.0, 2.0]),
            ("less than fills the width", vec![0, 10], vec![2.0, 18.0, 34.0]),
            ("what fills it", vec![0, 30], vec![2.0, 18.0, 34.0]),
            ("more", vec![0, 20, 40], vec![2.0, 14.0, 26.0]),
            ("in any order", vec![40, 0, 20], vec![2.0, 14.0, 26.0]),
        ] {
            assert_eq!(places(&scale(&stops), &[0, 5, 10]), expected, "{case}");
        }
    }

    #[test]
    fn moments_within_a_millisecond_have_a_place() {
        let at = |micros| Record::moment(1) + TimeDelta::microseconds(micros);
        let stops = [0, 100, 300].map(|micros| Stop { at: at(micros), marked: false });
        let scale = Scale::new(stops.to_vec(), &MEASURE);
        for micros in [0, 50, 100, 200, 300] {
            assert!((2.0..=2.01).contains(&scale.x(at(micros))), "{micros}: {}", scale.x(at(micros)));
        }
    }

    #[test]
    fn a_long_silence_is_cut_short_and_marked() {
        let scale = scale(&[0, 10, 3610, 3620]);
        let breaks: Vec<_> = scale.breaks().collect();
        assert_eq!(breaks, [Break { from: Record::moment(10), to: Record::moment(3610) }]);
        // 10 s, 36 s instead of an hour, 10 s.
        assert_eq!(places(&scale, &[0, 10, 3610, 3620]), [2.0, 19.0, 81.0, 98.0]);
    }

    #[test]
    fn marks_stay_apart_and_all_have_a_place() {
        let near = scale(&[0, 0, 1, 30]);
        assert_eq!(places(&near, &[0, 1, 30]), [7.0, 12.0, 98.0]);
        let many: Vec<_> = (0..60).collect();
        let many = scale(&many);
        assert_eq!(places(&many, &[0, 59]), [2.0, 98.0]);
        assert!((0..59).all(|second| many.x(Record::moment(second)) < many.x(Record::moment(second + 1))));
    }
}
