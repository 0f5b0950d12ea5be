package product

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"storefront/shared/database"
)

//go:embed demo.json
var demoFile []byte

// demoProduct is one product of the demo shop, which is on sale and priced in euros.
type demoProduct struct {
	ID          int64  `json:"id"`
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Price       int64  `json:"price"`
	Category    string `json:"category"`
}

func (d demoProduct) content() Content {
	return Content{SKU: d.SKU, Name: d.Name, Description: d.Description, Price: d.Price, Currency: "EUR", Category: d.Category, Active: true}
}

// SeedDemo fills a database that has no product, and never had one, with the demo shop; any other stays as it is. It reports how many products
// it added.
func (s *Store) SeedDemo(ctx context.Context) (added int, err error) {
	var demo []demoProduct
	if err := json.Unmarshal(demoFile, &demo); err != nil {
		return 0, fmt.Errorf("demo.json: %w", err)
	}
	err = s.db.Fill(ctx, func(ctx context.Context, tx database.Querier) error {
		added = 0
		count, err := database.One(ctx, tx, scanCount, "SELECT count(*) FROM (SELECT 1 FROM products LIMIT 1) AS any_product")
		if err != nil || count > 0 {
			return err
		}
		added = len(demo)
		return insertDemo(ctx, tx, demo, s.db.Dialect())
	})
	return added, err
}

func scanCount(r database.Row) (n int64, err error) { return n, r.Scan(&n) }

// insertDemo gives the products their own ids, which other parts of the demo know, and has PostgreSQL go on behind them.
func insertDemo(ctx context.Context, tx database.Querier, demo []demoProduct, dialect database.Dialect) error {
	for _, d := range demo {
		c := d.content()
		_, err := tx.ExecContext(ctx, `INSERT INTO products (id, sku, name, description, price, currency, category, active, version, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)`, d.ID, c.SKU, c.Name, c.Description, c.Price, c.Currency, c.Category, c.Active, now())
		if err != nil {
			return fmt.Errorf("demo product %d: %w", d.ID, err)
		}
	}
	if dialect != database.Postgres {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT setval(pg_get_serial_sequence('products', 'id'), (SELECT max(id) FROM products))")
	return err
}
