// SPDX-License-Identifier: MIT OR Apache-2.0

//! Several tests at once.

/// Returns the p-values of several tests, adjusted so that the chance that any of those below 0.05
/// is a false one is at most 0.05, however the tests depend on each other (S. Holm, *A simple
/// sequentially rejective multiple test procedure*, Scandinavian Journal of Statistics 6, 1979).
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&one, &other| ps[one].total_cmp(&ps[other]));
    let mut adjusted = vec![1.0; ps.len()];
    let mut least = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        least = least.max(((ps.len() - rank) as f64 * ps[index]).min(1.0));
        adjusted[index] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Results of R's `p.adjust(p, "holm")`.
    #[test]
    fn adjusted_values_are_those_of_r() {
        let expect = |ps: &[f64], expected: &[f64]| {
            let adjusted = holm(ps);
            assert_eq!(adjusted.len(), expected.len());
            let pairs = adjusted.iter().zip(expected);
            assert!(
                pairs
                    .into_iter()
                    .all(|(one, other)| (one - other).abs() < 1e-12),
                "{adjusted:?}"
            );
        };
        expect(&[0.01, 0.04, 0.03, 0.005], &[0.03, 0.06, 0.06, 0.02]);
        expect(&[0.5, 0.6], &[1.0, 1.0]);
        expect(&[0.04], &[0.04]);
        expect(&[], &[]);
    }
}
