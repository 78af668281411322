use crate::dto::room::{MeetingKey, Room};
use crate::dto::subscriber::Subscriber;
use crate::openapi::operation::Operation;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listSubscribers",
        summary: "The account and those below it",
        ..Operation::list::<Subscriber>("/subscribers")
    },
    Operation {
        id: "getSubscriber",
        summary: "One account",
        ..Operation::read::<Subscriber>("/subscribers/{sid}")
    },
    Operation {
        id: "listSubscriberMeetingRooms",
        summary: "Rooms of one account",
        ..Operation::list_below::<Room>("/subscribers/{sid}/meetingRooms")
    },
    Operation {
        id: "getSubscriberMeetingRoom",
        summary: "One room of an account",
        ..Operation::read::<Room>("/subscribers/{sid}/meetingRooms/{number}")
    },
    Operation {
        id: "listSubscriberMeetingRoomKeychain",
        summary: "Access codes of a room",
        note: "A bare array.",
        ..Operation::array_below::<MeetingKey>("/subscribers/{sid}/meetingRooms/{number}/keychain")
    },
];
