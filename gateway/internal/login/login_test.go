package login_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/login"
	"storefront/gateway/internal/session"
	"storefront/gateway/internal/session/sessiontest"
	"storefront/shared/auth"
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
}

// fallible is a memory store that can be made to fail.
type fallible struct {
	session.Store
	down atomic.Bool
}

var errDown = errors.New("store is down")

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
	s.store = &fallible{Store: session.NewMemory(session.DefaultLimit, clock.Now)}
	r, err := server.New(server.Config{Log: server.NewLogger(io.Discard, "error", "json")})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(r)
	t.Cleanup(s.Close)
	self, inside := mustParse(t, s.URL), mustParse(t, s.id.URL)
	cfg := login.Config{
		FusionAuthURL: inside, FusionAuthPublicURL: inside, Issuer: s.id.URL, ClientID: clientID, ClientSecret: clientSecret,
		Scopes: []string{"openid", "offline_access"}, IDTokenAlgs: []string{"RS256", "ES256"},
		GatewayURL: self, Secret: []byte(strings.Repeat("s", 32)), Store: s.store, Verifier: s.id.verifier(t),
		ConfirmLogout: func(c *gin.Context) { c.String(http.StatusOK, "sure?") }, Now: clock.Now,
	}
	for _, f := range change {
		f(&cfg)
	}
	l, err := login.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Use(session.Sessions(s.store, cfg.Secure))
	l.Mount(r)
	r.GET("/token", l.Require, func(c *gin.Context) {
		token, err := l.Token(c, c.Query("renew") != "")
		if err != nil {
			problem.Respond(c, http.StatusTeapot, err.Error(), nil)
			return
		}
		c.String(http.StatusOK, token)
	})
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

func TestLogin_signsIn(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	seen := map[string]bool{}
	for range 3 {
		start := b.get("/login?return_to=/x%3Fy=z", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example")
		q := mustParse(t, start.location()).Query()
		if got := q.Get("redirect_uri"); got != s.URL+"/oauth-redirect" {
			t.Errorf("redirect_uri = %s", got)
		}
		if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("client_id") != clientID {
			t.Errorf("authorization request = %v", q)
		}
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if len(q.Get(name)) < 26 || seen[q.Get(name)] { // 26 letters of base32 are 128 bits
				t.Errorf("%s = %q, want a new one of 128 bits", name, q.Get(name))
			}
			seen[q.Get(name)] = true
		}
	}
	res := b.signIn("/branches/1/products?x=y")
	if res.StatusCode != http.StatusSeeOther || res.location() != "/branches/1/products?x=y" {
		t.Fatalf("callback = %d to %q, want 303 to where the login began", res.StatusCode, res.location())
	}
	for _, c := range res.Cookies() {
		if c.Name == "fa.gw.sid" && (!c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 43) {
			t.Errorf("session cookie = %+v", c)
		}
	}
	var me struct {
		ID, Name, Email string
		Roles           []string
		Expires         time.Time `json:"session_expires_at"`
	}
	if err := json.Unmarshal([]byte(b.get("/me").text), &me); err != nil {
		t.Fatal(err)
	}
	if me.ID != subject || me.Name != "Customer Example" || me.Email != "customer@example.com" || len(me.Roles) != 1 || me.Roles[0] != "customer" || me.Expires.Before(s.clock.Now()) {
		t.Errorf("/me = %+v", me)
	}
	if got := b.get("/me").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("/me: Cache-Control %q", got)
	}
}

func TestLogin_cookiesBehindHTTPS(t *testing.T) {
	t.Parallel()
	s := newShop(t, func(c *login.Config) {
		c.Secure, c.GatewayURL = true, &url.URL{Scheme: "https", Host: "shop.example.com"}
	})
	res := s.browser(t).get("/login?moved=1")
	if len(res.Cookies()) == 0 {
		t.Fatal("no cookie")
	}
	for _, c := range res.Cookies() {
		if !c.Secure || !strings.HasPrefix(c.Name, "__Host-fa.gw.login.") || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie = %+v", c)
		}
	}
	if got := mustParse(t, res.location()).Query().Get("redirect_uri"); got != "https://shop.example.com/oauth-redirect" {
		t.Errorf("redirect_uri = %s", got)
	}
}

