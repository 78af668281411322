//! The simulated world that scenario tests run in.
