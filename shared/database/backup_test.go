package database_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"storefront/shared/config"
	"storefront/shared/database"
	"storefront/shared/database/databasetest"
)

func path(url config.Secret) string { return strings.TrimPrefix(string(url), "sqlite:") }

// command runs the command of another process than the service's.
func command(t testing.TB, url config.Secret, opt database.Options, words ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	db := databasetest.New(t, url, opt)
	err := db.Commands()[words[0]](t.Context(), words[1:], &out)
	return out.String(), errors.Join(err, db.Close())
}

func total(t testing.TB, db *database.DB) (rows, sum int64) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, q database.Querier) error {
		_, err := database.One(ctx, q, func(r database.Row) (any, error) { return nil, r.Scan(&rows, &sum) },
			"SELECT count(*), coalesce(sum(count), 0) FROM tally")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, sum
}

// Each write adds two rows that sum to zero: a backup that cuts one in half would show.
func TestBackup_whileTheServiceWrites(t *testing.T) {
	t.Parallel()
	url := databasetest.SQLite(t)
	db := databasetest.Open(t, url, options(1))
	ctx, stop := context.WithCancel(t.Context())
	started, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- writePairs(ctx, db, started) }()
	<-started
	backup := filepath.Join(t.TempDir(), "backup.db")
	out, err := command(t, url, options(1), "backup", backup)
	if err != nil || !strings.Contains(out, backup) {
		t.Errorf("backup = %q, %v", out, err)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the service's writes = %v, want none refused", err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v, %v; want it to be its owner's alone", info, err)
	}

	restored := databasetest.SQLite(t)
	if _, err := command(t, restored, options(1), "restore", backup); err != nil {
		t.Fatal(err)
	}
	rows, sum := total(t, databasetest.Open(t, restored, options(1)))
	if rows == 0 || rows%2 != 0 || sum != 0 {
		t.Errorf("restored %d rows that sum to %d, want whole writes", rows, sum)
	}
}

func writePairs(ctx context.Context, db *database.DB, started chan<- struct{}) error {
	for i := int64(1); ; i++ {
		err := db.Write(ctx, func(ctx context.Context, tx database.Querier) error {
			if _, err := tx.ExecContext(ctx, "INSERT INTO tally (name, count, open) VALUES ('+' || $1, $1, true)", i); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO tally (name, count, open) VALUES ('-' || $1, -$1, true)", i)
			return err
		})
		if err != nil {
			return err
		}
		if i == 50 {
			close(started)
		}
	}
}

func TestBackup_neverOverwrites(t *testing.T) {
	t.Parallel()
	url := databasetest.SQLite(t)
	databasetest.Open(t, url, options(1))
	taken := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := command(t, url, options(1), "backup", taken); !errors.Is(err, os.ErrExist) {
		t.Errorf("backup over a file = %v, want it refused", err)
	}
	if info, err := os.Stat(taken); err != nil || info.Size() != 0 {
		t.Errorf("the file is %v, %v afterwards", info, err)
	}
}

// A restore replaces everything, keeps what was there, and nothing of the old log is played into the new file.
func TestRestore_keepsWhatWasThere(t *testing.T) {
	t.Parallel()
	url := databasetest.SQLite(t)
	db := databasetest.New(t, url, options(1))
	if err := errors.Join(db.Open(t.Context()), insert(t.Context(), db, "old", 1)); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	if _, err := command(t, url, options(1), "backup", backup); err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), db, "new", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := command(t, url, options(1), "restore", backup); err == nil || !strings.Contains(err.Error(), "stop the service first") {
		t.Fatalf("restore while the service runs = %v, want it refused", err)
	}
	crash(t, db, path(url))
	if _, err := command(t, url, options(2), "restore", backup); err != nil {
		t.Fatal(err)
	}
	rows, _ := total(t, databasetest.Open(t, url, options(2))) // an older backup is migrated
	if rows != 1 {
		t.Errorf("%d rows after the restore, want the backup's one", rows)
	}
	kept, err := filepath.Glob(path(url) + ".replaced-*")
	if err != nil || len(kept) != 2 {
		t.Fatalf("kept %v, %v; want the database and its log", kept, err)
	}
	rows, _ = total(t, databasetest.Open(t, config.Secret("sqlite:"+kept[0]), options(1)))
	if rows != 2 {
		t.Errorf("what was there has %d rows, want both", rows)
	}
}

// crash closes the service's database and puts the log back that a killed process would have left.
func crash(t testing.TB, db *database.DB, path string) {
	t.Helper()
	log, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	main, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(path, main, 0o600), os.WriteFile(path+"-wal", log, 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestRestore_refuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	backupOf := func(name string, opt database.Options) string {
		url := databasetest.SQLite(t)
		databasetest.Open(t, url, opt)
		file := filepath.Join(dir, name)
		if _, err := command(t, url, opt, "backup", file); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := backupOf("good", options(1))
	damaged := filepath.Join(dir, "damaged")
	if err := os.WriteFile(damaged, half(t, good), 0o600); err != nil {
		t.Fatal(err)
	}
	inUse := backupOf("in use", options(1))
	if err := os.WriteFile(inUse+"-wal", []byte("the last of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := options(1)
	other.Name = "other"
	for name, tt := range map[string]struct{ file, want string }{
		"nothing":                     {filepath.Join(dir, "nothing"), "no such file"},
		"no database":                 {"backup_test.go", "is no database"},
		"half a backup":               {damaged, "damaged"},
		"a copy of a database in use": {inUse, "-wal, which would be lost"},
		"another service's":           {backupOf("other", other), "is no database of tally"},
		"a newer release's":           {backupOf("newer", options(3)), "version 3"},
	} {
		url := databasetest.SQLite(t)
		_, err := command(t, url, options(1), "restore", tt.file)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: restore = %v, want %q", name, err, tt.want)
		}
		if _, err := os.Stat(path(url)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: left a database", name)
		}
	}
}

// What cannot be put in place leaves the old database as it was, with the log that belongs to it.
func TestReplace_failure(t *testing.T) {
	t.Parallel()
	old := filepath.Join(t.TempDir(), "tally.db")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.WriteFile(old+suffix, []byte("old"+suffix), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := database.Replace(filepath.Join(filepath.Dir(old), "missing"), old, time.Now()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("= %v, want that the new file is missing", err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if text, err := os.ReadFile(old + suffix); err != nil || string(text) != "old"+suffix {
			t.Errorf("%s: %q, %v", suffix, text, err)
		}
	}
}

func half(t testing.TB, file string) []byte {
	t.Helper()
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return whole[:len(whole)/2]
}

func TestCommands_misused(t *testing.T) {
	t.Parallel()
	server := databasetest.Postgres(t)
	for name, run := range databasetest.New(t, server, options(1)).Commands() {
		if err := run(t.Context(), []string{"file"}, io.Discard); err == nil || !strings.Contains(err.Error(), "pg_dump") {
			t.Errorf("%s of PostgreSQL = %v, want its own tools named", name, err)
		}
		if err := run(t.Context(), nil, io.Discard); err == nil {
			t.Errorf("%s of no file = nil", name)
		}
	}
	if _, err := command(t, databasetest.SQLite(t), options(1), "backup", filepath.Join(t.TempDir(), "b")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("backup of no database = %v", err)
	}
}
