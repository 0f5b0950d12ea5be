package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
)

// A second SQLite file beside the database holds nothing: processes agree by its locks about what SQLite cannot see, that the database's
// file is replaced as a whole or its schema changed in several transactions. They are SQLite's own three, so that they work wherever it
// does, and a process that dies lets go of them.
const lockSuffix = "-lock"

// lockKind is how a transaction on the lock's file begins.
type lockKind string

const (
	lockUse     lockKind = "deferred"  // the database is in use: shared, and beside a migration
	lockMigrate lockKind = "immediate" // one at a time, beside those who use it
	lockReplace lockKind = "exclusive" // alone
)

// fileLock is a lock that is held until release.
type fileLock struct {
	db *sql.DB
	tx *sql.Tx
}

// lockFile takes a lock beside the database at path. It waits until ctx ends, for replacing only a moment: who uses the database does so for long.
func lockFile(ctx context.Context, path string, kind lockKind) (*fileLock, error) {
	if err := makeFile(path + lockSuffix); err != nil {
		return nil, err
	}
	wait := "5000"
	if kind == lockReplace {
		wait = "200"
	}
	q := url.Values{"_txlock": {string(kind)}, "_busy_timeout": {wait}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path + lockSuffix}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	tx, err := begin(ctx, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock: %w", err), db.Close())
	}
	return &fileLock{db, tx}, nil
}

// begin reads once, since a deferred transaction locks nothing before.
func begin(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil) // the lock outlives the start
	if err != nil {
		return nil, err
	}
	if _, err := All(ctx, tx, scanInt, "SELECT 1 FROM sqlite_schema"); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

func (l *fileLock) release() error { return errors.Join(l.tx.Rollback(), l.db.Close()) }

// migrationLock is goose's lock.Locker on an SQLite file.
type migrationLock struct {
	path string
	held *fileLock
}

// Lock waits for whoever is migrating, several times the wait of one attempt.
func (m *migrationLock) Lock(ctx context.Context, _ *sql.DB) (err error) {
	for range 24 {
		if m.held, err = lockFile(ctx, m.path, lockMigrate); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return fmt.Errorf("another process has been migrating for two minutes: %w", err)
}

// Unlock lets the next one migrate.
func (m *migrationLock) Unlock(context.Context, *sql.DB) error { return m.held.release() }
