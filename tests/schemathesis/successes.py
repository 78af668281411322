"""Which operations were answered with success: all that a role may call must be, or the checks of answers had only errors to look at.

Loaded by schemathesis it notes them in the file NOTED; called, successes.py ROLE DOCUMENT NOTED, it names those that are missing, and those
that the role should not have been let do.

Loaded it also has the check `nothing_is_missing`: what the document that is asked by requires of no answer (document.py), that of the file
DOCUMENT requires of those whose request chose nothing.
"""

import functools
import json
import os
import sys
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs
import schemathesis

# Parameters whose answers have less than the document requires, on purpose.
CHOICES = {"include_fields", "includeFields", "exclude_fields", "excludeFields", "envelope"}
# What stands in the file before an operation one of whose answers had to be whole.
WHOLE = "whole "

# Its good answers end with the time that is waited for, and are looked at by a run of their own.
NEVER_ENDING = {"streamEvents"}
REGULAR = {
    *("listChanges", "createSubscriber", "deleteSubscriber"),
    *("createDid", "updateDid", "deleteDid", "createDidGroup", "updateDidGroup", "deleteDidGroup"),
}
# What a role is refused, whatever it is about.
REFUSED = {
    "administrator": set(),
    "regular": REGULAR,
    "operator": REGULAR
    | {
        *("updateSubscriber", "createMeetingRoom", "updateMeetingRoom", "deleteMeetingRoom"),
        *("createSubscriberMeetingRoom", "updateSubscriberMeetingRoom", "deleteSubscriberMeetingRoom"),
        *("replaceSubscriberMeetingRoomKeychain", "createWebhook", "getWebhook", "updateWebhook", "deleteWebhook"),
        *("rotateWebhookSecret", "testWebhook", "listDeliveries", "redeliver"),
    },
}

noted = set()


def note(line):
    """Writes a line into the file when it comes for the first time."""
    if line not in noted:
        noted.add(line)
        with open(os.environ["NOTED"], "a") as file:
            file.write(line + "\n")


@schemathesis.hook
def after_call(context, case, response):
    """Notes an operation that is answered with success."""
    if 200 <= response.status_code < 300:
        note(f"{case.method.upper()} {case.path}")


@functools.cache
def document():
    """As it is, with what it requires."""
    return json.load(open(os.environ["DOCUMENT"]))


@functools.cache
def validator(method, path, status):
    """Of the JSON that an operation is answered with; None where there is none."""
    operation = document()["paths"].get(path, {}).get(method.lower(), {})
    content = operation.get("responses", {}).get(str(status), {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return schema and jsonschema_rs.Draft202012Validator(schema | {"components": document()["components"]})


@schemathesis.check
def nothing_is_missing(context, response, case):
    """A good answer has all that is required of it, unless the request chose what it is to have."""
    chosen = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True).keys() & CHOICES
    is_json = (response.headers.get("content-type") or [""])[0].startswith("application/json")
    expected = None if chosen or not is_json or response.status_code >= 300 else validator(case.method, case.path, response.status_code)
    if expected is None:
        return True
    note(f"{WHOLE}{case.method.upper()} {case.path}")
    missing = [f"/{'/'.join(map(str, error.instance_path))}: {error.message}" for error in expected.iter_errors(response.json())]
    assert not missing, "; ".join(missing)


def main(role, document, successes):
    """Holds what was noted against what the role may do."""
    lines = set(open(successes).read().splitlines())
    whole = {line for line in lines if line.startswith(WHOLE)}
    succeeded = lines - whole
    addresses = {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, item in json.load(open(document))["paths"].items()
        for method, operation in item.items()
    }
    refused = REFUSED[role]
    faults = [f"never answered with success: {name}" for name in addresses.keys() - refused - NEVER_ENDING if addresses[name] not in succeeded]
    faults += [f"should have been refused: {name}" for name in refused if addresses[name] in succeeded]
    if not whole:
        faults.append("no answer had to have all that is required")
    if faults:
        sys.exit(f"as {role}\n" + "\n".join(sorted(faults)))
    print(f"as {role}: all {len(addresses) - len(refused) - len(NEVER_ENDING)} operations were answered with success, {len(whole)} with all that is required")


if __name__ == "__main__":
    main(*sys.argv[1:])
