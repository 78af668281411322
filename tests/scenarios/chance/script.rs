//! Random stories: what phones, clients, the mixer and the network do, and how long it takes.

use api::{LiveCommand, Target};
use bridge::control::{Input, MediaReport};
use media::MediaLoss;
use model::attribute::AttributeId;
use model::{Command, LegId, MeetingNumber, Mute, MuteMask, PollStatus, PresenterMedia, Question, Role};
use proptest::prelude::*;
use proptest::sample::select;
use world::{CALLER, CONF, Level, PCMA, PhoneId, ROOM, SDP, SPECTEL, Settings, World};

/// One step of a story. Whoever it concerns is counted round the phones there are.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A phone calls: which number, with which offer, over which connection, acknowledging or not.
    Call(&'static str, &'static str, Option<u64>, bool),
    /// A phone calls and keys a code.
    Enters(&'static str, &'static str),
    /// It keys.
    Keys(usize, &'static str),
    /// It sends a request.
    Sends(usize, &'static str, &'static str),
    /// It replies to the bridge like this from now on.
    Replies(usize, &'static str),
    /// A client asks something of its call.
    AsksOfCall(usize, OfCall),
    /// A client asks something of its meeting, or of one by number.
    AsksOfMeeting(Option<usize>, LiveCommand),
    /// The mixer reports of it.
    Loses(usize, Option<MediaLoss>),
    /// So it does that it begins or ceases to talk.
    Talks(usize, bool),
    /// And how well it is heard, hundredths of MOS.
    Scores(usize, u16),
    /// A connection is gone.
    Breaks(u64),
    /// The codes of the room change.
    Codes(bool),
    /// Ports are to be had, or not.
    Ports(bool),
    /// Time passes, ms.
    Waits(u64),
}

/// What a client asks of a call whose leg is yet to be known.
#[derive(Clone, Debug)]
pub(super) enum OfCall {
    /// Mute bits.
    Mute(Mute),
    /// Hold.
    Hold(bool),
    /// Level.
    Gain(i8),
    /// Role.
    Role(Role),
    /// Part in the questions.
    Question(Question),
    /// Name.
    Name(&'static str),
    /// Presenting.
    Presenter(PresenterMedia),
    /// Another code.
    Move(&'static str),
    /// End.
    HangUp,
    /// Out of the meeting.
    Drop,
}

impl OfCall {
    fn command(&self, leg: LegId) -> LiveCommand {
        let of_meeting = match self.clone() {
            Self::Mute(mute) => Command::SetMute { leg, mute },
            Self::Hold(on) => Command::SetHold { leg, on },
            Self::Gain(db) => Command::SetGain { leg, db },
            Self::Role(role) => Command::SetRole { leg, role },
            Self::Question(question) => Command::SetQuestion { leg, question },
            Self::Name(name) => Command::SetName {
                leg,
                name: name.to_owned(),
            },
            Self::Drop => Command::Drop { leg },
            Self::Presenter(media) => return LiveCommand::SetPresenter { leg, media },
            Self::Move(code) => {
                let access_code = code.to_owned();
                return LiveCommand::Move { leg, access_code };
            }
            Self::HangUp => return LiveCommand::HangUp { leg },
        };
        LiveCommand::Meeting(of_meeting)
    }
}

const NO_CODEC: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 18\r\n";
const HELD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=sendonly\r\n";

fn who() -> impl Strategy<Value = usize> {
    0..8usize
}

fn call() -> impl Strategy<Value = Step> {
    let number = select(vec![CONF, CONF, CONF, SPECTEL, SPECTEL, "15162065300"]);
    let offer = select(vec![SDP, SDP, SDP, SDP, PCMA, "", NO_CODEC, "no description"]);
    let connection = select(vec![None, None, None, Some(1), Some(2)]);
    (number, offer, connection, prop::bool::weighted(0.9))
        .prop_map(|(number, offer, connection, acks)| Step::Call(number, offer, connection, acks))
}

fn enters() -> impl Strategy<Value = Step> {
    let code = select(vec!["111#", "222#", "333#", "4711#"]);
    (select(vec![CONF, SPECTEL]), code).prop_map(|(number, code)| Step::Enters(number, code))
}

fn keys() -> impl Strategy<Value = Step> {
    let keys = select(vec![
        "111#", "111#", "222#", "222#", "333#", "4711#", "4712#", "999#", "1", "*", "#", "##", "*1", "*1",
        "*1", "*1*1", "*2", "*3", "*3", "*4", "*5", "*5", "*6", "*6", "*7", "*8", "*9", "99111#", "99222#",
        "7", "91", "91", "9", "2",
    ]);
    (who(), keys).prop_map(|(who, keys)| Step::Keys(who, keys))
}

fn request() -> impl Strategy<Value = Step> {
    let request = select(vec![
        ("BYE", ""),
        ("BYE", ""),
        ("CANCEL", ""),
        ("ACK", SDP),
        ("ACK", ""),
        ("INVITE", HELD),
        ("INVITE", SDP),
        ("INVITE", ""),
        ("INVITE", NO_CODEC),
        ("UPDATE", PCMA),
        ("UPDATE", ""),
        ("OPTIONS", ""),
        ("INFO", ""),
    ]);
    (who(), request).prop_map(|(who, (method, body))| Step::Sends(who, method, body))
}

fn of_call() -> impl Strategy<Value = Step> {
    let mute = (any::<bool>(), any::<bool>()).prop_map(|(soft, hard)| Mute { soft, hard });
    let media = (0..8i64).prop_map(|bits| PresenterMedia::from_wire(bits).expect("three bits"));
    let command = prop_oneof![
        mute.prop_map(OfCall::Mute),
        any::<bool>().prop_map(OfCall::Hold),
        (-22..22i8).prop_map(OfCall::Gain),
        select(Role::ALL.to_vec()).prop_map(OfCall::Role),
        select(Question::ALL.to_vec()).prop_map(OfCall::Question),
        select(vec!["", "Ann", "Bob"]).prop_map(OfCall::Name),
        media.prop_map(OfCall::Presenter),
        select(vec!["111", "222", "4711", "98765"]).prop_map(OfCall::Move),
        Just(OfCall::HangUp),
        Just(OfCall::Drop),
    ];
    (who(), command).prop_map(|(who, command)| Step::AsksOfCall(who, command))
}

fn attribute() -> impl Strategy<Value = Command> {
    (select(ATTRIBUTES.to_vec()), any::<bool>()).prop_map(|((name, value), set)| Command::SetAttribute {
        id: AttributeId::find(name).expect(name),
        value: set.then(|| value.to_owned()),
    })
}

fn of_meeting() -> impl Strategy<Value = Step> {
    let mask = || (0..64i64).prop_map(|bits| MuteMask::from_wire(bits).expect("six bits"));
    let command = prop_oneof![
        3 => any::<bool>().prop_map(|on| LiveCommand::Meeting(Command::SetLock(on))),
        3 => mask().prop_map(|mode| LiveCommand::Meeting(Command::SetMuteMode(mode))),
        3 => mask().prop_map(|mode| LiveCommand::Meeting(Command::SetHoldMode(mode))),
        2 => any::<bool>().prop_map(|on| LiveCommand::Meeting(Command::SetQa(on))),
        2 => select(PollStatus::ALL.to_vec()).prop_map(|to| LiveCommand::Meeting(Command::SetPoll(to))),
        2 => any::<bool>().prop_map(|on| LiveCommand::Meeting(Command::SetRecording(on))),
        2 => Just(LiveCommand::Meeting(Command::Start)),
        3 => attribute().prop_map(LiveCommand::Meeting),
        1 => Just(LiveCommand::EndMeeting),
    ];
    (prop::option::weighted(0.5, who()), command).prop_map(|(who, command)| Step::AsksOfMeeting(who, command))
}

fn loss() -> impl Strategy<Value = Step> {
    let which = select(vec![
        None,
        Some(MediaLoss::First),
        Some(MediaLoss::Steady),
        Some(MediaLoss::Hold),
    ]);
    (who(), which).prop_map(|(who, which)| Step::Loses(who, which))
}

/// Any step.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let reply = select(vec!["200 OK", "", "481 No Call", "500 Oops"]);
    let time = select(vec![
        0, 1, 250, 1_000, 3_000, 4_000, 11_000, 31_000, 61_000, 200_000,
    ]);
    prop_oneof![
        4 => call(),
        4 => enters(),
        12 => keys(),
        3 => request(),
        1 => (who(), reply).prop_map(|(who, reply)| Step::Replies(who, reply)),
        5 => of_call(),
        3 => of_meeting(),
        1 => loss(),
        6 => (who(), any::<bool>()).prop_map(|(who, on)| Step::Talks(who, on)),
        3 => (who(), select(vec![0, 359, 370, 380, 450])).prop_map(|(who, mos)| Step::Scores(who, mos)),
        1 => (1..=2u64).prop_map(Step::Breaks),
        1 => any::<bool>().prop_map(Step::Codes),
        1 => prop::bool::weighted(0.8).prop_map(Step::Ports),
        6 => time.prop_map(Step::Waits),
    ]
}

const ATTRIBUTES: [(&str, &str); 21] = [
    ("conference_start_how", "moderator"),
    ("conference_start_how", "explicit"),
    ("conference_start_wait", "0"),
    ("conference_start_wait", "90"),
    ("conference_stop_how", "moderator"),
    ("conference_stop_wait", "0"),
    ("conference_stop_wait", "100"),
    ("conference_maxduration", "0"),
    ("conference_maxduration", "200"),
    ("call_maxduration", "0"),
    ("call_maxduration", "100"),
    ("conference_maxcalls", "2"),
    ("conference_maxcallsperrole", "1:2:1"),
    ("conference_mute_policy", "hp"),
    ("conference_mute_policy", ""),
    ("conference_hold_policy", "pl"),
    ("conference_entrytones", "off"),
    ("conference_recording", "auto"),
    ("conference_recording", "off"),
    ("recording_stop_how", "moderator"),
    ("call_announceparticipantcount", "p"),
];

/// Any settings of the room and the number.
pub(super) fn settings() -> impl Strategy<Value = Vec<(Level, &'static str, &'static str)>> {
    let of_room = select(ATTRIBUTES.to_vec()).prop_map(|(name, value)| (Level::Room, name, value));
    let delay = select(vec!["0", "0", "3"]).prop_map(|delay| (Level::Did, "call_delay", delay));
    (prop::collection::vec(of_room, 0..3), delay).prop_map(|(mut all, delay)| {
        all.push(delay);
        all
    })
}

/// A story being played.
pub(super) struct Play {
    /// Where.
    pub(super) world: World,
    /// Who.
    pub(super) phones: Vec<PhoneId>,
    /// Whether the network delivers every request of the phones twice.
    twice: bool,
}

impl Play {
    /// Nobody has called yet.
    pub(super) fn new(attributes: &[(Level, &'static str, &'static str)], twice: bool) -> Self {
        let settings = Settings {
            attributes: attributes.to_vec(),
            ..Settings::default()
        };
        Self {
            world: World::with(settings),
            phones: Vec::new(),
            twice,
        }
    }

    fn phone(&self, who: usize) -> Option<PhoneId> {
        let count = self.phones.len();
        self.phones.get(who.checked_rem(count)?).copied()
    }

    fn leg(&self, who: usize) -> Option<(PhoneId, LegId)> {
        let phone = self.phone(who)?;
        Some((phone, self.world.leg_if_any(phone)?))
    }

    /// Does one step, if there is anybody to do it.
    pub(super) fn step(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Call(number, offer, connection, acks) => self.call(number, offer, *connection, *acks),
            Step::Enters(number, code) => {
                self.call(number, SDP, None, true);
                let phone = *self.phones.last()?;
                if self.world.leg_if_any(phone).is_some() {
                    self.world.pass(4_000);
                    self.world.key(phone, code);
                }
            }
            Step::Keys(who, keys) => {
                let (phone, _) = self.leg(*who)?;
                self.world.key(phone, keys);
            }
            Step::Sends(who, method, body) => self.send(self.phone(*who)?, method, body),
            Step::Replies(who, reply) => {
                let phone = self.phone(*who)?;
                self.world.manners(phone).reply = reply;
            }
            Step::AsksOfCall(who, command) => {
                let (_, leg) = self.leg(*who)?;
                let _ = self.world.request(Target::Leg(leg), command.command(leg));
            }
            Step::AsksOfMeeting(who, command) => {
                let number = who.and_then(|who| self.meeting_of(who)).unwrap_or(ROOM);
                let _ = self.world.request(self.world.target(number), command.clone());
            }
            Step::Loses(who, which) => {
                let (_, leg) = self.leg(*who)?;
                let report = match *which {
                    Some(which) => MediaReport::Lost { leg, which },
                    None => MediaReport::Failed { leg },
                };
                self.world.input(Input::Media(report));
            }
            Step::Talks(who, on) => {
                let ((_, leg), on) = (self.leg(*who)?, *on);
                self.world.input(Input::Media(MediaReport::Talking { leg, on }));
            }
            Step::Scores(who, mos_hundredths) => {
                let ((_, leg), mos_hundredths) = (self.leg(*who)?, *mos_hundredths);
                self.world
                    .input(Input::Media(MediaReport::Scored { leg, mos_hundredths }));
            }
            Step::Breaks(connection) => {
                let connection = *connection;
                self.world.input(Input::FlowLost { connection });
            }
            Step::Codes(good) => {
                let code = if *good { "111" } else { "11199" };
                self.world
                    .edit_room(|room| room.keychain[0].access_code = code.to_owned());
            }
            Step::Ports(left) => self.world.ports_left = *left,
            Step::Waits(ms) => self.world.pass(*ms),
        }
        Some(())
    }

    fn meeting_of(&self, who: usize) -> Option<MeetingNumber> {
        let (_, leg) = self.leg(who)?;
        self.world.live.calls.get(&leg)?.meeting
    }

    fn call(&mut self, number: &str, offer: &str, connection: Option<u64>, acknowledges: bool) {
        let phone = self.world.phone(number, CALLER);
        self.phones.push(phone);
        let manners = self.world.manners(phone);
        manners.connection = connection;
        manners.acknowledges = acknowledges;
        self.world.send(
            phone,
            "INVITE",
            "Supported: timer\r\nSession-Expires: 90\r\n",
            offer,
        );
    }

    /// An INVITE outside a call would be another call.
    fn send(&mut self, phone: PhoneId, method: &str, body: &str) {
        if method != "INVITE" || self.world.was_answered(phone) {
            self.post(phone, method, "", body);
        }
    }

    fn post(&mut self, phone: PhoneId, method: &str, more: &str, body: &str) {
        let text = self.world.send(phone, method, more, body);
        if self.twice {
            self.world.post(phone, &text);
        }
    }

    /// Everybody hangs up or the bridge stops, and time passes until nothing is left to do.
    pub(super) fn end(&mut self, stops: bool) {
        if stops {
            self.world.input(Input::Shutdown);
        }
        for phone in self.phones.clone().into_iter().filter(|_| !stops) {
            self.world.manners(phone).reply = "200 OK";
            let answered = self.world.was_answered(phone);
            self.post(phone, if answered { "BYE" } else { "CANCEL" }, "", "");
        }
        self.world.pass(100_000);
    }
}
