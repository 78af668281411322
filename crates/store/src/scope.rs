use model::directory::Directory;
use model::query::{OrderBy, Query};
use model::{Actor, Sid};

/// The subscribers whose records may be seen. It cannot be made without naming one, and every query of records takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    sids: Vec<Sid>,
    unowned: bool,
}

impl Scope {
    /// `tenant` and nobody else.
    pub fn tenant(tenant: Sid) -> Self {
        Self {
            sids: vec![tenant],
            unowned: false,
        }
    }

    /// `tenant` and all others given.
    pub fn of(tenant: Sid, others: impl IntoIterator<Item = Sid>) -> Self {
        let mut scope = Self::tenant(tenant);
        scope.sids.extend(others);
        scope
    }

    /// `top` and everyone below it in `directory`.
    pub fn below(directory: &Directory, top: &Sid) -> Self {
        let all = directory.subscribers().map(|subscriber| &subscriber.sid);
        let below = all.filter(|sid| *sid != top && directory.is_within(sid, top));
        Self::of(top.clone(), below.cloned())
    }

    /// The same, and what belongs to nobody if `unowned`.
    pub fn and_unowned(self, unowned: bool) -> Self {
        Self { unowned, ..self }
    }

    /// Whether it has what belongs to nobody.
    pub fn has_unowned(&self) -> bool {
        self.unowned
    }

    /// The subscribers, never none.
    pub fn sids(&self) -> &[Sid] {
        &self.sids
    }
}

/// Which part of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Records to skip.
    pub offset: u64,
    /// Most records to return.
    pub limit: u32,
    /// By time of creation.
    pub order: Order,
}

/// Order by time of creation; ids settle what is equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Ascending.
    OldestFirst,
    /// Descending.
    NewestFirst,
}

impl From<Page> for Query {
    fn from(page: Page) -> Self {
        Self {
            offset: page.offset,
            limit: page.limit,
            order: vec![OrderBy {
                field: "created",
                descending: page.order == Order::NewestFirst,
            }],
            filter: None,
        }
    }
}

/// A page of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records<R> {
    /// The page.
    pub page: Vec<R>,
    /// How many there are in all.
    pub total: u64,
}

/// One change as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Grows with every change.
    pub id: u64,
    /// When, epoch ms.
    pub at_ms: i64,
    /// Who.
    pub actor: Actor,
    /// What was done, in one word.
    pub action: String,
    /// To which object, such as `DID 220`.
    pub object: String,
}

#[cfg(test)]
mod tests {
    use model::directory::{Edit, Subscriber, SubscriberRole};

    use super::*;

    fn account(sid: &str, parent: Option<&str>) -> Edit {
        Edit::PutSubscriber(Subscriber::new(
            Sid::new(sid),
            parent.map(Sid::new),
            sid,
            SubscriberRole::Regular,
        ))
    }

    #[test]
    fn a_scope_holds_the_tenant_and_what_is_below_it() {
        let edits = [
            account("top", None),
            account("a", Some("top")),
            account("a1", Some("a")),
            account("b", Some("top")),
        ];
        let empty = Directory::default();
        let directory = edits
            .into_iter()
            .fold(empty, |directory, edit| directory.edited(edit).unwrap());
        for (top, expected) in [("a", vec!["a", "a1"]), ("b", vec!["b"]), ("gone", vec!["gone"])] {
            let scope = Scope::below(&directory, &Sid::new(top));
            assert_eq!(scope.sids().iter().map(Sid::as_str).collect::<Vec<_>>(), expected);
        }
    }
}
