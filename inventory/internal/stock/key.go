package stock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"storefront/shared/database"
)

// once moves, or gives the movement that the author's key stands for already. The key is taken before anything else: of two requests with
// the same one the second waits, and then finds what the first has done. A movement that is refused takes no key, since nothing moved.
func once(ctx context.Context, tx database.Querier, by Author, branch int64, o Order, key string) (Movement, error) {
	if key == "" {
		return move(ctx, tx, by, branch, o)
	}
	request, err := fingerprint(branch, o)
	if err != nil {
		return Movement{}, err
	}
	// Looking first would do as well, but in PostgreSQL who looks at a key that is not there collides with those who add one beside it.
	taken, err := change(ctx, tx, "INSERT INTO movement_keys (subject, key, fingerprint, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		by.Subject, key, request, now())
	if err != nil {
		return Movement{}, err
	}
	if !taken {
		return again(ctx, tx, by, key, request)
	}
	m, err := move(ctx, tx, by, branch, o)
	if err != nil {
		return m, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE movement_keys SET movement_id = $3 WHERE subject = $1 AND key = $2", by.Subject, key, m.ID)
	return m, err
}

// again gives the movement that the key stands for, if it was the same request.
func again(ctx context.Context, tx database.Querier, by Author, key, request string) (Movement, error) {
	type done struct {
		request string
		id      int64
	}
	scan := func(r database.Row) (d done, err error) { return d, r.Scan(&d.request, &d.id) }
	d, err := database.One(ctx, tx, scan, "SELECT fingerprint, movement_id FROM movement_keys WHERE subject = $1 AND key = $2", by.Subject, key)
	if err != nil {
		return Movement{}, err
	}
	if d.request != request {
		return Movement{}, ErrKeyReused
	}
	return database.One(ctx, tx, scanMovement, "SELECT "+columns+" FROM movements WHERE id = $1", d.id)
}

// fingerprint tells requests apart by what they mean, not by how it is written.
func fingerprint(branch int64, o Order) (string, error) {
	text, err := json.Marshal(struct {
		Branch int64
		Order  Order
	}{branch, o})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

const (
	keyLife    = 24 * time.Hour // for so long a key is kept at least
	sweepEvery = time.Hour
	sweepSize  = 5000 // keys at once, so that nobody waits long for it
)

// sweep deletes keys that have had their time, once an hour, after a movement that brought one: while none come, none are too many. What it
// cannot delete now it deletes later.
func (s *Store) sweep(ctx context.Context) {
	last, at := s.swept.Load(), time.Now()
	if at.Unix()-last < int64(sweepEvery.Seconds()) || !s.swept.CompareAndSwap(last, at.Unix()) {
		return
	}
	deleted, err := s.deleteKeys(ctx, at.Add(-keyLife))
	if err != nil || deleted == sweepSize {
		s.swept.Store(0)
	}
}

func (s *Store) deleteKeys(ctx context.Context, before time.Time) (deleted int64, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx database.Querier) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM movement_keys WHERE (subject, key) IN
			(SELECT subject, key FROM movement_keys WHERE at < $1 ORDER BY at LIMIT $2)`, before.UTC(), sweepSize)
		if err != nil {
			return err
		}
		deleted, err = result.RowsAffected()
		return err
	})
	return deleted, err
}
