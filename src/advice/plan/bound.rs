//! What the fullest member bears at least, however partitions are dealt out.

/// The largest of: the mean load; the largest piece; and, for each k, the k + 1 smallest of the k·m + 1
/// largest pieces, of which some member must bear k + 1. In the unit of `work`; 0 for no work.
///
/// `work` in any order, `members` at least 1 (0 counts as 1).
pub fn lower_bound(work: &[f64], members: usize) -> f64 {
    let members = members.max(1);
    let mut sorted = work.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let mut sums = vec![0.0];
    for piece in &sorted {
        sums.push(sums[sums.len() - 1] + piece);
    }
    let mean = sums[sorted.len()] / members as f64;
    let crowded = (0..)
        .map(|k| (k, k * members + 1))
        .take_while(|(_, largest)| *largest <= sorted.len())
        .map(|(k, largest)| sums[largest] - sums[largest - k - 1]);
    crowded.fold(mean, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }

    #[test]
    fn each_bound_can_be_the_one_that_binds() {
        near(lower_bound(&[1.0, 1.0, 1.0, 1.0], 2), 2.0);
        near(lower_bound(&[9.0, 1.0, 1.0], 2), 9.0);
        near(lower_bound(&[3.0, 3.0, 3.0], 2), 6.0);
        near(lower_bound(&[1.0; 5], 2), 3.0);
        near(lower_bound(&[], 3), 0.0);
        near(lower_bound(&[2.0], 0), 2.0);
    }
}
