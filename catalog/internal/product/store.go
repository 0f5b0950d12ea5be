package product

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"storefront/shared/database"
)

// Store keeps products and their audit in a database. It is safe for concurrent use.
type Store struct{ db *database.DB }

// NewStore returns the store in db.
func NewStore(db *database.DB) *Store { return &Store{db} }

const columns = "products.id, products.sku, products.name, products.description, products.price, products.currency, products.category, products.active, products.version, products.created_at, products.updated_at"

func scan(r database.Row) (p Product, err error) {
	err = r.Scan(&p.ID, &p.SKU, &p.Name, &p.Description, &p.Price, &p.Currency, &p.Category, &p.Active, &p.Version, &p.CreatedAt, &p.UpdatedAt)
	p.CreatedAt, p.UpdatedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC()
	return p, err
}

// Get returns the product with the id, active or not, or ErrNotFound.
func (s *Store) Get(ctx context.Context, id int64) (p Product, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q database.Querier) error {
		p, err = get(ctx, q, id)
		return err
	})
	return p, err
}

func get(ctx context.Context, q database.Querier, id int64) (Product, error) {
	p, err := database.One(ctx, q, scan, "SELECT "+columns+" FROM products WHERE id = $1", id)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return p, err
}

// Create adds a product. A SKU that another one has is database.ErrDuplicate.
func (s *Store) Create(ctx context.Context, by Author, c Content) (p Product, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx database.Querier) error {
		p, err = database.One(ctx, tx, scan, `INSERT INTO products (sku, name, description, price, currency, category, active, version, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8) RETURNING `+columns,
			c.SKU, c.Name, c.Description, c.Price, c.Currency, c.Category, c.Active, now())
		if err != nil {
			return err
		}
		return record(ctx, tx, by, created, p)
	})
	return p, err
}

// Replace gives the product with the id another content. match says which version may be replaced; another is ErrChanged.
func (s *Store) Replace(ctx context.Context, by Author, id int64, c Content, match func(version int64) bool) (p Product, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx database.Querier) error {
		if _, err := current(ctx, tx, id, match); err != nil {
			return err
		}
		p, err = replace(ctx, tx, by, replaced, id, c)
		return err
	})
	return p, err
}

// Delete takes the product with the id off sale. One that is, stays as it is.
func (s *Store) Delete(ctx context.Context, by Author, id int64, match func(version int64) bool) error {
	return s.db.Write(ctx, func(ctx context.Context, tx database.Querier) error {
		p, err := current(ctx, tx, id, match)
		if err != nil || !p.Active {
			return err
		}
		p.Active = false
		_, err = replace(ctx, tx, by, deleted, id, p.Content)
		return err
	})
}

func current(ctx context.Context, tx database.Querier, id int64, match func(version int64) bool) (Product, error) {
	p, err := get(ctx, tx, id)
	if err == nil && !match(p.Version) {
		err = ErrChanged
	}
	return p, err
}

func replace(ctx context.Context, tx database.Querier, by Author, a Action, id int64, c Content) (Product, error) {
	p, err := database.One(ctx, tx, scan, `UPDATE products SET sku = $2, name = $3, description = $4, price = $5, currency = $6, category = $7, active = $8,
			version = version + 1, updated_at = $9 WHERE id = $1 RETURNING `+columns,
		id, c.SKU, c.Name, c.Description, c.Price, c.Currency, c.Category, c.Active, now())
	if err != nil {
		return p, err
	}
	return p, record(ctx, tx, by, a, p)
}

// now is as exact as both databases keep it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
