package product_test

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"storefront/catalog/internal/product"
	"storefront/shared/database"
	"storefront/shared/database/databasetest"
)

var editor = product.Author{Subject: "user-1", RequestID: "request-1"}

func options(t testing.TB) database.Options {
	t.Helper()
	migrations, err := product.Migrations()
	if err != nil {
		t.Fatal(err)
	}
	return database.Options{Name: "catalog", Migrations: migrations}
}

// each runs the test on an empty store of each kind.
func each(t *testing.T, test func(t *testing.T, s *product.Store)) {
	t.Helper()
	databasetest.Each(t, options(t), func(t *testing.T, db *database.DB) { test(t, product.NewStore(db)) })
}

func cup(n int) product.Content {
	return product.Content{SKU: fmt.Sprintf("CUP-%d", n), Name: "Cup", Description: "A cup.", Price: 900, Currency: "EUR", Category: "kitchen", Active: true}
}

func create(t testing.TB, s *product.Store, c product.Content) product.Product {
	t.Helper()
	p, err := s.Create(t.Context(), editor, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func list(t testing.TB, s *product.Store, q product.Query) ([]product.Product, bool) {
	t.Helper()
	q.Limit = cmp.Or(q.Limit, 100)
	products, more, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatalf("List(%+v) = %v", q, err)
	}
	return products, more
}

func anyVersion(int64) bool { return true }

func TestStore_createReplaceDelete(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *product.Store) {
		made := create(t, s, cup(1))
		if made.ID != 1 || made.Version != 1 || made.Content != cup(1) || made.CreatedAt.IsZero() || !made.UpdatedAt.Equal(made.CreatedAt) {
			t.Errorf("Create = %+v", made)
		}
		if got, err := s.Get(t.Context(), 1); err != nil || got != made {
			t.Errorf("Get = %+v, %v, want %+v", got, err, made)
		}
		larger := cup(1)
		larger.Name, larger.Price = "Larger cup", 1200
		changed, err := s.Replace(t.Context(), editor, 1, larger, func(v int64) bool { return v == 1 })
		if err != nil || changed.Version != 2 || changed.Content != larger || !changed.CreatedAt.Equal(made.CreatedAt) || changed.UpdatedAt.Before(made.UpdatedAt) {
			t.Errorf("Replace = %+v, %v", changed, err)
		}
		for range 2 { // the second changes nothing
			if err := s.Delete(t.Context(), editor, 1, anyVersion); err != nil {
				t.Errorf("Delete = %v", err)
			}
		}
		gone, err := s.Get(t.Context(), 1)
		if err != nil || gone.Active || gone.Version != 3 {
			t.Errorf("after Delete: %+v, %v", gone, err)
		}
		if products, _ := list(t, s, product.Query{}); len(products) != 0 {
			t.Errorf("List has %+v, which is off sale", products)
		}
		if products, _ := list(t, s, product.Query{Search: "larger"}); len(products) != 0 {
			t.Errorf("a search finds %+v, which is off sale", products)
		}
	})
}

func TestStore_refuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *product.Store) {
		create(t, s, cup(1))
		create(t, s, cup(2))
		_, duplicate := s.Create(t.Context(), editor, cup(1))
		_, taken := s.Replace(t.Context(), editor, 2, cup(1), anyVersion)
		_, changed := s.Replace(t.Context(), editor, 2, cup(2), func(v int64) bool { return v == 7 })
		_, nothing := s.Replace(t.Context(), editor, 9, cup(9), anyVersion)
		_, unknown := s.Get(t.Context(), 9)
		for name, tt := range map[string]struct{ err, want error }{
			"a second product of the SKU": {duplicate, database.ErrDuplicate},
			"another one's SKU":           {taken, database.ErrDuplicate},
			"a version that is no more":   {changed, product.ErrChanged},
			"replace of nothing":          {nothing, product.ErrNotFound},
			"get of nothing":              {unknown, product.ErrNotFound},
			"delete of nothing":           {s.Delete(t.Context(), editor, 9, anyVersion), product.ErrNotFound},
			"delete of another version":   {s.Delete(t.Context(), editor, 2, func(int64) bool { return false }), product.ErrChanged},
		} {
			if !errors.Is(tt.err, tt.want) {
				t.Errorf("%s = %v, want %v", name, tt.err, tt.want)
			}
		}
		entries, _, err := s.Audit(t.Context(), product.AuditQuery{Limit: 10})
		if err != nil || len(entries) != 2 {
			t.Errorf("audit = %+v, %v, want what happened alone", entries, err)
		}
	})
}

