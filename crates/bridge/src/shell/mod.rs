//! The shell: sockets, clocks and threads around the machines.

mod api_places;
mod api_server;
mod backend;
mod backend_events;
mod backend_webhooks;
mod banner;
mod clips;
mod control_thread;
mod courier;
pub(crate) mod credentials;
mod equipment;
mod first_start;
mod lateness;
mod log;
mod media_port;
mod metrics_server;
mod panics;
mod placement;
mod plays;
mod ports;
mod post;
mod prompts;
mod realtime;
mod retention;
mod serve;
mod settings;
mod shard_thread;
mod shards;
mod sip_connections;
mod sip_tcp;
mod sip_udp;
mod sip_ways;
mod teller;
mod tls;
mod write_limit;

pub(crate) use serve::serve;
