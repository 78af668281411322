-- What may be posted is found without a look at what has to wait: of each chain the first that is pending stands here, kept by triggers,
-- so that nothing that writes deliveries has to think of it.
CREATE TABLE delivery_heads (
    webhook   TEXT    NOT NULL,
    chain     INTEGER NOT NULL,
    happening INTEGER NOT NULL,
    is_tried  INTEGER NOT NULL CHECK (is_tried IN (0, 1)),
    due_ms    INTEGER NOT NULL,
    PRIMARY KEY (webhook, chain)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_heads_by_due ON delivery_heads (is_tried, webhook, due_ms, happening);

INSERT INTO delivery_heads (webhook, chain, happening, is_tried, due_ms)
SELECT webhook, deliveries.chain, happening, attempts > 0, due_ms
FROM (
    SELECT webhook, min(happening) AS happening FROM deliveries WHERE state = 0 GROUP BY webhook, chain
) AS first JOIN deliveries USING (webhook, happening);

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

-- Who gives up many at once takes their heads away first: then none has to be found for each of them.
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

-- How many deliveries each webhook has, so that nobody has to count them, neither for each event nor for the page of metrics.
CREATE TABLE delivery_counts (
    webhook   TEXT    NOT NULL PRIMARY KEY,
    pending   INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    dead      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO delivery_counts (webhook, pending, delivered, dead)
SELECT webhook, sum(state = 0), sum(state = 1), sum(state = 2) FROM deliveries GROUP BY webhook;

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

-- Before its deliveries go with it.
CREATE TRIGGER webhook_goes BEFORE DELETE ON webhooks
BEGIN
    DELETE FROM delivery_heads WHERE webhook = old.id;
    DELETE FROM delivery_counts WHERE webhook = old.id;
END;

-- What an address did not take says nothing of the one that takes its place: for that it was never tried.
CREATE TRIGGER webhook_moved AFTER UPDATE OF url ON webhooks WHEN new.url <> old.url
BEGIN
    UPDATE deliveries SET attempts = 0, due_ms = created_ms, status = NULL, fault = NULL
    WHERE webhook = new.id AND state = 0 AND attempts > 0;
END;

-- Since when the oldest waits is told every few seconds.
CREATE INDEX deliveries_by_age ON deliveries (created_ms) WHERE state = 0;
