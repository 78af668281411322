-- Who was deleted, and below whom they stood: what remains of their calls and meetings is seen from above as before.
CREATE TABLE former_subscribers (
    sid        TEXT NOT NULL PRIMARY KEY,
    parent_sid TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX former_subscribers_by_parent ON former_subscribers (parent_sid);

CREATE TRIGGER subscriber_was_deleted AFTER DELETE ON subscribers WHEN old.parent_sid IS NOT NULL
BEGIN
    INSERT INTO former_subscribers (sid, parent_sid) VALUES (old.sid, old.parent_sid);
END;

CREATE TRIGGER subscriber_is_back AFTER INSERT ON subscribers
BEGIN
    DELETE FROM former_subscribers WHERE sid = new.sid;
END;

-- Of those deleted before, it was not kept below whom they stood: their records are shown to the one above all, where there is one.
INSERT INTO former_subscribers (sid, parent_sid)
SELECT gone.sid, subscribers.sid
FROM (
    SELECT subscriber_sid AS sid FROM cdrs
    UNION SELECT subscriber_sid FROM mdrs
    UNION SELECT subscriber_sid FROM happenings
    UNION SELECT subscriber_sid FROM open_calls
) AS gone, subscribers
WHERE gone.sid IS NOT NULL AND gone.sid NOT IN (SELECT sid FROM subscribers)
    AND subscribers.parent_sid IS NULL AND (SELECT count(*) FROM subscribers WHERE parent_sid IS NULL) = 1;
