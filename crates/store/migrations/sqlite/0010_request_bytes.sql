-- How much the answers that are kept for keys take, so that it can be bounded: each with 1 KiB for its row and what finds it, and all.
ALTER TABLE requests ADD COLUMN bytes INTEGER NOT NULL DEFAULT 1024;
UPDATE requests SET bytes = 1024 + coalesce(length(CAST(headers AS BLOB)), 0) + coalesce(length(body), 0);

CREATE INDEX requests_by_owner ON requests (subscriber_sid, at_ms, bytes);

-- One row.
CREATE TABLE requests_kept (
    bytes INTEGER NOT NULL
) STRICT;

INSERT INTO requests_kept (bytes) SELECT coalesce(sum(bytes), 0) FROM requests;

CREATE TRIGGER request_came AFTER INSERT ON requests
BEGIN
    UPDATE requests_kept SET bytes = bytes + new.bytes;
END;

CREATE TRIGGER request_changed AFTER UPDATE OF bytes ON requests
BEGIN
    UPDATE requests_kept SET bytes = bytes + new.bytes - old.bytes;
END;

CREATE TRIGGER request_went AFTER DELETE ON requests
BEGIN
    UPDATE requests_kept SET bytes = bytes - old.bytes;
END;
