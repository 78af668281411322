-- What happened, in meetings and to calls: one ordered stream. It takes in the log of meetings that there was. Times are epoch ms.

CREATE TABLE happenings (
    id             INTEGER NOT NULL PRIMARY KEY,
    at_ms          INTEGER NOT NULL,
    subscriber_sid TEXT    NOT NULL,
    meeting        INTEGER,
    meeting_number INTEGER,
    seq            INTEGER,
    actor          TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    leg            INTEGER,
    detail         TEXT    NOT NULL,
    caller         TEXT,
    callee         TEXT,
    is_live        INTEGER NOT NULL CHECK (is_live IN (0, 1)),
    CHECK ((meeting IS NULL) = (seq IS NULL) AND (meeting IS NULL) = (meeting_number IS NULL)),
    CHECK ((caller IS NULL) = (callee IS NULL))
) STRICT;

CREATE UNIQUE INDEX happenings_by_meeting ON happenings (meeting, seq) WHERE meeting IS NOT NULL;
CREATE INDEX happenings_by_time ON happenings (at_ms);

INSERT INTO happenings
SELECT row_number() OVER (ORDER BY log.at_ms, log.meeting, log.seq), log.at_ms, log.subscriber_sid, log.meeting,
    coalesce(mdrs.meeting_number, (SELECT max(open_calls.meeting_number) FROM open_calls WHERE open_calls.meeting = log.meeting), 0),
    log.seq, log.actor,
    CASE log.what
        WHEN 'created' THEN 'meeting.created'
        WHEN 'started' THEN 'meeting.started'
        WHEN 'ended' THEN 'meeting.ended'
        WHEN 'locked' THEN 'meeting.locked'
        WHEN 'mute_mode_set' THEN 'meeting.muteMode'
        WHEN 'hold_mode_set' THEN 'meeting.holdMode'
        WHEN 'attribute_set' THEN 'meeting.attribute'
        WHEN 'ending' THEN 'meeting.ending'
        WHEN 'ending_cancelled' THEN 'meeting.endingCancelled'
        WHEN 'role_set' THEN 'call.role'
        WHEN 'gain_set' THEN 'call.gain'
        ELSE 'call.' || log.what
    END,
    log.leg, log.detail, NULL, NULL, 1
FROM meeting_log AS log LEFT JOIN mdrs ON mdrs.meeting = log.meeting;

DROP TABLE meeting_log;

INSERT INTO sequences (name, next) VALUES ('happening', (SELECT coalesce(max(id), 0) + 1 FROM happenings));

-- What was forgotten: all up to this id that is older than is kept.
CREATE TABLE forgotten (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    upto INTEGER NOT NULL
) STRICT;

INSERT INTO forgotten (id, upto) VALUES (1, 0);

-- Where events are posted to. A secret is 24 octets or more; while it is being changed the one before is good, too.
CREATE TABLE webhooks (
    id             TEXT    NOT NULL PRIMARY KEY,
    subscriber_sid TEXT    NOT NULL REFERENCES subscribers (sid) ON DELETE CASCADE,
    is_callback    INTEGER NOT NULL CHECK (is_callback IN (0, 1)),
    url            TEXT    NOT NULL,
    types          TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    is_disabled    INTEGER NOT NULL CHECK (is_disabled IN (0, 1)),
    created_ms     INTEGER NOT NULL,
    secret         BLOB    NOT NULL,
    old_secret     BLOB,
    old_until_ms   INTEGER
) STRICT;

CREATE INDEX webhooks_by_subscriber ON webhooks (subscriber_sid);

-- A subscriber's callback is a webhook like others, kept as its URL is.
INSERT INTO webhooks
SELECT 'cb_' || sid, sid, 1, callback_url, '[]', '', 0, created_ms, randomblob(32), NULL, NULL
FROM subscribers WHERE callback_url <> '';

CREATE TRIGGER callback_of_new_subscriber AFTER INSERT ON subscribers WHEN new.callback_url <> ''
BEGIN
    INSERT INTO webhooks VALUES ('cb_' || new.sid, new.sid, 1, new.callback_url, '[]', '', 0, new.created_ms, randomblob(32), NULL, NULL);
END;

CREATE TRIGGER callback_of_subscriber AFTER UPDATE OF callback_url ON subscribers
WHEN coalesce(new.callback_url, '') <> coalesce(old.callback_url, '')
BEGIN
    DELETE FROM webhooks WHERE id = 'cb_' || new.sid AND coalesce(new.callback_url, '') = '';
    INSERT INTO webhooks
    SELECT 'cb_' || new.sid, new.sid, 1, new.callback_url, '[]', '', 0, new.created_ms, randomblob(32), NULL, NULL
    WHERE coalesce(new.callback_url, '') <> ''
    ON CONFLICT (id) DO UPDATE SET url = new.callback_url, is_disabled = 0;
END;

-- What is to be posted where. States: 0 pending, 1 delivered, 2 dead. Those of one chain (a meeting, or a call outside of one) go out
-- in their order.
CREATE TABLE deliveries (
    webhook    TEXT    NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    happening  INTEGER NOT NULL,
    chain      INTEGER NOT NULL,
    state      INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    attempts   INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    due_ms     INTEGER NOT NULL,
    status     INTEGER,
    fault      TEXT,
    PRIMARY KEY (webhook, happening)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_pending ON deliveries (webhook, chain, happening) WHERE state = 0;
CREATE INDEX deliveries_by_happening ON deliveries (happening);
