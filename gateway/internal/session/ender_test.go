package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"storefront/gateway/internal/session"
)

func TestEnder(t *testing.T) {
	t.Parallel()
	noon := time.Now()
	for name, tt := range map[string]struct {
		end  func(session.Ender) error
		left []int
	}{
		"of a user, what began before": {func(e session.Ender) error { return e.EndUser(t.Context(), "anna", noon) }, []int{1, 2}},
		"of a user, by refresh token":  {func(e session.Ender) error { return e.EndToken(t.Context(), "anna", "token-1") }, []int{0, 2}},
		"of nobody":                    {func(e session.Ender) error { return e.EndToken(t.Context(), "", "token-1") }, []int{0, 1, 2}},
	} {
		store := session.NewMemory(10, time.Hour, nil)
		for i, r := range []session.Record{
			{Subject: "anna", SessionID: "token-0", Since: noon.Add(-time.Second)},
			{Subject: "anna", SessionID: "token-1", Since: noon.Add(time.Second)},
			{Subject: "bert", SessionID: "token-1", Since: noon.Add(-time.Second)},
		} {
			r.Expires = noon.Add(time.Hour)
			if err := store.Create(t.Context(), key(i), r); err != nil {
				t.Fatal(err)
			}
		}
		if err := tt.end(session.Ender{Store: store}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var left []int
		for i := range 3 {
			if _, err := store.Load(t.Context(), key(i)); err == nil {
				left = append(left, i)
			} else if !errors.Is(err, session.ErrNone) {
				t.Fatal(err)
			}
		}
		if !slices.Equal(left, tt.left) {
			t.Errorf("%s: %v are left, want %v", name, left, tt.left)
		}
	}
}
