package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/problem"
)

// T13: the answer to no token and to a bad one.
func TestAuthenticate_unauthorized(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", "http://localhost:3000")
	expired := s.UserToken(t, authtest.Claims{"exp": s.Unix(-time.Hour)})
	tests := []struct {
		name      string
		change    func(*http.Request)
		challenge string
		cause     string
	}{
		{"no header", func(*http.Request) {}, "Bearer", "missing_authorization"},
		{"another scheme", func(r *http.Request) { r.SetBasicAuth("admin", "admin") }, "Bearer", "not_bearer"},
		{"the scheme alone", func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, "Bearer", "empty_token"},
		{"expired", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+expired) }, `Bearer error="invalid_token"`, "expired"},
		{"the article's undefined", func(r *http.Request) { r.Header.Set("Authorization", "Bearer undefined") }, `Bearer error="invalid_token"`, "malformed_token"},
		{"two headers", func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer a", "Bearer b"} }, `Bearer error="invalid_token"`, "several_authorizations"},
	}
	for _, tt := range tests {
		a := s.ask(t, "GET", "/branches/1/products", "", tt.change)
		var body problem.Document
		if err := json.Unmarshal([]byte(a.body), &body); err != nil {
			t.Fatalf("%s: body %q: %v", tt.name, a.body, err)
		}
		want := problem.Document{Type: "about:blank", Title: "Unauthorized", Status: 401, Message: "UNAUTHORIZED", Code: "unauthorized", Detail: "A valid token is required."}
		if diff := cmp.Diff(want, body); diff != "" || a.status != 401 {
			t.Errorf("%s: status %d, body (-want +got):\n%s", tt.name, a.status, diff)
		}
		if got := a.header.Get("WWW-Authenticate"); got != tt.challenge {
			t.Errorf("%s: WWW-Authenticate %q, want %q", tt.name, got, tt.challenge)
		}
		if got := s.lastErr.Load().(string); !strings.Contains(got, tt.cause) {
			t.Errorf("%s: the log has %q, want %q", tt.name, got, tt.cause)
		}
	}
}

// T16: a refusal tells nobody why, whatever was wrong.
func TestAuthenticate_refusalsLookAlike(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", "")
	want := s.ask(t, "GET", "/products", "undefined", nil)
	for _, a := range attacks() {
		token := a.token(t, s.Issuer)
		if len(token) > 100<<10 || strings.ContainsAny(token, "\r\n\x00") || strings.HasSuffix(token, " ") || strings.HasSuffix(token, "\t") || token == "" {
			continue // no HTTP client sends these as they are
		}
		got := s.ask(t, "GET", "/products?lang=de", token, nil)
		got.header.Set("Date", want.header.Get("Date"))
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("%s: the answer tells something:\n%s", a.name, diff)
		}
	}
}

// T12: only the one header counts.
func TestAuthenticate_tokenInTheWrongPlace(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", "")
	token := s.UserToken(t, authtest.Claims{"roles": []string{"admin"}})
	wrong := map[string]func(*http.Request){
		"query":                  func(r *http.Request) { r.URL.RawQuery = "access_token=" + token },
		"cookie":                 func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "access_token", Value: token}) },
		"session cookie":         func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "fa.gw.sid", Value: token}) },
		"X-Authorization":        func(r *http.Request) { r.Header.Set("X-Authorization", "Bearer "+token) },
		"Proxy-Authorization":    func(r *http.Request) { r.Header.Set("Proxy-Authorization", "Bearer "+token) },
		"bad then good":          func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer x", "Bearer " + token} },
		"good then bad":          func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer " + token, "Bearer x"} },
		"good twice":             func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + token} },
		"good twice in one":      func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token+", Bearer "+token) },
		"Basic with the token":   func(r *http.Request) { r.Header.Set("Authorization", "Basic "+token) },
		"X with the token":       func(r *http.Request) { r.Header.Set("Authorization", "X "+token) },
		"Basic, password":        func(r *http.Request) { r.SetBasicAuth("bearer", token) },
		"no scheme":              func(r *http.Request) { r.Header.Set("Authorization", token) },
		"scheme in the token":    func(r *http.Request) { r.Header.Set("Authorization", "BearerBearer "+token) },
		"quoted":                 func(r *http.Request) { r.Header.Set("Authorization", `Bearer "`+token+`"`) },
		"a parameter":            func(r *http.Request) { r.Header.Set("Authorization", "Bearer token="+token) },
		"header of the article":  func(r *http.Request) { r.Header.Set("roles", "admin") },
		"roles in the query":     func(r *http.Request) { r.URL.RawQuery = "roles=admin" },
		"identity of some proxy": func(r *http.Request) { r.Header.Set("X-User", "admin"); r.Header.Set("X-Roles", "admin") },
	}
	for name, change := range wrong {
		if a := s.ask(t, "GET", "/branches/1/products", "", change); a.status != 401 || strings.Contains(a.body, secretData) {
			t.Errorf("T12 %s: status %d, body %s", name, a.status, a.body)
		}
	}
	lower := func(r *http.Request) { r.Header.Set("Authorization", "bearer "+token) }
	if a := s.ask(t, "GET", "/branches/1/products", "", lower); a.status != 200 {
		t.Errorf("T17 bearer in lower case: status %d", a.status)
	}
}

