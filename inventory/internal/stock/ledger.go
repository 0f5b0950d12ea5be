package stock

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"storefront/shared/database"
)

// Movement is a line of the ledger. A transfer has two, one in each branch.
type Movement struct {
	ID          int64     `json:"id"`
	At          time.Time `json:"at"`
	BranchID    int64     `json:"branch_id"`
	Kind        Kind      `json:"kind"`
	ProductID   int64     `json:"product_id"`
	Name        string    `json:"name"`                  // of the product at that time
	Change      int64     `json:"change"`                // what came; below zero, what went
	Stock       int64     `json:"stock"`                 // what lay there afterwards
	OtherBranch int64     `json:"other_branch,omitzero"` // of a transfer
	Note        string    `json:"note,omitzero"`
}

const columns = "id, at, branch_id, kind, product_id, name, change, stock, other_branch, note"

func scanMovement(r database.Row) (m Movement, err error) {
	err = r.Scan(&m.ID, &m.At, &m.BranchID, &m.Kind, &m.ProductID, &m.Name, &m.Change, &m.Stock, &m.OtherBranch, &m.Note)
	m.At = m.At.UTC()
	return m, err
}

// Move does what the order says in the branch and returns its line of the ledger. With a key, which may be "", it is done once for this
// author: the same order again returns the same line, and another one is ErrKeyReused.
func (s *Store) Move(ctx context.Context, by Author, branch int64, o Order, key string) (m Movement, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx database.Querier) error {
		m, err = once(ctx, tx, by, branch, o, key)
		return err
	})
	if err == nil && key != "" {
		s.sweep(ctx)
	}
	return m, err
}

// move does what the order says. Its legs go by the id of the branch, so that of two transfers in opposite directions the one waits for
// the other and not each for each.
func move(ctx context.Context, tx database.Querier, by Author, branch int64, o Order) (m Movement, err error) {
	if err := there(ctx, tx, branch, o); err != nil {
		return m, err
	}
	name, err := productName(ctx, tx, by, o)
	if err != nil {
		return m, err
	}
	at := now()
	for _, leg := range o.legs(branch) {
		leg.At, leg.Name = at, name
		if leg, err = post(ctx, tx, by, leg); err != nil {
			return m, err
		}
		if leg.BranchID == branch {
			m = leg
		}
	}
	return m, nil
}

// there checks that the branches of the order exist.
func there(ctx context.Context, tx database.Querier, branch int64, o Order) error {
	if _, err := get(ctx, tx, branch); err != nil {
		return err
	}
	if o.Kind != Transfer {
		return nil
	}
	_, err := get(ctx, tx, o.ToBranch)
	if errors.Is(err, ErrNotFound) {
		return ErrNoDestination
	}
	return err
}

// legs gives the lines that the order makes, by branch.
func (o Order) legs(branch int64) []Movement {
	here := Movement{BranchID: branch, Kind: o.Kind, ProductID: o.ProductID, Change: o.Quantity, OtherBranch: o.ToBranch, Note: o.Note}
	if o.Kind == Sell || o.Kind == Transfer {
		here.Change = -o.Quantity
	}
	if o.Kind != Transfer {
		return []Movement{here}
	}
	other := here
	other.BranchID, other.OtherBranch, other.Change = o.ToBranch, branch, o.Quantity
	legs := []Movement{here, other}
	slices.SortFunc(legs, func(a, b Movement) int { return cmp.Compare(a.BranchID, b.BranchID) })
	return legs
}

// productName gives the name that the ledger notes, and remembers the order's where it may.
func productName(ctx context.Context, tx database.Querier, by Author, o Order) (string, error) {
	scan := func(r database.Row) (name string, err error) { return name, r.Scan(&name) }
	known, err := database.One(ctx, tx, scan, "SELECT name FROM products WHERE id = $1", o.ProductID)
	switch {
	case errors.Is(err, sql.ErrNoRows) && o.Name == "":
		return "", ErrUnknownProduct
	case errors.Is(err, sql.ErrNoRows):
		_, err = tx.ExecContext(ctx, "INSERT INTO products (id, name) VALUES ($1, $2)", o.ProductID, o.Name)
		return o.Name, err
	case err != nil || o.Name == "" || o.Name == known || !by.Renames:
		return known, err
	default:
		_, err = tx.ExecContext(ctx, "UPDATE products SET name = $2 WHERE id = $1", o.ProductID, o.Name)
		return o.Name, err
	}
}

// post changes the stock and writes the line into the ledger: but for the start of a demo shop, the only place that does either.
func post(ctx context.Context, tx database.Querier, by Author, m Movement) (Movement, error) {
	stock, err := shift(ctx, tx, m)
	if err != nil {
		return m, err
	}
	return database.One(ctx, tx, scanMovement, `INSERT INTO movements (at, branch_id, kind, product_id, name, change, stock, other_branch, note, subject, request_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING `+columns,
		m.At, m.BranchID, m.Kind, m.ProductID, m.Name, m.Change, stock, m.OtherBranch, m.Note, by.Subject, by.RequestID)
}

// shift changes the stock and gives what there is afterwards.
func shift(ctx context.Context, tx database.Querier, m Movement) (int64, error) {
	stock, err := database.One(ctx, tx, scanInt, `UPDATE stock SET quantity = quantity + $3
		WHERE branch_id = $1 AND product_id = $2 AND quantity + $3 BETWEEN 0 AND $4 RETURNING quantity`, m.BranchID, m.ProductID, m.Change, maxStock)
	if !errors.Is(err, sql.ErrNoRows) {
		return stock, err
	}
	if m.Change < 0 {
		return 0, ErrTooLittle
	}
	stock, err = database.One(ctx, tx, scanInt, `INSERT INTO stock (branch_id, product_id, quantity) VALUES ($1, $2, $3)
		ON CONFLICT DO NOTHING RETURNING quantity`, m.BranchID, m.ProductID, m.Change)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrTooMuch
	}
	return stock, err
}

// Movements returns a page of the ledger of the branch and whether there are more, or ErrNotFound.
func (s *Store) Movements(ctx context.Context, query Query) (movements []Movement, more bool, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q database.Querier) error {
		if _, err := get(ctx, q, query.Branch); err != nil {
			return err
		}
		movements, more, err = page(ctx, q, scanMovement, query, "SELECT "+columns+" FROM movements")
		return err
	})
	return movements, more, err
}

// Movement returns one line of the ledger of the branch, or ErrNotFound or ErrNoMovement.
func (s *Store) Movement(ctx context.Context, branch, id int64) (m Movement, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q database.Querier) error {
		if _, err := get(ctx, q, branch); err != nil {
			return err
		}
		m, err = database.One(ctx, q, scanMovement, "SELECT "+columns+" FROM movements WHERE id = $1 AND branch_id = $2", id, branch)
		if errors.Is(err, sql.ErrNoRows) {
			err = ErrNoMovement
		}
		return err
	})
	return m, err
}
