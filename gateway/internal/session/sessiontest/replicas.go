package sessiontest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"storefront/gateway/internal/session"
)

// RunReplicas runs what the stores of two gateways must do that share one backend.
func RunReplicas(t *testing.T, open func(t *testing.T, clock *Clock) (one, other session.Store)) {
	t.Helper()
	for name, test := range map[string]func(t *testing.T, one, other session.Store, clock *Clock){
		"see each other's changes":        seeChanges,
		"have one replacer win":           replaceOnceTogether,
		"spend and claim for one another": markTogether,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			one, other := open(t, clock)
			test(t, one, other, clock)
		})
	}
}

func seeChanges(t *testing.T, one, other session.Store, clock *Clock) {
	s := login(t, one, clock, "ann", session.Key{1}, 0)
	wantOfUser(t, other, "ann", s)
	r := load(t, other, s.Key)
	r.AccessToken = "refreshed there"
	if err := other.Replace(t.Context(), s.Key, r); err != nil {
		t.Fatal(err)
	}
	if got := load(t, one, s.Key).AccessToken; got != r.AccessToken {
		t.Errorf("access token here = %q, want %q", got, r.AccessToken)
	}
	if err := one.Replace(t.Context(), s.Key, s.Record); !errors.Is(err, session.ErrChanged) {
		t.Errorf("Replace of what was replaced there = %v, want ErrChanged", err)
	}
	clock.Advance(session.DefaultLifetimes.Idle / 2)
	load(t, one, s.Key)
	clock.Advance(session.DefaultLifetimes.Idle / 2)
	load(t, other, s.Key)
	if err := other.Delete(t.Context(), s.Key); err != nil {
		t.Fatal(err)
	}
	mustBeNone(t, one, s.Key)
	wantOfUser(t, one, "ann")
}

func replaceOnceTogether(t *testing.T, one, other session.Store, clock *Clock) {
	s := login(t, one, clock, "ann", session.Key{1}, 0)
	stores := []session.Store{one, other}
	won := count(50, func(i int) bool {
		r := s.Record
		r.AccessToken = fmt.Sprint(i)
		return stores[i%2].Replace(t.Context(), s.Key, r) == nil
	})
	if a, b := load(t, one, s.Key), load(t, other, s.Key); won != 1 || a.AccessToken != b.AccessToken || a.Version != s.Version+1 {
		t.Errorf("%d won; version %d with %q here and %q there", won, a.Version, a.AccessToken, b.AccessToken)
	}
}

func markTogether(t *testing.T, one, other session.Store, _ *Clock) {
	stores := []session.Store{one, other}
	if n := count(50, func(i int) bool { return spends(t, stores[i%2], "state", time.Minute) }); n != 1 {
		t.Errorf("spent %d times, want 1", n)
	}
	n := count(50, func(i int) bool {
		_, ok, err := stores[i%2].Claim(t.Context(), "refresh", time.Minute)
		return ok && err == nil
	})
	if n != 1 {
		t.Errorf("%d have the claim, want 1", n)
	}
}
