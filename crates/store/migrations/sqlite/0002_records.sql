-- What remains of calls and meetings. They outlive rooms and subscribers, hence no foreign keys. Times are epoch ms.

CREATE TABLE cdrs (
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
    sip_status     INTEGER NOT NULL,
    CHECK ((meeting IS NULL) = (meeting_number IS NULL))
) STRICT;

CREATE INDEX cdrs_by_subscriber ON cdrs (subscriber_sid, created_ms, leg);

CREATE TABLE mdrs (
    meeting        INTEGER NOT NULL PRIMARY KEY,
    meeting_number INTEGER NOT NULL,
    subscriber_sid TEXT    NOT NULL,
    created_ms     INTEGER NOT NULL,
    started_ms     INTEGER,
    ended_ms       INTEGER NOT NULL,
    calls          INTEGER NOT NULL,
    peak           INTEGER NOT NULL,
    cause          TEXT    NOT NULL,
    on_the_fly     INTEGER NOT NULL
) STRICT;

CREATE INDEX mdrs_by_subscriber ON mdrs (subscriber_sid, created_ms, meeting);

CREATE TABLE meeting_log (
    meeting        INTEGER NOT NULL,
    seq            INTEGER NOT NULL,
    subscriber_sid TEXT    NOT NULL,
    at_ms          INTEGER NOT NULL,
    actor          TEXT    NOT NULL,
    what           TEXT    NOT NULL,
    leg            INTEGER,
    detail         TEXT    NOT NULL,
    PRIMARY KEY (meeting, seq)
) STRICT, WITHOUT ROWID;
