-- Whose change it is: every subscriber at or above the owner of the changed object, as it was then. They see the change for
-- ever, whatever becomes of object and owner; hence no foreign keys to them.
CREATE TABLE audit_tenants (
    sid   TEXT    NOT NULL,
    audit INTEGER NOT NULL REFERENCES audit (id),
    PRIMARY KEY (sid, audit)
) STRICT, WITHOUT ROWID;

-- Of changes made before, the owner was not kept: they are shown to the one above all, where there is one.
INSERT INTO audit_tenants (sid, audit)
SELECT subscribers.sid, audit.id
FROM audit, subscribers
WHERE subscribers.parent_sid IS NULL AND (SELECT count(*) FROM subscribers WHERE parent_sid IS NULL) = 1;

-- What each of them sees; subscriber_sid is who sees it.
CREATE VIEW audit_seen AS
SELECT audit_tenants.sid AS subscriber_sid, audit.id, audit.at_ms, audit.actor, audit.action, audit.object
FROM audit_tenants JOIN audit ON audit.id = audit_tenants.audit;

-- Ids of the addresses to which subscribers want their events sent.
INSERT INTO sequences (name, next)
SELECT 'callback', coalesce(max(callback_id), 0) + 1 FROM subscribers;
