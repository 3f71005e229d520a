//! The first bin with room, found in the logarithm of the number of bins.

/// Room left in each bin, as a tree of maxima.
pub(super) struct Rooms {
    tree: Vec<f64>,
    leaves: usize,
}

impl Rooms {
    /// `bins` bins with the same room.
    pub(super) fn new(bins: usize, room: f64) -> Self {
        let leaves = bins.next_power_of_two();
        let mut tree = vec![f64::NEG_INFINITY; 2 * leaves];
        tree[leaves..leaves + bins].fill(room);
        for node in (1..leaves).rev() {
            tree[node] = tree[2 * node].max(tree[2 * node + 1]);
        }
        Self { tree, leaves }
    }

    /// Puts `piece` into the first bin that has room for it; `None`: none has.
    pub(super) fn put(&mut self, piece: f64) -> Option<usize> {
        if self.tree[1] < piece {
            return None;
        }
        let mut node = 1;
        while node < self.leaves {
            node *= 2;
            if self.tree[node] < piece {
                node += 1;
            }
        }
        let bin = node - self.leaves;
        self.tree[node] -= piece;
        while node > 1 {
            node /= 2;
            self.tree[node] = self.tree[2 * node].max(self.tree[2 * node + 1]);
        }
        Some(bin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_with_room_takes_it() {
        let mut rooms = Rooms::new(3, 10.0);
        let bins: Vec<_> = [6.0, 6.0, 4.0, 5.0, 6.0, 3.0, 6.0]
            .map(|piece| rooms.put(piece))
            .into();
        assert_eq!(
            bins,
            [Some(0), Some(1), Some(0), Some(2), None, Some(1), None]
        );
    }
}
