package stock_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"storefront/inventory/internal/stock"
)

func TestMove(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		for _, tt := range []struct {
			order         stock.Order
			change, stock int64
		}{
			{cups(stock.Receive, 10), 10, 10},
			{cups(stock.Sell, 4), -4, 6},
			{cups(stock.Adjust, -2), -2, 4},
			{cups(stock.Adjust, 1), 1, 5},
			{cups(stock.Sell, 5), -5, 0},
			{cups(stock.Receive, 1), 1, 1},
		} {
			tt.order.Note = "a note"
			got := s.move(t, 1, tt.order)
			want := stock.Movement{ID: got.ID, At: got.At, BranchID: 1, Kind: tt.order.Kind, ProductID: 1, Name: "Cup", Change: tt.change, Stock: tt.stock, Note: "a note"}
			if got != want || got.ID == 0 || got.At.IsZero() {
				t.Errorf("%+v = %+v, want %+v", tt.order, got, want)
			}
			if kept, err := s.Movement(t.Context(), 1, got.ID); kept != got || err != nil {
				t.Errorf("the ledger has %+v, %v, want %+v", kept, err, got)
			}
		}
		if diff := cmp.Diff(map[int64]int64{1: 1}, s.levels(t, 1)); diff != "" {
			t.Errorf("stock (-want +got)\n%s", diff)
		}
		s.balanced(t)
	})
}

func TestMove_transfers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		s.move(t, 2, cups(stock.Receive, 10))
		for _, to := range []int64{1, 3} { // before and behind it, in the order of locks
			o := cups(stock.Transfer, 4)
			o.ToBranch = to
			m := s.move(t, 2, o)
			if m.BranchID != 2 || m.Change != -4 || m.OtherBranch != to {
				t.Errorf("transfer to %d = %+v", to, m)
			}
			lines, _, err := s.Movements(t.Context(), stock.Query{Branch: to, Limit: 9})
			want := []stock.Movement{{At: m.At, BranchID: to, Kind: stock.Transfer, ProductID: 1, Name: "Cup", Change: 4, Stock: 4, OtherBranch: 2}}
			if diff := cmp.Diff(want, lines, cmpopts.IgnoreFields(stock.Movement{}, "ID")); diff != "" || err != nil {
				t.Errorf("branch %d: %v (-want +got)\n%s", to, err, diff)
			}
		}
		s.balanced(t)
	})
}

// A movement that cannot be leaves nothing behind: no stock, no line, no name, no key.
func TestMove_refuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		s.move(t, 1, cups(stock.Receive, 3))
		transfer := func(product, quantity, to int64) stock.Order {
			return stock.Order{Kind: stock.Transfer, ProductID: product, Quantity: quantity, ToBranch: to, Name: "Pan"}
		}
		full := stock.Order{Kind: stock.Receive, ProductID: 7, Quantity: 1, Name: "Nail"}
		s.move(t, 3, full)
		if err := s.exec(t, "UPDATE stock SET quantity = 1000000000 WHERE product_id = 7"); err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			branch int64
			order  stock.Order
			want   error
		}{
			"more than there is":               {1, cups(stock.Sell, 4), stock.ErrTooLittle},
			"an adjustment below zero":         {1, cups(stock.Adjust, -4), stock.ErrTooLittle},
			"a transfer of more than there is": {1, transfer(1, 4, 2), stock.ErrTooLittle},
			"a transfer to a lower branch":     {3, transfer(1, 1, 2), stock.ErrTooLittle},
			"what never was there":             {2, cups(stock.Sell, 1), stock.ErrTooLittle},
			"a product of no name":             {1, stock.Order{Kind: stock.Receive, ProductID: 9, Quantity: 1}, stock.ErrUnknownProduct},
			"a new product that is sold":       {1, stock.Order{Kind: stock.Sell, ProductID: 9, Quantity: 1, Name: "Pan"}, stock.ErrTooLittle},
			"no branch":                        {9, cups(stock.Receive, 1), stock.ErrNotFound},
			"a transfer to no branch":          {1, transfer(1, 1, 9), stock.ErrNoDestination},
			"a transfer from no branch":        {9, transfer(1, 1, 1), stock.ErrNotFound},
			"more than can be":                 {3, full, stock.ErrTooMuch},
		} {
			if m, err := s.Move(t.Context(), seller, tt.branch, tt.order, "key-"+strings.ReplaceAll(name, " ", "-")); !errors.Is(err, tt.want) {
				t.Errorf("%s = %+v, %v, want %v", name, m, err, tt.want)
			}
		}
		for what, want := range map[string]int64{"movements": 2, "stock": 2, "products": 2, "movement_keys": 0} {
			if got := s.number(t, "SELECT count(*) FROM "+what); got != want {
				t.Errorf("%d %s, want %d", got, what, want)
			}
		}
	})
}

