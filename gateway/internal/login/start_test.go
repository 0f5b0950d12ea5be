package login_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/login"
)

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

// Of two session cookies one may have been planted by a neighbour on this host: neither counts, and signing out ends both.
func TestSession_twoCookies(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	real := "fa.gw.sid=" + b.sessionID()
	bare := s.browser(t)
	for _, cookies := range []string{"fa.gw.sid=planted; " + real, real + "; fa.gw.sid=planted"} {
		if res := bare.get("/me", "Cookie", cookies); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("/me with two cookies = %d, want 401", res.StatusCode)
		}
	}
	bare.do(http.MethodPost, "/logout", "Cookie", "fa.gw.sid=planted; "+real)
	if res := b.get("/me"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("/me after signing out = %d, want 401", res.StatusCode)
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
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || !strings.Contains(res.text, "identity-unavailable") {
		t.Errorf("/login = %d %s, want 503 identity-unavailable with Retry-After", res.StatusCode, res.text)
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
