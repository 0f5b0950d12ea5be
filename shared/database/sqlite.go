package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver: SQLite in Go, no cgo
	sqlite3 "modernc.org/sqlite/lib"
)

// file is an SQLite database. Readers do not wait for the writer nor it for them (WAL); what was acknowledged is on the disk.
type file struct {
	path string
	lock *fileLock // held while the database is open
}

func newSQLite(path string, _ Options) (*file, error) {
	if path == "" || strings.HasPrefix(path, "//") || strings.Contains(path, ":memory:") {
		return nil, errURL
	}
	return &file{path: path}, nil
}

// dsn gives the data source name. The file is made by prepare alone, with its permissions: mode=rw makes none.
func (f *file) dsn(more url.Values) string {
	q := url.Values{
		"mode":                 {"rw"},
		"_busy_timeout":        {"5000"},
		"_foreign_keys":        {"on"},
		"_synchronous":         {"full"}, // the log is on the disk before a commit returns
		"_inttotime":           {"1"},
		"_time_integer_format": {"unix_micro"},
		"_error_rc":            {"1"},
	}
	for name, values := range more {
		q[name] = values
	}
	return "file:" + (&url.URL{Path: f.path}).EscapedPath() + "?" + q.Encode()
}

func (f *file) pools() (reader, writer *sql.DB, err error) {
	writer, err = sql.Open("sqlite", f.dsn(url.Values{"_journal_mode": {"wal"}, "_txlock": {"immediate"}}))
	if err != nil {
		return nil, nil, err
	}
	writer.SetMaxOpenConns(1)
	reader, err = sql.Open("sqlite", f.dsn(url.Values{"_query_only": {"on"}}))
	if err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	return reader, writer, nil
}

// prepare makes the file, for its owner alone, and keeps a restore from replacing it while it is in use.
func (f *file) prepare(ctx context.Context) error {
	if err := f.make(); err != nil {
		return fmt.Errorf("DATABASE_URL: %w; %s", err, writable)
	}
	lock, err := lockFile(ctx, f.path, lockUse)
	if err != nil {
		return fmt.Errorf("open %s: is it being restored? %w", f.path, err)
	}
	f.lock = lock
	return nil
}

const writable = "the service needs a directory that it may write: in a container mount a volume at /data that uid 65532 owns, and set DATABASE_URL=sqlite:/data/NAME.db"

func (f *file) make() error {
	dir := filepath.Dir(f.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// SQLite keeps files beside this one: an existing file in a directory that cannot be written would be of no use.
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return err
	}
	return makeFile(f.path)
}

// makeFile makes a file for its owner alone, unless there is one. It opens none that is there: closing that would take away the locks that
// SQLite has on it in this process (POSIX, close).
func makeFile(path string) error {
	made, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return made.Close()
}

func (f *file) fatal(err error) error {
	if sqliteCode(err)&0xff == sqlite3.SQLITE_BUSY {
		return nil
	}
	return fmt.Errorf("open %s: %w; %s", f.path, err, writable)
}

func (f *file) migrations() migrations {
	return migrations{
		dialect: SQLite,
		goose:   goose.DialectSQLite3,
		lock:    func() (goose.ProviderOption, error) { return goose.WithLocker(&migrationLock{path: f.path}), nil },
	}
}

func (*file) isolation() sql.IsolationLevel { return sql.LevelDefault } // serializable: there is one writer

func (f *file) release() error {
	lock := f.lock
	f.lock = nil
	if lock == nil {
		return nil
	}
	return lock.release()
}