// The name that a product has first stays, unless it is changed by somebody who may change it everywhere.
func TestMove_names(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		admin := stock.Author{Subject: "admin", Renames: true}
		for _, tt := range []struct {
			by         stock.Author
			name, want string
		}{
			{seller, "Cup", "Cup"},
			{seller, "Mug", "Cup"},
			{admin, "", "Cup"},
			{admin, "Mug", "Mug"},
			{seller, "", "Mug"},
		} {
			m, err := s.Move(t.Context(), tt.by, 1, stock.Order{Kind: stock.Receive, ProductID: 1, Quantity: 1, Name: tt.name}, "")
			_, levels, err2 := s.Levels(t.Context(), 1)
			if errors.Join(err, err2) != nil || m.Name != tt.want || levels[0].Name != tt.want {
				t.Errorf("%s calls it %q: %+v, %+v, %v; want %q", tt.by.Subject, tt.name, m, levels, err, tt.want)
			}
		}
		lines, _, err := s.Movements(t.Context(), stock.Query{Branch: 1, Limit: 9})
		if err != nil || lines[4].Name != "Cup" {
			t.Errorf("the first line = %+v, %v, want the name of that time", lines[4], err)
		}
	})
}

func TestMove_theLastItemIsSoldOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		s.move(t, 1, cups(stock.Receive, 1))
		const sellers = 100
		results := make(chan error, sellers)
		var group sync.WaitGroup
		for i := range sellers {
			group.Go(func() {
				o := cups(stock.Sell, 1)
				if i%2 == 0 {
					o.Kind, o.ToBranch = stock.Transfer, 2
				}
				_, err := s.insist(t, 1, o, fmt.Sprintf("seller-%03d", i))
				results <- err
			})
		}
		group.Wait()
		close(results)
		won := 0
		for err := range results {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, stock.ErrTooLittle):
				t.Error(err)
			}
		}
		if won != 1 || s.levels(t, 1)[1] != 0 {
			t.Errorf("%d won and %d are left", won, s.levels(t, 1)[1])
		}
		s.balanced(t)
	})
}

// Transfers in opposite directions wait for each other and do not lock each other out; nothing comes into being or is lost.
func TestMove_transfersBothWays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		s.move(t, 1, cups(stock.Receive, 100))
		s.move(t, 2, cups(stock.Receive, 100))
		var group sync.WaitGroup
		for i := range 40 {
			group.Go(func() {
				o := cups(stock.Transfer, int64(i%3+1))
				from := int64(i%2 + 1)
				o.ToBranch = 3 - from
				if _, err := s.insist(t, from, o, fmt.Sprintf("transfer-%03d", i)); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if sum := s.levels(t, 1)[1] + s.levels(t, 2)[1]; sum != 200 {
			t.Errorf("%d cups, want 200", sum)
		}
		s.balanced(t)
	})
}

func TestMovements_pages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		var ids []int64
		for i := range 7 {
			ids = append([]int64{s.move(t, 1, cups(stock.Receive, int64(i+1))).ID}, ids...)
			s.move(t, 2, cups(stock.Receive, 1))
		}
		var got []int64
		q := stock.Query{Branch: 1, Limit: 3}
		for more := true; more; q.Before = got[len(got)-1] {
			var lines []stock.Movement
			var err error
			if lines, more, err = s.Movements(t.Context(), q); err != nil || len(lines) == 0 {
				t.Fatalf("%+v = %v, %v", q, lines, err)
			}
			for _, m := range lines {
				got = append(got, m.ID)
			}
		}
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		_, _, err := s.Movements(t.Context(), stock.Query{Branch: 9, Limit: 1})
		_, other := s.Movement(t.Context(), 2, ids[0])
		_, nowhere := s.Movement(t.Context(), 9, ids[0])
		if !errors.Is(err, stock.ErrNotFound) || !errors.Is(other, stock.ErrNoMovement) || !errors.Is(nowhere, stock.ErrNotFound) {
			t.Errorf("no branch = %v, another branch's line = %v, no branch's = %v", err, other, nowhere)
		}
		entries, more, err := s.AuditMovements(t.Context(), stock.Query{Branch: 2, Limit: 2})
		if err != nil || !more || len(entries) != 2 || entries[0].BranchID != 2 || entries[0].Subject != "user-1" || entries[0].RequestID != "request-1" {
			t.Errorf("audit = %+v, %v, %v", entries, more, err)
		}
	})
}
