package stock_test

import (
	"sync"
	"testing"

	"storefront/inventory/internal/stock"
	"storefront/shared/database/databasetest"
)

func TestSeedDemo(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.URLs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var group sync.WaitGroup
			for range 4 { // replicas of an empty shop start together
				group.Go(func() {
					if _, err := stock.NewStore(databasetest.Open(t, url, options(t))).SeedDemo(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			db := databasetest.Open(t, url, options(t))
			s := shop{stock.NewStore(db), db}
			s.balanced(t)
			s.demo(t)
			b, err := s.CreateBranch(t.Context(), seller, stock.BranchContent{Name: "Sixth", City: "Berlin"})
			if err != nil || b.ID != 6 {
				t.Errorf("the next branch = %+v, %v", b, err)
			}
		})
	}
}

// demo fails unless the demo's branches are there, once.
func (s shop) demo(t testing.TB) {
	t.Helper()
	branches, err := s.Branches(t.Context())
	if err != nil || len(branches) != 5 || branches[0] != (stock.Branch{ID: 1, Name: "Harbour Street", City: "Hamburg"}) {
		t.Errorf("branches %+v, %v", branches, err)
	}
	for _, b := range branches {
		_, levels, err := s.Levels(t.Context(), b.ID)
		if err != nil || len(levels) < 40 {
			t.Errorf("branch %d has %d products, %v", b.ID, len(levels), err)
		}
		for _, l := range levels {
			if l.Name == "" {
				t.Errorf("product %d of branch %d has no name", l.ProductID, b.ID)
			}
		}
	}
	for product, want := range map[int64]int64{1: 22, 2: 0, 24: 9} {
		if got, ok := s.levels(t, 2)[product]; got != want || !ok {
			t.Errorf("branch 2 has %d, %v of product %d, want %d", got, ok, product, want)
		}
	}
	if ok, err := s.Manages(t.Context(), "00000000-0000-0000-0000-000000000004", 1); !ok || err != nil {
		t.Errorf("the manager of the kickstart manages branch 1: %v, %v", ok, err)
	}
}

func TestSeedDemo_neverIntoAShop(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s shop) {
		if added, err := s.SeedDemo(t.Context()); added != 0 || err != nil {
			t.Errorf("SeedDemo of a shop with branches = %d, %v", added, err)
		}
		if branches, err := s.Branches(t.Context()); len(branches) != 3 || err != nil {
			t.Errorf("%d branches, %v", len(branches), err)
		}
	})
}
