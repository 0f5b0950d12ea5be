package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// timeout bounds each Read and each Write, waiting for a connection and running again included.
const timeout = 5 * time.Second

// Read runs do on a connection of the readers. Each statement sees the database at one moment; two may see two.
func (d *DB) Read(ctx context.Context, do func(ctx context.Context, q Querier) error) error {
	return bounded(ctx, func(ctx context.Context) error { return do(ctx, d.reader) })
}

// Write runs do in a transaction, which is kept when do returns nil and is as if it never was otherwise. When the transaction collides
// with another one, do runs again: what it does beside the transaction must bear that.
func (d *DB) Write(ctx context.Context, do func(ctx context.Context, tx Querier) error) error {
	return bounded(ctx, func(ctx context.Context) error { return d.write(ctx, do) })
}

// Fill is a Write that may take as long as ctx allows: for the work of a start, with many statements on a machine that may be busy.
func (d *DB) Fill(ctx context.Context, do func(ctx context.Context, tx Querier) error) error {
	return judged(ctx, ctx, d.write(ctx, do))
}

// write runs do in a transaction until none collides with it.
func (d *DB) write(ctx context.Context, do func(ctx context.Context, tx Querier) error) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 64*time.Millisecond) {
		err := d.transaction(ctx, do)
		if !collided(err) {
			return err
		}
		if err := sleep(ctx, rand.N(pause)); err != nil { //nolint:gosec // spreads those that collided; nothing is secret about it
			return err
		}
	}
}

func (d *DB) transaction(ctx context.Context, do func(ctx context.Context, tx Querier) error) error {
	tx, err := d.writer.BeginTx(ctx, &sql.TxOptions{Isolation: d.engine.isolation()})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := do(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// bounded runs do for at most timeout and classifies its error.
func bounded(ctx context.Context, do func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return judged(ctx, within, do(within))
}

// judged classifies the error of what ran within a bound of the caller's ctx. What ends because the caller is gone keeps the caller's error.
func judged(ctx, within context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return errors.Join(context.Canceled, err)
	case within.Err() != nil:
		return fmt.Errorf("%w: %w", ErrAway, err)
	default:
		return classify(err)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
