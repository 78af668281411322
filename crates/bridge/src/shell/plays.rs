//! Ends of what is played: each is told once, however many shards play it.

use std::collections::{HashMap, VecDeque};

use mixer::PlayId;

/// What is being played in several shards, and what nobody hears. A machine without time.
#[derive(Debug, Default)]
pub(super) struct Plays {
    /// Shards that have not yet told the end, of what more than one plays.
    left: HashMap<PlayId, usize>,
    unheard: VecDeque<PlayId>,
}

impl Plays {
    /// Something is played in so many shards; in none of them it is over at once.
    pub(super) fn begin(&mut self, id: PlayId, shards: usize) {
        match shards {
            0 => self.unheard.push_back(id),
            1 => {}
            shards => drop(self.left.insert(id, shards)),
        }
    }

    /// One shard tells the end; whether it is the last.
    pub(super) fn ended(&mut self, id: PlayId) -> bool {
        match self.left.get_mut(&id) {
            Some(left) if *left > 1 => {
                *left -= 1;
                false
            }
            Some(_) => self.left.remove(&id).is_some(),
            None => true,
        }
    }

    /// The next one that is over because nobody plays it.
    pub(super) fn next_unheard(&mut self) -> Option<PlayId> {
        self.unheard.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_once_by_the_last_shard_and_at_once_where_none_plays() {
        let mut plays = Plays::default();
        for (id, shards) in [(1, 1), (2, 3), (3, 0), (4, 2)] {
            plays.begin(PlayId(id), shards);
        }
        assert_eq!(plays.next_unheard(), Some(PlayId(3)));
        assert_eq!(plays.next_unheard(), None);
        let told = [2, 4, 1, 2, 4, 2].map(|id| plays.ended(PlayId(id)));
        assert_eq!(told, [false, false, true, false, true, true]);
        assert!(plays.left.is_empty());
    }
}
