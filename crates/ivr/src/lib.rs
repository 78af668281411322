//! What a caller hears and keys: the call flow before the meeting, the key map within it, budgets against guessing.

pub mod budget;
pub mod keypad;
pub mod session;
