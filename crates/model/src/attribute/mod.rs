//! Meeting attributes: one row each in `table`, everything else derived from the row.

#[macro_use]
mod derive;
mod kind;
mod render;
mod resolve;
mod table;

pub use kind::{
    Country, Keys, Kind, Language, Limit, PerRole, RecordingMetadata, RecordingMethod, RecordingMode,
    Seconds, StartHow, StopHow, Switch, Text, Upload, Value,
};
pub use render::markdown;
pub use resolve::{
    AttributeError, Level, Levels, Overrides, ROLE_PIN_KEYS, Resolved, check_bindings, check_role_pin,
    resolve,
};
pub use table::*;

/// Whether the bridge already does what an attribute says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Setting it changes what callers notice.
    Honoured,
    /// Stored, checked, inherited and returned; without effect so far.
    Later,
}

impl Status {
    /// What whoever sets such an attribute has to know, behind what it does; empty where that is all.
    pub fn remark(self) -> &'static str {
        match self {
            Self::Honoured => "",
            Self::Later => " Stored and returned, not yet in effect.",
        }
    }
}

/// One row of the table, as data.
#[derive(Debug)]
pub struct Attribute {
    /// Dense index, used as array position.
    pub id: AttributeId,
    /// Name on the wire, in code and in the documentation.
    pub name: &'static str,
    /// Syntax of the value.
    pub kind: Kind,
    /// What a refusal says was expected.
    pub expected: &'static str,
    /// Value when no level overrides it.
    pub default: &'static str,
    /// Values a `Choice` may take.
    pub choices: &'static [&'static str],
    /// Levels that may override it.
    pub levels: Levels,
    /// Policy struct that carries it to its one consumer.
    pub policy: &'static str,
    /// Whether it has an effect.
    pub status: Status,
    /// What it does.
    pub doc: &'static str,
}

impl AttributeId {
    /// Finds the row called `name`.
    pub fn find(name: &str) -> Option<Self> {
        ATTRIBUTES.iter().find(|row| row.name == name).map(|row| row.id)
    }

    /// The row itself.
    pub fn row(self) -> &'static Attribute {
        &ATTRIBUTES[self as usize]
    }
}
