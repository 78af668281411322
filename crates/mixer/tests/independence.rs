//! Who must not be heard leaves no trace at all: what others hear is the same to the bit, whether he speaks or not,
//! in every tick of every ramp. So nothing leaks that a measurement of tones could miss.

mod common;

use common::{World, prompt};
use mixer::{Hears, LegKey, Order, RoomKey, Target};
use proptest::prelude::*;

const PHONES: usize = 6;

/// Something that is done, by the number of the phone or of the room.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Join(usize, u64),
    Part(usize),
    Route(usize, bool, Hears),
    Gain(usize, i8),
    Say(usize, bool),
    Prompt(usize),
    Hush(usize),
    Announce(u64),
    AnnounceExcept(u64, usize),
    HangUp(usize),
    Close(u64),
    Wait(u64),
}

impl Deed {
    /// The same deed, by phones and in rooms of one half: the first three phones use the first room, the others the second.
    fn in_half(self) -> Self {
        let own_room = |phone: usize| 1 + phone as u64 / 3;
        match self {
            Self::Join(phone, _) => Self::Join(phone, own_room(phone)),
            Self::AnnounceExcept(_, phone) => Self::AnnounceExcept(own_room(phone), phone),
            Self::Part(_)
            | Self::Route(..)
            | Self::Gain(..)
            | Self::Say(..)
            | Self::Prompt(_)
            | Self::Hush(_)
            | Self::Announce(_)
            | Self::HangUp(_)
            | Self::Close(_)
            | Self::Wait(_) => self,
        }
    }

    /// Whether the first half has to do with it.
    fn is_of_first_half(self) -> bool {
        match self {
            Self::Join(phone, _)
            | Self::Part(phone)
            | Self::Route(phone, ..)
            | Self::Gain(phone, _)
            | Self::Say(phone, _)
            | Self::Prompt(phone)
            | Self::Hush(phone)
            | Self::AnnounceExcept(_, phone)
            | Self::HangUp(phone) => phone < 3,
            Self::Announce(room) | Self::Close(room) => room == 1,
            Self::Wait(_) => true,
        }
    }

    fn is_private(self) -> bool {
        matches!(self, Self::Prompt(_) | Self::Hush(_))
    }

    fn carry_out(self, world: &mut World) {
        let key = |phone: usize| LegKey(phone as u64);
        let play = |to| Order::Play {
            to,
            playlist: prompt(1, 230),
        };
        match self {
            Self::Join(phone, room) => world.enter(phone, room),
            Self::Part(phone) => world.order(Order::Part { leg: key(phone) }),
            Self::Route(phone, speaks, hears) => world.route(phone, speaks, hears),
            Self::Gain(phone, db) => world.order(Order::Gain { leg: key(phone), db }),
            Self::Say(phone, on) => world.phones[phone].speaks = on,
            Self::Prompt(phone) => world.order(play(Target::Leg(key(phone)))),
            Self::Hush(phone) => world.order(Order::Hush { leg: key(phone) }),
            Self::Announce(room) => world.order(play(Target::Room(RoomKey(room)))),
            Self::AnnounceExcept(room, phone) => {
                world.order(play(Target::RoomExcept(RoomKey(room), key(phone))));
            }
            Self::HangUp(phone) => world.order(Order::RemoveLeg { leg: key(phone) }),
            Self::Close(room) => world.order(Order::CloseRoom { room: RoomKey(room) }),
            Self::Wait(ticks) => world.run(20 * ticks),
        }
    }
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let phone = || 0..PHONES;
    let room = || 1..3u64;
    let hears = prop_oneof![4 => Just(Hears::Room), 1 => Just(Hears::Music), 1 => Just(Hears::Nothing)];
    let deed = prop_oneof![
        60 => (phone(), room()).prop_map(|(phone, room)| Deed::Join(phone, room)),
        20 => phone().prop_map(Deed::Part),
        60 => (phone(), any::<bool>(), hears).prop_map(|(phone, speaks, hears)| Deed::Route(phone, speaks, hears)),
        30 => (phone(), -40..40i8).prop_map(|(phone, db)| Deed::Gain(phone, db)),
        30 => (phone(), any::<bool>()).prop_map(|(phone, on)| Deed::Say(phone, on)),
        20 => phone().prop_map(Deed::Prompt),
        10 => phone().prop_map(Deed::Hush),
        20 => room().prop_map(Deed::Announce),
        20 => (room(), phone()).prop_map(|(room, phone)| Deed::AnnounceExcept(room, phone)),
        3 => phone().prop_map(Deed::HangUp),
        1 => room().prop_map(Deed::Close),
        120 => (1..5u64).prop_map(Deed::Wait),
    ];
    proptest::collection::vec(deed, 1..80)
}

