"""Steers a bridge that has one call in a meeting, through the generated client."""

import base64
import os
import ssl

from partyline_api import AuthenticatedClient
from partyline_api.api.calls import list_calls, update_call
from partyline_api.api.events import list_meeting_events
from partyline_api.api.meeting_rooms import create_meeting_room, delete_meeting_room, update_meeting_room
from partyline_api.api.meetings import list_meeting_attributes, list_meetings
from partyline_api.api.webhooks import create_webhook, delete_webhook, get_webhook
from partyline_api.models import (
    AttributeUpdate,
    CallUpdate,
    Error,
    Event,
    MeetingKeyUpdate,
    MeetingRoomCreate,
    MeetingRoomUpdate,
    WebhookCreate,
)

client = AuthenticatedClient(
    base_url=os.environ["API"].removesuffix("/conference/v1"),
    token=base64.b64encode(os.environ["LOGIN"].encode()).decode(),
    prefix="Basic",
    verify_ssl=ssl.create_default_context(cafile=os.environ["CA"]),
)

calls = list_calls.sync(client=client, limit=5)
call = calls.items[0]
assert call.state == 2 and call.meeting_number == 106131, call

muted = update_call.sync(call.id, client=client, body=CallUpdate(mute_mode=2, custom_name="Python"))
assert muted.mute_mode == 2 and muted.custom_name == "Python", muted
assert update_call.sync(call.id, client=client, body=CallUpdate(mute_mode=0)).mute_mode == 0

refused = update_call.sync(call.id, client=client, body=CallUpdate(gain_level=99))
assert isinstance(refused, Error) and refused.errors[0].field == "gainLevel", refused

assert list_meetings.sync(client=client).total == 1
names = [attribute.name for attribute in list_meeting_attributes.sync(106131, client=client)]
assert "conference_maxcalls" in names and len(names) == 74, names

room = create_meeting_room.sync(
    client=client,
    body=MeetingRoomCreate(primary_did_group_id=219, call_flow_id=3, keychain=[MeetingKeyUpdate(role=1)]),
)
assert len(room.keychain[0].access_code) == 9, room
limit = AttributeUpdate(name="conference_maxcalls", value="7")
room = update_meeting_room.sync(room.meeting_number, client=client, body=MeetingRoomUpdate(attributes=[limit]))
assert room.attributes[0].value == "7", room
assert delete_meeting_room.sync_detailed(room.meeting_number, client=client).status_code == 204

events = list_meeting_events.sync(106131, client=client, limit=100).items
joined = next(event for event in events if event.type_ == "call.joined")
assert isinstance(joined, Event) and joined.call_id == call.id and joined.meeting_number == 106131, joined
assert joined.data.role == 1 and joined.actor.type_ == "call" and joined.actor.call_id == call.id, joined
assert Event.from_dict(joined.to_dict()) == joined, joined

# Nothing of this type happens here: nobody is at that address.
order = WebhookCreate(url="https://hooks.example.com/python", types=["recording.failed"])
hook = create_webhook.sync(client=client, body=order)
assert hook.url == order.url and hook.types == order.types and not hook.disabled, hook
assert hook.secret.startswith("whsec_"), hook
assert not get_webhook.sync(hook.id, client=client).secret, "the secret is told once"
assert delete_webhook.sync_detailed(hook.id, client=client).status_code == 204
gone = get_webhook.sync(hook.id, client=client)
assert isinstance(gone, Error) and gone.code == 404, gone
print("steered by the Python client")
