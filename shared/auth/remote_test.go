package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// clock is a time that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time          { return noon.Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// remote is a key set behind HTTP, seen through a clock.
type remote struct {
	*authtest.Publisher
	auth.KeySet
	clock
}

func newRemote(t testing.TB, keys ...auth.Key) *remote {
	t.Helper()
	r := &remote{Publisher: authtest.Publish(t, keys...)}
	r.KeySet = auth.RemoteKeys(auth.At(r.URL), auth.RemoteConfig{Now: r.Now})
	return r
}

// knows reports whether a token of this kid would find a key.
func (r *remote) knows(t testing.TB, kid string) bool {
	t.Helper()
	keys, err := r.Keys(t.Context(), kid)
	if err != nil {
		t.Errorf("Keys(%s) = %v", kid, err)
	}
	return len(keys) > 0
}

func (r *remote) wantHits(t testing.TB, want int64, after string) {
	t.Helper()
	if got := r.Hits(); got != want {
		t.Errorf("%s: the set was asked for %d times, want %d", after, got, want)
	}
}

// await waits for what another goroutine is about to do.
func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// held makes the publisher wait with its next answers until the test lets it go on. asked says that it was asked.
func (r *remote) held(t testing.TB, keys ...auth.Key) (asked <-chan struct{}, release func()) {
	t.Helper()
	set := authtest.JWKS(t, keys...)
	ask, gate := make(chan struct{}, 100), make(chan struct{})
	r.Answer(func(w http.ResponseWriter, _ *http.Request) {
		ask <- struct{}{}
		<-gate
		_, _ = fmt.Fprint(w, set)
	})
	release = sync.OnceFunc(func() { close(gate) })
	t.Cleanup(release)
	return ask, release
}

func TestRemoteKeys_asksOnce(t *testing.T) {
	t.Parallel()
	key := authtest.NewKey(t, "ES256", "k").Key
	r := newRemote(t, key)
	if r.knows(t, "") {
		t.Error("no kid is the name of a key")
	}
	r.wantHits(t, 0, "before the first token with a kid")
	for range 2 {
		if !r.knows(t, "k") || r.knows(t, "") || r.knows(t, "K") {
			t.Error("not exactly k is known")
		}
	}
	r.wantHits(t, 1, "after the first tokens")
}

func TestRemoteKeys_concurrentCallersShareOneFetch(t *testing.T) {
	t.Parallel()
	key := authtest.NewKey(t, "ES256", "k").Key
	r := newRemote(t)
	asked, release := r.held(t, key)

	impatient, giveUp := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := r.Keys(impatient, "k")
		left <- err
	}()
	<-asked
	var others sync.WaitGroup
	for range 50 {
		others.Go(func() {
			if !r.knows(t, "k") {
				t.Error("a caller who waited has no key")
			}
		})
	}
	giveUp() // it was its request that began the fetch
	if err := <-left; !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("Keys of a cancelled request = %v", err)
	}
	release()
	others.Wait()
	r.wantHits(t, 1, "after 51 callers at once")
}

// R7: whoever invents kids cannot make us ask for each of them.
func TestRemoteKeys_unknownKidsCostOneFetchPerPause(t *testing.T) {
	t.Parallel()
	r := newRemote(t, authtest.NewKey(t, "ES256", "k").Key)
	if !r.knows(t, "k") {
		t.Fatal("k is not known")
	}
	storm := func() {
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for j := range 100 {
					if r.knows(t, fmt.Sprintf("unknown-%d-%d", i, j)) {
						t.Error("an invented kid has a key")
					}
				}
			})
		}
		all.Wait()
	}
	storm()
	r.wantHits(t, 1, "a storm right after the first fetch")
	for n := int64(2); n < 5; n++ {
		r.advance(auth.UnknownPause - 1)
		storm()
		r.wantHits(t, n-1, "a storm before the pause is over")
		r.advance(1)
		storm()
		r.wantHits(t, n, "a storm after the pause")
	}
}

// A key that is published before it signs, or signs at once, is found when its first token comes; one that was taken
// back is gone.
func TestRemoteKeys_rotation(t *testing.T) {
	t.Parallel()
	first, second := authtest.NewKey(t, "ES256", "first").Key, authtest.NewKey(t, "EdDSA", "second").Key
	r := newRemote(t, first)
	if !r.knows(t, "first") {
		t.Fatal("the first key is not known")
	}
	r.Set(t, first, second)
	r.advance(auth.UnknownPause)
	if !r.knows(t, "second") || !r.knows(t, "first") {
		t.Error("a new key is not found, or the old one is lost")
	}
	r.Set(t, second)
	r.advance(auth.DefaultFresh)
	await(t, "the renewed set", func() bool { return !r.knows(t, "first") })
	r.wantHits(t, 3, "after two rotations")
}

