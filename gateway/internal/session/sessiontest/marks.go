package sessiontest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"storefront/gateway/internal/session"
)

// instant is a time that ends soon by the clock of a server that no test moves.
const instant = 20 * time.Millisecond

// count calls f in parallel and counts how often it is true.
func count(times int, f func(i int) bool) int64 {
	var n atomic.Int64
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() {
			if f(i) {
				n.Add(1)
			}
		})
	}
	all.Wait()
	return n.Load()
}

func spends(t *testing.T, s session.Store, text string, ttl time.Duration) bool {
	t.Helper()
	first, err := s.Spend(t.Context(), text, ttl)
	if err != nil {
		t.Errorf("Spend = %v", err)
	}
	return first
}

func claims(t *testing.T, s session.Store, name string, lease time.Duration) (release func(), ok bool) {
	t.Helper()
	release, ok, err := s.Claim(t.Context(), name, lease)
	if err != nil || release == nil {
		t.Fatalf("Claim = %v, with a release: %v", err, release != nil)
	}
	return release, ok
}

func spendsOnce(t *testing.T, s session.Store, _ *Clock) {
	if n := count(32, func(int) bool { return spends(t, s, "state", time.Minute) }); n != 1 {
		t.Errorf("spent %d times, want 1", n)
	}
	if !spends(t, s, "another", time.Minute) {
		t.Error("another text is spent, too")
	}
}

func forgetsSpent(t *testing.T, s session.Store, clock *Clock) {
	if !spends(t, s, "state", instant) {
		t.Fatal("a new text is spent")
	}
	clock.Advance(instant)
	await(t, "a spent text is forgotten after its time", func() bool { return spends(t, s, "state", time.Minute) })
	if spends(t, s, "state", time.Minute) {
		t.Error("a text that was spent again is not spent")
	}
}

func claimsOnce(t *testing.T, s session.Store, _ *Clock) {
	n := count(50, func(int) bool {
		_, ok, err := s.Claim(t.Context(), "refresh", time.Minute)
		return ok && err == nil
	})
	if n != 1 {
		t.Errorf("%d have the claim, want 1", n)
	}
	if _, ok := claims(t, s, "another", time.Minute); !ok {
		t.Error("another piece of work is claimed, too")
	}
	if !spends(t, s, "refresh", time.Minute) {
		t.Error("a claim spends a text of its name")
	}
}

func releasesClaim(t *testing.T, s session.Store, _ *Clock) {
	mine, ok := claims(t, s, "refresh", time.Minute)
	if !ok {
		t.Fatal("a new piece of work is claimed")
	}
	refused, ok := claims(t, s, "refresh", time.Minute)
	if ok {
		t.Fatal("two have the claim")
	}
	refused()
	if _, ok := claims(t, s, "refresh", time.Minute); ok {
		t.Fatal("who did not get the claim has released it")
	}
	mine()
	mine()
	if _, ok := claims(t, s, "refresh", time.Minute); !ok {
		t.Error("a released claim is not to be had")
	}
}

func endsClaim(t *testing.T, s session.Store, clock *Clock) {
	if _, ok := claims(t, s, "refresh", instant); !ok {
		t.Fatal("a new piece of work is claimed")
	}
	clock.Advance(instant)
	await(t, "a claim ends with its lease", func() bool {
		_, ok := claims(t, s, "refresh", time.Minute)
		return ok
	})
}

func keepsForeignClaim(t *testing.T, s session.Store, clock *Clock) {
	late, _ := claims(t, s, "refresh", instant)
	clock.Advance(instant)
	await(t, "a claim ends with its lease", func() bool {
		_, ok := claims(t, s, "refresh", time.Minute)
		return ok
	})
	late()
	if _, ok := claims(t, s, "refresh", time.Minute); ok {
		t.Error("who held the claim before has released another's")
	}
}
