//! Questions and answers.

/// A leg's part in a question-and-answer session; `qaMode` of a Call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Question {
    /// It asks nothing.
    #[default]
    None = 0,
    /// Its hand is raised: it waits for the floor.
    Raised = 1,
    /// It has the floor, and is heard.
    Floor = 2,
    /// It had the floor, or was answered without.
    Answered = 3,
}

impl Question {
    /// All of them, in wire order.
    pub const ALL: [Self; 4] = [Self::None, Self::Raised, Self::Floor, Self::Answered];

    /// Reads the wire number 0 to 3.
    pub fn from_wire(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|question| i64::from(question.wire()) == number)
    }

    /// The wire number.
    pub fn wire(self) -> u8 {
        self as u8
    }
}