// Of editors who all saw the same version one gets through.
func TestStore_replaceInParallel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *product.Store) {
		create(t, s, cup(1))
		const editors = 20
		results := make(chan error, editors)
		var group sync.WaitGroup
		for range editors {
			group.Go(func() {
				_, err := s.Replace(t.Context(), editor, 1, cup(1), func(v int64) bool { return v == 1 })
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
			case !errors.Is(err, product.ErrChanged):
				t.Error(err)
			}
		}
		if p, err := s.Get(t.Context(), 1); won != 1 || p.Version != 2 || err != nil {
			t.Errorf("%d editors won, version %d, %v", won, p.Version, err)
		}
	})
}

func TestStore_audit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *product.Store) {
		first, second := create(t, s, cup(1)), create(t, s, cup(2))
		other := product.Author{Subject: "user-2", RequestID: "request-2"}
		changed, err := s.Replace(t.Context(), other, first.ID, cup(3), anyVersion)
		if err := errors.Join(err, s.Delete(t.Context(), other, first.ID, anyVersion)); err != nil {
			t.Fatal(err)
		}
		gone, err := s.Get(t.Context(), first.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := []product.Entry{
			{ID: 4, At: gone.UpdatedAt, Subject: "user-2", Action: "delete", ProductID: first.ID, Version: 3, RequestID: "request-2"},
			{ID: 3, At: changed.UpdatedAt, Subject: "user-2", Action: "replace", ProductID: first.ID, Version: 2, RequestID: "request-2"},
			{ID: 2, At: second.UpdatedAt, Subject: "user-1", Action: "create", ProductID: second.ID, Version: 1, RequestID: "request-1"},
			{ID: 1, At: first.UpdatedAt, Subject: "user-1", Action: "create", ProductID: first.ID, Version: 1, RequestID: "request-1"},
		}
		for _, tt := range []struct {
			query product.AuditQuery
			want  []product.Entry
			more  bool
		}{
			{product.AuditQuery{Limit: 10}, want, false},
			{product.AuditQuery{Limit: 2}, want[:2], true},
			{product.AuditQuery{Limit: 2, Before: 3}, want[2:], false},
			{product.AuditQuery{Limit: 10, Product: second.ID}, want[2:3], false},
		} {
			got, more, err := s.Audit(t.Context(), tt.query)
			if diff := gocmp.Diff(tt.want, got); diff != "" || more != tt.more || err != nil {
				t.Errorf("Audit(%+v): more %v, %v (-want +got)\n%s", tt.query, more, err, diff)
			}
		}
	})
}

func TestStore_seedDemo(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.URLs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var group sync.WaitGroup
			for range 4 { // replicas of an empty shop start together
				group.Go(func() {
					if _, err := product.NewStore(databasetest.Open(t, url, options(t))).SeedDemo(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			s := product.NewStore(databasetest.Open(t, url, options(t)))
			products, _ := list(t, s, product.Query{})
			categories, names := map[string]int{}, map[string]bool{}
			for i, p := range products {
				if faults := p.Validate(); p.ID != int64(i+1) || len(faults) > 0 || names[p.Name] || !strings.HasSuffix(p.SKU, fmt.Sprintf("-%04d", p.ID)) {
					t.Errorf("product %d = %+v: %v", i+1, p, faults)
				}
				categories[p.Category]++
				names[p.Name] = true
			}
			if len(products) < 60 || len(categories) < 5 {
				t.Errorf("%d products in %v", len(products), categories)
			}
			if p := create(t, s, cup(1)); p.ID != int64(len(products))+1 {
				t.Errorf("the next product has id %d", p.ID)
			}
		})
	}
}

func TestStore_seedDemo_neverIntoAShop(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *product.Store) {
		p := create(t, s, cup(1))
		if err := s.Delete(t.Context(), editor, p.ID, anyVersion); err != nil {
			t.Fatal(err)
		}
		if added, err := s.SeedDemo(t.Context()); added != 0 || err != nil {
			t.Errorf("SeedDemo of a shop that sold one cup = %d, %v", added, err)
		}
		if products, _ := list(t, s, product.Query{}); len(products) != 0 {
			t.Errorf("%d products appeared", len(products))
		}
	})
}
