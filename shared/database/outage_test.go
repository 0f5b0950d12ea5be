package database_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"storefront/shared/config"
	"storefront/shared/database"
	"storefront/shared/database/databasetest"
)

func TestPostgres_awayAndBack(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	db := databasetest.Open(t, server.Database(t), options(1))
	if err := insert(t.Context(), db, "before", 1); err != nil {
		t.Fatal(err)
	}
	server.Stop(t)
	for name, err := range map[string]error{"Write": insert(t.Context(), db, "during", 1), "Ready": db.Ready()} {
		if !errors.Is(err, database.ErrAway) {
			t.Errorf("%s without a server = %v, want ErrAway", name, err)
		}
	}
	if _, err := count(t, db, "before"); !errors.Is(err, database.ErrAway) {
		t.Errorf("Read without a server = %v, want ErrAway", err)
	}
	server.Start(t)
	if n, err := count(t, db, "before"); n != 1 || err != nil {
		t.Errorf("Read after its return = %d, %v", n, err)
	}
	if err := errors.Join(insert(t.Context(), db, "after", 1), db.Ready()); err != nil {
		t.Errorf("Write and Ready after its return = %v", err)
	}
}

// A server that ends connections, as one does that is stopped by its administrator, is away for those who were in the middle.
func TestPostgres_connectionEndedByAdministrator(t *testing.T) {
	t.Parallel()
	db := databasetest.Open(t, databasetest.Postgres(t), options(1))
	err := db.Write(t.Context(), func(ctx context.Context, tx database.Querier) error {
		_, err := tx.ExecContext(ctx, "SELECT pg_terminate_backend(pg_backend_pid())")
		return err
	})
	if !errors.Is(err, database.ErrAway) {
		t.Errorf("Write = %v, want ErrAway", err)
	}
	if err := insert(t.Context(), db, "a", 1); err != nil {
		t.Errorf("the next Write = %v", err)
	}
}

func TestOpen_waitsForAServerThatStarts(t *testing.T) {
	t.Parallel()
	server := databasetest.Start(t)
	url := server.Database(t)
	server.Stop(t)
	warned := make(chan struct{}, 1)
	opt := options(1)
	opt.Log = onWarn(warned)
	opened := make(chan error, 1)
	db := databasetest.New(t, url, opt)
	go func() { opened <- db.Open(t.Context()) }()
	<-warned
	server.Start(t)
	if err := <-opened; err != nil {
		t.Errorf("Open = %v, want it to wait", err)
	}
}

func TestOpen_saysWhatToDo(t *testing.T) {
	t.Parallel()
	running := string(databasetest.Postgres(t))
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	password := strings.Replace(running, "app@", "app:hunter2@", 1)
	for name, tt := range map[string]struct{ url, want string }{
		"no server":                       {"postgres://app:hunter2@127.0.0.1:1/shop", "is it running, and is this its address?"},
		"no such database":                {password + "x", "does not exist"},
		"a directory that cannot be made": {"sqlite:/proc/shop/catalog.db", "mount a volume at /data that uid 65532 owns, and set DATABASE_URL=sqlite:/data/NAME.db"},
		"no database":                     {"sqlite:" + text, "not a database"},
	} {
		opt := options(1)
		opt.Patience = 10 * time.Millisecond
		err := databasetest.New(t, config.Secret(tt.url), opt).Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: Open = %v, want %q and no password", name, err, tt.want)
		}
	}
}

func TestSQLite_full(t *testing.T) {
	t.Parallel()
	db := databasetest.Open(t, databasetest.SQLite(t), options(1))
	limit := func(pages int) {
		err := db.Write(t.Context(), func(ctx context.Context, tx database.Querier) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // as many as there are
	var full error
	for i := 0; full == nil && i < 1000; i++ {
		full = insert(t.Context(), db, strings.Repeat("x", 1000)+fmt.Sprint(i), 1)
	}
	if !errors.Is(full, database.ErrAway) {
		t.Errorf("Write to a full disk = %v, want ErrAway", full)
	}
	limit(1 << 20)
	if err := insert(t.Context(), db, "a", 1); err != nil {
		t.Errorf("Write when there is space again = %v", err)
	}
}

func TestSQLite_lockedBySomebodyElse(t *testing.T) {
	t.Parallel()
	url := databasetest.SQLite(t)
	db := databasetest.Open(t, url, options(1))
	other, err := sql.Open("sqlite", strings.TrimPrefix(string(url), "sqlite:")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), db, "a", 1); !errors.Is(err, database.ErrAway) {
		t.Errorf("Write beside another program's = %v, want ErrAway", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), db, "a", 1); err != nil {
		t.Errorf("Write after it = %v", err)
	}
}
