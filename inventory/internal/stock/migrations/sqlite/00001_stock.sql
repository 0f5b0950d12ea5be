-- +goose Up

CREATE TABLE branches (
    id   INTEGER PRIMARY KEY AUTOINCREMENT, -- never given out twice
    name TEXT NOT NULL,
    city TEXT NOT NULL
);

CREATE TABLE branch_managers (
    branch_id BIGINT NOT NULL REFERENCES branches (id),
    subject   TEXT NOT NULL,
    since     TIMESTAMP NOT NULL,
    PRIMARY KEY (branch_id, subject)
);
CREATE INDEX branch_managers_by_subject ON branch_managers (subject, branch_id);

-- The catalog's products, by the names that inventory was told.
CREATE TABLE products (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE stock (
    branch_id  BIGINT NOT NULL REFERENCES branches (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    quantity   BIGINT NOT NULL CHECK (quantity BETWEEN 0 AND 1000000000),
    PRIMARY KEY (branch_id, product_id)
);

-- The ledger. What is in stock is the sum of it.
CREATE TABLE movements (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           TIMESTAMP NOT NULL,
    branch_id    BIGINT NOT NULL REFERENCES branches (id),
    kind         TEXT NOT NULL CHECK (kind IN ('receive', 'sell', 'adjust', 'transfer')),
    product_id   BIGINT NOT NULL REFERENCES products (id),
    name         TEXT NOT NULL, -- of the product at that time
    change       BIGINT NOT NULL CHECK (change <> 0),
    stock        BIGINT NOT NULL CHECK (stock >= 0), -- what there was afterwards
    other_branch BIGINT NOT NULL, -- of a transfer; 0 is none
    note         TEXT NOT NULL,
    subject      TEXT NOT NULL,
    request_id   TEXT NOT NULL
);
CREATE INDEX movements_by_branch ON movements (branch_id, id);

CREATE TABLE branch_audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         TIMESTAMP NOT NULL,
    subject    TEXT NOT NULL,
    action     TEXT NOT NULL,
    branch_id  BIGINT NOT NULL REFERENCES branches (id),
    manager    TEXT NOT NULL, -- '' is none
    request_id TEXT NOT NULL
);
CREATE INDEX branch_audit_by_branch ON branch_audit (branch_id, id);

-- What is written in the ledger and the audit stays as it is.
-- +goose StatementBegin
CREATE TRIGGER movements_unchanged BEFORE UPDATE ON movements BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER movements_kept BEFORE DELETE ON movements BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER branch_audit_unchanged BEFORE UPDATE ON branch_audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER branch_audit_kept BEFORE DELETE ON branch_audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
-- +goose StatementEnd

-- The Idempotency-Keys of the last day, and what was done for each.
CREATE TABLE movement_keys (
    subject     TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL, -- of the request
    movement_id BIGINT, -- NULL only until the transaction ends
    at          TIMESTAMP NOT NULL,
    PRIMARY KEY (subject, key)
);
CREATE INDEX movement_keys_by_age ON movement_keys (at);