// ASVS 7.2.4: an id that was planted before the login is worth nothing after it, nor is the id of the login before.
func TestLogin_renewsTheSessionID(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.plant("fa.gw.sid", "planted-by-an-attacker")
	b.mustSignIn()
	first := b.sessionID()
	if first == "planted-by-an-attacker" {
		t.Fatal("the planted id was adopted")
	}
	b.mustSignIn()
	if b.sessionID() == first {
		t.Error("the second login kept the id of the first")
	}
	for _, old := range []string{"planted-by-an-attacker", first} {
		other := s.browser(t)
		other.plant("fa.gw.sid", old)
		if res := other.get("/me"); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("old id: %d, want 401", res.StatusCode)
		}
	}
}

func TestLogin_returnsOnlyToThisHost(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, target := range []string{
		"//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, `/\/evil.example`, "https://evil.example", "https:evil.example", "http:/evil.example",
		"javascript:alert(1)", "data:text/html,x", "/\t/evil.example", "/\n/evil.example", "/\r\nSet-Cookie: a=b", "\t//evil.example", " //evil.example", "/%09/evil.example",
		"/%5cevil.example", "/%2f/evil.example", "/.//evil.example", "/..//evil.example", "/a/..//evil.example", "evil.example", "@evil.example", ".evil.example", "",
		"/;@evil.example", "/\x00", "/ü", "?x", "#x", "/#//evil.example", "//", "/./x", "ht\ntps://evil.example", "／／evil.example",
	} {
		if res := s.browser(t).signIn(target); res.StatusCode != http.StatusSeeOther || res.location() != "/" {
			t.Errorf("return_to %q leads to %d %q, want 303 to /", target, res.StatusCode, res.location())
		}
	}
	for _, target := range []string{"/", "/products", "/products/7?q=a%20b&c=//d", "/branches/1/products", "/@evil.example"} {
		if res := s.browser(t).signIn(target); res.location() != target {
			t.Errorf("return_to %q leads to %q", target, res.location())
		}
	}
}

func TestLogin_onAnotherHostNameGoesHomeOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	other := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	res := b.get(other + "/login?return_to=/products")
	if res.StatusCode != http.StatusFound || !strings.HasPrefix(res.location(), s.URL+"/login?") || len(res.Cookies()) != 0 {
		t.Fatalf("= %d to %s with %v, want a redirect to GATEWAY_URL", res.StatusCode, res.location(), res.Cookies())
	}
	// A proxy that rewrites Host would show the same foreign name again: no loop.
	again := b.get(strings.Replace(res.location(), s.URL, other, 1))
	if !strings.HasPrefix(again.location(), s.id.URL) {
		t.Errorf("second time: to %s, want the identity server", again.location())
	}
	if got := b.get(b.get(b.get(res.location()).location()).location()); got.location() != "/products" {
		t.Errorf("return path is lost on the way: %s", got.location())
	}
}

func TestLogin_tabsDoNotFight(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	var callbacks []string
	for range 10 {
		s.clock.Advance(time.Second)
		callbacks = append(callbacks, b.approach("/products"))
	}
	for i, callback := range callbacks {
		if res := b.get(callback); res.StatusCode != http.StatusSeeOther || res.location() != "/products" {
			t.Errorf("tab %d: %d to %s", i, res.StatusCode, res.location())
		}
	}
}

