//! The selection in a list: pinned to the row's identity, not to its place.
//!
//! Until it is moved it follows the top, so that trouble that rises is what is selected.

/// Which row is selected, and from where the list is shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picked<K> {
    /// The row's identity; `None`: the first row, whichever it is.
    key: Option<K>,
    index: usize,
    top: usize,
}

impl<K> Default for Picked<K> {
    fn default() -> Self {
        Self {
            key: None,
            index: 0,
            top: 0,
        }
    }
}

impl<K: PartialEq> Picked<K> {
    /// The selected row's place.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// The first row shown.
    pub(super) fn top(&self) -> usize {
        self.top
    }

    /// Selects a row by its identity, wherever it will be found.
    pub(super) fn pin(&mut self, key: K) {
        self.key = Some(key);
    }

    /// Follows the top again.
    pub(super) fn unpin(&mut self) {
        *self = Self::default();
    }

    /// Moves by `by` rows in a list of `len`, and holds on to where it lands.
    pub(super) fn step(&mut self, by: isize, len: usize, key: impl Fn(usize) -> K) {
        if len > 0 {
            self.index = self.index.saturating_add_signed(by).min(len - 1);
            self.key = Some(key(self.index));
        }
    }

    /// Finds its row again in a list that may have changed, and scrolls so that it is shown in
    /// `height` lines. A row that is gone gives way to its neighbour.
    pub(super) fn settle(
        &mut self,
        len: usize,
        height: usize,
        find: impl Fn(&K) -> Option<usize>,
        key: impl Fn(usize) -> K,
    ) {
        if len == 0 {
            (self.index, self.top) = (0, 0);
            return;
        }
        match self.key.as_ref().map(find) {
            None => self.index = 0,
            Some(Some(i)) => self.index = i,
            Some(None) => {
                self.index = self.index.min(len - 1);
                self.key = Some(key(self.index));
            }
        }
        let height = height.max(1);
        let lowest = (self.index + 1).saturating_sub(height);
        self.top = self
            .top
            .clamp(lowest, self.index)
            .min(len.saturating_sub(height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(picked: &mut Picked<char>, list: &str) -> (usize, usize) {
        let rows: Vec<char> = list.chars().collect();
        picked.settle(
            rows.len(),
            3,
            |k| rows.iter().position(|r| r == k),
            |i| rows[i],
        );
        (picked.index(), picked.top())
    }

    #[test]
    fn it_follows_its_row_and_before_that_the_top() {
        let mut p = Picked::default();
        assert_eq!(settled(&mut p, "abcdef"), (0, 0));
        assert_eq!(settled(&mut p, "zabcdef"), (0, 0));
        p.step(4, 7, |i| "zabcdef".chars().nth(i).unwrap());
        assert_eq!(settled(&mut p, "zabcdef"), (4, 2));
        assert_eq!(settled(&mut p, "dzabcef"), (0, 0));
        // Gone: its place keeps the selection.
        assert_eq!(settled(&mut p, "zabc"), (0, 0));
        p.unpin();
        p.step(99, 4, |i| "zabc".chars().nth(i).unwrap());
        assert_eq!(settled(&mut p, "zabc"), (3, 1));
        assert_eq!(settled(&mut p, "za"), (1, 0));
        assert_eq!(settled(&mut p, ""), (0, 0));
    }
}
