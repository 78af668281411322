//! The nouns every other crate shares: identities, roles, commands, events, the directory and the attribute table.

pub mod attribute;
mod cause;
mod command;
pub mod directory;
mod event;
mod id;
mod live;
mod mute;
mod news;
mod pattern;
mod phrase;
mod poll;
mod qa;
mod quality;
pub mod query;
mod record;
mod request;
mod role;
mod webhook;

pub use cause::{Cause, CauseClass};
pub use command::{Actor, Command, Entrant};
pub use event::Event;
pub use id::{DidGroupId, DidId, KeyId, LegId, MeetingId, MeetingNumber, Sid};
pub use live::{CallState, CallView, Live, MeetingState, MeetingView};
pub use mute::{Mute, MuteMask};
pub use news::{CallNews, Happening, KeyedCommand, News, NewsKind, Party, Place};
pub use pattern::Pattern;
pub use phrase::{Phrase, Prompt};
pub use poll::{Poll, PollStatus, Tally};
pub use qa::Question;
pub use quality::{EchoView, Incoming, Outgoing, Playout, Qualities, QualityView, Score};
pub use record::{Cdr, Mdr};
pub use request::{Begun, KeptAnswer, RequestKey};
pub use role::{Role, Roles};
pub use webhook::{Delivery, DeliveryState, Webhook};