func TestLogin_attemptsAreBounded(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	first := b.approach("/products")
	for range 30 {
		s.clock.Advance(time.Second)
		b.get("/login")
	}
	attempts := 0
	for _, c := range b.Jar.Cookies(mustParse(t, s.URL)) {
		if strings.HasPrefix(c.Name, "fa.gw.login.") {
			attempts++
		}
	}
	if attempts != 10 {
		t.Errorf("%d attempts in one browser, want 10", attempts)
	}
	if res := b.get(first); res.StatusCode != http.StatusFound || !strings.HasPrefix(res.location(), "/login?") {
		t.Errorf("the oldest attempt: %d to %s, want a fresh login", res.StatusCode, res.location())
	}
}

func TestLogin_identityServerAway(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.id.Close()
	res := s.browser(t).get("/login")
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("/login = %d %s, want 503 with Retry-After", res.StatusCode, res.text)
	}
}

func TestLogin_recoversWithoutRestart(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.id.tell(lie{discovery: func(doc map[string]any) { doc["issuer"] = "https://acme.com" }})
	if res := s.browser(t).get("/login"); res.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("another issuer: %d, want 503", res.StatusCode)
	}
	s.id.tell(lie{})
	s.browser(t).mustSignIn()
}

// 200 requests that want a token at the moment when it ends: one exchange, and all get the new one (oauth2-proxy#1992).
func TestRefresh_onceForAll(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	before := b.get("/token").text
	s.clock.Advance(9*time.Minute + 30*time.Second)
	var all sync.WaitGroup
	tokens := make([]string, 200)
	for n := range tokens {
		all.Go(func() {
			if res := b.get("/token"); res.StatusCode == http.StatusOK {
				tokens[n] = res.text
			}
		})
	}
	all.Wait()
	for n, token := range tokens {
		if token == "" || token == before || token != tokens[0] {
			t.Fatalf("request %d relays %.20q, want the one new token", n, token)
		}
	}
	if got := s.id.refreshes.Load(); got != 1 {
		t.Errorf("%d refreshes, want 1", got)
	}
}

func TestRefresh_keepsUsersSignedInForHours(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	for range 20 {
		s.clock.Advance(30 * time.Minute)
		if res := b.get("/token"); res.StatusCode != http.StatusOK {
			t.Fatalf("at %v: %d", s.clock.Now(), res.StatusCode)
		}
	}
	s.clock.Advance(2 * time.Hour)
	if res := b.get("/token"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("past the absolute end: %d, want 401", res.StatusCode)
	}
}

func TestRefresh_failures(t *testing.T) {
	t.Parallel()
	refuse := func(status int, code string) func(http.ResponseWriter, map[string]any) bool {
		return func(w http.ResponseWriter, _ map[string]any) bool {
			writeJSON(w, status, map[string]string{"error": code})
			return true
		}
	}
	tests := []struct {
		name           string
		refresh        func(http.ResponseWriter, map[string]any) bool
		access         map[string]any
		before, after  int // status while the old token is valid, and once it has ended
		sessionIsEnded bool
	}{
		{"invalid_grant ends the session", refuse(400, "invalid_grant"), nil, 401, 401, true},
		{"an outage serves the old token, then 503", refuse(503, ""), nil, 200, 503, false},
		{"an answer that is no token response", func(w http.ResponseWriter, _ map[string]any) bool { _, _ = w.Write([]byte("<html>")); return true }, nil, 200, 503, false},
		{"a refused client does not sign users out", refuse(401, "invalid_client"), nil, 200, 503, false},
		{"a token of another user", nil, map[string]any{"sub": "somebody-else"}, 200, 503, false},
		{"a token of another application", nil, map[string]any{"aud": "another", "applicationId": "another"}, 200, 503, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.browser(t)
			b.mustSignIn()
			s.id.tell(lie{refresh: tt.refresh, access: tt.access})
			s.clock.Advance(9*time.Minute + 30*time.Second)
			if res := b.get("/token"); res.StatusCode != tt.before {
				t.Errorf("before the old token ends: %d %s, want %d", res.StatusCode, res.text, tt.before)
			}
			s.clock.Advance(2 * time.Minute)
			res := b.get("/token")
			if res.StatusCode != tt.after || (tt.after == 503) != (res.Header.Get("Retry-After") != "") {
				t.Errorf("after it: %d %v, want %d", res.StatusCode, res.Header, tt.after)
			}
			s.id.tell(lie{})
			s.clock.Advance(time.Minute)
			if res := b.get("/token"); (res.StatusCode == http.StatusUnauthorized) != tt.sessionIsEnded {
				t.Errorf("once all is well: %d, want ended: %v", res.StatusCode, tt.sessionIsEnded)
			}
		})
	}
}

