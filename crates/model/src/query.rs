//! What a list is asked for: which objects, in what order, how many of them.

use crate::pattern::Pattern;

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Objects to skip.
    pub offset: u64,
    /// Most objects to return, 1 to 1000.
    pub limit: u32,
    /// Fields to order by, the first first; never none.
    pub order: Vec<OrderBy>,
    /// Which objects; all of them when there is none.
    pub filter: Option<Filter>,
}

impl Query {
    /// The same of those objects alone that pass `condition`, too.
    #[must_use]
    pub fn within(&self, condition: Filter) -> Self {
        let filters = [Some(condition), self.filter.clone()];
        Self {
            filter: Some(Filter::And(filters.into_iter().flatten().collect())),
            order: self.order.clone(),
            ..*self
        }
    }
}

/// One field to order by. What is missing comes first, or last when descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// Name on the wire, out of the program's own lists and never as somebody sent it.
    pub field: &'static str,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// A condition on the fields of one object. Every one is true or false, also of fields that are missing.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Each of these holds.
    And(Vec<Self>),
    /// At least one of these holds.
    Or(Vec<Self>),
    /// This does not hold.
    Not(Box<Self>),
    /// A field passes a test.
    Field {
        /// Name on the wire, out of the program's own lists and never as somebody sent it.
        name: &'static str,
        /// The test.
        test: Test,
    },
}

impl Filter {
    /// Tells the names of the fields that are tested; one that is tested twice is told twice.
    pub fn each_name(&self, tell: &mut impl FnMut(&'static str)) {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().for_each(|one| one.each_name(tell)),
            Self::Not(one) => one.each_name(tell),
            Self::Field { name, .. } => tell(name),
        }
    }
}

/// A test of the value of one field. A missing value passes `Missing` and no other.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// There is no value.
    Missing,
    /// The value stands so to another.
    Is(Relation, Scalar),
    /// The value, as text, is like this.
    Like(Pattern),
    /// The value is one of these.
    In(Vec<Scalar>),
}

/// How two values of one kind stand to each other. What is not equal is written `Not` of what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same.
    Equal,
    /// Greater, or later in the alphabet of Unicode code points.
    Greater,
    /// Not less.
    GreaterOrEqual,
    /// Less.
    Less,
    /// Not greater.
    LessOrEqual,
}

impl Relation {
    /// Whether it holds when the first value has this order to the second.
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }
}

/// A value to compare with, of the kind of its field.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// Another number; never one that is not finite.
    Real(f64),
    /// A text.
    Text(String),
}
