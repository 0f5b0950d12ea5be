package stock

import (
	"cmp"
	"context"
	"math"
	"time"

	"storefront/shared/database"
)

// Action is what was done to a branch.
type Action string

// The actions of the audit.
const (
	branchCreated  Action = "create-branch"
	managerAdded   Action = "add-manager"
	managerRemoved Action = "remove-manager"
)

// Change says who did what to which branch, when, by which request. It is written in the transaction of the change itself.
type Change struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	Subject   string    `json:"subject"`
	Action    Action    `json:"action"`
	BranchID  int64     `json:"branch_id"`
	Manager   string    `json:"manager,omitempty"` // who was added or removed
	RequestID string    `json:"request_id"`
}

// Entry is a line of the ledger, and who wrote it by which request.
type Entry struct {
	Movement
	Subject   string `json:"subject"`
	RequestID string `json:"request_id"`
}

func record(ctx context.Context, tx database.Querier, by Author, a Action, branch int64, manager string, at time.Time) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO branch_audit (at, subject, action, branch_id, manager, request_id) VALUES ($1, $2, $3, $4, $5, $6)",
		at, by.Subject, a, branch, manager, by.RequestID)
	return err
}

// Query chooses lines of the ledger or the audit, newest first.
type Query struct {
	Branch int64 // 0 is all
	Before int64 // the id of the last line of the page before; 0 is the first page
	Limit  int
}

// page reads a page of a table and whether there are more.
func page[T any](ctx context.Context, q database.Querier, scan func(database.Row) (T, error), query Query, from string) (lines []T, more bool, err error) {
	where, args := " WHERE id < $1", []any{cmp.Or(query.Before, math.MaxInt64), query.Limit + 1}
	if query.Branch != 0 {
		where, args = " WHERE branch_id = $3 AND id < $1", append(args, query.Branch)
	}
	lines, err = database.All(ctx, q, scan, from+where+" ORDER BY id DESC LIMIT $2", args...)
	if len(lines) > query.Limit {
		return lines[:query.Limit], true, err
	}
	return lines, false, err
}

// AuditBranches returns a page of what was done to branches, and whether there are more.
func (s *Store) AuditBranches(ctx context.Context, query Query) (changes []Change, more bool, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q database.Querier) error {
		changes, more, err = page(ctx, q, scanChange, query, "SELECT id, at, subject, action, branch_id, manager, request_id FROM branch_audit")
		return err
	})
	return changes, more, err
}

func scanChange(r database.Row) (c Change, err error) {
	err = r.Scan(&c.ID, &c.At, &c.Subject, &c.Action, &c.BranchID, &c.Manager, &c.RequestID)
	c.At = c.At.UTC()
	return c, err
}

// AuditMovements returns a page of the ledger with its authors, and whether there are more.
func (s *Store) AuditMovements(ctx context.Context, query Query) (entries []Entry, more bool, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, q database.Querier) error {
		entries, more, err = page(ctx, q, scanEntry, query, "SELECT "+columns+", subject, request_id FROM movements")
		return err
	})
	return entries, more, err
}

func scanEntry(r database.Row) (e Entry, err error) {
	e.Movement, err = scanMovement(behind{r, []any{&e.Subject, &e.RequestID}})
	return e, err
}

// behind is a row with columns behind those that are scanned.
type behind struct {
	row  database.Row
	more []any
}

// Scan reads the row's first columns into dest.
func (b behind) Scan(dest ...any) error { return b.row.Scan(append(dest, b.more...)...) }
