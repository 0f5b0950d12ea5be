package stock_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/inventory/internal/stock"
	"storefront/shared/database"
	"storefront/shared/database/databasetest"
)

var seller = stock.Author{Subject: "user-1", RequestID: "request-1"}

func options(t testing.TB) database.Options {
	t.Helper()
	migrations, err := stock.Migrations()
	if err != nil {
		t.Fatal(err)
	}
	return database.Options{Name: "inventory", Migrations: migrations}
}

// shop is a store with three branches, 1 to 3, in which nothing lies, and its database.
type shop struct {
	*stock.Store
	db *database.DB
}

// each runs the test on a shop of each kind.
func each(t *testing.T, test func(t *testing.T, s shop)) {
	t.Helper()
	databasetest.Each(t, options(t), func(t *testing.T, db *database.DB) {
		s := shop{stock.NewStore(db), db}
		for i := range 3 {
			b, err := s.CreateBranch(t.Context(), seller, stock.BranchContent{Name: fmt.Sprintf("Branch %d", i+1), City: "Hamburg"})
			if err != nil || b.ID != int64(i+1) {
				t.Fatalf("branch %d = %+v, %v", i+1, b, err)
			}
		}
		test(t, s)
	})
}

// move does an order that must succeed.
func (s shop) move(t testing.TB, branch int64, o stock.Order) stock.Movement {
	t.Helper()
	m, err := s.Move(t.Context(), seller, branch, o, "")
	if err != nil {
		t.Fatalf("%+v in branch %d = %v", o, branch, err)
	}
	return m
}

// insist asks as a client does: what a busy machine has not done in time is asked for again, with the same key.
func (s shop) insist(t testing.TB, branch int64, o stock.Order, key string) (m stock.Movement, err error) {
	t.Helper()
	for range 20 {
		if m, err = s.Move(t.Context(), seller, branch, o, key); !errors.Is(err, database.ErrAway) {
			break
		}
	}
	return m, err
}

// levels gives what lies in a branch, by product.
func (s shop) levels(t testing.TB, branch int64) map[int64]int64 {
	t.Helper()
	_, levels, err := s.Levels(t.Context(), branch)
	if err != nil {
		t.Fatal(err)
	}
	quantities := map[int64]int64{}
	for _, l := range levels {
		quantities[l.ProductID] = l.Quantity
	}
	return quantities
}

func (s shop) exec(t testing.TB, text string, args ...any) error {
	t.Helper()
	return s.db.Write(t.Context(), func(ctx context.Context, tx database.Querier) error {
		_, err := tx.ExecContext(ctx, text, args...)
		return err
	})
}

// number reads one number.
func (s shop) number(t testing.TB, text string, args ...any) (n int64) {
	t.Helper()
	err := s.db.Read(t.Context(), func(ctx context.Context, q database.Querier) (err error) {
		n, err = database.One(ctx, q, func(r database.Row) (n int64, err error) { return n, r.Scan(&n) }, text, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// balanced fails unless stock is the sum of the ledger, and the last line of each product says how much there is.
func (s shop) balanced(t testing.TB) {
	t.Helper()
	if n := s.number(t, `SELECT count(*) FROM stock FULL JOIN
		(SELECT branch_id, product_id, sum(change) AS quantity, max(id) AS last FROM movements GROUP BY branch_id, product_id) AS ledger
			ON ledger.branch_id = stock.branch_id AND ledger.product_id = stock.product_id
		WHERE stock.quantity IS DISTINCT FROM ledger.quantity OR stock.quantity <> (SELECT stock FROM movements WHERE id = ledger.last)`); n != 0 {
		t.Errorf("%d products have another stock than the ledger", n)
	}
}

func cups(kind stock.Kind, quantity int64) stock.Order {
	return stock.Order{Kind: kind, ProductID: 1, Quantity: quantity, Name: "Cup"}
}

func TestBranches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		every, err := s.Branches(t.Context())
		if len(every) != 3 || err != nil || every[1] != (stock.Branch{ID: 2, Name: "Branch 2", City: "Hamburg"}) {
			t.Errorf("Branches = %+v, %v", every, err)
		}
		for _, branch := range []int64{3, 1} {
			if err := s.AddManager(t.Context(), seller, branch, "manager"); err != nil {
				t.Fatal(err)
			}
		}
		for subject, want := range map[string][]stock.Branch{"manager": {every[0], every[2]}, "Manager": {}, "": {}} {
			if got, err := s.BranchesOf(t.Context(), subject); err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("BranchesOf(%q) = %+v, %v, want %+v", subject, got, err, want)
			}
		}
	})
}

