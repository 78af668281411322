//! meeting.
