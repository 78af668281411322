-- Changes that clients gave keys to, and how they were answered: no status means that the end is not known. Kept for a day.

CREATE TABLE requests (
    id             INTEGER NOT NULL PRIMARY KEY,
    subscriber_sid TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    at_ms          INTEGER NOT NULL,
    fingerprint    BLOB    NOT NULL,
    status         INTEGER,
    headers        TEXT,
    body           BLOB,
    UNIQUE (subscriber_sid, key)
) STRICT;

CREATE INDEX requests_by_time ON requests (at_ms);
