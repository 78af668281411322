//! Session descriptions (RFC 8866) and the offer/answer model (RFC 3264) for one audio stream.
//!
//! `sdp-types` knows the syntax; what we accept, refuse and say is decided here. One walk each way:
//! [`parse`] an offer, [`answer`] it; or [`make_offer`] and [`accept_answer`]. Nothing here resolves names,
//! keeps state or panics: whatever a peer writes ends in a [`Negotiated`] or a [`Refusal`].
//!
//! Not here: SRTP keys (secured lines are refused, never answered in the clear), ICE, video, fax.
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![deny(clippy::arithmetic_side_effects)]

mod address;
mod answer;
mod attribute;
mod codec;
mod description;
mod direction;
mod error;
mod event;
mod extension;
mod format;
mod media;
mod negotiate;
mod offer;
mod opus;
mod packet_time;
mod write;

pub use address::{AddressFault, Forbidden};
pub use answer::answer;
pub use codec::Codec;
pub use description::{MAX_BYTES, MAX_MEDIA, SessionDescription, parse};
pub use direction::Direction;
pub use error::{Refusal, SdpError};
pub use event::TelephoneEvent;
pub use extension::AudioLevel;
pub use negotiate::{ChoiceOf, Local, Negotiated};
pub use offer::{accept_answer, make_offer};
pub use opus::OpusParameters;
