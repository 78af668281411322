-- A tenant with many accounts must not fill alone what all may keep for keys: of each row is noted below which account of the first level
-- whose it is stood then, where it stood below one.
ALTER TABLE requests ADD COLUMN tenant TEXT;

WITH RECURSIVE tree (sid, tenant) AS (
    SELECT sid, sid FROM subscribers WHERE parent_sid IN (SELECT sid FROM subscribers WHERE parent_sid IS NULL)
    UNION
    SELECT subscribers.sid, tree.tenant FROM subscribers JOIN tree ON subscribers.parent_sid = tree.sid
)
UPDATE requests SET tenant = tree.tenant FROM tree WHERE tree.sid = requests.subscriber_sid;

-- How much of each hour is kept of each: what is a day old counts no more, though it may be there yet.
CREATE TABLE requests_kept_by_tenant (
    tenant TEXT    NOT NULL,
    hour   INTEGER NOT NULL,
    bytes  INTEGER NOT NULL,
    PRIMARY KEY (tenant, hour)
) STRICT, WITHOUT ROWID;

INSERT INTO requests_kept_by_tenant (tenant, hour, bytes)
SELECT tenant, at_ms / 3600000, sum(bytes) FROM requests WHERE tenant IS NOT NULL GROUP BY tenant, at_ms / 3600000;

CREATE TRIGGER request_of_tenant_came AFTER INSERT ON requests WHEN new.tenant IS NOT NULL
BEGIN
    INSERT INTO requests_kept_by_tenant (tenant, hour, bytes) VALUES (new.tenant, new.at_ms / 3600000, new.bytes)
    ON CONFLICT (tenant, hour) DO UPDATE SET bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER request_of_tenant_changed AFTER UPDATE OF bytes ON requests WHEN new.tenant IS NOT NULL
BEGIN
    UPDATE requests_kept_by_tenant SET bytes = bytes + new.bytes - old.bytes
    WHERE tenant = new.tenant AND hour = new.at_ms / 3600000;
END;

CREATE TRIGGER request_of_tenant_went AFTER DELETE ON requests WHEN old.tenant IS NOT NULL
BEGIN
    UPDATE requests_kept_by_tenant SET bytes = bytes - old.bytes WHERE tenant = old.tenant AND hour = old.at_ms / 3600000;
    DELETE FROM requests_kept_by_tenant WHERE tenant = old.tenant AND hour = old.at_ms / 3600000 AND bytes <= 0;
END;