func TestRemoteKeys_renewsInTheBackground(t *testing.T) {
	t.Parallel()
	old, next := authtest.NewKey(t, "ES256", "old").Key, authtest.NewKey(t, "ES256", "next").Key
	r := newRemote(t, old)
	if !r.knows(t, "old") {
		t.Fatal("the key is not known")
	}
	asked, release := r.held(t, next)
	r.advance(auth.DefaultFresh - 1)
	if !r.knows(t, "old") {
		t.Error("a fresh key is not known")
	}
	r.wantHits(t, 1, "while the set is fresh")
	r.advance(1)
	for range 100 {
		if !r.knows(t, "old") {
			t.Error("the old key does not serve while the set is renewed")
		}
	}
	if <-asked; !auth.Renewing(r.KeySet) {
		t.Error("somebody has waited for the host")
	}
	release()
	await(t, "the renewed set", func() bool { return !r.knows(t, "old") })
	r.wantHits(t, 2, "after one renewal")
}

// After a quiet night the first token waits for the set: a key may have been taken back since.
func TestRemoteKeys_doesNotTrustVeryOldKeys(t *testing.T) {
	t.Parallel()
	r := newRemote(t, authtest.NewKey(t, "ES256", "stolen").Key)
	if !r.knows(t, "stolen") {
		t.Fatal("the key is not known")
	}
	r.Set(t, authtest.NewKey(t, "ES256", "fresh").Key)
	r.advance(12 * time.Hour)
	if r.knows(t, "stolen") {
		t.Error("a key that is no longer published still serves")
	}
}

// Once a host has failed, nobody waits for it who has a key.
func TestRemoteKeys_hostIsSlowAfterAFailure(t *testing.T) {
	t.Parallel()
	key := authtest.NewKey(t, "ES256", "k").Key
	r := newRemote(t, key)
	if !r.knows(t, "k") {
		t.Fatal("the key is not known")
	}
	r.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	r.advance(time.Hour)
	_ = r.knows(t, "k")
	asked, release := r.held(t, key)
	r.advance(time.Hour)
	for range 100 {
		if !r.knows(t, "k") {
			t.Error("the key is lost")
		}
	}
	if <-asked; !auth.Renewing(r.KeySet) {
		t.Error("somebody has waited for the host")
	}
	release()
}

// badAnswers are the ways in which a host does not publish a usable set.
func badAnswers(t *testing.T) map[string]http.HandlerFunc {
	t.Helper()
	evil := authtest.JWKS(t, authtest.NewKey(t, "ES256", "evil").Key)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, evil) }))
	t.Cleanup(elsewhere.Close)
	say := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, text)
		}
	}
	return map[string]http.HandlerFunc{
		"500":            say(500, evil),
		"404":            say(404, evil),
		"204":            say(204, ""),
		"203 with a set": say(203, evil),
		"nothing":        say(200, ""),
		"HTML":           say(200, "<html>sign in to the proxy</html>"),
		"an empty set":   say(200, `{"keys":[]}`),
		"cut JSON":       say(200, evil[:len(evil)/2]),
		"over 256 KB":    say(200, strings.Replace(evil, "{", "{"+strings.Repeat(" ", 256<<10), 1)),
		"only secrets":   say(200, `{"keys":[{"kty":"oct","kid":"evil","alg":"HS256","k":"`+authtest.Encode(strings.Repeat("s", 32))+`"}]}`),
		"a redirect":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"a redirect 307": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"a cut answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			_, _ = fmt.Fprint(w, evil)
		},
		"a cut exchange": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"endless headers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 100<<10))
			_, _ = fmt.Fprint(w, evil)
		},
	}
}

func TestRemoteKeys_badAnswers(t *testing.T) {
	t.Parallel()
	for name, bad := range badAnswers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			r.Answer(bad)
			if keys, err := r.Keys(t.Context(), "evil"); !errors.Is(err, auth.ErrUnavailable) || len(keys) > 0 {
				t.Errorf("first fetch: Keys = %v, %v, want %v", keys, err, auth.ErrUnavailable)
			}
			r.Set(t, authtest.NewKey(t, "ES256", "k").Key)
			r.advance(auth.EmptyPause)
			if !r.knows(t, "k") {
				t.Fatal("the set is not fetched once it is good")
			}
			r.Answer(bad)
			r.advance(auth.DefaultFresh)
			for range 20 {
				if !r.knows(t, "k") {
					t.Fatal("the old key is lost")
				}
				r.advance(time.Hour)
			}
			await(t, "the failed fetch", func() bool { return r.Hits() > 2 })
			if keys, err := r.Keys(t.Context(), "evil"); !errors.Is(err, auth.ErrUnavailable) || len(keys) > 0 {
				t.Errorf("unknown kid while the set cannot be had: Keys = %v, %v, want %v", keys, err, auth.ErrUnavailable)
			}
		})
	}
}

