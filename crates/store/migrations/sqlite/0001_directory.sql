-- What is configured. Ids and numbers are the wire's; times are epoch ms; attributes are one JSON object of name and wire text.

CREATE TABLE subscribers (
    sid                  TEXT    NOT NULL PRIMARY KEY,
    parent_sid           TEXT    REFERENCES subscribers (sid),
    login                TEXT    NOT NULL UNIQUE,
    password_hash        TEXT    NOT NULL,
    authentication_token TEXT    NOT NULL,
    created_ms           INTEGER NOT NULL,
    first_name           TEXT    NOT NULL,
    last_name            TEXT    NOT NULL,
    email                TEXT    NOT NULL,
    phone_number         TEXT    NOT NULL,
    ext                  TEXT    NOT NULL,
    details              TEXT    NOT NULL,
    external_id          INTEGER NOT NULL,
    role                 INTEGER NOT NULL CHECK (role IN (1, 2, 3)),
    callback_id          INTEGER,
    callback_url         TEXT,
    CHECK ((callback_id IS NULL) = (callback_url IS NULL))
) STRICT;

CREATE INDEX subscribers_by_parent ON subscribers (parent_sid);

CREATE TABLE did_groups (
    id             INTEGER NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    call_flow_id   INTEGER NOT NULL,
    subscriber_sid TEXT    NOT NULL REFERENCES subscribers (sid),
    attributes     TEXT    NOT NULL
) STRICT;

CREATE INDEX did_groups_by_subscriber ON did_groups (subscriber_sid);

CREATE TABLE dids (
    id           INTEGER NOT NULL PRIMARY KEY,
    phone_number TEXT    NOT NULL UNIQUE,
    country_code TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    did_group_id INTEGER NOT NULL REFERENCES did_groups (id),
    attributes   TEXT    NOT NULL
) STRICT;

CREATE INDEX dids_by_group ON dids (did_group_id);

CREATE TABLE rooms (
    meeting_number       INTEGER NOT NULL PRIMARY KEY,
    created_ms           INTEGER NOT NULL,
    description          TEXT    NOT NULL,
    call_flow_id         INTEGER NOT NULL,
    attributes           TEXT    NOT NULL,
    primary_did_group_id INTEGER NOT NULL REFERENCES did_groups (id),
    subscriber_sid       TEXT    NOT NULL REFERENCES subscribers (sid)
) STRICT;

CREATE INDEX rooms_by_group ON rooms (primary_did_group_id);
CREATE INDEX rooms_by_subscriber ON rooms (subscriber_sid);

-- Lists keep their order by position, counted from 0.

CREATE TABLE keys (
    meeting_number INTEGER NOT NULL REFERENCES rooms (meeting_number) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    id             INTEGER NOT NULL,
    access_code    TEXT    NOT NULL,
    role           INTEGER NOT NULL CHECK (role IN (1, 2, 3)),
    PRIMARY KEY (meeting_number, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE room_did_groups (
    meeting_number INTEGER NOT NULL REFERENCES rooms (meeting_number) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    did_group_id   INTEGER NOT NULL REFERENCES did_groups (id),
    disabled       INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    PRIMARY KEY (meeting_number, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX room_did_groups_by_group ON room_did_groups (did_group_id);

CREATE TABLE subscriber_did_groups (
    sid          TEXT    NOT NULL REFERENCES subscribers (sid) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    did_group_id INTEGER NOT NULL REFERENCES did_groups (id),
    disabled     INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    PRIMARY KEY (sid, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX subscriber_did_groups_by_group ON subscriber_did_groups (did_group_id);

-- The next id of each kind; ids below it are spent. The probe counts tries of whether the disk can be written.
CREATE TABLE sequences (
    name TEXT    NOT NULL PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT;

INSERT INTO sequences (name, next)
VALUES ('leg', 1), ('meeting', 1), ('did_group', 1), ('did', 1), ('key', 1), ('probe', 1);

-- Who changed which object, and when. Without values, so that no secret gets here.
CREATE TABLE audit (
    id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at_ms  INTEGER NOT NULL,
    actor  TEXT    NOT NULL,
    action TEXT    NOT NULL,
    object TEXT    NOT NULL
) STRICT;
