package openload

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"storefront/shared/config"
	"storefront/shared/database"
)

// Fill makes catalog's SQLite database in the file, and puts so many products into it. The schema is catalog's own, whose files lie in the
// folder migrations; its triggers keep the index of words.
func Fill(ctx context.Context, path, migrations string, products int) (err error) {
	db, err := database.New(config.Secret("sqlite:"+path), database.Options{Name: "catalog", Migrations: os.DirFS(migrations), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Open(ctx); err != nil {
		return err
	}
	err = db.Fill(ctx, func(ctx context.Context, tx database.Querier) error {
		_, err := tx.ExecContext(ctx, insert, products, time.Now().UTC())
		return err
	})
	if err != nil {
		return fmt.Errorf("insert %d products: %w", products, err)
	}
	return nil
}

// insert makes products on sale, of 20 materials, 25 things and 10 categories, at a thousand prices.
const insert = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1),
	materials (m, material) AS (VALUES (0, 'Oak'), (1, 'Brass'), (2, 'Linen'), (3, 'Steel'), (4, 'Stoneware'), (5, 'Wool'), (6, 'Beech'), (7, 'Glass'),
		(8, 'Copper'), (9, 'Cork'), (10, 'Leather'), (11, 'Marble'), (12, 'Cotton'), (13, 'Bamboo'), (14, 'Slate'), (15, 'Enamel'), (16, 'Jute'),
		(17, 'Walnut'), (18, 'Porcelain'), (19, 'Felt')),
	things (t, thing) AS (VALUES (0, 'cup'), (1, 'kettle'), (2, 'board'), (3, 'lamp'), (4, 'basket'), (5, 'vase'), (6, 'hook'), (7, 'tray'), (8, 'bowl'),
		(9, 'stool'), (10, 'shelf'), (11, 'frame'), (12, 'clock'), (13, 'jar'), (14, 'spoon'), (15, 'coaster'), (16, 'box'), (17, 'mirror'), (18, 'pot'),
		(19, 'rack'), (20, 'jug'), (21, 'plate'), (22, 'bench'), (23, 'bell'), (24, 'brush'))
	INSERT INTO products (sku, name, description, price, currency, category, active, version, created_at, updated_at)
	SELECT printf('SKU-%06d', i), material || ' ' || thing || ', no. ' || i,
		material || ', made by hand in small numbers; this is the ' || thing || ' of series ' || (i / 500) || '. It keeps for years, and is mended where it was made.',
		i * 7919 % 1000 * 100 + 95, 'EUR', 'category-' || (i * 31 % 10), true, 1, $2, $2
	FROM n JOIN materials ON m = i % 20 JOIN things ON t = i / 20 % 25 ORDER BY i`
