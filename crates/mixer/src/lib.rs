//! mixer.
