use model::Sid;
use model::directory::Directory;

/// The subscribers whose records may be seen. It cannot be made without naming one, and every query of records takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    sids: Vec<Sid>,
}

impl Scope {
    /// `tenant` and nobody else.
    pub fn tenant(tenant: Sid) -> Self {
        Self { sids: vec![tenant] }
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

/// A page of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records<R> {
    /// The page.
    pub page: Vec<R>,
    /// How many there are in all.
    pub total: u64,
}

/// One line of a meeting's log as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When, epoch ms.
    pub at_ms: i64,
    /// Who: `bridge`, `user <sid>` or `leg <id>`.
    pub actor: String,
    /// What happened, in one word.
    pub what: String,
    /// The leg it happened to, if it was one.
    pub leg: Option<model::LegId>,
    /// Cause, new value or state; empty when the word says it all.
    pub detail: String,
}
