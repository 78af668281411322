//! A table of fixed size: things in places that don't move, found by the name control gave them.
//!
//! A name is given up as soon as control gives the thing up, its place only when the thing is gone: until then it fades
//! out. Nobody but the owner of the table keeps a place, and it drops every mention of one before it empties it, so a
//! place needs no generation.

/// `T`s by place and by name.
#[derive(Debug)]
pub(crate) struct Table<K, T> {
    places: Vec<Option<T>>,
    free: Vec<usize>,
    /// Places in use, so that a walk costs what there is and not what there could be.
    used: Vec<usize>,
    /// In the order of the names. Names grow, so a new one goes to the end.
    names: Vec<(K, usize)>,
    most: usize,
}

impl<K: Ord + Copy, T> Table<K, T> {
    /// Room for `most` names, and for as many things that have lost theirs and are on their way out.
    pub(crate) fn new(most: usize) -> Self {
        let places = most * 2;
        Self {
            places: (0..places).map(|_| None).collect(),
            free: (0..places).rev().collect(),
            used: Vec::with_capacity(places),
            names: Vec::with_capacity(most),
            most,
        }
    }

    /// Names in use.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether `key` could be put in.
    pub(crate) fn has_room_for(&self, key: K) -> bool {
        self.names.len() < self.most && !self.free.is_empty() && self.search(key).is_err()
    }

    /// Puts a thing in; gives it back when there is no room, or the name is taken.
    pub(crate) fn insert(&mut self, key: K, thing: T) -> Result<(), T> {
        if !self.has_room_for(key) {
            return Err(thing);
        }
        if let (Err(at), Some(place)) = (self.search(key), self.free.pop()) {
            self.names.insert(at, (key, place));
            self.used.push(place);
            self.places[place] = Some(thing);
        }
        Ok(())
    }

    /// The place of `key`.
    pub(crate) fn place(&self, key: K) -> Option<usize> {
        self.search(key).ok().map(|at| self.names[at].1)
    }

    /// The thing called `key`.
    pub(crate) fn named(&mut self, key: K) -> Option<&mut T> {
        let place = self.place(key)?;
        self.places[place].as_mut()
    }

    /// The thing at a place.
    pub(crate) fn at(&mut self, place: usize) -> Option<&mut T> {
        self.places.get_mut(place)?.as_mut()
    }

    /// Takes a name out of use; the thing stays where it is.
    pub(crate) fn forget(&mut self, key: K) -> Option<usize> {
        let at = self.search(key).ok()?;
        Some(self.names.remove(at).1)
    }

    /// Empties a place whose name was forgotten.
    pub(crate) fn take(&mut self, place: usize) -> Option<T> {
        let thing = self.places.get_mut(place)?.take()?;
        let used = self.used.iter().position(|used| *used == place)?;
        self.used.swap_remove(used);
        self.free.push(place);
        Some(thing)
    }

    /// Things there are, named or on their way out.
    pub(crate) fn count(&self) -> usize {
        self.used.len()
    }

    /// Place of the `n`th thing. Taking it moves the last one up, so whoever takes while walking walks backwards.
    pub(crate) fn nth(&self, n: usize) -> Option<usize> {
        self.used.get(n).copied()
    }

    /// Hands over one thing after another.
    pub(crate) fn for_each(&mut self, mut what: impl FnMut(&mut T)) {
        for place in &self.used {
            if let Some(thing) = &mut self.places[*place] {
                what(thing);
            }
        }
    }

    fn search(&self, key: K) -> Result<usize, usize> {
        self.names.binary_search_by_key(&key, |(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgotten_thing_stays_until_it_is_taken_and_makes_room_for_another_name() {
        let mut table = Table::new(2);
        assert_eq!(table.insert(5, "a"), Ok(()));
        assert_eq!(table.insert(3, "b"), Ok(()));
        assert_eq!(table.insert(9, "c"), Err("c"));
        assert_eq!(table.insert(5, "d"), Err("d"));
        let place = table.forget(5).unwrap();
        assert_eq!(table.insert(9, "c"), Ok(()));
        assert_eq!(table.named(5), None);
        assert_eq!(table.at(place), Some(&mut "a"));
        let mut seen = Vec::new();
        table.for_each(|thing| seen.push(*thing));
        assert_eq!((seen, table.count()), (vec!["a", "b", "c"], 3));
        assert_eq!(table.take(place), Some("a"));
        assert_eq!((table.take(place), table.len()), (None, 2));
        assert_eq!(table.named(3), Some(&mut "b"));
        assert_eq!(table.named(9), Some(&mut "c"));
    }

    #[test]
    fn years_of_coming_and_going_need_no_more_memory() {
        let mut table = Table::new(10);
        let capacity = |table: &Table<u64, u64>| {
            (
                table.free.capacity(),
                table.names.capacity(),
                table.used.capacity(),
            )
        };
        let before = capacity(&table);
        for key in 0..10_000u64 {
            assert!(table.insert(key, key).is_ok());
            if let Some(old) = key.checked_sub(7) {
                let place = table.forget(old).unwrap();
                assert_eq!(table.take(place), Some(old));
            }
        }
        assert_eq!(before, capacity(&table));
    }
}