func TestRefresh_outageIsNotWaitedForByEveryRequest(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	s.id.tell(lie{refresh: func(w http.ResponseWriter, _ map[string]any) bool { w.WriteHeader(http.StatusBadGateway); return true }})
	s.clock.Advance(9*time.Minute + 30*time.Second)
	for range 10 {
		if res := b.get("/token"); res.StatusCode != http.StatusOK {
			t.Fatalf("= %d, want the old token", res.StatusCode)
		}
	}
	if got := s.id.refreshes.Load(); got != 1 {
		t.Errorf("%d exchanges within a moment of an outage, want 1", got)
	}
}

func TestRefresh_withoutRefreshToken(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.id.tell(lie{answer: func(_ http.ResponseWriter, body map[string]any) bool { delete(body, "refresh_token"); return false }})
	b := s.browser(t)
	b.mustSignIn()
	s.clock.Advance(9*time.Minute + 30*time.Second)
	if res := b.get("/token"); res.StatusCode != http.StatusOK {
		t.Errorf("while the token is valid: %d, want 200", res.StatusCode)
	}
	s.clock.Advance(time.Minute)
	if res := b.get("/token"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after it: %d, want 401", res.StatusCode)
	}
}

func TestRefresh_whenAServiceRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	before := b.get("/token").text
	if after := b.get("/token?renew=1"); after.StatusCode != http.StatusOK || after.text == before {
		t.Errorf("renewed = %d, the same token: %v", after.StatusCode, after.text == before)
	}
	if got := s.id.refreshes.Load(); got != 1 {
		t.Errorf("%d refreshes, want 1", got)
	}
}

