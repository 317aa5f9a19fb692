//! Alignment: which old place became which new one, as a comparison of texts would say: order is kept, and lines that
//! are known to have moved tell how far their neighbours did.

use std::collections::HashMap;

use crate::finding::LocationEvidence;

/// Tables larger than this are not made: whatever writes 2,000 equal findings into one file is not told apart by hand.
const MAX_TABLE: usize = 4 << 20;

/// The pairs that score most in sum, without crossing one another. `score` is `None` where two are no pair.
pub(super) fn align(olds: usize, news: usize, score: impl Fn(usize, usize) -> Option<u32>) -> Vec<(usize, usize)> {
    if olds == 0 || news == 0 || olds.saturating_mul(news) > MAX_TABLE {
        return Vec::new();
    }
    let width = news + 1;
    let mut best = vec![0u64; (olds + 1) * width];
    let mut scores = vec![None; olds * news];
    for old in (0..olds).rev() {
        for new in (0..news).rev() {
            let one = score(old, new);
            scores[old * news + new] = one;
            let paired = one.map_or(0, |one| u64::from(one) + best[(old + 1) * width + new + 1]);
            best[old * width + new] = paired.max(best[(old + 1) * width + new]).max(best[old * width + new + 1]);
        }
    }
    let mut pairs = Vec::new();
    let (mut old, mut new) = (0, 0);
    while old < olds && new < news {
        let here = best[old * width + new];
        let paired = |one: u32| u64::from(one) + best[(old + 1) * width + new + 1] == here;
        if scores[old * news + new].is_some_and(paired) {
            pairs.push((old, new));
            (old, new) = (old + 1, new + 1);
        } else if best[(old + 1) * width + new] == here {
            old += 1;
        } else {
            new += 1;
        }
    }
    pairs
}

/// How far lines moved, file by file, by the findings that are known to be the same.
#[derive(Default)]
pub(super) struct Drift {
    /// By the old path: old line → new line.
    moved: HashMap<u32, Vec<(u32, u32)>>,
}

impl Drift {
    pub(super) fn new<'p>(pairs: impl Iterator<Item = (&'p LocationEvidence, &'p LocationEvidence)>) -> Self {
        let mut drift = Self::default();
        for (old, new) in pairs.filter(|(old, new)| old.path != 0 && old.line != 0 && new.line != 0) {
            drift.moved.entry(old.path).or_default().push((old.line, new.line));
        }
        drift.moved.values_mut().for_each(|lines| lines.sort_unstable());
        drift
    }

    /// How far a new line is from where the old one should be by now; `None` where a line is unknown.
    pub(super) fn distance(&self, old: &LocationEvidence, new: &LocationEvidence) -> Option<u32> {
        if old.line == 0 || new.line == 0 {
            return None;
        }
        let known = self.moved.get(&old.path).map_or(&[][..], Vec::as_slice);
        let next = known.partition_point(|(line, _)| *line <= old.line);
        let by = |(line, now): (u32, u32)| i64::from(now) - i64::from(line);
        // A file's start stays where it is; between two known lines it may have moved as far as either of them.
        let above = by(next.checked_sub(1).map_or((0, 0), |at| known[at]));
        let below = known.get(next).map_or(above, |&pair| by(pair));
        let moved = by((old.line, new.line));
        let off = (above.min(below) - moved).max(moved - above.max(below)).max(0);
        Some(u32::try_from(off).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_keep_their_order_and_score_most() {
        let near = |olds: &'static [u32], news: &'static [u32]| {
            align(olds.len(), news.len(), |old, new| 100u32.checked_sub(olds[old].abs_diff(news[new])))
        };
        assert_eq!(near(&[10, 50], &[10, 50]), [(0, 0), (1, 1)]);
        assert_eq!(near(&[10, 50], &[48]), [(1, 0)], "the first is gone");
        assert_eq!(near(&[10, 50], &[12]), [(0, 0)], "the second is gone");
        assert_eq!(near(&[10, 50], &[3, 13, 53]), [(0, 1), (1, 2)], "one came before");
        assert_eq!(near(&[10], &[500]), [], "too far");
        assert_eq!(align(0, 3, |_, _| Some(1)), []);
    }

    #[test]
    fn known_lines_tell_where_others_went() {
        let place = |line: u32| LocationEvidence { path: 1, line, ..LocationEvidence::default() };
        let known = [(place(10), place(10)), (place(20), place(50)), (place(30), place(60))];
        let drift = Drift::new(known.iter().map(|(old, new)| (old, new)));
        let distance = |old: u32, new: u32| drift.distance(&place(old), &place(new));
        assert_eq!(distance(25, 55), Some(0));
        assert_eq!(distance(25, 58), Some(3));
        assert_eq!((distance(15, 15), distance(15, 45), distance(15, 14)), (Some(0), Some(0), Some(1)));
        assert_eq!((distance(5, 5), distance(90, 120), distance(90, 90)), (Some(0), Some(0), Some(30)));
        assert_eq!(distance(5, 0), None);
    }
}