// T9: what a route does not take is refused there, if good elsewhere.
func TestAuthenticate_kinds(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", "")
	tests := []struct {
		name, method, path, token string
		want                      int
	}{
		{"gateway token on a public read", "GET", "/products", s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/products"}), 200},
		{"with its query", "GET", "/products?lang=de", s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/products?lang=de"}), 200},
		{"HEAD signed as HEAD", "HEAD", "/products", s.GatewayToken(t, "catalog", auth.Target{Method: "HEAD", URI: "/products"}), 200},
		{"user token on a public read", "GET", "/products", s.UserToken(t), 200},
		{"gateway token of another query", "GET", "/products?lang=de", s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/products"}), 401},
		{"gateway token of an escaped path", "GET", "/%70roducts", s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/products"}), 401},
		{"HEAD with a token for GET", "HEAD", "/products", s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/products"}), 401},
		{"POST with a token for GET", "POST", "/products", s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/products"}), 401},
		{"method override", "POST", "/products?_method=GET", s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/products?_method=GET"}), 401},
		{"gateway token on a role route", "GET", "/branches/1/products", s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/branches/1/products"}), 401},
		{"gateway token with roles", "GET", "/branches/1/products",
			s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/branches/1/products"}, authtest.Claims{"roles": []string{"admin"}}), 401},
		{"gateway token where users are asked for", "GET", "/me", s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/me"}), 401},
		{"user token where users are asked for", "GET", "/me", s.UserToken(t), 200},
	}
	for _, tt := range tests {
		if a := s.ask(t, tt.method, tt.path, tt.token, nil); a.status != tt.want {
			t.Errorf("%s: status %d, want %d; log %v", tt.name, a.status, tt.want, s.lastErr.Load())
		}
	}
}

// T19: no token, no data, whatever the method and the path.
func TestAuthenticate_everyRoute(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", "")
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "GETX"} {
		for _, path := range []string{"/products", "/products/", "/me", "/branches/1/products", "/branches//products", "/branches/1/products/", "/ME", "/unknown"} {
			a := s.ask(t, method, path, "", nil)
			if a.status < 300 || strings.Contains(a.body, secretData) {
				t.Errorf("%s %s: status %d, body %s", method, path, a.status, a.body)
			}
		}
	}
}

func TestAuthenticate_principal(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", "")
	a := s.ask(t, "GET", "/me", s.UserToken(t, authtest.Claims{"roles": []string{"customer", "admin"}}), nil)
	want := fmt.Sprintf(`{"data":%q,"roles":["customer","admin"],"subject":%q,"user":%q}`, secretData, authtest.Subject, authtest.Subject)
	if a.body != want {
		t.Errorf("body %s, want %s", a.body, want)
	}
	if p, ok := auth.From(&gin.Context{}); ok {
		t.Errorf("From(empty context) = %+v", p)
	}
}

// The article's LOGIN_REDIRECT_URL: for page visits, and never to anywhere else.
func TestAuthenticate_loginRedirect(t *testing.T) {
	t.Parallel()
	const login = "http://localhost:3000/login"
	s := newShop(t, login, "")
	browser := "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	tests := []struct {
		name, method, accept, token string
		want                        int
	}{
		{"page visit", "GET", browser, "", 302},
		{"page visit with a bad token", "GET", browser, "undefined", 302},
		{"text/html in capitals", "GET", "Text/HTML; q=0.5", "", 302},
		{"API client", "GET", "application/json", "", 401},
		{"anything", "GET", "*/*", "", 401},
		{"no Accept", "GET", "", "", 401},
		{"a type that starts alike", "GET", "text/html5", "", 401},
		{"text/html as a parameter", "GET", `application/json; v="text/html"`, "", 401},
		{"POST from a page", "POST", browser, "", 401},
		{"HEAD", "HEAD", browser, "", 401},
	}
	for _, tt := range tests {
		a := s.ask(t, tt.method, "/products?next=https://evil.example", tt.token, func(r *http.Request) {
			r.Header.Set("Accept", tt.accept)
			r.Header.Set("X-Forwarded-Host", "evil.example")
		})
		location := ""
		if tt.want == 302 {
			location = login
		}
		if a.status != tt.want || a.header.Get("Location") != location || strings.Contains(a.body, secretData) {
			t.Errorf("%s: status %d, Location %q, want %d, %q", tt.name, a.status, a.header.Get("Location"), tt.want, location)
		}
		if got := a.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q, want no-store", tt.name, got)
		}
		if got := s.lastErr.Load().(string); !strings.Contains(got, "token refused") {
			t.Errorf("%s: the log has %q, want the reason", tt.name, got)
		}
	}
	without := newShop(t, "", "")
	if a := without.ask(t, "GET", "/products", "", func(r *http.Request) { r.Header.Set("Accept", browser) }); a.status != 401 {
		t.Errorf("page visit without LOGIN_REDIRECT_URL: status %d, want 401", a.status)
	}
}

// An identity server that is down is not the caller's fault: 503, no challenge, no redirect.
func TestAuthenticate_unavailable(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"source down": fmt.Errorf("fetch jwks: %w", auth.ErrUnavailable),
		"timeout":     context.DeadlineExceeded,
		"bug":         errors.New("index out of range"),
	} {
		s := &shop{Issuer: newIssuer(t, "ES256")}
		cfg := s.Config("catalog")
		cfg.Users.Keys = keySetFunc(func(context.Context, string) ([]auth.Key, error) { return nil, failure })
		v, err := auth.NewVerifier(cfg)
		if err != nil {
			t.Fatal(err)
		}
		s.serve(t, v, "http://localhost:3000/login", "")
		a := s.ask(t, "GET", "/me", s.UserToken(t), func(r *http.Request) { r.Header.Set("Accept", "text/html") })
		if a.status != 503 || a.header.Get("Retry-After") == "" || a.header.Get("WWW-Authenticate") != "" || strings.Contains(a.body, failure.Error()) {
			t.Errorf("%s: status %d, header %v, body %s", name, a.status, a.header, a.body)
		}
		if got := s.lastErr.Load().(string); !strings.Contains(got, failure.Error()) {
			t.Errorf("%s: the log has %q, want the cause", name, got)
		}
	}
}

// T14: what is too big is refused, fast, and never an error of ours.
func TestAuthenticate_sizes(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", "")
	var claims strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&claims, `"c%d":0,`, i)
	}
	tokens := map[string]string{
		"8 KB claim":             s.UserToken(t, authtest.Claims{"x": strings.Repeat("x", 8<<10)}),
		"100 KB claim":           s.UserToken(t, authtest.Claims{"x": strings.Repeat("x", 100<<10)}),
		"300 000 dots":           strings.Repeat(".", 300_000),
		"10 000 brackets":        s.Users.RawToken(t, s.UserHeader().JSON(t), `{"x":`+strings.Repeat("[", 10_000)),
		"5 000 claims":           s.Users.RawToken(t, s.UserHeader().JSON(t), `{`+claims.String()+s.UserClaims().JSON(t)[1:]),
		"8 KB of brackets, full": s.Users.RawToken(t, s.UserHeader().JSON(t), `{"x":`+strings.Repeat("[", 5_000)),
		"one number of 5 000":    s.UserToken(t, authtest.Claims{"exp": json.Number(strings.Repeat("9", 5_000))}),
	}
	for name, token := range tokens {
		if a := s.ask(t, "GET", "/products", token, nil); a.status != 401 {
			t.Errorf("T14 %s: status %d, want 401", name, a.status)
		}
	}
	big := s.UserToken(t, authtest.Claims{"x": strings.Repeat("x", 5_000)})
	if a := s.ask(t, "GET", "/products", big, nil); a.status != 200 {
		t.Errorf("T17 a good token of %d bytes: status %d, want 200", len(big), a.status)
	}
}

func TestMiddleware_refusesToBeBuiltWrong(t *testing.T) {
	t.Parallel()
	v := newIssuer(t, "HS256").Verifier(t, "catalog")
	for name, build := range map[string]func(){
		"RequireRole without a role":      func() { auth.RequireRole("") },
		"Authenticate without a verifier": func() { auth.Authenticate(nil, auth.AnyToken, "") },
		"Authenticate without a kind":     func() { auth.Authenticate(v, 0, "") },
		"Authenticate with no such kind":  func() { auth.Authenticate(v, 1<<5, "") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			build()
		}()
	}
}
