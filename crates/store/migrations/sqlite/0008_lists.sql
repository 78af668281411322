-- Lists stay quick with millions of rows. Whoever sees all rows reads those of a time, a number or a meeting from one end, whose they are
-- being told by the index where it can be.
CREATE INDEX cdrs_by_time ON cdrs (created_ms, leg, subscriber_sid);
CREATE INDEX cdrs_by_caller ON cdrs (caller, created_ms, leg);
CREATE INDEX cdrs_by_callee ON cdrs (callee, created_ms, leg);
CREATE INDEX cdrs_by_meeting ON cdrs (meeting, created_ms, leg) WHERE meeting IS NOT NULL;
CREATE INDEX cdrs_by_meeting_number ON cdrs (meeting_number, created_ms, leg) WHERE meeting_number IS NOT NULL;
CREATE INDEX mdrs_by_time ON mdrs (created_ms, meeting, subscriber_sid);
CREATE INDEX mdrs_by_meeting_number ON mdrs (meeting_number, created_ms, meeting);
CREATE INDEX audit_by_object ON audit (object);

-- Who was away for long and has few events does not read those of all others.
CREATE INDEX happenings_by_subscriber ON happenings (subscriber_sid, id) WHERE is_live;

-- How many were given up is told every few seconds.
CREATE INDEX deliveries_dead ON deliveries (webhook, happening) WHERE state = 2;

-- How many rows each list has of whom, so that a whole list need not be counted for its total; sid is empty for rows of nobody.
CREATE TABLE totals (
    list TEXT    NOT NULL,
    sid  TEXT    NOT NULL,
    many INTEGER NOT NULL,
    PRIMARY KEY (list, sid)
) STRICT, WITHOUT ROWID;

INSERT INTO totals (list, sid, many)
SELECT 'cdrs', coalesce(subscriber_sid, ''), count(*) FROM cdrs GROUP BY coalesce(subscriber_sid, '');

INSERT INTO totals (list, sid, many)
SELECT 'mdrs', subscriber_sid, count(*) FROM mdrs GROUP BY subscriber_sid;

CREATE TRIGGER cdr_came AFTER INSERT ON cdrs
BEGIN
    INSERT INTO totals (list, sid, many) VALUES ('cdrs', coalesce(new.subscriber_sid, ''), 1)
    ON CONFLICT (list, sid) DO UPDATE SET many = many + 1;
END;

CREATE TRIGGER cdr_went AFTER DELETE ON cdrs
BEGIN
    UPDATE totals SET many = many - 1 WHERE list = 'cdrs' AND sid = coalesce(old.subscriber_sid, '');
END;

CREATE TRIGGER mdr_came AFTER INSERT ON mdrs
BEGIN
    INSERT INTO totals (list, sid, many) VALUES ('mdrs', new.subscriber_sid, 1)
    ON CONFLICT (list, sid) DO UPDATE SET many = many + 1;
END;

CREATE TRIGGER mdr_went AFTER DELETE ON mdrs
BEGIN
    UPDATE totals SET many = many - 1 WHERE list = 'mdrs' AND sid = old.subscriber_sid;
END;
