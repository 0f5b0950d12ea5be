package product_test

import (
	"context"
	"strings"
	"testing"

	"storefront/catalog/internal/product"
	"storefront/shared/config"
	"storefront/shared/database"
	"storefront/shared/database/databasetest"
)

// stock fills the database with that many products of ten categories and a thousand prices.
func stock(t testing.TB, db *database.DB, count int) {
	t.Helper()
	const step = 2_000
	for from := 0; from < count; from += step {
		err := db.Write(t.Context(), func(ctx context.Context, tx database.Querier) error {
			_, err := tx.ExecContext(ctx, `WITH RECURSIVE n (i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2)
				INSERT INTO products (sku, name, description, price, currency, category, active, version, created_at, updated_at)
				SELECT 'SKU-' || i, 'Product ' || (i * 7919 % 100003), 'It is made of oak and number ' || i || ' of its kind, and keeps for years.',
					i * 7919 % 1000 * 100, 'EUR', 'category-' || (i % 10), true, 1, $3, $3 FROM n`, from, min(from+step, count), product.Product{}.CreatedAt)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is asked for is read from an index, in order, and no further than the page goes.
func TestList_plans(t *testing.T) {
	t.Parallel()
	db := databasetest.Open(t, databasetest.SQLite(t), options(t))
	at := product.Position{ID: 7, Name: "a", Price: 9}
	want := map[product.Sort]string{
		product.ByID: "INDEX products_by_", product.Newest: "INDEX products_by_", product.ByName: "name", product.ByPrice: "price", product.ByPriceDown: "price",
	}
	for _, sort := range append(product.Sorts(), product.ByID) {
		for name, q := range map[string]product.Query{
			"all":                     {},
			"behind a page":           {After: &at},
			"category":                {Category: "kitchen"},
			"category, behind a page": {Category: "kitchen", After: &at},
		} {
			q.Sort, q.Limit = sort, 20
			plan := explain(t, db, q)
			if strings.Contains(plan, "TEMP B-TREE") || !strings.Contains(plan, want[sort]) {
				t.Errorf("%s, sorted by %q: %s", name, sort, plan)
			}
			if q.After != nil && !strings.Contains(plan, ">?") && !strings.Contains(plan, "<?") {
				t.Errorf("%s, sorted by %q, reads what stands before: %s", name, sort, plan)
			}
		}
	}
	if plan := explain(t, db, product.Query{Sale: product.OffSale, After: &at, Limit: 20}); strings.Contains(plan, "TEMP B-TREE") || !strings.Contains(plan, "INDEX products_off_sale") {
		t.Errorf("what is off sale is looked for among all: %s", plan)
	}
	if plan := explain(t, db, product.Query{Search: "oak", Limit: 20}); strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("a search gathers all that it finds: %s", plan)
	}
}

func explain(t testing.TB, db *database.DB, q product.Query) string {
	t.Helper()
	text, args := product.Statement(q, database.SQLite)
	var steps []string
	err := db.Read(t.Context(), func(ctx context.Context, r database.Querier) (err error) {
		steps, err = database.All(ctx, r, func(row database.Row) (step string, err error) {
			var id, parent, unused int
			return step, row.Scan(&id, &parent, &unused, &step)
		}, "EXPLAIN QUERY PLAN "+text, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "; ")
}

// BenchmarkList reads pages of a shop with 100,000 products.
func BenchmarkList(b *testing.B) {
	for name, url := range map[string]func(testing.TB) config.Secret{"sqlite": databasetest.SQLite, "postgres": databasetest.Postgres} {
		db := databasetest.Open(b, url(b), options(b))
		stock(b, db, 100_000)
		s := product.NewStore(db)
		low := int64(50_000)
		for query, q := range map[string]product.Query{
			"default":  {},
			"newest":   {Sort: product.Newest},
			"name":     {Sort: product.ByName, After: &product.Position{ID: 9, Name: "Product 5"}},
			"price":    {Sort: product.ByPrice},
			"category": {Category: "category-3", Sort: product.ByPriceDown},
			"min":      {MinPrice: &low},
			"word":     {Search: "oak"},
			"words":    {Search: "oak 777"},
			"wordname": {Search: "oak", Sort: product.ByName},
		} {
			b.Run(name+"/"+query, func(b *testing.B) {
				q.Limit = 20
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, _, err := s.List(b.Context(), q); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
