//! The command line of `partyline ctl`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const TEACHING: &str = r#"Where the API is and who asks, the first that is given counts:
  address   --url, PARTYLINE_URL, else https://127.0.0.1:8443; one without a path gets /conference/v1 behind it
  login     --user with --password-file, PARTYLINE_LOGIN (login:password), else credentials.toml of --data: its first login, or --user's
  trust     --ca, PARTYLINE_CA, else cert.pem of --data, else the certificate authorities of the web

Exit status: 0 done, 1 the API refused, 2 wrong options, nobody answers there, or what answers is no bridge.

Examples, on the machine of the bridge, in the folder that ./run was started in:
  partyline ctl meetings                            meetings that go on
  partyline ctl meeting 106131                      who is in it, who talks, how well they are heard
  partyline ctl mute 6889184 6889185                two calls
  partyline ctl mute-all 106131                     everybody but the hosts
  partyline ctl room create --group 219 --key host:4711 --key participant
  partyline ctl room set 106131 --attribute conference_start_how=moderator
  partyline ctl cdrs --limit 20 --json | jq '.items[].cause'
  partyline ctl mdrs --filter 'meetingNumber eq 106131'    meetings of a room that are over, with their ids
  partyline ctl cdrs --filter 'meetingId eq 31'     the calls of one of them
  partyline ctl audit --filter 'object eq "room 106131"'    who made it, changed it, and when
  partyline ctl webhooks                            where events are posted to
  partyline ctl webhook deliveries whk_… --dead     what was given up; partyline ctl webhook --help tells how it is posted again
  partyline ctl tail 106131                         what happens in a meeting, until Ctrl-C
Elsewhere:
  PARTYLINE_URL=https://bridge.example.com:8443 PARTYLINE_LOGIN=demo:… partyline ctl calls"#;

const OF_WEBHOOKS: &str = "What a receiver did not take is tried for a day, then given up: it is dead, and waits for you.

Examples, once the receiver is there again:
  partyline ctl webhooks                                   their ids, and which of them are off
  partyline ctl webhook deliveries whk_… --dead            what was given up, after how many tries, and why
  partyline ctl webhook redeliver whk_… 9121 9122          two of these events
The oldest thousand of them, in their order; once more where there are others:
  partyline ctl webhook deliveries whk_… --dead --order id --limit 1000 --json | jq '.items[].id' | xargs -r partyline ctl webhook redeliver whk_…";