func TestHoldings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		s.move(t, 1, cups(stock.Receive, 7))
		s.move(t, 3, cups(stock.Receive, 2))
		s.move(t, 3, cups(stock.Sell, 2))
		s.move(t, 2, stock.Order{Kind: stock.Receive, ProductID: 2, Quantity: 9, Name: "Pan"})
		for _, branch := range []int64{3, 2} {
			if err := s.AddManager(t.Context(), seller, branch, "manager"); err != nil {
				t.Fatal(err)
			}
		}
		quantities := func(holdings []stock.Holding, err error) string {
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, h := range holdings {
				all = append(all, fmt.Sprintf("%s of %s: %d", h.Name, h.City, h.Quantity))
			}
			return strings.Join(all, ", ")
		}
		for product, want := range map[int64][2]string{
			1: {"Branch 1 of Hamburg: 7, Branch 2 of Hamburg: 0, Branch 3 of Hamburg: 0", "Branch 2 of Hamburg: 0, Branch 3 of Hamburg: 0"},
			2: {"Branch 1 of Hamburg: 0, Branch 2 of Hamburg: 9, Branch 3 of Hamburg: 0", "Branch 2 of Hamburg: 9, Branch 3 of Hamburg: 0"},
			9: {"Branch 1 of Hamburg: 0, Branch 2 of Hamburg: 0, Branch 3 of Hamburg: 0", "Branch 2 of Hamburg: 0, Branch 3 of Hamburg: 0"},
		} {
			if got := quantities(s.Holdings(t.Context(), product)); got != want[0] {
				t.Errorf("of product %d there is %s, want %s", product, got, want[0])
			}
			if got := quantities(s.HoldingsOf(t.Context(), "manager", product)); got != want[1] {
				t.Errorf("of product %d the manager has %s, want %s", product, got, want[1])
			}
			if got := quantities(s.HoldingsOf(t.Context(), "Manager", product)); got != "" {
				t.Errorf("another one has %s of product %d", got, product)
			}
		}
	})
}

func TestManagers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		ctx := t.Context()
		for range 2 { // the second changes nothing
			if err := errors.Join(s.AddManager(ctx, seller, 1, "b"), s.AddManager(ctx, seller, 1, "a"), s.RemoveManager(ctx, seller, 1, "b")); err != nil {
				t.Fatal(err)
			}
		}
		managers, err := s.Managers(ctx, 1)
		if err != nil || len(managers) != 1 || managers[0].Subject != "a" || managers[0].Since.IsZero() {
			t.Errorf("Managers = %+v, %v", managers, err)
		}
		for _, tt := range []struct {
			subject string
			branch  int64
			want    bool
		}{{"a", 1, true}, {"a", 2, false}, {"a", 9, false}, {"b", 1, false}, {"A", 1, false}, {"", 1, false}} {
			if got, err := s.Manages(ctx, tt.subject, tt.branch); got != tt.want || err != nil {
				t.Errorf("%q manages %d = %v, %v, want %v", tt.subject, tt.branch, got, err, tt.want)
			}
		}
		_, unknown := s.Managers(ctx, 9)
		for name, err := range map[string]error{"list": unknown, "add": s.AddManager(ctx, seller, 9, "a"), "remove": s.RemoveManager(ctx, seller, 9, "a")} {
			if !errors.Is(err, stock.ErrNotFound) {
				t.Errorf("%s at no branch = %v", name, err)
			}
		}
	})
}

// What changed something is in the audit, and what did not is not.
func TestAuditBranches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		other := stock.Author{Subject: "user-2", RequestID: "request-2"}
		for range 2 {
			if err := errors.Join(s.AddManager(t.Context(), other, 2, "a"), s.RemoveManager(t.Context(), seller, 3, "a")); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.RemoveManager(t.Context(), other, 2, "a"); err != nil {
			t.Fatal(err)
		}
		want := []stock.Change{
			{ID: 5, Subject: "user-2", Action: "remove-manager", BranchID: 2, Manager: "a", RequestID: "request-2"},
			{ID: 4, Subject: "user-2", Action: "add-manager", BranchID: 2, Manager: "a", RequestID: "request-2"},
			{ID: 3, Subject: "user-1", Action: "create-branch", BranchID: 3, RequestID: "request-1"},
			{ID: 2, Subject: "user-1", Action: "create-branch", BranchID: 2, RequestID: "request-1"},
			{ID: 1, Subject: "user-1", Action: "create-branch", BranchID: 1, RequestID: "request-1"},
		}
		for _, tt := range []struct {
			query stock.Query
			want  []stock.Change
			more  bool
		}{
			{stock.Query{Limit: 5}, want, false},
			{stock.Query{Limit: 2}, want[:2], true},
			{stock.Query{Limit: 3, Before: 4}, want[2:], false},
			{stock.Query{Limit: 9, Branch: 2}, []stock.Change{want[0], want[1], want[3]}, false},
			{stock.Query{Limit: 9, Branch: 2, Before: 5}, []stock.Change{want[1], want[3]}, false},
			{stock.Query{Limit: 9, Branch: 9}, []stock.Change{}, false},
		} {
			got, more, err := s.AuditBranches(t.Context(), tt.query)
			for i := range got {
				if got[i].At.IsZero() {
					t.Errorf("%+v has no time", got[i])
				}
				got[i].At = want[0].At
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || more != tt.more || err != nil {
				t.Errorf("AuditBranches(%+v): more %v, %v (-want +got)\n%s", tt.query, more, err, diff)
			}
		}
	})
}
