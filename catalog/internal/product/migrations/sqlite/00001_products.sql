-- +goose Up

CREATE TABLE products (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never given out twice
    sku         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    price       BIGINT NOT NULL CHECK (price >= 0),
    currency    TEXT NOT NULL,
    category    TEXT NOT NULL,
    active      BOOLEAN NOT NULL,
    version     BIGINT NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    updated_at  TIMESTAMP NOT NULL
);

-- One for each way to sort, alone and within a category.
CREATE INDEX products_by_id ON products (id) WHERE active;
CREATE INDEX products_by_name ON products (lower(name), id) WHERE active;
CREATE INDEX products_by_price ON products (price, id) WHERE active;
CREATE INDEX products_by_category ON products (category, id) WHERE active;
CREATE INDEX products_by_category_name ON products (category, lower(name), id) WHERE active;
CREATE INDEX products_by_category_price ON products (category, price, id) WHERE active;

-- The words of each product; the triggers keep it equal to the table.
CREATE VIRTUAL TABLE products_search USING fts5 (
    sku, name, description, category,
    content = 'products', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);

-- +goose StatementBegin
CREATE TRIGGER products_inserted AFTER INSERT ON products BEGIN
    INSERT INTO products_search (rowid, sku, name, description, category) VALUES (new.id, new.sku, new.name, new.description, new.category);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER products_updated AFTER UPDATE OF sku, name, description, category ON products BEGIN
    INSERT INTO products_search (products_search, rowid, sku, name, description, category)
        VALUES ('delete', old.id, old.sku, old.name, old.description, old.category);
    INSERT INTO products_search (rowid, sku, name, description, category) VALUES (new.id, new.sku, new.name, new.description, new.category);
END;
-- +goose StatementEnd

CREATE TABLE product_audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         TIMESTAMP NOT NULL,
    subject    TEXT NOT NULL,
    action     TEXT NOT NULL,
    product_id BIGINT NOT NULL REFERENCES products (id),
    version    BIGINT NOT NULL,
    request_id TEXT NOT NULL
);
CREATE INDEX product_audit_by_product ON product_audit (product_id, id);
