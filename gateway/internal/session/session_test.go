package session_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/session"
	"storefront/gateway/internal/session/sessiontest"
)

// A handle may be shown. It names one session and leads to neither its key nor its cookie.
func TestKey_handle(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for n := range 1000 {
		k := key(n)
		h := k.Handle()
		if len(h) != 22 || seen[h] || h != k.Handle() {
			t.Fatalf("Handle of key %d = %q, want 22 characters of its own, the same each time", n, h)
		}
		if strings.Contains(base64.RawURLEncoding.EncodeToString(k[:]), h) {
			t.Fatalf("Handle of key %d = %q is a part of the key", n, h)
		}
		seen[h] = true
	}
}

// What each request with a session pays for it.
func BenchmarkLoad(b *testing.B) {
	clock := sessiontest.NewClock()
	for name, store := range map[string]session.Store{
		"memory": session.NewMemory(session.DefaultLimit, session.DefaultLifetimes.Idle, clock.Now),
		"redis":  newGateway(b, sessiontest.StartRedis(b).URL, clock),
	} {
		b.Run(name, func(b *testing.B) {
			r := session.Record{
				Subject: "user-1", Name: "Customer", Email: "customer@example.com", SessionID: "sid-1", Since: clock.Now(),
				AccessToken: strings.Repeat("a", 900), RefreshToken: strings.Repeat("r", 86),
				AccessExpires: clock.Now().Add(time.Hour), RefreshAt: clock.Now().Add(time.Hour), Expires: clock.Now().Add(time.Hour),
			}
			if err := store.Create(b.Context(), key(1), r); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.Load(b.Context(), key(1)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
