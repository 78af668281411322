-- What was to be posted to a webhook that is gone is taken away in portions, so that nobody who writes waits for all of it. It goes no longer
-- with its webhook, so there is no foreign key; a table can't lose one, hence the new table with all that belonged to the old one.

CREATE TABLE deliveries_without_key (
    webhook    TEXT    NOT NULL,
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

INSERT INTO deliveries_without_key (webhook, happening, chain, state, attempts, created_ms, due_ms, status, fault)
SELECT webhook, happening, chain, state, attempts, created_ms, due_ms, status, fault FROM deliveries;

DROP TRIGGER webhook_moved;
DROP TRIGGER webhook_goes;
DROP TABLE deliveries;
ALTER TABLE deliveries_without_key RENAME TO deliveries;

CREATE INDEX deliveries_pending ON deliveries (webhook, chain, happening) WHERE state = 0;
CREATE INDEX deliveries_by_happening ON deliveries (happening);
CREATE INDEX deliveries_dead ON deliveries (webhook, happening) WHERE state = 2;
CREATE INDEX deliveries_by_age ON deliveries (created_ms) WHERE state = 0;

CREATE TRIGGER head_came AFTER INSERT ON deliveries WHEN new.state = 0
BEGIN
    INSERT INTO delivery_heads (webhook, chain, happening, is_tried, due_ms)
    VALUES (new.webhook, new.chain, new.happening, new.attempts > 0, new.due_ms)
    ON CONFLICT (webhook, chain) DO UPDATE
        SET happening = excluded.happening, is_tried = excluded.is_tried, due_ms = excluded.due_ms
        WHERE excluded.happening <= delivery_heads.happening;
END;

CREATE TRIGGER head_changed AFTER UPDATE OF state, attempts, due_ms ON deliveries WHEN new.state = 0
BEGIN
    INSERT INTO delivery_heads (webhook, chain, happening, is_tried, due_ms)
    VALUES (new.webhook, new.chain, new.happening, new.attempts > 0, new.due_ms)
    ON CONFLICT (webhook, chain) DO UPDATE
        SET happening = excluded.happening, is_tried = excluded.is_tried, due_ms = excluded.due_ms
        WHERE excluded.happening <= delivery_heads.happening;
END;

CREATE TRIGGER head_settled AFTER UPDATE OF state ON deliveries
WHEN old.state = 0 AND new.state <> 0 AND EXISTS (
    SELECT 1 FROM delivery_heads WHERE webhook = old.webhook AND chain = old.chain AND happening = old.happening
)
BEGIN
    DELETE FROM delivery_heads WHERE webhook = old.webhook AND chain = old.chain;
    INSERT INTO delivery_heads (webhook, chain, happening, is_tried, due_ms)
    SELECT webhook, chain, happening, attempts > 0, due_ms FROM deliveries INDEXED BY deliveries_pending
    WHERE webhook = old.webhook AND chain = old.chain AND state = 0 ORDER BY happening LIMIT 1;
END;

CREATE TRIGGER head_went AFTER DELETE ON deliveries
WHEN old.state = 0 AND EXISTS (
    SELECT 1 FROM delivery_heads WHERE webhook = old.webhook AND chain = old.chain AND happening = old.happening
)
BEGIN
    DELETE FROM delivery_heads WHERE webhook = old.webhook AND chain = old.chain;
    INSERT INTO delivery_heads (webhook, chain, happening, is_tried, due_ms)
    SELECT webhook, chain, happening, attempts > 0, due_ms FROM deliveries INDEXED BY deliveries_pending
    WHERE webhook = old.webhook AND chain = old.chain AND state = 0 ORDER BY happening LIMIT 1;
END;

CREATE TRIGGER delivery_came AFTER INSERT ON deliveries
BEGIN
    INSERT INTO delivery_counts (webhook, pending, delivered, dead)
    VALUES (new.webhook, new.state = 0, new.state = 1, new.state = 2)
    ON CONFLICT (webhook) DO UPDATE SET pending = pending + excluded.pending,
        delivered = delivered + excluded.delivered, dead = dead + excluded.dead;
END;

CREATE TRIGGER delivery_changed AFTER UPDATE OF state ON deliveries WHEN new.state <> old.state
BEGIN
    UPDATE delivery_counts SET pending = pending + (new.state = 0) - (old.state = 0),
        delivered = delivered + (new.state = 1) - (old.state = 1), dead = dead + (new.state = 2) - (old.state = 2)
    WHERE webhook = new.webhook;
END;

CREATE TRIGGER delivery_went AFTER DELETE ON deliveries
BEGIN
    UPDATE delivery_counts SET pending = pending - (old.state = 0), delivered = delivered - (old.state = 1),
        dead = dead - (old.state = 2)
    WHERE webhook = old.webhook;
END;

CREATE TRIGGER webhook_moved AFTER UPDATE OF url ON webhooks WHEN new.url <> old.url
BEGIN
    UPDATE deliveries SET attempts = 0, due_ms = created_ms, status = NULL, fault = NULL
    WHERE webhook = new.id AND state = 0 AND attempts > 0;
END;

-- Webhooks that are gone while deliveries, and firsts of their chains, are left of them: nobody is offered those.
CREATE TABLE gone_webhooks (
    webhook TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TRIGGER webhook_goes BEFORE DELETE ON webhooks
BEGIN
    INSERT INTO gone_webhooks (webhook)
    SELECT old.id WHERE EXISTS (SELECT 1 FROM deliveries WHERE webhook = old.id)
    ON CONFLICT (webhook) DO NOTHING;
    DELETE FROM delivery_counts WHERE webhook = old.id;
END;

-- A subscriber's callback may come back under its id, and begins with nothing.
CREATE TRIGGER webhook_is_back AFTER INSERT ON webhooks WHEN EXISTS (SELECT 1 FROM gone_webhooks WHERE webhook = new.id)
BEGIN
    DELETE FROM delivery_heads WHERE webhook = new.id;
    DELETE FROM deliveries WHERE webhook = new.id;
    DELETE FROM gone_webhooks WHERE webhook = new.id;
END;