/// What `partyline ctl` takes.
#[derive(Args, Clone, Debug)]
#[command(after_help = TEACHING)]
pub(crate) struct Ctl {
    /// Where and who.
    #[command(flatten)]
    pub(super) access: Access,
    /// Print what the API said instead of a table
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Where the API is, and who asks.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Access {
    /// Address of the API, as the bridge prints it; without a path, /conference/v1 is put behind it
    #[arg(long, global = true, value_name = "URL")]
    pub(super) url: Option<String>,
    /// Name to log in with
    #[arg(long, global = true, value_name = "LOGIN")]
    pub(super) user: Option<String>,
    /// File whose first line is the password of --user
    #[arg(long, global = true, value_name = "FILE", requires = "user")]
    pub(super) password_file: Option<PathBuf>,
    /// PEM file with the certificate to trust
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Data folder of a bridge on this machine, for logins and the certificate
    #[arg(long, global = true, value_name = "DIR", default_value = "data")]
    pub(super) data: PathBuf,
}

/// Which part of a list.
#[derive(Args, Clone, Debug)]
pub(crate) struct Page {
    /// Only those of which this is true: 'role eq 1 and customName like "A%"'
    #[arg(long, value_name = "FILTER")]
    pub(super) filter: Option<String>,
    /// Fields to order by: 'created desc'
    #[arg(long, value_name = "ORDER")]
    pub(super) order: Option<String>,
    /// Most to show
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) limit: u16,
    /// How many to skip
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) offset: u64,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Command {
    /// Meetings that go on
    Meetings(Page),
    /// Who is in a meeting, who talks, how well they are heard
    Meeting {
        /// Number of the meeting
        #[arg(value_name = "MEETING")]
        number: u32,
    },
    /// Calls on the line
    Calls(Page),
    /// Mute calls
    Mute {
        /// Ids of calls
        #[arg(value_name = "CALL", required = true)]
        calls: Vec<u64>,
    },
    /// Let muted calls speak
    Unmute {
        /// Ids of calls
        #[arg(value_name = "CALL", required = true)]
        calls: Vec<u64>,
    },
    /// Put calls on hold
    Hold {
        /// Ids of calls
        #[arg(value_name = "CALL", required = true)]
        calls: Vec<u64>,
    },
    /// Take calls off hold
    Release {
        /// Ids of calls
        #[arg(value_name = "CALL", required = true)]
        calls: Vec<u64>,
    },
    /// Hang up calls
    Drop {
        /// Ids of calls
        #[arg(value_name = "CALL", required = true)]
        calls: Vec<u64>,
    },
    /// Let nobody but hosts into a meeting any more
    Lock {
        /// Number of the meeting
        #[arg(value_name = "MEETING")]
        number: u32,
    },
    /// Let everybody in again
    Unlock {
        /// Number of the meeting
        #[arg(value_name = "MEETING")]
        number: u32,
    },
    /// Mute everybody but the hosts
    MuteAll {
        /// Number of the meeting
        #[arg(value_name = "MEETING")]
        number: u32,
    },
    /// Let everybody speak
    UnmuteAll {
        /// Number of the meeting
        #[arg(value_name = "MEETING")]
        number: u32,
    },
    /// Put everybody but the hosts on hold
    HoldAll {
        /// Number of the meeting
        #[arg(value_name = "MEETING")]
        number: u32,
    },
    /// Take everybody off hold
    ReleaseAll {
        /// Number of the meeting
        #[arg(value_name = "MEETING")]
        number: u32,
    },
    /// Hang up everybody in a meeting
    End {
        /// Number of the meeting
        #[arg(value_name = "MEETING")]
        number: u32,
    },
    /// Meeting rooms
    Rooms(Page),
    /// Make, show, change or delete a meeting room
    Room {
        #[command(subcommand)]
        what: Room,
    },
    /// Numbers that can be dialled
    Dids(Page),
    /// DID groups
    Groups(Page),
    /// Accounts
    Subscribers(Page),
    /// Calls that have ended, the newest first
    Cdrs(Page),
    /// Meetings that have ended, the newest first
    Mdrs(Page),
    /// Who changed what, the newest first; for administrators
    Audit(Page),
    /// Where events are posted to
    Webhooks(Page),
    /// Show what became of events on their way to a webhook, and have them posted again
    #[command(after_help = OF_WEBHOOKS)]
    Webhook {
        #[command(subcommand)]
        what: Webhook,
    },
    /// How good the audio of everybody in a meeting is: those of whom nothing is heard yet, then the worst
    Quality {
        /// Number of the meeting
        #[arg(value_name = "MEETING")]
        number: u32,
        #[command(flatten)]
        page: Page,
    },
    /// Tell what happens, in one meeting or in all, until Ctrl-C
    Tail {
        /// Number of the meeting
        #[arg(value_name = "MEETING")]
        number: Option<u32>,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Room {
    /// Make a room; codes that are not given are made by the bridge
    Create {
        /// DID group by whose numbers it is reached; where there is but one, that one
        #[arg(long, value_name = "ID")]
        group: Option<u64>,
        /// What it holds.
        #[command(flatten)]
        fields: Fields,
    },
    /// Show a room with its codes and attributes
    Show {
        /// Number of the room
        #[arg(value_name = "MEETING")]
        number: u32,
    },
    /// Change what is named; the rest stays
    Set {
        /// Number of the room
        #[arg(value_name = "MEETING")]
        number: u32,
        /// What to change.
        #[command(flatten)]
        fields: Fields,
    },
    /// Delete a room
    Delete {
        /// Number of the room
        #[arg(value_name = "MEETING")]
        number: u32,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Webhook {
    /// What became of events, the newest first
    Deliveries {
        /// Id of the webhook
        #[arg(value_name = "WEBHOOK")]
        webhook: String,
        /// Only those that were given up; state eq "dead" in a filter says the same
        #[arg(long, conflicts_with = "filter")]
        dead: bool,
        #[command(flatten)]
        page: Page,
    },
    /// Post events once more
    Redeliver {
        /// Id of the webhook
        #[arg(value_name = "WEBHOOK")]
        webhook: String,
        /// Ids of events
        #[arg(value_name = "EVENT", required = true)]
        events: Vec<u64>,
    },
}

/// What a room holds.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Fields {
    /// Free text
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// Six digits
    #[arg(long = "number", value_name = "MEETING", id = "new_number")]
    pub(super) number: Option<u32>,
    /// A role and its code, host:4711, or a role alone for a code that nobody can foresee; replaces all there were
    #[arg(long = "key", value_name = "ROLE[:CODE]", value_parser = super::room::key)]
    pub(super) keys: Vec<super::room::Key>,
    /// An attribute to set, or, without a value, to take off: name=value
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = super::room::attribute)]
    pub(super) attributes: Vec<(String, Option<String>)>,
}
