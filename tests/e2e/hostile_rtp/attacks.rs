//! Packets that no call deserves. Those with audio carry [`NOTE`], which must never be heard.

use crate::support::phone::{packet, tone};

/// Hz.
pub(crate) const NOTE: f32 = 1_100.0;
const PCMU: u8 = 0;
const PCMA: u8 = 8;
const COMFORT_NOISE: u8 = 13;
const EVENT: u8 = 101;
const STRANGE_SSRC: u32 = 0xbad0_0001;

/// Who sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    /// Another port of the caller's host.
    Stranger,
    /// Another host.
    Foreigner,
    /// The caller's own address: only its bytes are wrong.
    Caller,
}

/// Which of the call's two ports.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Port {
    Rtp = 0,
    Rtcp = 1,
}

/// The caller's stream: what its next packet will be.
pub(crate) struct Target {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
}

/// One kind of packet, sent every 20 ms.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) from: From,
    pub(crate) port: Port,
    pub(crate) packet: fn(&Target, usize) -> Vec<u8>,
}

/// Nothing but peace: a packet of no bytes.
pub(crate) const NONE: Attack = attack("afterwards", From::Stranger, Port::Rtp, |_, _| Vec::new());

const fn attack(name: &'static str, from: From, port: Port, packet: fn(&Target, usize) -> Vec<u8>) -> Attack {
    Attack {
        name,
        from,
        port,
        packet,
    }
}

/// A sound stream of a stranger's own.
pub(crate) fn in_sequence(_: &Target, tick: usize) -> Vec<u8> {
    packet(
        PCMU,
        tick as u16,
        tick as u32 * 160,
        STRANGE_SSRC,
        &tone(NOTE, tick),
    )
}

/// The caller's next packet, forged.
fn forged(target: &Target, tick: usize) -> Vec<u8> {
    packet(
        PCMU,
        target.sequence,
        target.timestamp,
        target.ssrc,
        &tone(NOTE, tick),
    )
}

fn forged_ahead(target: &Target, tick: usize) -> Vec<u8> {
    let ahead = 500 + tick as u16;
    let timestamp = target.timestamp.wrapping_add(u32::from(ahead) * 160);
    packet(
        PCMU,
        target.sequence.wrapping_add(ahead),
        timestamp,
        target.ssrc,
        &tone(NOTE, tick),
    )
}

fn of_type(payload_type: u8, target: &Target, tick: usize) -> Vec<u8> {
    packet(
        payload_type,
        target.sequence,
        target.timestamp,
        target.ssrc,
        &tone(NOTE, tick),
    )
}

/// `##`, which would take the caller out of the meeting.
fn leave(target: &Target, tick: usize) -> Vec<u8> {
    let at = target.timestamp.wrapping_add(tick as u32 * 1_280);
    packet(
        EVENT,
        target.sequence.wrapping_add(tick as u16),
        at,
        target.ssrc,
        &[11, 0x8a, 3, 0x20],
    )
}

/// A packet of the caller's own stream with its first byte changed.
fn first_byte(byte: u8, tick: usize) -> Vec<u8> {
    let mut bytes = in_sequence_of_caller(tick);
    bytes[0] = byte;
    bytes
}

/// From the caller's address under another source, so that its own stream is not disturbed.
fn in_sequence_of_caller(tick: usize) -> Vec<u8> {
    packet(
        PCMU,
        tick as u16,
        tick as u32 * 160,
        STRANGE_SSRC,
        &tone(NOTE, tick),
    )
}

/// RTCP of this type, one block, about the caller.
fn report(kind: u8, target: &Target, words: u16, count: u8) -> Vec<u8> {
    let mut bytes = vec![0x80 | count, kind];
    bytes.extend(words.to_be_bytes());
    bytes.extend(target.ssrc.to_be_bytes());
    bytes.resize(4 * (usize::from(words) + 1), 0x55);
    bytes
}

fn stun(length: u16) -> Vec<u8> {
    let mut bytes = vec![0, 1];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0x21, 0x12, 0xa4, 0x42]);
    bytes.extend([7; 12]);
    bytes
}

