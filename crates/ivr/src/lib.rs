//! ivr.
