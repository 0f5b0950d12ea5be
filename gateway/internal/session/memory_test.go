package session_test

import (
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/session"
	"storefront/gateway/internal/session/sessiontest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, func(_ *testing.T, clock *sessiontest.Clock) session.Store {
		return session.NewMemory(session.DefaultLimit, clock.Now)
	})
}

func key(n int) (k session.Key) {
	binary.BigEndian.PutUint64(k[:], uint64(n))
	return k
}

func TestMemory_givesUpTheLongestIdle(t *testing.T) {
	t.Parallel()
	clock := sessiontest.NewClock()
	m := session.NewMemory(100, clock.Now)
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

func TestMemory_spentTextsAreBounded(t *testing.T) {
	t.Parallel()
	m := session.NewMemory(1000, nil)
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	for n := range 200_000 {
		k := key(n)
		if _, err := m.Spend(t.Context(), string(k[:])+strings.Repeat("x", 100), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if after := heap(); after > before+8<<20 {
		t.Errorf("200,000 spent texts keep %d bytes, want them bounded", after-before)
	}
	runtime.KeepAlive(m)
}
