package databasetest_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/fstest"

	"storefront/shared/config"
	"storefront/shared/database"
	"storefront/shared/database/databasetest"
)

var cupboard = database.Options{Name: "cupboard", Log: slog.New(slog.DiscardHandler), Migrations: fstest.MapFS{
	"sqlite/00001_cups.sql": {Data: []byte("-- +goose Up\nCREATE TABLE cups (name TEXT);")},
}}

// Each copy has what was filled in once, and nothing of what is done to another.
func TestCopies(t *testing.T) {
	t.Parallel()
	filled := 0
	copies := databasetest.Copies(func(ctx context.Context, url config.Secret) error {
		filled++
		db, err := database.New(url, cupboard)
		if err != nil {
			return err
		}
		return errors.Join(db.Open(ctx), add(ctx, db, "blue"), db.Close())
	})
	for range 2 {
		db := databasetest.Open(t, copies(t), cupboard)
		if err := add(t.Context(), db, "red"); err != nil {
			t.Fatal(err)
		}
		var cups int
		err := db.Read(t.Context(), func(ctx context.Context, q database.Querier) (err error) {
			cups, err = database.One(ctx, q, func(r database.Row) (n int, err error) { return n, r.Scan(&n) }, "SELECT count(*) FROM cups")
			return err
		})
		if err != nil || cups != 2 || filled != 1 {
			t.Errorf("%d cups in a copy, filled %d times, %v; want the blue and its own red one, filled once", cups, filled, err)
		}
	}
}

func add(ctx context.Context, db *database.DB, name string) error {
	return db.Write(ctx, func(ctx context.Context, tx database.Querier) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO cups VALUES ($1)", name)
		return err
	})
}