/// What everybody hears when `deeds` are done in a world where `prepare` was done first; all begin in the first room.
fn heard(deeds: impl Iterator<Item = Deed>, prepare: impl Fn(&mut World)) -> Vec<Vec<i16>> {
    let mut world = World::new(PHONES as u64);
    prepare(&mut world);
    world.gather(1);
    world.open(2);
    world.tick();
    deeds.for_each(|deed| deed.carry_out(&mut world));
    world.run(100);
    world.phones.into_iter().map(|phone| phone.heard).collect()
}

/// Where two recordings part: the number of the tick.
fn differ(one: &[i16], other: &[i16]) -> Option<usize> {
    assert_eq!(one.len(), other.len());
    let at = one.iter().zip(other).position(|(one, other)| one != other)?;
    Some(at / 160)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_a_phone_hears_does_not_depend_on_what_it_says(deeds in deeds()) {
        let others = |deed: &Deed| !matches!(deed, Deed::Say(0, _));
        let talking = heard(deeds.iter().copied().filter(others), |_| {});
        let silent = heard(deeds.iter().copied().filter(others), |world| world.phones[0].speaks = false);
        prop_assert_eq!(differ(&talking[0], &silent[0]), None);
    }

    #[test]
    fn who_may_not_speak_is_in_no_mix(deeds in deeds()) {
        // To enter is to speak, with these phones.
        let leaves_muted = |deed: &Deed| !matches!(deed, Deed::Join(0, _) | Deed::Say(0, _) | Deed::Route(0, true, _));
        let hear = |speaks: bool| {
            let first = [Deed::Route(0, false, Hears::Room), Deed::Wait(2), Deed::Say(0, speaks)];
            let deeds = first.into_iter().chain(deeds.iter().copied().filter(leaves_muted));
            heard(deeds, |world| world.phones[0].speaks = false)
        };
        let (speaks, silent) = (hear(true), hear(false));
        for phone in 0..PHONES {
            prop_assert_eq!(differ(&speaks[phone], &silent[phone]), None, "phone {}", phone);
        }
    }

    #[test]
    fn a_room_hears_nothing_of_another(deeds in deeds()) {
        let all = || deeds.iter().map(|deed| deed.in_half());
        // The second half leaves the first room before anybody listens.
        let leave = || (3..PHONES).map(Deed::Part).chain([Deed::Wait(3)]);
        let both = heard(leave().chain(all()), |_| {});
        let alone = heard(leave().chain(all().filter(|deed| deed.is_of_first_half())), |_| {});
        for phone in 0..3 {
            prop_assert_eq!(differ(&both[phone], &alone[phone]), None, "phone {}", phone);
        }
    }

    #[test]
    fn what_is_played_to_one_is_heard_by_no_other(deeds in deeds()) {
        let others = |deed: &Deed| !matches!(deed, Deed::Prompt(1..) | Deed::Hush(1..));
        let with = heard(deeds.iter().copied().filter(others), |_| {});
        let without = heard(deeds.iter().copied().filter(|deed| !deed.is_private()), |_| {});
        for phone in 1..PHONES {
            prop_assert_eq!(differ(&with[phone], &without[phone]), None, "phone {}", phone);
        }
    }
}
