-- The audit is read by time: when a change was made stands beside who sees it, so that a page need not look at all changes there are.
ALTER TABLE audit_tenants ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE audit_tenants SET at_ms = (SELECT audit.at_ms FROM audit WHERE audit.id = audit_tenants.audit);

CREATE INDEX audit_tenants_by_time ON audit_tenants (sid, at_ms, audit);
-- Who sees the changes of one object.
CREATE INDEX audit_tenants_by_audit ON audit_tenants (audit);

DROP VIEW audit_seen;
CREATE VIEW audit_seen AS
SELECT audit_tenants.sid AS subscriber_sid, audit_tenants.audit AS id, audit_tenants.at_ms, audit.actor, audit.action, audit.object
FROM audit_tenants JOIN audit ON audit.id = audit_tenants.audit;

INSERT INTO totals (list, sid, many)
SELECT 'audit', sid, count(*) FROM audit_tenants GROUP BY sid;

-- No change is ever taken out.
CREATE TRIGGER audit_came AFTER INSERT ON audit_tenants
BEGIN
    INSERT INTO totals (list, sid, many) VALUES ('audit', new.sid, 1)
    ON CONFLICT (list, sid) DO UPDATE SET many = many + 1;
END;
