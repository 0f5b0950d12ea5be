package stock

import (
	"context"
	"time"

	"storefront/shared/database"
)

// Manager is a user who manages a branch.
type Manager struct {
	Subject string    `json:"subject"` // of the user's tokens
	Since   time.Time `json:"since"`
}

// Manages reports whether the user with that subject manages the branch. Nobody manages a branch that does not exist.
func (s *Store) Manages(ctx context.Context, subject string, branch int64) (bool, error) {
	found, err := all(ctx, s, scanInt, "SELECT 1 FROM branch_managers WHERE branch_id = $1 AND subject = $2", branch, subject)
	return len(found) > 0, err
}

func scanInt(r database.Row) (n int64, err error) { return n, r.Scan(&n) }

// Managers returns who manages the branch, by subject, or ErrNotFound.
func (s *Store) Managers(ctx context.Context, branch int64) (managers []Manager, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q database.Querier) error {
		if _, err := get(ctx, q, branch); err != nil {
			return err
		}
		managers, err = database.All(ctx, q, scanManager, "SELECT subject, since FROM branch_managers WHERE branch_id = $1 ORDER BY subject", branch)
		return err
	})
	return managers, err
}

func scanManager(r database.Row) (m Manager, err error) {
	err = r.Scan(&m.Subject, &m.Since)
	m.Since = m.Since.UTC()
	return m, err
}

// AddManager lets a user manage the branch. One who does already, stays.
func (s *Store) AddManager(ctx context.Context, by Author, branch int64, subject string) error {
	at := now()
	return s.changeManager(ctx, by, managerAdded, branch, subject, at,
		"INSERT INTO branch_managers (branch_id, subject, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", branch, subject, at)
}

// RemoveManager lets a user manage the branch no longer. One who does not, still does not.
func (s *Store) RemoveManager(ctx context.Context, by Author, branch int64, subject string) error {
	return s.changeManager(ctx, by, managerRemoved, branch, subject, now(),
		"DELETE FROM branch_managers WHERE branch_id = $1 AND subject = $2", branch, subject)
}

// changeManager runs a statement, and records it where it changed something.
func (s *Store) changeManager(ctx context.Context, by Author, a Action, branch int64, subject string, at time.Time, text string, args ...any) error {
	return s.db.Write(ctx, func(ctx context.Context, tx database.Querier) error {
		if _, err := get(ctx, tx, branch); err != nil {
			return err
		}
		changed, err := change(ctx, tx, text, args...)
		if err != nil || !changed {
			return err
		}
		return record(ctx, tx, by, a, branch, subject, at)
	})
}

// change runs a statement and reports whether it changed a row.
func change(ctx context.Context, tx database.Querier, text string, args ...any) (bool, error) {
	result, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows > 0, err
}
