package stock

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"storefront/shared/database"
)

// Store keeps branches and what lies in them in a database. It is safe for concurrent use.
type Store struct {
	db    *database.DB
	swept atomic.Int64 // when old keys were last deleted, in Unix seconds
}

// NewStore returns the store in db.
func NewStore(db *database.DB) *Store { return &Store{db: db} }

func scanBranch(r database.Row) (b Branch, err error) { return b, r.Scan(&b.ID, &b.Name, &b.City) }

// Branches returns every branch, by id.
func (s *Store) Branches(ctx context.Context) ([]Branch, error) {
	return all(ctx, s, scanBranch, "SELECT id, name, city FROM branches ORDER BY id")
}

// BranchesOf returns the branches that the user with that subject manages, by id.
func (s *Store) BranchesOf(ctx context.Context, subject string) ([]Branch, error) {
	return all(ctx, s, scanBranch, `SELECT id, name, city FROM branches JOIN branch_managers ON branch_managers.branch_id = branches.id
		WHERE branch_managers.subject = $1 ORDER BY id`, subject)
}

// CreateBranch opens a branch, in which nothing lies yet.
func (s *Store) CreateBranch(ctx context.Context, by Author, c BranchContent) (b Branch, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx database.Querier) error {
		b, err = database.One(ctx, tx, scanBranch, "INSERT INTO branches (name, city) VALUES ($1, $2) RETURNING id, name, city", c.Name, c.City)
		if err != nil {
			return err
		}
		return record(ctx, tx, by, branchCreated, b.ID, "", now())
	})
	return b, err
}

// Levels returns a branch and the products in it, ordered by product id, or ErrNotFound.
func (s *Store) Levels(ctx context.Context, branch int64) (b Branch, levels []Level, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q database.Querier) error {
		if b, err = get(ctx, q, branch); err != nil {
			return err
		}
		levels, err = database.All(ctx, q, scanLevel, `SELECT stock.product_id, products.name, stock.quantity
			FROM stock JOIN products ON products.id = stock.product_id WHERE stock.branch_id = $1 ORDER BY stock.product_id`, branch)
		return err
	})
	return b, levels, err
}

func scanLevel(r database.Row) (l Level, err error) {
	return l, r.Scan(&l.ProductID, &l.Name, &l.Quantity)
}

const holdings = `SELECT branches.id, branches.name, branches.city, COALESCE(stock.quantity, 0)
	FROM branches LEFT JOIN stock ON stock.branch_id = branches.id AND stock.product_id = $1`

func scanHolding(r database.Row) (h Holding, err error) {
	return h, r.Scan(&h.ID, &h.Name, &h.City, &h.Quantity)
}

// Holdings returns how much of the product lies in each branch, by its id. Of a product that inventory does not know it is nothing.
func (s *Store) Holdings(ctx context.Context, product int64) ([]Holding, error) {
	return all(ctx, s, scanHolding, holdings+" ORDER BY branches.id", product)
}

// HoldingsOf returns how much of the product lies in each branch that the user with that subject manages, likewise.
func (s *Store) HoldingsOf(ctx context.Context, subject string, product int64) ([]Holding, error) {
	return all(ctx, s, scanHolding, holdings+` JOIN branch_managers ON branch_managers.branch_id = branches.id
		WHERE branch_managers.subject = $2 ORDER BY branches.id`, product, subject)
}

func get(ctx context.Context, q database.Querier, branch int64) (Branch, error) {
	b, err := database.One(ctx, q, scanBranch, "SELECT id, name, city FROM branches WHERE id = $1", branch)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return b, err
}

// all reads the rows of one statement.
func all[T any](ctx context.Context, s *Store, scan func(database.Row) (T, error), text string, args ...any) (rows []T, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q database.Querier) error {
		rows, err = database.All(ctx, q, scan, text, args...)
		return err
	})
	return rows, err
}

// now is as exact as both databases keep it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
