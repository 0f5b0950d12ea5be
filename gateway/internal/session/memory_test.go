package session_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"storefront/gateway/internal/session"
	"storefront/gateway/internal/session/sessiontest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, func(_ *testing.T, clock *sessiontest.Clock) session.Store {
		return session.NewMemory(session.DefaultLimit, session.DefaultLifetimes.Idle, clock.Now)
	})
}

func key(n int) (k session.Key) {
	binary.BigEndian.PutUint64(k[:], uint64(n))
	return k
}

func TestMemory_givesUpTheLongestIdle(t *testing.T) {
	t.Parallel()
	clock := sessiontest.NewClock()
	m := session.NewMemory(100, session.DefaultLifetimes.Idle, clock.Now)
	for n := range 100 {
		clock.Advance(time.Second)
		if err := m.Create(t.Context(), key(n), session.Record{Expires: clock.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(time.Second)
	if _, err := m.Load(t.Context(), key(0)); err != nil { // the oldest is in use
		t.Fatal(err)
	}
	for n := 100; n < 1000; n++ {
		clock.Advance(time.Second)
		if _, err := m.Load(t.Context(), key(0)); err != nil {
			t.Fatalf("after %d logins the session in use is gone: %v", n, err)
		}
		if err := m.Create(t.Context(), key(n), session.Record{Expires: clock.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	alive := 0
	for n := range 1000 {
		if _, err := m.Load(t.Context(), key(n)); err == nil {
			alive++
		} else if !errors.Is(err, session.ErrNone) {
			t.Fatal(err)
		}
	}
	if alive > 100 || alive < 80 {
		t.Errorf("%d sessions alive, want at most the 100 that it may hold and not far fewer", alive)
	}
	if _, err := m.Load(t.Context(), key(1)); !errors.Is(err, session.ErrNone) {
		t.Errorf("the longest idle session = %v, want ErrNone", err)
	}
}

// heap is what is in use. Tests that compare it do not run beside others.
func heap() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

func TestMemory_isBounded(t *testing.T) {
	m := session.NewMemory(1000, time.Hour, nil)
	long := strings.Repeat("x", 100)
	for name, fill := range map[string]func(text string, k session.Key) error{
		"spent texts": func(text string, _ session.Key) error {
			_, err := m.Spend(t.Context(), text, time.Hour)
			return err
		},
		"claims": func(text string, _ session.Key) error {
			_, _, err := m.Claim(t.Context(), text, time.Hour)
			return err
		},
		"sessions of as many users": func(text string, k session.Key) error {
			return m.Create(t.Context(), k, session.Record{Subject: text, Expires: time.Now().Add(time.Hour)})
		},
	} {
		before := heap()
		for n := range 200_000 {
			k := key(n)
			if err := fill(string(k[:])+long, k); err != nil {
				t.Fatal(err)
			}
		}
		if after := heap(); after > before+4<<20 {
			t.Errorf("200,000 %s keep %d bytes, want them bounded", name, after-before)
		}
	}
	runtime.KeepAlive(m)
}

// What a deployment sizes its gateways by: README.
func TestMemory_costOfASession(t *testing.T) {
	const count = 100_000
	m := session.NewMemory(count, time.Hour, nil)
	tokens := int64(0)
	before := heap()
	for n := range count {
		r := session.Record{
			Subject: fmt.Sprintf("00000000-0000-0000-0000-%012d", n), Name: fmt.Sprint("Customer Number ", n),
			Email: fmt.Sprintf("customer-%d@example.com", n), SessionID: fmt.Sprintf("11111111-0000-0000-0000-%012d", n),
			AccessToken: strings.Repeat("a", 100), RefreshToken: strings.Repeat("r", 50),
			Since: time.Now(), AccessExpires: time.Now(), RefreshAt: time.Now(), Expires: time.Now().Add(time.Hour),
		}
		tokens += int64(len(r.AccessToken) + len(r.RefreshToken))
		if err := m.Create(t.Context(), key(n), r); err != nil {
			t.Fatal(err)
		}
	}
	each := (heap() - before - tokens) / count
	if _, err := m.Load(t.Context(), key(0)); err != nil {
		t.Fatal(err)
	}
	t.Logf("a session costs %d bytes beyond its tokens", each)
	if each > 2000 || each < 100 {
		t.Errorf("a session costs %d bytes beyond its tokens, want less than 2 KB, and more than nothing", each)
	}
}

// The index forgets sessions that are given up for room.
func TestMemory_indexFollowsEviction(t *testing.T) {
	t.Parallel()
	clock := sessiontest.NewClock()
	m := session.NewMemory(10, time.Hour, clock.Now)
	for n := range 1000 {
		clock.Advance(time.Second)
		r := session.Record{Subject: "ann", Since: clock.Now(), Expires: clock.Now().Add(time.Hour)}
		if err := m.Create(t.Context(), key(n), r); err != nil {
			t.Fatal(err)
		}
	}
	all, err := m.OfUser(t.Context(), "ann")
	if err != nil || len(all) == 0 || len(all) > 10 || all[0].Key != key(999) {
		t.Errorf("OfUser = %d sessions, %v, want the last ones, up to 10", len(all), err)
	}
}

// Logins and logouts of one user from everywhere at once leave the index as the sessions are.
func TestMemory_indexUnderLoad(t *testing.T) {
	t.Parallel()
	m := session.NewMemory(session.DefaultLimit, time.Hour, nil)
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			r := session.Record{Subject: "ann", Expires: time.Now().Add(time.Hour)}
			if err := m.Create(t.Context(), key(n), r); err != nil {
				t.Error(err)
			}
			if _, err := m.OfUser(t.Context(), "ann"); err != nil {
				t.Error(err)
			}
			if n%2 == 0 {
				_ = m.Delete(t.Context(), key(n))
			}
		})
	}
	all.Wait()
	if left, err := m.OfUser(t.Context(), "ann"); err != nil || len(left) != 32 {
		t.Errorf("OfUser = %d sessions, %v, want 32", len(left), err)
	}
}
