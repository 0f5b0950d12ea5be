-- +goose Up

-- What is sold no longer, for those who may put it back.
CREATE INDEX products_off_sale ON products (id) WHERE NOT active;
