package main_test

import (
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	e2e "storefront/e2e"
	"storefront/e2e/internal/bench"
	"storefront/e2e/internal/stack"
	"storefront/shared/auth"
)

// rivals are HAProxy and nginx as `make bench` starts them, before services that keep what reaches them.
type rivals struct {
	values   map[string]string
	verifier *auth.Verifier // catalog's own

	mu   sync.Mutex
	last *http.Request
}

const (
	benchKey     = "of-the-benchmark-and-of-43-characters-in-all"
	relayedToken = "the-token-that-inventory-takes"
)

func startRivals(t *testing.T) *rivals {
	t.Helper()
	installed(t, "nginx", "nginx")
	installed(t, "haproxy", "haproxy")
	root, err := stack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	base, err := stack.FreeBase()
	if err != nil {
		t.Fatal(err)
	}
	r := &rivals{verifier: benchVerifier(t)}
	service := httptest.NewServer(r)
	t.Cleanup(service.Close)
	r.values = map[string]string{
		"ANSWER": bench.Answer, "CATALOG": e2e.HostOf(service.URL), "INVENTORY": e2e.HostOf(service.URL), "GATEWAY_ISSUER": "localhost:3000", "JWT_SIGNING_KEY": benchKey,
		"JWT_SIGNING_KEY_BASE64": base64.StdEncoding.EncodeToString([]byte(benchKey)), "USER_ISSUER": "http://localhost:9011", "CLIENT_ID": stack.ClientID, "USER_TOKEN": relayedToken,
	}
	for i, name := range []string{"BARE", "MINT_BARE", "MINT_CATALOG", "VERIFY_INVENTORY", "NGINX"} {
		r.values[name] = "127.0.0.1:" + strconv.Itoa(base+i)
	}
	programs := bench.Rivals{Configs: filepath.Join(root, "deploy", "bench"), Dir: t.TempDir(), Values: r.values}
	for _, start := range []func() (*bench.Rival, error){
		func() (*bench.Rival, error) { return programs.Nginx(t.Context(), "upstream.conf", "BARE") },
		func() (*bench.Rival, error) { return programs.Nginx(t.Context(), "nginx.conf", "NGINX") },
		func() (*bench.Rival, error) {
			return programs.HAProxy(t.Context(), "haproxy.cfg", "MINT_BARE", "MINT_CATALOG", "VERIFY_INVENTORY")
		},
	} {
		rival, err := start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(rival.Stop)
	}
	return r
}

