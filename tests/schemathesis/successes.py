"""Which operations were answered with success: all that a role may call must be, or the checks of answers had only errors to look at.

Loaded by schemathesis it notes them in the file NOTED; called, successes.py ROLE DOCUMENT NOTED, it names those that are missing, and those
that the role should not have been let do.
"""

import json
import os
import sys

import schemathesis

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


@schemathesis.hook
def after_call(context, case, response):
    """Notes an operation when it is answered with success for the first time."""
    address = f"{case.method.upper()} {case.path}"
    if 200 <= response.status_code < 300 and address not in noted:
        noted.add(address)
        with open(os.environ["NOTED"], "a") as file:
            file.write(address + "\n")


def main(role, document, successes):
    """Holds what was noted against what the role may do."""
    succeeded = set(open(successes).read().splitlines())
    addresses = {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, item in json.load(open(document))["paths"].items()
        for method, operation in item.items()
    }
    refused = REFUSED[role]
    faults = [f"never answered with success: {name}" for name in addresses.keys() - refused - NEVER_ENDING if addresses[name] not in succeeded]
    faults += [f"should have been refused: {name}" for name in refused if addresses[name] in succeeded]
    if faults:
        sys.exit(f"as {role}\n" + "\n".join(sorted(faults)))
    print(f"as {role}: all {len(addresses) - len(refused) - len(NEVER_ENDING)} operations were answered with success")


if __name__ == "__main__":
    main(*sys.argv[1:])
