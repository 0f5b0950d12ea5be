package login_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/login"
	"storefront/gateway/internal/session"
	"storefront/gateway/internal/session/sessiontest"
	"storefront/shared/auth"
	"storefront/shared/config"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// shop is a gateway that signs people in with an identity server of its own. Beside the routes of login it has /token, which
// answers with the token that would be relayed; with ?renew, after the service has refused it.
type shop struct {
	*httptest.Server
	id    *identity
	store *fallible
	clock *sessiontest.Clock
	// revoked is what the identity server has taken back; nil is nothing.
	revoked atomic.Pointer[func(auth.Principal, time.Time) bool]
}

// fallible is a memory store that can be made to fail.
type fallible struct {
	session.Store
	down atomic.Bool
}

var errDown = fmt.Errorf("%w: it is down", session.ErrAway)

func (f *fallible) Load(ctx context.Context, k session.Key) (session.Record, error) {
	if f.down.Load() {
		return session.Record{}, errDown
	}
	return f.Store.Load(ctx, k)
}

func (f *fallible) Delete(ctx context.Context, k session.Key) error {
	if f.down.Load() {
		return errDown
	}
	return f.Store.Delete(ctx, k)
}

func newShop(t testing.TB, change ...func(*login.Config)) *shop {
	t.Helper()
	clock := sessiontest.NewClock()
	s := &shop{id: newIdentity(t, clock.Now), clock: clock}
	s.store = &fallible{Store: session.NewMemory(session.DefaultLimit, session.DefaultLifetimes.Idle, clock.Now)}
	r, err := server.New(server.Config{Log: server.NewLogger(io.Discard, "error", "json")})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(r)
	t.Cleanup(s.Close)
	self, inside := mustParse(t, s.URL), mustParse(t, s.id.URL)
	cfg := login.Config{
		FusionAuthURL: inside, FusionAuthPublicURL: inside, Issuer: s.id.URL, ClientID: clientID, ClientSecret: config.Fixed(clientSecret),
		Scopes: []string{"openid", "offline_access"}, IDTokenAlgs: []string{"RS256", "ES256"},
		GatewayURL: self, Secret: config.Fixed(config.Secret(strings.Repeat("s", 32))), Store: s.store, Verifier: s.id.verifier(t),
		Lifetime: session.DefaultLifetimes.Absolute, Now: clock.Now,
		Revoked: func(p auth.Principal, since time.Time) bool {
			revoked := s.revoked.Load()
			return revoked != nil && (*revoked)(p, since)
		},
		Pages: login.Pages{
			ConfirmLogout: func(c *gin.Context) { c.String(http.StatusOK, "sure?") },
			Loop: func(c *gin.Context, loop login.Loop) {
				c.String(http.StatusTooManyRequests, "%s %s %s", loop.Cause, loop.Again, loop.Else)
			},
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	l, err := login.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Use(session.Sessions(cfg.Store, cfg.Secure))
	l.Mount(r, func(*gin.Context) {})
	r.GET("/token", l.Require, func(c *gin.Context) {
		token, err := l.Token(c, c.Query("renew") != "")
		if err != nil {
			problem.Respond(c, http.StatusTeapot, err.Error(), nil)
			return
		}
		c.String(http.StatusOK, token)
	})
	r.Any("/sessions", sessionsOf(l))
	return s
}

func mustParse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// browser keeps cookies and follows no redirect by itself.
type browser struct {
	t testing.TB
	*http.Client
	base string
}

func (s *shop) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: s.URL, Client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response whose body has been read.
type answer struct {
	*http.Response
	text string
}

func (a answer) location() string { return a.Header.Get("Location") }

func (b *browser) get(target string, header ...string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, target, header...)
}

func (b *browser) do(method, target string, header ...string) answer {
	b.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.base + target
	}
	req, err := http.NewRequest(method, target, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res, string(text)}
}

// approach goes as far as the callback's address, without opening it.
func (b *browser) approach(returnTo string) (callback string) {
	b.t.Helper()
	start := b.get("/login?" + url.Values{"return_to": {returnTo}}.Encode())
	if start.StatusCode != http.StatusFound {
		b.t.Fatalf("/login = %d %s", start.StatusCode, start.text)
	}
	return b.get(start.location()).location()
}

// signIn signs in and gives the answer of the callback.
func (b *browser) signIn(returnTo string) answer {
	b.t.Helper()
	return b.get(b.approach(returnTo))
}

func (b *browser) mustSignIn() {
	b.t.Helper()
	if res := b.signIn("/"); res.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("callback = %d %s", res.StatusCode, res.text)
	}
}

func (b *browser) sessionID() string {
	for _, c := range b.Jar.Cookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(b.base, "http://"), Path: "/"}) {
		if c.Name == "fa.gw.sid" {
			return c.Value
		}
	}
	return ""
}

func (b *browser) plant(name, value string) {
	b.Jar.SetCookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(b.base, "http://"), Path: "/"}, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// drop takes a cookie out of the jar.
func (b *browser) drop(name string) {
	b.Jar.SetCookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(b.base, "http://"), Path: "/"}, []*http.Cookie{{Name: name, MaxAge: -1, Path: "/"}})
}
