package session_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"storefront/gateway/internal/session"
	"storefront/gateway/internal/session/sessiontest"
	"storefront/shared/config"
)

const (
	secret     = config.Secret("session-secret-0123456789abcdefghij")
	nextSecret = config.Secret("another-secret-0123456789abcdefghij")
)

// journal is a log that tests read.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// gateway is one store and what stands behind it.
type gateway struct {
	*session.Redis
	url    string
	client *redis.Client
	clock  *sessiontest.Clock
	log    *journal
}

func connect(t testing.TB, url string) *redis.Client {
	t.Helper()
	client, err := session.OpenRedis(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func newGateway(t testing.TB, url string, clock *sessiontest.Clock, change ...func(*session.RedisConfig)) *gateway {
	t.Helper()
	g := &gateway{url: url, client: connect(t, url), clock: clock, log: &journal{}}
	cfg := session.RedisConfig{
		Client: g.client, Secret: config.Fixed(secret), Idle: session.DefaultLifetimes.Idle,
		Log: slog.New(slog.NewTextHandler(g.log, nil)), Now: clock.Now,
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if g.Redis, err = session.NewRedis(cfg); err != nil {
		t.Fatal(err)
	}
	return g
}

// replica is another gateway with the same backend.
func (g *gateway) replica(t testing.TB, change ...func(*session.RedisConfig)) *gateway {
	t.Helper()
	return newGateway(t, g.url, g.clock, change...)
}

func sealsWith(values ...config.Secret) func(*session.RedisConfig) {
	return func(cfg *session.RedisConfig) { cfg.Secret = config.Fixed(values...) }
}

func (g *gateway) record() session.Record {
	now := g.clock.Now()
	return session.Record{
		Subject: "subject-of-ann", Name: "name-of-ann", Email: "ann@example.com", SessionID: "sid-of-ann", Since: now,
		AccessToken: "access-of-ann", AccessExpires: now.Add(time.Hour), RefreshAt: now.Add(time.Hour), RefreshToken: "refresh-of-ann",
		Expires: now.Add(session.DefaultLifetimes.Absolute),
	}
}

func (g *gateway) create(t testing.TB, k session.Key, r session.Record) {
	t.Helper()
	if err := g.Create(t.Context(), k, r); err != nil {
		t.Fatalf("Create = %v", err)
	}
}

func (g *gateway) mustLoad(t testing.TB, k session.Key) session.Record {
	t.Helper()
	r, err := g.Load(t.Context(), k)
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	return r
}

func redisKey(k session.Key) string {
	return "storefront:session:" + base64.RawURLEncoding.EncodeToString(k[:])
}

func userKey(subject string) string {
	sum := sha256.Sum256([]byte(subject))
	return "storefront:user:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestRedis(t *testing.T) {
	t.Parallel()
	server := sessiontest.StartRedis(t)
	t.Run("suite", func(t *testing.T) {
		sessiontest.Run(t, func(t *testing.T, clock *sessiontest.Clock) session.Store {
			return newGateway(t, server.Database(), clock)
		})
	})
	t.Run("replicas", func(t *testing.T) {
		sessiontest.RunReplicas(t, func(t *testing.T, clock *sessiontest.Clock) (one, other session.Store) {
			url := server.Database()
			return newGateway(t, url, clock), newGateway(t, url, clock)
		})
	})
	for name, test := range map[string]func(*testing.T, *gateway){
		"shows nothing to a reader of the server":           showsNothing,
		"refuses a record that does not open":               refusesUnreadable,
		"keeps a newer release's record":                    keepsNewer,
		"reads what format 1 is":                            readsFormatOne,
		"opens with all secrets, seals with the first":      rotates,
		"does not take another's session for the user's":    refusesForeignMember,
		"forgets by the server's own clock":                 forgetsByItself,
		"renews the idle end, and writes seldom":            renewsSeldom,
		"does not live past the absolute end on the server": neverOutlives,
		"drops dead sessions from the index":                prunes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newGateway(t, server.Database(), sessiontest.NewClock()))
		})
	}
}

func TestRedis_wantsItsConfig(t *testing.T) {
	t.Parallel()
	client := connect(t, "redis://127.0.0.1:1")
	whole := session.RedisConfig{Client: client, Secret: config.Fixed(secret), Idle: time.Hour, Log: slog.New(slog.DiscardHandler)}
	if _, err := session.NewRedis(whole); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*session.RedisConfig){
		"no client":      func(c *session.RedisConfig) { c.Client = nil },
		"no secret":      func(c *session.RedisConfig) { c.Secret = config.Rotating{} },
		"a short secret": func(c *session.RedisConfig) { c.Secret = config.Fixed("short-secret") },
		"no idle end":    func(c *session.RedisConfig) { c.Idle = 0 },
		"no log":         func(c *session.RedisConfig) { c.Log = nil },
	} {
		cfg := whole
		change(&cfg)
		if _, err := session.NewRedis(cfg); err == nil || strings.Contains(err.Error(), "short-secret") {
			t.Errorf("NewRedis with %s = %v, want a refusal that does not show the secret", name, err)
		}
	}
}
