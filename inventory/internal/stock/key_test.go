package stock_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"storefront/inventory/internal/stock"
)

func TestMove_sameKeyMovesOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		s.move(t, 1, cups(stock.Receive, 5))
		o := cups(stock.Sell, 5) // a second time there would be nothing left to sell
		first, err := s.Move(t.Context(), seller, 1, o, "key-0001")
		if err != nil {
			t.Fatal(err)
		}
		later := stock.Author{Subject: seller.Subject, RequestID: "request-2"}
		for range 3 {
			if m, err := s.Move(t.Context(), later, 1, o, "key-0001"); m != first || err != nil {
				t.Errorf("again = %+v, %v, want %+v", m, err, first)
			}
		}
		other := stock.Author{Subject: "user-2"}
		if _, err := s.Move(t.Context(), other, 1, o, "key-0001"); !errors.Is(err, stock.ErrTooLittle) {
			t.Errorf("another user's key = %v, want it to be a key of its own", err)
		}
		s.balanced(t)
	})
}

func TestMove_sameKeyForAnotherRequest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		o := stock.Order{Kind: stock.Receive, ProductID: 1, Quantity: 5, Name: "Cup", Note: "note"}
		if _, err := s.Move(t.Context(), seller, 1, o, "key-0001"); err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(o *stock.Order, branch *int64){
			"branch":   func(_ *stock.Order, branch *int64) { *branch = 2 },
			"kind":     func(o *stock.Order, _ *int64) { o.Kind = stock.Adjust },
			"product":  func(o *stock.Order, _ *int64) { o.ProductID = 2 },
			"quantity": func(o *stock.Order, _ *int64) { o.Quantity = 6 },
			"name":     func(o *stock.Order, _ *int64) { o.Name = "Mug" },
			"note":     func(o *stock.Order, _ *int64) { o.Note = "" },
			"transfer": func(o *stock.Order, _ *int64) { o.Kind, o.ToBranch = stock.Transfer, 2 },
		} {
			other, branch := o, int64(1)
			change(&other, &branch)
			if m, err := s.Move(t.Context(), seller, branch, other, "key-0001"); !errors.Is(err, stock.ErrKeyReused) {
				t.Errorf("another %s = %+v, %v, want ErrKeyReused", name, m, err)
			}
		}
		if n := s.number(t, "SELECT count(*) FROM movements"); n != 1 {
			t.Errorf("%d movements", n)
		}
	})
}

// A movement that was refused has used nothing up: with the same key it happens when it can.
func TestMove_refusalTakesNoKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		s.move(t, 1, cups(stock.Receive, 1))
		o := cups(stock.Sell, 2)
		if _, err := s.Move(t.Context(), seller, 1, o, "key-0001"); !errors.Is(err, stock.ErrTooLittle) {
			t.Fatal(err)
		}
		s.move(t, 1, cups(stock.Receive, 1))
		if m, err := s.Move(t.Context(), seller, 1, o, "key-0001"); err != nil || m.Stock != 0 {
			t.Errorf("when there are two = %+v, %v", m, err)
		}
	})
}

// A client that sends again before the answer has come gets one movement and one answer.
func TestMove_sameKeyInParallel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		const keys, times = 5, 20
		s.move(t, 1, cups(stock.Receive, keys))
		answers := make([][times]stock.Movement, keys)
		var group sync.WaitGroup
		for key := range keys {
			for i := range times {
				group.Go(func() {
					m, err := s.insist(t, 1, cups(stock.Sell, 1), fmt.Sprintf("key-%04d", key))
					if err != nil {
						t.Error(err)
					}
					answers[key][i] = m
				})
			}
		}
		group.Wait()
		for key, got := range answers {
			for _, m := range got {
				if m != got[0] {
					t.Errorf("key %d has the answers %+v and %+v", key, got[0], m)
				}
			}
		}
		if left := s.levels(t, 1)[1]; left != 0 {
			t.Errorf("%d are left", left)
		}
		s.balanced(t)
	})
}

// Keys are kept for a day, and not for ever.
func TestKeys_age(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		old := time.Now().UTC().Add(-24 * time.Hour)
		for key, age := range map[string]time.Duration{"old": -time.Minute, "older": -time.Hour, "a day": time.Minute} {
			err := s.exec(t, "INSERT INTO movement_keys (subject, key, fingerprint, movement_id, at) VALUES ('user-1', $1, '', 1, $2)", key, old.Add(age))
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Move(t.Context(), seller, 1, cups(stock.Receive, 1), "key-0001"); err != nil {
			t.Fatal(err)
		}
		if n := s.number(t, "SELECT count(*) FROM movement_keys WHERE key IN ('a day', 'key-0001')"); n != 2 || s.number(t, "SELECT count(*) FROM movement_keys") != 2 {
			t.Errorf("%d keys of a day are left of %d, want two and no other", n, s.number(t, "SELECT count(*) FROM movement_keys"))
		}
	})
}
