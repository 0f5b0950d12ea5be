// Package sessiontest is what every session.Store must pass. It is for tests alone.
package sessiontest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// Run runs the suite; open returns an empty store that lives by the clock, and ends sessions when session.DefaultLifetimes says so.
func Run(t *testing.T, open func(t *testing.T, clock *Clock) session.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, session.Store, *Clock){
		"keeps every field of a record":                      keeps,
		"ends idle sessions":                                 endsIdle,
		"ends old sessions however busy":                     endsOld,
		"forgets what is deleted":                            deletes,
		"replaces only what was read":                        replaces,
		"lets one of many parallel replacers win":            replacesOnce,
		"does not revive what is gone":                       doesNotRevive,
		"does not revive what is idle or old":                doesNotReviveEnded,
		"gives a user's sessions, the newest login first":    ofUser,
		"forgets a user's sessions that are deleted":         ofUserDeleted,
		"forgets a user's sessions that are idle or old":     ofUserEnded,
		"does not count a look at the sessions as their use": ofUserIsNoUse,
		"spends a text once":                                 spendsOnce,
		"forgets spent texts after their time":               forgetsSpent,
		"gives a claim to one of many":                       claimsOnce,
		"gives a claim to another when it is released":       releasesClaim,
		"gives a claim to another when its lease ends":       endsClaim,
		"does not release what another has claimed":          keepsForeignClaim,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			test(t, open(t, clock), clock)
		})
	}
}

func record(clock *Clock) session.Record {
	now := clock.Now()
	return session.Record{
		Subject: "user-1", Name: "Customer Ünïcode", Email: "customer@example.com",
		Since: now.Add(-time.Second), SessionID: "sid-1",
		AccessToken: "access", AccessExpires: now.Add(10 * time.Minute), RefreshAt: now.Add(9 * time.Minute),
		RefreshToken: "refresh", Expires: now.Add(session.DefaultLifetimes.Absolute), Version: 3,
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

func load(t *testing.T, s session.Store, key session.Key) session.Record {
	t.Helper()
	r, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	return r
}

func keeps(t *testing.T, s session.Store, clock *Clock) {
	mustBeNone(t, s, session.Key{1})
	want := record(clock)
	for field, v := range reflect.ValueOf(want).Fields() {
		if v.IsZero() {
			t.Fatalf("the record of this suite has no %s", field.Name)
		}
	}
	create(t, s, session.Key{1}, want)
	if diff := cmp.Diff(want, load(t, s, session.Key{1})); diff != "" {
		t.Errorf("Load gives another record than was created (-want +got):\n%s", diff)
	}
	create(t, s, session.Key{2}, session.Record{Expires: want.Expires})
	if diff := cmp.Diff(session.Record{Expires: want.Expires}, load(t, s, session.Key{2})); diff != "" {
		t.Errorf("Load of a record of nothing (-want +got):\n%s", diff)
	}
	mustBeNone(t, s, session.Key{3})
}

func endsIdle(t *testing.T, s session.Store, clock *Clock) {
	create(t, s, session.Key{1}, record(clock))
	clock.Advance(session.DefaultLifetimes.Idle - time.Second)
	if _, err := s.Load(t.Context(), session.Key{1}); err != nil {
		t.Fatalf("Load before the idle limit = %v", err)
	}
	clock.Advance(session.DefaultLifetimes.Idle - time.Second)
	if _, err := s.Load(t.Context(), session.Key{1}); err != nil {
		t.Fatalf("Load of a session in use = %v", err)
	}
	clock.Advance(session.DefaultLifetimes.Idle)
	mustBeNone(t, s, session.Key{1})
}

func endsOld(t *testing.T, s session.Store, clock *Clock) {
	r := record(clock)
	create(t, s, session.Key{1}, r)
	for clock.Now().Add(session.DefaultLifetimes.Idle / 2).Before(r.Expires) {
		clock.Advance(session.DefaultLifetimes.Idle / 2)
		if _, err := s.Load(t.Context(), session.Key{1}); err != nil {
			t.Fatalf("Load = %v", err)
		}
	}
	clock.Advance(session.DefaultLifetimes.Idle/2 + time.Second)
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
	read := load(t, s, session.Key{1})
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
	read := load(t, s, session.Key{1})
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
	read := load(t, s, session.Key{1})
	if err := s.Delete(t.Context(), session.Key{1}); err != nil {
		t.Fatal(err)
	}
	if err := s.Replace(t.Context(), session.Key{1}, read); !errors.Is(err, session.ErrNone) {
		t.Errorf("Replace after Delete = %v, want ErrNone", err)
	}
	mustBeNone(t, s, session.Key{1})
}

func doesNotReviveEnded(t *testing.T, s session.Store, clock *Clock) {
	create(t, s, session.Key{1}, record(clock))
	r := load(t, s, session.Key{1})
	clock.Advance(session.DefaultLifetimes.Idle)
	if err := s.Replace(t.Context(), session.Key{1}, r); !errors.Is(err, session.ErrNone) {
		t.Errorf("Replace of an idle session = %v, want ErrNone", err)
	}
	short := record(clock)
	short.Expires = clock.Now().Add(time.Minute)
	create(t, s, session.Key{2}, short)
	clock.Advance(time.Minute)
	if err := s.Replace(t.Context(), session.Key{2}, short); !errors.Is(err, session.ErrNone) {
		t.Errorf("Replace of an old session = %v, want ErrNone", err)
	}
}

// await returns when what has come about.
func await(t testing.TB, what string, come func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !come(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