// R6: a host that is down costs one attempt a second while there are no keys, and one in ten seconds afterwards.
func TestRemoteKeys_pausesBetweenAttempts(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	for n := int64(1); n < 4; n++ {
		for range 50 {
			if _, err := r.Keys(t.Context(), "k"); !errors.Is(err, auth.ErrUnavailable) {
				t.Fatalf("Keys = %v, want %v", err, auth.ErrUnavailable)
			}
		}
		r.wantHits(t, n, "within a second")
		r.advance(auth.EmptyPause)
	}
	r.Set(t, authtest.NewKey(t, "ES256", "k").Key)
	if !r.knows(t, "k") {
		t.Fatal("the set is not fetched once it is there")
	}
	r.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	r.advance(24 * time.Hour)
	before := r.Hits()
	for range 50 {
		if !r.knows(t, "k") {
			t.Fatal("the key is lost")
		}
		_, _ = r.Keys(t.Context(), "unknown")
	}
	r.wantHits(t, before+1, "within ten seconds of a failure")
}

// Each attempt that fails is one line of the log, with the reason.
func TestRemoteKeys_logsFailures(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	r := &remote{Publisher: authtest.Publish(t)}
	r.KeySet = auth.RemoteKeys(auth.At(r.URL), auth.RemoteConfig{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: r.Now})
	for range 20 {
		_, _ = r.Keys(t.Context(), "k")
	}
	r.advance(auth.EmptyPause)
	r.Set(t, authtest.NewKey(t, "ES256", "k").Key)
	if !r.knows(t, "k") || strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), "none of the 0 keys") {
		t.Errorf("log:\n%s", &log)
	}
}

func TestRemoteKeys_hostIsGone(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	keys := auth.RemoteKeys(auth.At(gone.URL), auth.RemoteConfig{})
	if _, err := keys.Keys(t.Context(), "k"); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("Keys = %v, want %v", err, auth.ErrUnavailable)
	}
}

// A host that takes the request and never answers is given up.
func TestRemoteKeys_hostHangs(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.Answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if _, err := r.Keys(t.Context(), "k"); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("Keys = %v, want %v", err, auth.ErrUnavailable)
	}
}

func TestRemoteKeys_maxAge(t *testing.T) {
	t.Parallel()
	for header, fresh := range map[string]time.Duration{
		"":                                    auth.DefaultFresh,
		"no-store":                            auth.DefaultFresh,
		"max-age=x":                           auth.DefaultFresh,
		"max-age=-1":                          auth.DefaultFresh,
		"s-maxage=60":                         auth.DefaultFresh,
		"max-age=0":                           30 * time.Second,
		"public, max-age=5":                   30 * time.Second,
		"public, Max-Age=90, must-revalidate": 90 * time.Second,
		"max-age=31536000":                    time.Hour,
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			set := authtest.JWKS(t, authtest.NewKey(t, "ES256", "k").Key)
			r.Answer(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", header)
				_, _ = fmt.Fprint(w, set)
			})
			known := func() bool { return r.knows(t, "k") }
			if !known() {
				t.Fatal("the key is not known")
			}
			r.advance(fresh - 1)
			if !known() || auth.Renewing(r.KeySet) {
				t.Error("the key is lost, or fetched again too early")
			}
			r.wantHits(t, 1, "just before the set is due")
			r.advance(1)
			await(t, "the renewal", func() bool { return known() && r.Hits() == 2 })
		})
	}
}

func TestRemoteKeys_trustsTheGivenRoots(t *testing.T) {
	t.Parallel()
	set := authtest.JWKS(t, authtest.NewKey(t, "ES256", "k").Key)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, set) }))
	t.Cleanup(server.Close)
	trusted := auth.RemoteKeys(auth.At(server.URL), auth.RemoteConfig{TLS: server.Client().Transport.(*http.Transport).TLSClientConfig})
	if keys, err := trusted.Keys(t.Context(), "k"); err != nil || len(keys) != 1 {
		t.Errorf("Keys = %v, %v", keys, err)
	}
	strange := auth.RemoteKeys(auth.At(server.URL), auth.RemoteConfig{})
	if _, err := strange.Keys(t.Context(), "k"); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("Keys from a host of an unknown authority = %v, want %v", err, auth.ErrUnavailable)
	}
}
