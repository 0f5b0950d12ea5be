package stock

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"storefront/shared/database"
)

//go:embed demo.json
var demoFile []byte

// demoShop is the demo: what lies in each branch was received, and some of it sold again.
type demoShop struct {
	Products []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"products"`
	Branches []demoBranch `json:"branches"`
}

type demoBranch struct {
	Branch
	Managers []string `json:"managers"` // subjects of user tokens
	Stock    []struct {
		ProductID int64 `json:"product_id"`
		Quantity  int64 `json:"quantity"`
		Sold      int64 `json:"sold"`
	} `json:"stock"`
}

// SeedDemo fills a database that has no branch, and so never had a movement, with the demo shop; any other stays as it is. It reports how
// many branches it added. The manager of the kickstart manages branch 1.
func (s *Store) SeedDemo(ctx context.Context) (added int, err error) {
	var demo demoShop
	if err := json.Unmarshal(demoFile, &demo); err != nil {
		return 0, fmt.Errorf("demo.json: %w", err)
	}
	err = s.db.Fill(ctx, func(ctx context.Context, tx database.Querier) error {
		added = 0
		count, err := database.One(ctx, tx, scanInt, "SELECT count(*) FROM (SELECT 1 FROM branches LIMIT 1) AS any_branch")
		if err != nil || count > 0 {
			return err
		}
		added = len(demo.Branches)
		return insertDemo(ctx, tx, demo, s.db.Dialect())
	})
	return added, err
}

// insertDemo gives the branches their own ids, which other parts of the demo know, and has PostgreSQL go on behind them.
func insertDemo(ctx context.Context, tx database.Querier, demo demoShop, dialect database.Dialect) error {
	at := now()
	if err := insertRows(ctx, tx, "products (id, name)", demo.names()); err != nil {
		return err
	}
	for _, b := range demo.Branches {
		if err := b.insert(ctx, tx, at); err != nil {
			return fmt.Errorf("demo branch %d: %w", b.ID, err)
		}
	}
	if err := insertRows(ctx, tx, "movements (at, branch_id, kind, product_id, name, change, stock, other_branch, note, subject, request_id)", demo.ledger(at)); err != nil {
		return err
	}
	// Stock is the sum of the ledger.
	_, err := tx.ExecContext(ctx, `INSERT INTO stock (branch_id, product_id, quantity)
		SELECT branch_id, product_id, sum(change) FROM movements GROUP BY branch_id, product_id`)
	if err != nil || dialect != database.Postgres {
		return err
	}
	_, err = tx.ExecContext(ctx, "SELECT setval(pg_get_serial_sequence('branches', 'id'), (SELECT max(id) FROM branches))")
	return err
}

// demoAuthor is who the ledger and the audit name.
var demoAuthor = Author{Subject: "demo", RequestID: "demo"}

func (b demoBranch) insert(ctx context.Context, tx database.Querier, at time.Time) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO branches (id, name, city) VALUES ($1, $2, $3)", b.ID, b.Name, b.City); err != nil {
		return err
	}
	if err := record(ctx, tx, demoAuthor, branchCreated, b.ID, "", at); err != nil {
		return err
	}
	for _, subject := range b.Managers {
		if _, err := tx.ExecContext(ctx, "INSERT INTO branch_managers (branch_id, subject, since) VALUES ($1, $2, $3)", b.ID, subject, at); err != nil {
			return err
		}
		if err := record(ctx, tx, demoAuthor, managerAdded, b.ID, subject, at); err != nil {
			return err
		}
	}
	return nil
}

// names gives the rows of the products.
func (d demoShop) names() [][]any {
	rows := make([][]any, len(d.Products))
	for i, p := range d.Products {
		rows[i] = []any{p.ID, p.Name}
	}
	return rows
}

// ledger gives the rows of the movements: what was received, and what was sold of it.
func (d demoShop) ledger(at time.Time) (rows [][]any) {
	names := map[int64]string{}
	for _, p := range d.Products {
		names[p.ID] = p.Name
	}
	for _, b := range d.Branches {
		line := func(kind Kind, product, change, stock int64) {
			rows = append(rows, []any{at, b.ID, kind, product, names[product], change, stock, 0, "", demoAuthor.Subject, demoAuthor.RequestID})
		}
		for _, s := range b.Stock {
			line(Receive, s.ProductID, s.Quantity+s.Sold, s.Quantity+s.Sold)
			if s.Sold > 0 {
				line(Sell, s.ProductID, -s.Sold, s.Quantity)
			}
		}
	}
	return rows
}

// atOnce is how many rows go into a statement. Each statement costs its compilation, or a way to the server; but SQLite's driver looks
// through all values of a statement for each of them.
const atOnce = 25

// insertRows inserts rows into a table with its columns.
func insertRows(ctx context.Context, tx database.Querier, into string, rows [][]any) error {
	for some := range slices.Chunk(rows, atOnce) {
		var places []string
		var values []any
		for _, row := range some {
			var marks []string
			for _, value := range row {
				values = append(values, value)
				marks = append(marks, fmt.Sprintf("$%d", len(values)))
			}
			places = append(places, "("+strings.Join(marks, ", ")+")")
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO "+into+" VALUES "+strings.Join(places, ", "), values...); err != nil {
			return fmt.Errorf("insert into %s: %w", into, err)
		}
	}
	return nil
}
