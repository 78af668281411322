-- Calls that are up: what their records will be should the bridge end without a farewell. ended_ms is not known yet.

CREATE TABLE open_calls (
    leg            INTEGER NOT NULL PRIMARY KEY,
    subscriber_sid TEXT,
    callee         TEXT    NOT NULL,
    caller         TEXT    NOT NULL,
    source         TEXT    NOT NULL,
    outbound       INTEGER NOT NULL,
    codec          TEXT    NOT NULL,
    created_ms     INTEGER NOT NULL,
    answered_ms    INTEGER,
    joined_ms      INTEGER,
    ended_ms       INTEGER NOT NULL,
    meeting        INTEGER,
    meeting_number INTEGER,
    role           INTEGER,
    access_code    TEXT    NOT NULL,
    custom_name    TEXT    NOT NULL,
    cause          TEXT    NOT NULL,
    sip_status     INTEGER NOT NULL
) STRICT;

-- When the bridge was last known to run with calls up.
CREATE TABLE alive (
    id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    at_ms INTEGER NOT NULL
) STRICT;
