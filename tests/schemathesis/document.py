"""Prints the OpenAPI document as the run needs it, once the calls are in their meetings: document.py OPENAPI OBJECTS.

OBJECTS is what objects.py printed. Environment: API (base URL), LOGIN (login:password of the account that will ask), CA (PEM).

- Nothing is required in answers: requests that choose fields or an envelope get less, on purpose. What is missing from the answers to all
  others, successes.py finds.
- The stream of events gets the schema of an event as schemathesis reads it, which holds each event against it: ours is of the text.
- Half of the paths name something that is there, and examples do. What is read is never deleted, and seldom changed.
"""

import json
import sys
import time

from objects import ask

PREFIX = "/conference/v1/"
# Seconds that phones take to call, key their codes and be in their meetings, on a busy machine.
PATIENCE = 60

document = json.load(open(sys.argv[1]))
made = json.load(open(sys.argv[2]))
schemas = document["components"]["schemas"]


def wait_for(what, look):
    """What `look` finds once it finds something."""
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > end:
            sys.exit(f"{what}: not within {PATIENCE} s")
        time.sleep(0.2)
    return found


def two_calls(number):
    """The two calls of a meeting that came first, which stay unless the bridge ends them; none before there are two."""
    calls = ask("GET", "calls?limit=1000")["items"]
    ids = sorted(call["id"] for call in calls if call["state"] == 2 and call.get("meetingNumber") == number)
    return ids[:2] if len(ids) > 1 else []


def listed(path):
    """Ids of a list, once it has any."""
    return wait_for(path, lambda: [item["id"] for item in ask("GET", path)["items"]])


def apart(reads, changes, removals):
    """What stands for a parameter by method, where what one does shall not be in the way of another."""
    return {"get": reads, "post": reads, "put": changes, "delete": removals}


def for_all(ids):
    """The same for all methods."""
    return apart(ids, ids, ids)


def thirds(ids):
    """Each method its own, unless there is but what belongs to others."""
    third = len(ids) // 3
    return apart(ids[:third], ids[third : 2 * third], ids[2 * third :]) if third else for_all(ids)


def there():
    """What may stand for a path's last parameter, by the path up to it and by method."""
    meetings, rooms, webhooks = made["meetings"], made["rooms"], made["webhooks"]
    calls = {name: wait_for(f"calls in the meeting that is {name}", lambda: two_calls(number)) for name, number in meetings.items()}
    ask("DELETE", f"meetings/{meetings['past']}")
    return {
        "calls/{id}": apart(calls["read"][:1], calls["changed"][:1], calls["read"][1:]),
        "callFlows/{id}": for_all([3, 1]),
        "didGroups/{id}": thirds(made["didGroups"]),
        "dids/{id}": thirds(made["dids"]),
        "mdrs/{id}": for_all(listed("mdrs")),
        "meetingRooms/{number}": apart(rooms[:3], rooms[3:6], rooms[6:9]),
        "meetings/{number}": apart([meetings["read"]], [meetings["changed"]], [meetings["ended"]]),
        "meetings/{number}/calls": apart([meetings["read"]], [meetings["changed"]], [meetings["emptied"]]),
        "subscribers/{sid}": thirds(made["subscribers"]),
        "subscribers/{sid}/meetingRooms": for_all([made["owner"]]),
        "subscribers/{sid}/meetingRooms/{number}": apart(rooms[:3], rooms[3:6], rooms[9:]),
        "webhooks/{id}": thirds(webhooks),
        "webhooks/{id}/deliveries/{delivery}": for_all(listed(f"webhooks/{webhooks[0]}/deliveries") if webhooks else []),
    }


def place(path, name):
    """Where in `path` a parameter stands, as `there` has it: an account whose rooms and a meeting whose calls are meant stand apart."""
    before, parameter, after = path.removeprefix(PREFIX).partition("{" + name + "}")
    return before + parameter + next((part for part in ["/meetingRooms", "/calls"] if after.startswith(part)), "")


def operations():
    """All of the document, each with its path and method."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def name_what_is_there():
    """Lets each parameter of a path be one of those that are there, or whatever its schema allows; the example is there."""
    known = there()
    for path, method, operation in operations():
        for parameter in operation.get("parameters", []):
            found = known.get(place(path, parameter["name"]), {}).get(method) if parameter.get("in") == "path" else None
            if found:
                parameter["schema"] = {"anyOf": [{"enum": found}, parameter["schema"]]}
                parameter["example"] = found[0]


def let_bodies_fit():
    """Lets the examples of bodies be good here, where they name codes of rooms and whom to call. Who asks keeps the password."""
    examples = {
        "createCall": {"accessCode": made["code"], "callee": "sip:ann@127.0.0.1:9", "caller": "15162065319"},
        "replaceSubscriberMeetingRoomKeychain": [{"accessCode": made["newCode"], "role": 1}, {"role": 2}],
    }
    for _, _, operation in operations():
        if example := examples.get(operation["operationId"]):
            operation["requestBody"]["content"]["application/json"]["example"] = example
    # A regular user sees and changes but one account: its own.
    if made["role"] == "regular":
        del schemas["SubscriberUpdate"]["properties"]["password"]


def references(value):
    """Names of the schemas that a part of the document refers to, and those that these refer to."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(references, value.values()))
    name = value.get("$ref", "").removeprefix("#/components/schemas/")
    return found | ({name} | references(schemas[name]) if name in schemas else set())


def require_nothing_of_answers():
    """Takes `required` from what answers are made of, and gives streams the schema of an event."""
    answered = set()
    for _, _, operation in operations():
        answered |= references(operation["responses"])
        for response in operation["responses"].values():
            if stream := response.get("content", {}).get("text/event-stream"):
                stream["schema"] = {"type": "object"}
    for name in answered - {"Error"}:
        schemas[name].pop("required", None)


require_nothing_of_answers()
let_bodies_fit()
name_what_is_there()
json.dump(document, sys.stdout)