func benchVerifier(t *testing.T) *auth.Verifier {
	t.Helper()
	key, err := auth.HMACKey(auth.GatewayKeyID, []byte(benchKey))
	if err != nil {
		t.Fatal(err)
	}
	keys := auth.StaticKeys(key)
	v, err := auth.NewVerifier(auth.Config{
		Users:   auth.UserIssuer{Issuer: "http://localhost:9011", Audience: stack.ClientID, ApplicationID: stack.ClientID, Keys: keys},
		Gateway: auth.Issuer{Issuer: "localhost:3000", Audience: "catalog", Keys: keys},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// ServeHTTP is the services: what they answer is as much as a client may see, and more.
func (r *rivals) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = req
	w.Header().Set("Etag", `"1"`)
	w.Header().Set("Set-Cookie", "a=b")
	w.Header().Set("X-Powered-By", "a service")
	_, _ = io.WriteString(w, "answer")
}

// seen is the request that has reached a service since the last time, nil for none.
func (r *rivals) seen() *http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.last
	r.last = nil
	return last
}

func (r *rivals) ask(t *testing.T, method, at, target, authorization string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.values[at]+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, http.Header{"Cookie": {"a=b"}, "X-Roles": {"admin"}, "X-Forwarded-For": {"1.2.3.4"}, "Accept": {"application/json"}})
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// HAProxy and nginx do the work that the benchmark says they do: what they leave out would make them look cheap.
func TestRivals(t *testing.T) {
	t.Parallel()
	r := startRivals(t)
	t.Run("HAProxy mints what catalog verifies", r.mints)
	t.Run("HAProxy verifies users and their roles", r.verifies)
	t.Run("the bare upstream answers behind each", func(t *testing.T) {
		for _, at := range []string{"BARE", "MINT_BARE", "NGINX"} {
			if res, text := r.ask(t, "GET", at, "/products/1", ""); res.StatusCode != http.StatusOK || text != bench.Answer || res.ContentLength != int64(len(text)) {
				t.Errorf("%s: %s %.50q", at, res.Status, text)
			}
		}
	})
}

func (r *rivals) mints(t *testing.T) {
	ids := map[string]bool{}
	for _, target := range []string{"/products", "/products", "/products/1", `/products?limit=2&text=a/%22b`} {
		res, text := r.ask(t, "GET", "MINT_CATALOG", target, "Bearer the-clients")
		got := r.seen()
		if res.StatusCode != http.StatusOK || text != "answer" || got == nil {
			t.Fatalf("%s: %s %q", target, res.Status, text)
		}
		token, err := auth.BearerToken(got)
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.verifier.Verify(t.Context(), token, auth.Target{Method: "GET", URI: target})
		if life := p.ExpiresAt.Sub(p.IssuedAt); err != nil || p.Kind != auth.GatewayToken || life != auth.GatewayTokenLife || p.TokenID == "" || ids[p.TokenID] {
			t.Errorf("%s: %+v, %v, good for %s", target, p, err, life)
		}
		ids[p.TokenID] = true
		checkHeaders(t, res, got)
	}
	for _, refused := range [][2]string{{"POST", "/products"}, {"GET", "/products/0"}, {"GET", "/products/1/image"}, {"GET", "/branches"}} {
		if res, _ := r.ask(t, refused[0], "MINT_CATALOG", refused[1], ""); res.StatusCode != http.StatusNotFound || r.seen() != nil {
			t.Errorf("%v: %s", refused, res.Status)
		}
	}
}

// checkHeaders: both ways by allow-list, as the gateway does.
func checkHeaders(t *testing.T, res *http.Response, got *http.Request) {
	t.Helper()
	for _, name := range []string{"Cookie", "X-Roles", "X-Forwarded-For", "User-Agent"} {
		if got.Header.Get(name) != "" {
			t.Errorf("the client's %s reaches the service", name)
		}
	}
	for _, name := range []string{"Set-Cookie", "X-Powered-By"} {
		if res.Header.Get(name) != "" {
			t.Errorf("the service's %s reaches the client", name)
		}
	}
	id := got.Header.Get("X-Request-Id")
	if got.Header.Get("Accept") != "application/json" || res.Header.Get("Etag") != `"1"` || res.Header.Get("X-Content-Type-Options") != "nosniff" || id == "" || res.Header.Get("X-Request-Id") != id {
		t.Errorf("service sees %v, client %v", got.Header, res.Header)
	}
}

func (r *rivals) verifies(t *testing.T) {
	const target = "/branches/1/products"
	for name, tt := range map[string]struct {
		claims jwt.MapClaims
		key    string
		want   int
	}{
		"admin":                     {want: 200},
		"branch-manager, last":      {claims: jwt.MapClaims{"roles": []string{"customer", "anonymous", "branch-manager"}}, want: 200},
		"customer":                  {claims: jwt.MapClaims{"roles": []string{"customer"}}, want: 403},
		"no role":                   {claims: jwt.MapClaims{"roles": []string{}}, want: 403},
		"a role of a longer name":   {claims: jwt.MapClaims{"roles": []string{"superadmin", "admins"}}, want: 403},
		"expired":                   {claims: jwt.MapClaims{"exp": time.Now().Add(-time.Minute).Unix()}, want: 401},
		"no expiry":                 {claims: jwt.MapClaims{"exp": nil}, want: 401},
		"another issuer":            {claims: jwt.MapClaims{"iss": "http://localhost:9012"}, want: 401},
		"another audience":          {claims: jwt.MapClaims{"aud": "other"}, want: 401},
		"another application":       {claims: jwt.MapClaims{"applicationId": "other"}, want: 401},
		"signed with another's key": {key: "of-somebody-else-and-of-as-many-characters-", want: 401},
	} {
		claims := jwt.MapClaims{
			"iss": "http://localhost:9011", "aud": stack.ClientID, "applicationId": stack.ClientID, "sub": "1", "exp": time.Now().Add(time.Minute).Unix(), "roles": []string{"admin"},
		}
		maps.Copy(claims, tt.claims)
		key := benchKey
		if tt.key != "" {
			key = tt.key
		}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		res, _ := r.ask(t, "GET", "VERIFY_INVENTORY", target, "Bearer "+token)
		got := r.seen()
		if res.StatusCode != tt.want || (got != nil) != (tt.want == 200) || got != nil && got.Header.Get("Authorization") != "Bearer "+relayedToken {
			t.Errorf("%s: %s, want %d; the service sees %v", name, res.Status, tt.want, got)
		}
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	for _, authorization := range []string{"", "Bearer ", "Bearer x.y.z", "Basic YTpi", "Bearer " + unsigned} {
		if res, _ := r.ask(t, "GET", "VERIFY_INVENTORY", target, authorization); res.StatusCode != http.StatusUnauthorized || r.seen() != nil {
			t.Errorf("%q: %s, want 401", authorization, res.Status)
		}
	}
}

// A configuration that cannot be filled in or is refused says so at once, and leaves nothing running.
func TestRivals_refused(t *testing.T) {
	t.Parallel()
	installed(t, "haproxy", "haproxy")
	dir := t.TempDir()
	for name, text := range map[string]string{"missing.cfg": "bind ${NOWHERE}", "bad.cfg": "frontend\n    bind nowhere\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := bench.Rivals{Configs: dir, Dir: t.TempDir(), Values: map[string]string{"AT": "127.0.0.1:1"}}
		if _, err := r.HAProxy(t.Context(), name, "AT"); err == nil {
			t.Errorf("%s = nil error", name)
		}
	}
}
