package database_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"storefront/shared/database"
	"storefront/shared/database/databasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// schema gives migrations of the version: 1 makes the table tally, each later one adds a column.
func schema(version int) fs.FS {
	files := fstest.MapFS{}
	for folder, moment := range map[string]string{"sqlite": "TIMESTAMP", "postgres": "TIMESTAMPTZ"} {
		create := "CREATE TABLE tally (name TEXT PRIMARY KEY, count BIGINT NOT NULL, open BOOLEAN NOT NULL, at " + moment + ");"
		for v := 1; v <= version; v++ {
			files[fmt.Sprintf("%s/%05d_step.sql", folder, v)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + create + "\n")}
			create = fmt.Sprintf("ALTER TABLE tally ADD COLUMN step%d TEXT;", v+1)
		}
	}
	return files
}

func options(version int) database.Options {
	return database.Options{Name: "tally", Migrations: schema(version)}
}

func insert(ctx context.Context, db *database.DB, name string, count int64) error {
	return db.Write(ctx, func(ctx context.Context, tx database.Querier) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO tally (name, count, open) VALUES ($1, $2, $3)", name, count, true)
		return err
	})
}

func count(t testing.TB, db *database.DB, name string) (n int64, err error) {
	t.Helper()
	err = db.Read(t.Context(), func(ctx context.Context, q database.Querier) error {
		n, err = database.One(ctx, q, number, "SELECT count FROM tally WHERE name = $1", name)
		return err
	})
	return n, err
}

func number(r database.Row) (n int64, err error) { return n, r.Scan(&n) }

func TestReadAndWrite(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, options(1), func(t *testing.T, db *database.DB) {
		at := time.Date(2026, 11, 24, 10, 30, 0, 123456000, time.FixedZone("", 3600))
		type row struct {
			name  string
			count int64
			open  bool
			at    time.Time
		}
		scan := func(r database.Row) (v row, err error) { return v, r.Scan(&v.name, &v.count, &v.open, &v.at) }
		err := db.Write(t.Context(), func(ctx context.Context, tx database.Querier) error {
			got, err := database.One(ctx, tx, scan, "INSERT INTO tally (count, name, open, at) VALUES ($2, $1, $3, $4) RETURNING name, count, open, at", "a", 7, true, at)
			if got.name != "a" || got.count != 7 || !got.open || !got.at.Equal(at) {
				t.Errorf("RETURNING = %+v, want what was written", got)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a statement prepared once serves again
			err = db.Read(t.Context(), func(ctx context.Context, q database.Querier) error {
				all, err := database.All(ctx, q, scan, "SELECT name, count, open, at FROM tally WHERE open AND at <= $1", at)
				if len(all) != 1 || !all[0].at.Equal(at) {
					t.Errorf("All = %+v, want the one row with its time", all)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestWrite_isAllOrNothing(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, options(1), func(t *testing.T, db *database.DB) {
		refused := errors.New("refused")
		err := db.Write(t.Context(), func(ctx context.Context, tx database.Querier) error {
			if _, err := tx.ExecContext(ctx, "INSERT INTO tally (name, count, open) VALUES ('a', 1, true)"); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) || errors.Is(err, database.ErrAway) {
			t.Errorf("Write = %v, want the error of what it ran", err)
		}
		if n, err := count(t, db, "a"); err == nil {
			t.Errorf("a write that was refused left %d", n)
		}
	})
}

func TestErrDuplicate(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, options(1), func(t *testing.T, db *database.DB) {
		if err := insert(t.Context(), db, "a", 1); err != nil {
			t.Fatal(err)
		}
		if err := insert(t.Context(), db, "a", 2); !errors.Is(err, database.ErrDuplicate) || errors.Is(err, database.ErrAway) {
			t.Errorf("second row of the name = %v, want ErrDuplicate", err)
		}
	})
}

// Each adds one to what it has read: a lost update would show. With PostgreSQL they collide and run again.
func TestWrite_runsAsIfThereWereOneAtATime(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, options(1), func(t *testing.T, db *database.DB) {
		if err := insert(t.Context(), db, "a", 0); err != nil {
			t.Fatal(err)
		}
		const writers = 100
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				err := db.Write(t.Context(), func(ctx context.Context, tx database.Querier) error {
					n, err := database.One(ctx, tx, number, "SELECT count FROM tally WHERE name = 'a'")
					if err != nil {
						return err
					}
					_, err = tx.ExecContext(ctx, "UPDATE tally SET count = $1 WHERE name = 'a'", n+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n, err := count(t, db, "a"); n != writers || err != nil {
			t.Errorf("count = %d, %v after %d writers", n, err, writers)
		}
	})
}

func TestRead_callerGone(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, options(1), func(t *testing.T, db *database.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := db.Read(ctx, func(ctx context.Context, q database.Querier) error {
			_, err := q.ExecContext(ctx, "SELECT 1")
			return err
		})
		if !errors.Is(err, context.Canceled) || errors.Is(err, database.ErrAway) {
			t.Errorf("Read = %v, want the caller's own end and no outage", err)
		}
	})
}

// Replicas start together: one migrates, the others wait and find it done. Without a lock some find a table or a column there already.
func TestOpen_severalAtOnce(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.URLs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databasetest.Open(t, url, options(1)) // SQLite turns to its log once, one process after the other
			start := make(chan struct{})
			var group sync.WaitGroup
			for i := range 5 {
				db := databasetest.New(t, url, options(20))
				group.Go(func() {
					<-start
					if err := db.Open(t.Context()); err != nil {
						t.Errorf("Open %d = %v", i, err)
					} else if err := insert(t.Context(), db, fmt.Sprint(i), 1); err != nil {
						t.Errorf("insert %d = %v", i, err)
					}
				})
			}
			close(start)
			group.Wait()
		})
	}
}

func TestOpen_refusesASchemaThatIsTooNew(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.URLs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databasetest.Open(t, url, options(3))
			err := databasetest.New(t, url, options(2)).Open(t.Context())
			if err == nil || !strings.Contains(err.Error(), "version 3") || !strings.Contains(err.Error(), "up to 2") || !strings.Contains(err.Error(), "restore a backup") {
				t.Errorf("Open with an older program = %v, want both versions and what to do", err)
			}
		})
	}
}

func TestSQLite_filesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	url := databasetest.SQLite(t)
	db := databasetest.Open(t, url, options(1))
	if err := insert(t.Context(), db, "a", 1); err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(string(url), "sqlite:")
	for name, want := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, path + "-lock": 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s is %v, %v, want %v", name, info, err, want)
		}
	}
}

// A reader sees what was there when the writer began, and does not wait for it.
func TestSQLite_readsBesideTheWriter(t *testing.T) {
	t.Parallel()
	db := databasetest.Open(t, databasetest.SQLite(t), options(1))
	err := db.Write(t.Context(), func(ctx context.Context, tx database.Querier) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO tally (name, count, open) VALUES ('a', 1, true)"); err != nil {
			return err
		}
		if n, err := count(t, db, "a"); err == nil {
			t.Errorf("a reader sees %d of a write that has not ended", n)
		}
		return nil
	})
	if n, err2 := count(t, db, "a"); err != nil || err2 != nil || n != 1 {
		t.Errorf("after the write: %d, %v, %v", n, err, err2)
	}
	err = db.Read(t.Context(), func(ctx context.Context, q database.Querier) error {
		_, err := q.ExecContext(ctx, "DELETE FROM tally")
		return err
	})
	if err == nil {
		t.Error("a reader can delete")
	}
}