func TestRequire(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	bearer := s.id.tokens.UserToken(t, map[string]any{"iss": s.id.URL, "roles": []string{"admin"}})
	page := []string{"Accept", "text/html,application/xhtml+xml"}
	tests := []struct {
		name   string
		method string
		header []string
		cookie string
		status int
		want   string // Location or body begins with
	}{
		{"nobody, an API client", "GET", nil, "", 401, ""},
		{"nobody, */*", "GET", []string{"Accept", "*/*"}, "", 401, ""},
		{"nobody, a browser's visit", "GET", page, "", 302, "/login?return_to=%2Fme"},
		{"nobody, a script of a page", "GET", append(page, "Sec-Fetch-Mode", "cors"), "", 401, ""},
		{"a cookie of no session", "GET", nil, "garbage", 401, ""},
		{"a cookie of no session, a browser's visit", "GET", page, "garbage", 302, "/login"},
		{"Bearer", "GET", []string{"Authorization", "Bearer " + bearer}, "", 200, `{"id":"` + subject},
		{"bearer in lower case", "GET", []string{"Authorization", "bearer " + bearer}, "", 200, `{"id":"` + subject},
		{"Bearer garbage", "GET", []string{"Authorization", "Bearer garbage"}, "", 401, ""},
		{"Basic", "GET", []string{"Authorization", "Basic " + bearer}, "", 401, ""},
		{"Bearer of a gateway token", "GET", []string{"Authorization", "Bearer " + s.id.tokens.GatewayToken(t, "catalog", auth.Target{})}, "", 401, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := s.browser(t)
			if tt.cookie != "" {
				b.plant("fa.gw.sid", tt.cookie)
			}
			res := b.do(tt.method, "/me", tt.header...)
			got := res.text
			if tt.status == http.StatusFound {
				got = res.location()
			}
			if res.StatusCode != tt.status || !strings.HasPrefix(got, tt.want) {
				t.Errorf("= %d %s, want %d %s", res.StatusCode, got, tt.status, tt.want)
			}
			if tt.status == http.StatusUnauthorized && !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("WWW-Authenticate = %q", res.Header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestRequire_storeAway(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	s.store.down.Store(true)
	for _, target := range []string{"/me", "/logout"} {
		res := b.get(target, "Accept", "text/html")
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
			t.Errorf("%s = %d, want 503 with Retry-After, never 401", target, res.StatusCode)
		}
	}
	s.store.down.Store(false)
	if res := b.get("/me"); res.StatusCode != http.StatusOK {
		t.Errorf("once the store is back: %d, want the session", res.StatusCode)
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b, other := s.browser(t), s.browser(t)
	b.mustSignIn()
	other.mustSignIn()
	id := b.sessionID()
	res := b.do(http.MethodPost, "/logout")
	want := s.id.URL + "/oauth2/logout?" + url.Values{"client_id": {clientID}, "post_logout_redirect_uri": {s.URL + "/"}}.Encode()
	if res.StatusCode != http.StatusSeeOther || res.location() != want {
		t.Errorf("POST /logout = %d to %s, want 303 to %s", res.StatusCode, res.location(), want)
	}
	if b.sessionID() != "" {
		t.Error("the cookie is still there")
	}
	thief := s.browser(t)
	thief.plant("fa.gw.sid", id)
	if res := thief.get("/me"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old cookie: %d, want 401", res.StatusCode)
	}
	if res := other.get("/me"); res.StatusCode != http.StatusOK {
		t.Errorf("another session: %d, want 200", res.StatusCode)
	}
	if got := s.id.revoked; len(got) != 1 || got[0] != "refresh" {
		t.Errorf("revoked = %v, want the session's refresh token", got)
	}
	if res := b.do(http.MethodPost, "/logout"); res.StatusCode != http.StatusSeeOther || res.location() != "/" {
		t.Errorf("nobody's logout = %d to %s, want 303 to /", res.StatusCode, res.location())
	}
}

func TestLogout_byLink(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for site, ends := range map[string]bool{"": true, "none": true, "same-origin": true, "same-site": false, "cross-site": false} {
		b := s.browser(t)
		b.mustSignIn()
		res := b.get("/logout", "Sec-Fetch-Site", site)
		if asked := res.StatusCode == http.StatusOK && res.text == "sure?"; asked == ends {
			t.Errorf("Sec-Fetch-Site %q: %d %s", site, res.StatusCode, res.text)
		}
		if gone := b.get("/me").StatusCode == http.StatusUnauthorized; gone != ends {
			t.Errorf("Sec-Fetch-Site %q: signed out %v, want %v", site, gone, ends)
		}
	}
}

func TestLogout_identityServerAway(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	s.id.Close()
	if res := b.do(http.MethodPost, "/logout"); res.StatusCode != http.StatusSeeOther {
		t.Errorf("= %d, want 303: signing out here needs nobody", res.StatusCode)
	}
	if res := b.get("/me"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("/me = %d, want 401", res.StatusCode)
	}
}

func TestLogout_frontChannel(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	for range 2 {
		if res := b.get("/logout/frontchannel", "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusOK || res.location() != "" {
			t.Errorf("= %d to %q, want 200 and no redirect", res.StatusCode, res.location())
		}
	}
	if res := b.get("/me"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("/me = %d, want 401", res.StatusCode)
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	if _, err := login.New(login.Config{}); err == nil {
		t.Error("New of nothing = nil error")
	}
}
