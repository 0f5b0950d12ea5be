package session_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/session"
	"storefront/gateway/internal/session/sessiontest"
)

func await(t testing.TB, what string, come func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !come(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// fields of a session on the server, and how long the server will keep it.
func (g *gateway) used(t *testing.T, k session.Key) (used string, ttl time.Duration) {
	t.Helper()
	used, err := g.client.HGet(t.Context(), redisKey(k), "used").Result()
	if err != nil {
		t.Fatal(err)
	}
	return used, g.client.PTTL(t.Context(), redisKey(k)).Val()
}

func (g *gateway) members(t *testing.T, subject string) int64 {
	t.Helper()
	n, err := g.client.ZCard(t.Context(), userKey(subject)).Result()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A gateway that is gone deletes nothing; the server must not keep what it left.
func forgetsByItself(t *testing.T, g *gateway) {
	const short = 50 * time.Millisecond
	r := g.record()
	r.Expires = g.clock.Now().Add(short)
	g.create(t, key(1), r)
	idle := g.replica(t, func(cfg *session.RedisConfig) { cfg.Idle = short })
	other := g.record()
	other.Subject, other.Expires = "bob", g.clock.Now().Add(4*short)
	idle.create(t, key(2), other)
	if _, err := g.Spend(t.Context(), "state", short); err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.Claim(t.Context(), "refresh", short); err != nil {
		t.Fatal(err)
	}
	await(t, "the server forgets everything", func() bool {
		left, err := g.client.Keys(t.Context(), "*").Result()
		return err == nil && len(left) == 0
	})
}

func renewsSeldom(t *testing.T, g *gateway) {
	g.create(t, key(1), g.record())
	first, ttl := g.used(t, key(1))
	if idle := session.DefaultLifetimes.Idle; ttl > idle+time.Second || ttl < idle-time.Minute {
		t.Errorf("the server keeps a new session for %v, want the idle time", ttl)
	}
	g.client.PExpire(t.Context(), redisKey(key(1)), time.Minute)
	g.clock.Advance(59 * time.Second)
	g.mustLoad(t, key(1))
	if used, _ := g.used(t, key(1)); used != first {
		t.Error("a use within a minute of the one before is written")
	}
	g.clock.Advance(time.Second)
	g.mustLoad(t, key(1))
	if used, ttl := g.used(t, key(1)); used == first || ttl < time.Hour {
		t.Errorf("a minute later the session ends in %v, want it renewed", ttl)
	}
}

func neverOutlives(t *testing.T, g *gateway) {
	r := g.record()
	r.Expires = g.clock.Now().Add(10 * time.Minute)
	g.create(t, key(1), r)
	g.clock.Advance(5 * time.Minute)
	g.mustLoad(t, key(1))
	if _, ttl := g.used(t, key(1)); ttl > 5*time.Minute+time.Second {
		t.Errorf("the server keeps the session for %v, its absolute end is in 5m", ttl)
	}
	if ttl := g.client.PTTL(t.Context(), userKey(r.Subject)).Val(); ttl < 0 || ttl > 10*time.Minute+time.Second {
		t.Errorf("the server keeps the index for %v, want the 10m of its session", ttl)
	}
	g.create(t, key(2), g.record())
	g.create(t, key(3), r)
	if ttl := g.client.PTTL(t.Context(), userKey(r.Subject)).Val(); ttl < 11*time.Hour {
		t.Errorf("the server keeps the index for %v, want it to outlive the longest session", ttl)
	}
}

func prunes(t *testing.T, g *gateway) {
	r := g.record()
	for n := range 3 {
		g.create(t, key(n), r)
	}
	if err := g.Delete(t.Context(), key(0)); err != nil {
		t.Fatal(err)
	}
	if n := g.members(t, r.Subject); n != 2 {
		t.Errorf("after a logout the index has %d members, want 2", n)
	}
	g.client.Del(t.Context(), redisKey(key(1))) // as when the idle time is over
	if all, err := g.OfUser(t.Context(), r.Subject); err != nil || len(all) != 1 || g.members(t, r.Subject) != 1 {
		t.Errorf("OfUser = %d sessions, %v, and the index has %d members, want 1", len(all), err, g.members(t, r.Subject))
	}
	g.clock.Advance(session.DefaultLifetimes.Absolute)
	g.create(t, key(4), g.record())
	if n := g.members(t, r.Subject); n != 1 {
		t.Errorf("after the absolute end of the others and a login the index has %d members, want 1", n)
	}
}

// calls are all methods of a store.
func calls(t *testing.T, g *gateway) map[string]error {
	t.Helper()
	_, loadErr := g.Load(t.Context(), key(1))
	_, userErr := g.OfUser(t.Context(), "ann")
	_, spendErr := g.Spend(t.Context(), "state", time.Minute)
	release, claimed, claimErr := g.Claim(t.Context(), "refresh", time.Minute)
	release()
	if claimErr != nil && claimed {
		t.Error("Claim fails, and claims")
	}
	return map[string]error{
		"Create": g.Create(t.Context(), key(1), g.record()), "Load": loadErr, "Replace": g.Replace(t.Context(), key(1), g.record()),
		"Delete": g.Delete(t.Context(), key(1)), "OfUser": userErr, "Spend": spendErr, "Claim": claimErr,
	}
}

func wantAway(t *testing.T, g *gateway, why string, never ...string) {
	t.Helper()
	for method, err := range calls(t, g) {
		if !errors.Is(err, session.ErrAway) || errors.Is(err, session.ErrNone) {
			t.Errorf("%s %s = %v, want ErrAway", method, why, err)
			continue
		}
		for _, text := range never {
			if strings.Contains(err.Error(), text) {
				t.Errorf("%s %s shows %s: %v", method, why, text, err)
			}
		}
	}
}

// The server goes and comes back, and comes back empty; the gateway stays.
func TestRedis_outage(t *testing.T) {
	t.Parallel()
	server := sessiontest.StartRedis(t)
	g := newGateway(t, server.Database(), sessiontest.NewClock())
	release, claimed, err := g.Claim(t.Context(), "in hand", time.Minute)
	g.create(t, key(1), g.record())
	g.mustLoad(t, key(1))
	for range 2 {
		server.Stop()
		for range 10 { // more failures than the client has connections: it stops to try with each request
			wantAway(t, g, "of a server that is away")
		}
		if claimed && err == nil {
			release() // it can only be logged
		}
		server.Start()
		back := time.Now()
		await(t, "the store is back", func() bool {
			_, err := g.Load(t.Context(), key(1))
			return errors.Is(err, session.ErrNone)
		})
		t.Logf("back %v after the server", time.Since(back))
		g.create(t, key(1), g.record())
		g.mustLoad(t, key(1))
	}
	if !strings.Contains(g.log.String(), "claim lasts until its lease ends") {
		t.Error("a claim that cannot be given back is not logged")
	}
}

// Managed servers rename commands, and name the arguments in what they answer then.
func TestRedis_doesNotShowItsPassword(t *testing.T) {
	t.Parallel()
	const password = "redis-password-0123456789"
	withPassword := func(addr string) string { return "redis://:" + password + "@" + addr }
	for name, args := range map[string][]string{
		"with another password":  {"--requirepass", "another"},
		"without HELLO and AUTH": {"--requirepass", "another", "--rename-command", "HELLO", "", "--rename-command", "AUTH", ""},
	} {
		server := sessiontest.StartRedis(t, args...)
		g := newGateway(t, withPassword(server.Addr), sessiontest.NewClock())
		wantAway(t, g, "of a server "+name, password, "access-of-ann")
	}
	server := sessiontest.StartRedis(t, "--requirepass", password)
	g := newGateway(t, withPassword(server.Addr), sessiontest.NewClock())
	g.create(t, key(1), g.record())
	g.mustLoad(t, key(1))
}
