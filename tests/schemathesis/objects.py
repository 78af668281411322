"""Makes what the requests of one role are to find, and prints it as JSON: objects.py ROLE CODE.

ROLE is administrator, operator or regular, and the login that is made, with the password of the environment; the administrator is the
tenant's own, who is there. Rooms with calls get the codes from CODE on. Environment: API (base URL), LOGIN (login:password of the tenant's
administrator), PASSWORD, CA (PEM).
"""

import base64
import json
import os
import ssl
import sys
import urllib.request

TENANT = "00000000-0000-4000-8000-000000000002"
# Of the demo: the group of the number that is called, and that number.
GROUP = 219
DID = 220
# Enough of each to outlive deletions. Webhooks are bounded: room is left for others.
OF_EACH = 12
# What meetings are there for: to be read, changed, ended, emptied of their calls, and over before the requests begin.
MEETINGS = ["read", "changed", "ended", "emptied", "past"]

base = os.environ["API"] + "/conference/v1/"
certificate = ssl.create_default_context(cafile=os.environ["CA"])


def ask(method, path, body=None, login=os.environ["LOGIN"]):
    """What the bridge answers, decoded; None where it answers without a body."""
    authorization = "Basic " + base64.b64encode(login.encode()).decode()
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    request = urllib.request.Request(base + path, json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request, context=certificate) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def make(path, key, body):
    """What identifies OF_EACH new objects; `body` gets their places."""
    return [ask("POST", path, body(place))[key] for place in range(OF_EACH)]


def account(role):
    """Sid of the account that will ask."""
    if role == "administrator":
        return TENANT
    body = {"login": role, "password": os.environ["PASSWORD"], "role": {"operator": 2, "regular": 3}[role]}
    if role == "regular":
        body["didGroupReferences"] = [{"didGroupId": GROUP, "state": 0}]
    return ask("POST", "subscribers", body)["sid"]


def rooms(owner, code):
    """Numbers of rooms without calls, and of those with calls by what they are for."""
    path = f"subscribers/{owner}/meetingRooms"
    room = {"callFlowId": 3, "primaryDidGroupId": GROUP}
    empty = make(path, "meetingNumber", lambda _: room | {"keychain": [{"role": 1}, {"role": 2}]})
    key = lambda place: {"keychain": [{"accessCode": str(code + place), "role": 1}]}
    live = {name: ask("POST", path, room | key(place))["meetingNumber"] for place, name in enumerate(MEETINGS)}
    return {"rooms": empty, "meetings": live}


def configured(role, sid):
    """Groups, numbers and accounts: an administrator's to be changed and deleted, those of others to be read."""
    if role != "administrator":
        return {"didGroups": [GROUP], "dids": [DID], "subscribers": [TENANT if role == "operator" else sid]}
    number = lambda place: {"phoneNumber": f"4420718387{place:02}", "countryCode": "GB", "didGroupId": GROUP}
    return {
        "didGroups": make("didGroups", "id", lambda place: {"callFlowId": 3, "name": f"group {place}"}),
        "dids": make("dids", "id", number),
        "subscribers": make("subscribers", "sid", lambda place: {"login": f"ann{place}", "password": "correct horse", "role": 3}),
    }


def webhooks(role):
    """Ids of webhooks of the account that will ask; an operator has none."""
    if role == "operator":
        return []
    login = f"{role}:{os.environ['PASSWORD']}" if role == "regular" else os.environ["LOGIN"]
    body = lambda place: {"url": f"https://hooks.example.com/{place}"}
    return [ask("POST", "webhooks", body(place), login)["id"] for place in range(OF_EACH)]


def main():
    """Makes all of it."""
    role, code = sys.argv[1], int(sys.argv[2])
    sid = account(role)
    owner = sid if role == "regular" else TENANT
    # A code of a room that calls are made into, and one that no room has yet.
    made = {"role": role, "owner": owner, "code": str(code), "newCode": str(code + len(MEETINGS))}
    made |= rooms(owner, code) | configured(role, sid) | {"webhooks": webhooks(role)}
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main()