/// All of them.
pub(crate) const ALL: &[Attack] = &[
    // Strangers with sound packets.
    attack("a stranger's own stream", From::Stranger, Port::Rtp, in_sequence),
    attack(
        "a stream from another host",
        From::Foreigner,
        Port::Rtp,
        in_sequence,
    ),
    attack(
        "the caller's next packet, forged",
        From::Stranger,
        Port::Rtp,
        forged,
    ),
    attack(
        "the caller's next packet from another host",
        From::Foreigner,
        Port::Rtp,
        forged,
    ),
    attack(
        "the caller's stream far ahead",
        From::Stranger,
        Port::Rtp,
        forged_ahead,
    ),
    attack(
        "the caller's stream far ahead from another host",
        From::Foreigner,
        Port::Rtp,
        forged_ahead,
    ),
    attack("another codec", From::Stranger, Port::Rtp, |target, tick| {
        of_type(PCMA, target, tick)
    }),
    attack("comfort noise", From::Stranger, Port::Rtp, |target, tick| {
        of_type(COMFORT_NOISE, target, tick)
    }),
    attack("keys that leave the meeting", From::Stranger, Port::Rtp, leave),
    attack("keys from another host", From::Foreigner, Port::Rtp, leave),
    attack(
        "a source for every packet",
        From::Stranger,
        Port::Rtp,
        |target, tick| {
            packet(
                PCMU,
                target.sequence,
                target.timestamp,
                tick as u32,
                &tone(NOTE, tick),
            )
        },
    ),
    // Strangers with something else.
    attack("no bytes", From::Stranger, Port::Rtp, |_, _| Vec::new()),
    attack("one byte", From::Stranger, Port::Rtp, |_, _| vec![0x80]),
    attack("eleven bytes", From::Stranger, Port::Rtp, |target, tick| {
        forged(target, tick)[..11].to_vec()
    }),
    attack(
        "four bytes of RTCP at the port of RTP",
        From::Stranger,
        Port::Rtp,
        |_, _| vec![0x80, 200, 0, 0],
    ),
    attack("a STUN request", From::Stranger, Port::Rtp, |_, _| stun(0)),
    attack(
        "a STUN request from another host",
        From::Foreigner,
        Port::Rtp,
        |_, _| stun(0),
    ),
    attack(
        "a STUN request that lies about its length",
        From::Stranger,
        Port::Rtp,
        |_, _| stun(0xfffc),
    ),
    attack("a DTLS hello", From::Stranger, Port::Rtp, |_, _| {
        vec![22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0]
    }),
    attack("a ZRTP hello", From::Stranger, Port::Rtp, |_, _| {
        b"\x10\x00\x00\x01ZRTP\x00\x00\x00\x01\x50\x5a".to_vec()
    }),
    attack(
        "a datagram of 1400 bytes",
        From::Stranger,
        Port::Rtp,
        |target, _| {
            packet(
                PCMU,
                target.sequence,
                target.timestamp,
                target.ssrc,
                &[0x2a; 1388],
            )
        },
    ),
    // RTCP of strangers.
    attack(
        "a sender report on the caller",
        From::Stranger,
        Port::Rtcp,
        |target, _| report(200, target, 6, 0),
    ),
    attack("a receiver report", From::Foreigner, Port::Rtcp, |target, _| {
        report(201, target, 7, 1)
    }),
    attack("a BYE for the caller", From::Stranger, Port::Rtcp, |target, _| {
        report(203, target, 1, 1)
    }),
    attack(
        "a BYE from another host",
        From::Foreigner,
        Port::Rtcp,
        |target, _| report(203, target, 1, 1),
    ),
    attack("four bytes of RTCP", From::Stranger, Port::Rtcp, |_, _| {
        vec![0x80, 200, 0, 0]
    }),
    attack(
        "RTCP that lies about its length",
        From::Stranger,
        Port::Rtcp,
        |target, _| report(200, target, 6, 31)[..9].to_vec(),
    ),
    attack("audio at the port of RTCP", From::Stranger, Port::Rtcp, forged),
    attack(
        "nothing at the port of RTCP",
        From::Stranger,
        Port::Rtcp,
        |_, _| Vec::new(),
    ),
    // The caller's own address, broken packets.
    attack("version 0", From::Caller, Port::Rtp, |_, tick| {
        first_byte(0x00, tick)
    }),
    attack("version 1", From::Caller, Port::Rtp, |_, tick| {
        first_byte(0x40, tick)
    }),
    attack("version 3", From::Caller, Port::Rtp, |_, tick| {
        first_byte(0xc0, tick)
    }),
    attack("more padding than packet", From::Caller, Port::Rtp, |_, tick| {
        let mut bytes = first_byte(0xa0, tick);
        bytes.extend([255]);
        bytes
    }),
    attack("padding of no length", From::Caller, Port::Rtp, |_, tick| {
        let mut bytes = first_byte(0xa0, tick);
        bytes.extend([0]);
        bytes
    }),
    attack(
        "fifteen contributors that are not there",
        From::Caller,
        Port::Rtp,
        |_, tick| first_byte(0x8f, tick)[..40].to_vec(),
    ),
    attack(
        "an extension longer than the packet",
        From::Caller,
        Port::Rtp,
        |_, tick| {
            let mut bytes = first_byte(0x90, tick);
            bytes[12..16].copy_from_slice(&[0xbe, 0xde, 0xff, 0xff]);
            bytes
        },
    ),
    attack(
        "a payload type that nobody named",
        From::Caller,
        Port::Rtp,
        |_, tick| packet(127, tick as u16, 0, STRANGE_SSRC, &tone(NOTE, tick)),
    ),
    attack(
        "a codec that was not agreed on",
        From::Caller,
        Port::Rtp,
        |_, tick| packet(PCMA, tick as u16, 0, STRANGE_SSRC, &tone(NOTE, tick)),
    ),
    attack(
        "a source for every packet, from the caller",
        From::Caller,
        Port::Rtp,
        |_, tick| packet(PCMU, tick as u16 * 7, 0, 0x1000 + tick as u32, &tone(NOTE, tick)),
    ),
    attack(
        "the last packet again with other words",
        From::Caller,
        Port::Rtp,
        |target, tick| {
            let timestamp = target.timestamp.wrapping_sub(160);
            packet(
                PCMU,
                target.sequence.wrapping_sub(1),
                timestamp,
                target.ssrc,
                &tone(NOTE, tick),
            )
        },
    ),
    attack(
        "an old packet again with other words",
        From::Caller,
        Port::Rtp,
        |target, tick| {
            let timestamp = target.timestamp.wrapping_sub(100 * 160);
            packet(
                PCMU,
                target.sequence.wrapping_sub(100),
                timestamp,
                target.ssrc,
                &tone(NOTE, tick),
            )
        },
    ),
    attack("a datagram of 9000 bytes", From::Caller, Port::Rtp, |_, tick| {
        packet(PCMU, tick as u16, 0, STRANGE_SSRC, &[0x2a; 8988])
    }),
    attack(
        "a BYE at the port of RTP",
        From::Caller,
        Port::Rtp,
        |target, _| report(203, target, 1, 1),
    ),
];
