package product

import (
	"context"
	"time"

	"storefront/shared/database"
)

// Action is what was done to a product.
type Action string

// The actions of the audit.
const (
	created  Action = "create"
	replaced Action = "replace"
	deleted  Action = "delete"
)

// Entry says who did what to which product, when, by which request. It is written in the transaction of the change itself.
type Entry struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	Subject   string    `json:"subject"`
	Action    Action    `json:"action"`
	ProductID int64     `json:"product_id"`
	Version   int64     `json:"version"` // that the product has since
	RequestID string    `json:"request_id"`
}

func record(ctx context.Context, tx database.Querier, by Author, a Action, p Product) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO product_audit (at, subject, action, product_id, version, request_id) VALUES ($1, $2, $3, $4, $5, $6)",
		p.UpdatedAt, by.Subject, a, p.ID, p.Version, by.RequestID)
	return err
}

// AuditQuery chooses entries of the audit, newest first.
type AuditQuery struct {
	Product int64 // 0 is all
	Before  int64 // the id of the last entry of the page before; 0 is the first page
	Limit   int
}

// Audit returns a page of entries and whether there are more.
func (s *Store) Audit(ctx context.Context, q AuditQuery) (entries []Entry, more bool, err error) {
	where := newConditions()
	if q.Product != 0 {
		where.add("product_id = %s", q.Product)
	}
	if q.Before != 0 {
		where.add("id < %s", q.Before)
	}
	text := "SELECT id, at, subject, action, product_id, version, request_id FROM product_audit" + where.text() + " ORDER BY id DESC LIMIT " + where.arg(q.Limit+1)
	err = s.db.Read(ctx, func(ctx context.Context, r database.Querier) error {
		entries, err = database.All(ctx, r, scanEntry, text, where.args...)
		return err
	})
	if len(entries) > q.Limit {
		return entries[:q.Limit], true, err
	}
	return entries, false, err
}

func scanEntry(r database.Row) (e Entry, err error) {
	err = r.Scan(&e.ID, &e.At, &e.Subject, &e.Action, &e.ProductID, &e.Version, &e.RequestID)
	e.At = e.At.UTC()
	return e, err
}
