// Package databasetest gives tests real databases: SQLite files, and a PostgreSQL server that it starts. It must not be imported
// outside tests.
//
//	databasetest.Each(t, database.Options{Name: "catalog", Migrations: migrations}, func(t *testing.T, db *database.DB) {
//		t.Parallel()
//		…
//	})
package databasetest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"storefront/shared/config"
	"storefront/shared/database"
)

// SQLite returns the URL of a database that does not exist yet.
func SQLite(t testing.TB) config.Secret {
	t.Helper()
	return config.Secret("sqlite:" + filepath.Join(t.TempDir(), "data", "test.db"))
}

// Copies gives each test a copy of its own of one SQLite database, which fill makes when the first test asks.
func Copies(fill func(ctx context.Context, url config.Secret) error) func(testing.TB) config.Secret {
	file := sync.OnceValues(func() ([]byte, error) {
		dir, err := os.MkdirTemp("", "database-")
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		path := filepath.Join(dir, "test.db")
		if err := fill(context.Background(), config.Secret("sqlite:"+path)); err != nil {
			return nil, err
		}
		return os.ReadFile(path)
	})
	return func(t testing.TB) config.Secret {
		t.Helper()
		content, err := file()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "test.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return config.Secret("sqlite:" + path)
	}
}

// shared is the server of this process. It lives as long as the process does.
var shared = sync.OnceValues(func() (*Server, error) { return startServer(remove) })

// Postgres returns the URL of a fresh database on a server that the tests of this process share.
func Postgres(t testing.TB) config.Secret {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s.Database(t)
}

// URLs returns one of each kind, by its name.
func URLs(t testing.TB) map[string]config.Secret {
	t.Helper()
	return map[string]config.Secret{"sqlite": SQLite(t), "postgres": Postgres(t)}
}

// New returns the database at url, not yet open, and closes it when the test ends.
func New(t testing.TB, url config.Secret, opt database.Options) *database.DB {
	t.Helper()
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	db, err := database.New(url, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	return db
}

// Open opens the database at url until the test ends.
func Open(t testing.TB, url config.Secret, opt database.Options) *database.DB {
	t.Helper()
	db := New(t, url, opt)
	if err := db.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// Each runs the test on a fresh database of each kind, side by side.
func Each(t *testing.T, opt database.Options, test func(t *testing.T, db *database.DB)) {
	t.Helper()
	for name, url := range URLs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, url, opt))
		})
	}
}
