"""Prints the OpenAPI document as the run needs it: document.py OPENAPI API CERTIFICATE, with the password of `demo` in the environment.

- Nothing is required in answers: requests that choose fields or an envelope get less, on purpose.
- The stream of events gets the schema of an event as schemathesis reads it, which holds each event against it: ours is of the text.
- Half of the paths name something that is there: calls under way, and objects made here, enough of each to outlive deletions.
"""

import base64
import json
import os
import ssl
import sys
import urllib.request

document = json.load(open(sys.argv[1]))
schemas = document["components"]["schemas"]
base = sys.argv[2] + "/conference/v1/"
certificate = ssl.create_default_context(cafile=sys.argv[3])
login = base64.b64encode(b"demo:" + os.environ["PASSWORD"].encode()).decode()
# Webhooks are bounded: room is left for others.
OF_EACH = 12


def ask(method, path, body=None):
    """What the bridge answers, decoded."""
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    request = urllib.request.Request(base + path, json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request, context=certificate) as answer:
        return json.load(answer)


def make(path, key, body):
    """What identifies OF_EACH new objects; `body` gets their places."""
    return [ask("POST", path, body(place))[key] for place in range(OF_EACH)]


def there():
    """What may stand for a path's last parameter, by the path up to it."""
    account = ask("GET", "subscribers")["items"][0]["sid"]
    room = {"callFlowId": 3, "primaryDidGroupId": 219, "keychain": [{"role": 1}, {"role": 2}]}
    rooms = make("meetingRooms", "meetingNumber", lambda _: room)
    return {
        "calls/{id}": [call["id"] for call in ask("GET", "calls")["items"]],
        "callFlows/{id}": [1, 3],
        "didGroups/{id}": make("didGroups", "id", lambda place: {"callFlowId": 3, "name": f"group {place}"}),
        "dids/{id}": make("dids", "id", lambda place: {"phoneNumber": f"4420718387{place:02}", "countryCode": "GB", "didGroupId": 219}),
        "meetingRooms/{number}": rooms,
        "meetings/{number}": [106131],
        "subscribers/{sid}": make("subscribers", "sid", lambda place: {"login": f"ann{place}", "password": "correct horse", "role": 3}),
        "subscribers/{sid}/meetingRooms": [account],
        "subscribers/{sid}/meetingRooms/{number}": rooms,
        "webhooks/{id}": make("webhooks", "id", lambda place: {"url": f"https://hooks.example.com/{place}"}),
    }


def name_what_is_there():
    """Lets each parameter of a path be one of those that are there, or whatever its schema allows."""
    known = there()
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter.get("in") == "path":
                    found = known.get(place(path, parameter["name"]))
                    if found:
                        parameter["schema"] = {"anyOf": [{"enum": found}, parameter["schema"]]}


def place(path, name):
    """Where in `path` a parameter stands, as `there` has it; an account whose rooms are asked for stands apart."""
    before, parameter, after = path.removeprefix("/conference/v1/").partition("{" + name + "}")
    return before + parameter + ("/meetingRooms" if after.startswith("/meetingRooms") else "")


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
    for item in document["paths"].values():
        for operation in item.values():
            answered |= references(operation["responses"])
            for response in operation["responses"].values():
                if stream := response.get("content", {}).get("text/event-stream"):
                    stream["schema"] = {"type": "object"}
    for name in answered - {"Error"}:
        schemas[name].pop("required", None)


require_nothing_of_answers()
name_what_is_there()
json.dump(document, sys.stdout)
