package database

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
)

// Querier runs statements: on its own in [DB.Read], in a transaction in [DB.Write].
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Row is one row of an answer.
type Row interface{ Scan(dest ...any) error }

// All returns what scan makes of each row; no rows are an empty list.
func All[T any](ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// One returns what scan makes of the first row; without any the error is sql.ErrNoRows.
func One[T any](ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any) (T, error) {
	return scan(q.QueryRowContext(ctx, query, args...))
}

// maxCached bounds the statements that are kept; a service has some dozens.
const maxCached = 512

// cached keeps statements prepared by their text, which saves SQLite from parsing and planning them again for each request.
type cached struct {
	db    *sql.DB
	texts sync.Map // text to *sql.Stmt
	count atomic.Int64
}

func (c *cached) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return c.db.ExecContext(ctx, query, args...)
}

func (c *cached) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return c.db.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

func (c *cached) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	stmt, err := c.prepare(ctx, query)
	if err != nil || stmt == nil {
		return c.db.QueryRowContext(ctx, query, args...) // meets the same error and carries it
	}
	return stmt.QueryRowContext(ctx, args...)
}

// prepare gives the statement of the text, or nil when enough of them are kept.
func (c *cached) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := c.texts.Load(query); ok {
		return stmt.(*sql.Stmt), nil
	}
	if c.count.Load() >= maxCached {
		return nil, nil
	}
	stmt, err := c.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if kept, loaded := c.texts.LoadOrStore(query, stmt); loaded {
		return kept.(*sql.Stmt), stmt.Close()
	}
	c.count.Add(1)
	return stmt, nil
}
