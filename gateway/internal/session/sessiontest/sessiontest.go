// Package sessiontest is what every session.Store must pass. It is for tests alone.
package sessiontest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"storefront/gateway/internal/session"
)

// Clock is a time that a test moves.
type Clock struct{ nanos atomic.Int64 }

// NewClock returns a clock that shows the present.
func NewClock() *Clock {
	c := &Clock{}
	c.nanos.Store(time.Now().UnixNano())
	return c
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time { return time.Unix(0, c.nanos.Load()) }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) { c.nanos.Add(int64(d)) }

// Run runs the suite; open returns an empty store that lives by the clock.
func Run(t *testing.T, open func(t *testing.T, clock *Clock) session.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, session.Store, *Clock){
		"keeps a record":                          keeps,
		"ends idle sessions":                      endsIdle,
		"ends old sessions however busy":          endsOld,
		"forgets what is deleted":                 deletes,
		"replaces only what was read":             replaces,
		"lets one of many parallel replacers win": replacesOnce,
		"does not revive what is gone":            doesNotRevive,
		"spends a text once":                      spendsOnce,
		"forgets spent texts after their time":    forgetsSpent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			test(t, open(t, clock), clock)
		})
	}
}

func record(clock *Clock) session.Record {
	now := clock.Now().Truncate(time.Second).UTC()
	return session.Record{
		Subject: "user-1", Name: "Customer", Email: "customer@example.com",
		AccessToken: "access", AccessExpires: now.Add(10 * time.Minute), RefreshAt: now.Add(9 * time.Minute),
		RefreshToken: "refresh", Expires: now.Add(session.Absolute),
	}
}

func create(t *testing.T, s session.Store, key session.Key, r session.Record) {
	t.Helper()
	if err := s.Create(t.Context(), key, r); err != nil {
		t.Fatalf("Create = %v", err)
	}
}

func mustBeNone(t *testing.T, s session.Store, key session.Key) {
	t.Helper()
	if r, err := s.Load(t.Context(), key); !errors.Is(err, session.ErrNone) {
		t.Errorf("Load = %+v, %v, want ErrNone", r, err)
	}
}

func keeps(t *testing.T, s session.Store, clock *Clock) {
	mustBeNone(t, s, session.Key{1})
	want := record(clock)
	create(t, s, session.Key{1}, want)
	got, err := s.Load(t.Context(), session.Key{1})
	if err != nil || got != want {
		t.Errorf("Load = %+v, %v, want %+v", got, err, want)
	}
	mustBeNone(t, s, session.Key{2})
}

func endsIdle(t *testing.T, s session.Store, clock *Clock) {
	create(t, s, session.Key{1}, record(clock))
	clock.Advance(session.Idle - time.Second)
	if _, err := s.Load(t.Context(), session.Key{1}); err != nil {
		t.Fatalf("Load before the idle limit = %v", err)
	}
	clock.Advance(session.Idle - time.Second)
	if _, err := s.Load(t.Context(), session.Key{1}); err != nil {
		t.Fatalf("Load of a session in use = %v", err)
	}
	clock.Advance(session.Idle)
	mustBeNone(t, s, session.Key{1})
}

func endsOld(t *testing.T, s session.Store, clock *Clock) {
	r := record(clock)
	create(t, s, session.Key{1}, r)
	for clock.Now().Add(session.Idle / 2).Before(r.Expires) {
		clock.Advance(session.Idle / 2)
		if _, err := s.Load(t.Context(), session.Key{1}); err != nil {
			t.Fatalf("Load = %v", err)
		}
	}
	clock.Advance(session.Idle/2 + time.Second)
	mustBeNone(t, s, session.Key{1})
}

func deletes(t *testing.T, s session.Store, clock *Clock) {
	create(t, s, session.Key{1}, record(clock))
	create(t, s, session.Key{2}, record(clock))
	for range 2 {
		if err := s.Delete(t.Context(), session.Key{1}); err != nil {
			t.Errorf("Delete = %v", err)
		}
	}
	mustBeNone(t, s, session.Key{1})
	if _, err := s.Load(t.Context(), session.Key{2}); err != nil {
		t.Errorf("Load of another session = %v", err)
	}
}

func replaces(t *testing.T, s session.Store, clock *Clock) {
	create(t, s, session.Key{1}, record(clock))
	read, err := s.Load(t.Context(), session.Key{1})
	if err != nil {
		t.Fatal(err)
	}
	next := read
	next.AccessToken = "second"
	if err := s.Replace(t.Context(), session.Key{1}, next); err != nil {
		t.Fatalf("Replace = %v", err)
	}
	stale := read
	stale.AccessToken = "from a slower tab"
	if err := s.Replace(t.Context(), session.Key{1}, stale); !errors.Is(err, session.ErrChanged) {
		t.Errorf("Replace of a record that was replaced since = %v, want ErrChanged", err)
	}
	got, err := s.Load(t.Context(), session.Key{1})
	if err != nil || got.AccessToken != "second" || got.Version != read.Version+1 {
		t.Errorf("Load = %+v, %v, want the second record with the next version", got, err)
	}
}

func replacesOnce(t *testing.T, s session.Store, clock *Clock) {
	create(t, s, session.Key{1}, record(clock))
	read, err := s.Load(t.Context(), session.Key{1})
	if err != nil {
		t.Fatal(err)
	}
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			r := read
			r.AccessToken = fmt.Sprint(i)
			if s.Replace(t.Context(), session.Key{1}, r) == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d replacers won, want 1", won.Load())
	}
}

func doesNotRevive(t *testing.T, s session.Store, clock *Clock) {
	create(t, s, session.Key{1}, record(clock))
	read, err := s.Load(t.Context(), session.Key{1})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), session.Key{1}); err != nil {
		t.Fatal(err)
	}
	if err := s.Replace(t.Context(), session.Key{1}, read); !errors.Is(err, session.ErrNone) {
		t.Errorf("Replace after Delete = %v, want ErrNone", err)
	}
	mustBeNone(t, s, session.Key{1})
}

func spendsOnce(t *testing.T, s session.Store, _ *Clock) {
	var first atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if ok, err := s.Spend(t.Context(), "state", time.Minute); err == nil && ok {
				first.Add(1)
			}
		})
	}
	all.Wait()
	if first.Load() != 1 {
		t.Errorf("spent %d times, want 1", first.Load())
	}
	if ok, err := s.Spend(t.Context(), "another", time.Minute); err != nil || !ok {
		t.Errorf("Spend of another text = %v, %v", ok, err)
	}
}

func forgetsSpent(t *testing.T, s session.Store, clock *Clock) {
	if ok, err := s.Spend(t.Context(), "state", time.Minute); err != nil || !ok {
		t.Fatalf("Spend = %v, %v", ok, err)
	}
	clock.Advance(time.Minute + time.Second)
	if ok, err := s.Spend(t.Context(), "state", time.Minute); err != nil || !ok {
		t.Errorf("Spend after its time = %v, %v, want a fresh start", ok, err)
	}
}
