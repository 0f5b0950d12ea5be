package stock

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

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
	names := map[int64]string{}
	for _, p := range demo.Products {
		names[p.ID] = p.Name
		if _, err := tx.ExecContext(ctx, "INSERT INTO products (id, name) VALUES ($1, $2)", p.ID, p.Name); err != nil {
			return fmt.Errorf("demo product %d: %w", p.ID, err)
		}
	}
	for _, b := range demo.Branches {
		if err := b.insert(ctx, tx, names); err != nil {
			return fmt.Errorf("demo branch %d: %w", b.ID, err)
		}
	}
	if dialect != database.Postgres {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT setval(pg_get_serial_sequence('branches', 'id'), (SELECT max(id) FROM branches))")
	return err
}

func (b demoBranch) insert(ctx context.Context, tx database.Querier, names map[int64]string) error {
	by, at := Author{Subject: "demo", RequestID: "demo"}, now()
	if _, err := tx.ExecContext(ctx, "INSERT INTO branches (id, name, city) VALUES ($1, $2, $3)", b.ID, b.Name, b.City); err != nil {
		return err
	}
	if err := record(ctx, tx, by, branchCreated, b.ID, "", at); err != nil {
		return err
	}
	for _, subject := range b.Managers {
		if _, err := tx.ExecContext(ctx, "INSERT INTO branch_managers (branch_id, subject, since) VALUES ($1, $2, $3)", b.ID, subject, at); err != nil {
			return err
		}
		if err := record(ctx, tx, by, managerAdded, b.ID, subject, at); err != nil {
			return err
		}
	}
	for _, s := range b.Stock {
		in := Movement{At: at, BranchID: b.ID, Kind: Receive, ProductID: s.ProductID, Name: names[s.ProductID], Change: s.Quantity + s.Sold}
		out := in
		out.Kind, out.Change = Sell, -s.Sold
		if _, err := post(ctx, tx, by, in); err != nil {
			return err
		}
		if s.Sold == 0 {
			continue
		}
		if _, err := post(ctx, tx, by, out); err != nil {
			return err
		}
	}
	return nil
}
