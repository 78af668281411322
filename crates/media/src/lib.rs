//! ONE leg of a conference call: RTP, RTCP, jitter buffer, codecs, digits, and the sounds a bridge plays.
//!
//! A [`Leg`] is a machine: packets and ticks come in with their time, packets and audio go out through arguments. Where they come from
//! and go to is a [`LegSocket`] of whoever runs the leg.
//! Everything called per packet or per tick ([`Leg::on_rtp`], [`Leg::on_rtcp`], [`Leg::playout`], [`Leg::send`],
//! [`Leg::rtcp`], [`Leg::poll_event`], [`Encoder::encode`]) neither allocates nor locks, logs or blocks; every buffer
//! has its size from construction on, and what does not fit is counted in [`Quality`].
//!
//! What a packet runs through can be had piece by piece, too, as benches do: [`rtp::Packet`], [`jitter::Player`], [`Decoder`].

mod agc;
pub mod clip;
pub mod codec;
mod conceal;
mod convert;
mod echo;
pub mod emodel;
mod event4733;
mod fir;
mod frame;
mod gate;
mod header_extension;
mod inband;
pub mod jitter;
mod leg;
mod level;
mod meter;
pub mod music;
pub mod noise;
mod quality;
mod resample;
pub mod rtcp;
pub mod rtp;
mod scrutiny;
mod socket;
mod source;
mod spectrum;
mod stream;
mod stretch;
mod texture;
pub mod tone;

pub use clip::{Clip, ClipBank, ClipError};
pub use codec::{Codec, Decoder, Effort, Encoder, Format, Memory, OpusSend};
pub use convert::Converter;
pub use echo::Echo;
pub use emodel::Way;
pub use frame::{Frame, Rate, TICK};
pub use header_extension::{HeaderExtension, Malformed};
pub use leg::{
    ComfortNoise, Decode, Direction, Heard, JitterConfig, KeyFormat, Latching, Leg, LegConfig, LegEvent,
    LevelFormat, MediaLoss, MediaTimeouts, Prepared, Session,
};
pub use level::Dbov;
pub use quality::Quality;
pub use socket::{Channel, Fallbacks, LegSocket, Received, Unsent};
pub use tone::Tone;
