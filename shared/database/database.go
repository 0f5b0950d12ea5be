// Package database keeps a service's rows: in an SQLite file that needs nothing else, or in PostgreSQL when there are several replicas.
//
// One URL chooses between them, and the same SQL with $1 placeholders serves both:
//
//	db, err := database.New(cfg.Database.URL, database.Options{Name: "catalog", Migrations: migrations, TLS: cfg.TLS, Log: log})
//	err = db.Open(ctx) // waits for the server, migrates the schema
//	err = db.Read(ctx, func(ctx context.Context, q database.Querier) error {
//		products, err = database.All(ctx, q, scan, "SELECT … WHERE id > $1", after)
//		return err
//	})
//
// [DB.Read] and [DB.Write] are the only ways in. Both bound their time and tell by [ErrAway] when the database cannot be used at the moment,
// which a service answers with 503; both work again, without a restart, as soon as it can. Writes are transactions that run as if there
// were one at a time: SQLite has one writer, PostgreSQL is asked for serializable isolation and those that collide run again.
//
// Statements are not kept prepared here: pgx does so by itself, and SQLite compiles one in some thirty microseconds.
//
// Migrations are goose's SQL files in the folders sqlite and postgres, since column types differ. Timestamps are TIMESTAMP in SQLite, where
// they are microseconds, and TIMESTAMPTZ in PostgreSQL; time.Time goes in and comes out, of any zone.
package database

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"storefront/shared/config"
)

// Options is what a DB needs beside its URL. Name and Migrations are required.
type Options struct {
	Name       string      // of the service, as PostgreSQL's activity shows it
	Migrations fs.FS       // goose's files, in the folders sqlite and postgres
	TLS        *tls.Config // whom to believe that it is the server, where the connection is TLS
	Log        *slog.Logger
	// Patience is how long Open waits for a server that does not answer; 0 is 15 seconds.
	Patience time.Duration
}

// DB is a service's database. It is safe for concurrent use.
type DB struct {
	opt    Options
	engine engine
	reader *sql.DB
	writer *sql.DB // with PostgreSQL the same pool
}

// Dialect is the SQL that a database speaks, for the few statements that differ.
type Dialect string

// The dialects, which are the names of the folders of migrations too.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Dialect returns the SQL that the database speaks.
func (d *DB) Dialect() Dialect { return d.engine.migrations().dialect }

// engine is what SQLite and PostgreSQL do differently.
type engine interface {
	// pools gives the connections, without making any.
	pools() (reader, writer *sql.DB, err error)
	// prepare readies the place before the first connection.
	prepare(ctx context.Context) error
	// fatal gives the error that ends the start, or nil where waiting may help against err.
	fatal(err error) error
	migrations() migrations
	isolation() sql.IsolationLevel
	release() error
}

// New returns the database that the URL names, without connecting.
func New(url config.Secret, opt Options) (*DB, error) {
	if opt.Name == "" || opt.Migrations == nil {
		return nil, errors.New("database: options without Name or Migrations")
	}
	engine, err := parse(url, opt)
	if err != nil {
		return nil, err
	}
	reader, writer, err := engine.pools()
	if err != nil {
		return nil, err
	}
	return &DB{opt: opt, engine: engine, reader: reader, writer: writer}, nil
}

// Open connects, waiting a while for a server that is still starting, and brings the schema up to date. Several processes may open
// the same database at once.
func (d *DB) Open(ctx context.Context) error {
	if err := d.engine.prepare(ctx); err != nil {
		return err
	}
	if err := d.await(ctx); err != nil {
		return err
	}
	return d.migrate(ctx)
}

// Close lets go of every connection.
func (d *DB) Close() error {
	err := d.reader.Close()
	if d.writer != d.reader {
		err = errors.Join(err, d.writer.Close())
	}
	return errors.Join(err, d.engine.release())
}

const readyTimeout = 2 * time.Second

// Ready reports why the database cannot be used at the moment, or nil.
func (d *DB) Ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	return d.Read(ctx, func(ctx context.Context, q Querier) error {
		_, err := One(ctx, q, scanInt, "SELECT 1")
		return err
	})
}

func scanInt(r Row) (n int64, err error) { return n, r.Scan(&n) }
