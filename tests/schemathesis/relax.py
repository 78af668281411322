"""Prints the document with nothing required in answers: requests that choose fields or an envelope get less, on purpose.

Streams get the schema of an event as schemathesis reads it, which holds each event against it: theirs is of the text.
"""

import json
import sys

document = json.load(open(sys.argv[1]))
schemas = document["components"]["schemas"]


def references(value):
    """Names of the schemas that a part of the document refers to, and those that these refer to."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(references, value.values()))
    name = value.get("$ref", "").removeprefix("#/components/schemas/")
    return found | ({name} | references(schemas[name]) if name in schemas else set())


answered = set()
for item in document["paths"].values():
    for operation in item.values():
        answered |= references(operation["responses"])
        for response in operation["responses"].values():
            if stream := response.get("content", {}).get("text/event-stream"):
                stream["schema"] = {"type": "object"}
for name in answered - {"Error"}:
    schemas[name].pop("required", None)
json.dump(document, sys.stdout)
