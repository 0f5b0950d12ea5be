package explain_test

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/explain"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/server"
)

const home = "localhost:3000" // the host of GATEWAY_URL

// newShop is an engine with a recorder, whose /products carries a gateway token and /stock a user's.
func newShop(t testing.TB) (*gin.Engine, *authtest.Issuer) {
	t.Helper()
	r, err := server.New(server.Config{Log: server.NewLogger(io.Discard, "error", "json")})
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := explain.New(home, map[auth.Kind]string{auth.GatewayToken: "the gateway's key", auth.UserToken: "FusionAuth's key"})
	if err != nil {
		t.Fatal(err)
	}
	iss := authtest.New(t, "ES256")
	forward := func(source func(*gin.Context, auth.Target, bool) (string, error)) gin.HandlerFunc {
		return func(c *gin.Context) {
			if _, err := source(c, auth.Target{Method: c.Request.Method, URI: c.Request.RequestURI}, false); err != nil {
				t.Error(err)
			}
		}
	}
	r.Use(recorder.Watch)
	recorder.Mount(r, func(c *gin.Context, title string, body template.HTML) {
		c.Data(http.StatusOK, "text/html", []byte("<title>"+title+"</title>"+string(body)))
	})
	r.GET("/products", forward(recorder.Source("catalog", func(_ *gin.Context, target auth.Target, _ bool) (string, error) {
		return iss.GatewayToken(t, "catalog", target), nil
	})))
	r.GET("/stock", forward(recorder.Source("inventory", func(*gin.Context, auth.Target, bool) (string, error) {
		return iss.UserToken(t, authtest.Claims{"name": "<b>Anna</b>"}), nil
	})))
	both := recorder.Source("catalog", func(_ *gin.Context, target auth.Target, _ bool) (string, error) {
		return iss.GatewayToken(t, "catalog", target), nil
	})
	r.GET("/page", func(c *gin.Context) {
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() { forward(both)(c) })
		}
		all.Wait()
	})
	for _, target := range []string{"/address", "/static/address"} {
		r.GET(target, func(c *gin.Context) { c.String(http.StatusOK, recorder.Address(c)) })
	}
	r.GET("/login", func(c *gin.Context) { c.Redirect(http.StatusFound, "https://id.example/authorize?code=secret") })
	return r, iss
}

func ask(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	w, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, target, nil)
	req.Host = home
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	h.ServeHTTP(w, req)
	return w
}

func stories(t testing.TB, h http.Handler, target string) []explain.Story {
	t.Helper()
	w := ask(h, target)
	var body struct{ Requests []explain.Story }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return body.Requests
}

func TestRecorder_tellsWhichTokenWentWhere(t *testing.T) {
	t.Parallel()
	h, _ := newShop(t)
	for target, want := range map[string]struct{ service, key, check, claim string }{
		"/products?q=x": {"catalog", "the gateway's key", "binding", "data"},
		"/stock":        {"inventory", "FusionAuth's key", "roles", "applicationId"},
	} {
		id := ask(h, target).Header().Get("X-Request-Id")
		told := stories(t, h, "/explain/"+id)
		if len(told) != 1 || len(told[0].Hops) != 1 {
			t.Fatalf("%s: %+v", target, told)
		}
		hop := told[0].Hops[0]
		if hop.Service != want.service || hop.Key != want.key || hop.Request != "GET "+target || hop.Token.Claims[want.claim] == nil || !strings.Contains(fmt.Sprint(hop.Checks), want.check) {
			t.Errorf("%s: %+v", target, hop)
		}
	}
}

// A page asks several services at once, and each token is told of.
func TestRecorder_tellsOfTokensAtTheSameTime(t *testing.T) {
	t.Parallel()
	h, _ := newShop(t)
	for range 20 {
		id := ask(h, "/page").Header().Get("X-Request-Id")
		if told := stories(t, h, "/explain/"+id); len(told) != 1 || len(told[0].Hops) != 2 {
			t.Fatalf("%+v, want two tokens", told)
		}
	}
}

// Nothing that is kept or shown is a token, a code, or markup that somebody else wrote.
func TestRecorder_showsNothingThatOpensADoor(t *testing.T) {
	t.Parallel()
	h, _ := newShop(t)
	ask(h, "/stock", "Authorization", "Bearer x.y.z", "Cookie", "fa.gw.sid=secret-id")
	ask(h, "/login?return_to=/secret-query")
	for _, accept := range []string{"application/json", "text/html"} {
		body := ask(h, "/explain", "Accept", accept).Body.String()
		for _, secret := range []string{"eyJ", "secret", "<b>", "x.y.z"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s shows %q:\n%s", accept, secret, body)
			}
		}
		if !strings.Contains(body, "authorize") {
			t.Errorf("%s does not say where the login led:\n%s", accept, body)
		}
	}
}

func TestRecorder_isBounded(t *testing.T) {
	t.Parallel()
	h, _ := newShop(t)
	for range 300 {
		ask(h, "/products")
	}
	if n := len(stories(t, h, "/explain")); n != 100 {
		t.Errorf("%d stories, want the last 100", n)
	}
	if w := ask(h, "/explain/never-asked"); w.Code != http.StatusNotFound {
		t.Errorf("an unknown request = %d, want 404", w.Code)
	}
}

// What a page shows of a token is what it says, with what that means; times are read out, and markup stays text.
func TestToken_lines(t *testing.T) {
	t.Parallel()
	token := explain.Token{
		Header: map[string]any{"typ": "gateway+jwt", "alg": "HS256"},
		Claims: map[string]any{"exp": json.Number("1795528036"), "roles": []any{"admin"}, "name": "<b>&", "iat": "soon", "odd": nil},
	}
	for i, want := range []explain.Line{{"alg", `"HS256"`, "how it is signed"}, {"typ", `"gateway+jwt"`, "the kind of token, so that none is taken for another"}} {
		if got := token.HeaderLines()[i]; got != want {
			t.Errorf("header line %d = %+v, want %+v", i, got, want)
		}
	}
	for i, want := range []explain.Line{
		{"exp", "1795528036", "until when it holds: 24 Nov 2026, 13:47:16 UTC"}, {"iat", `"soon"`, "when it was issued"}, {"name", `"<b>&"`, ""}, {"odd", "null", ""}, {"roles", `["admin"]`, "what its bearer may do"},
	} {
		if got := token.ClaimLines()[i]; got != want {
			t.Errorf("claim line %d = %+v, want %+v", i, got, want)
		}
	}
	if lines := (explain.Token{}).ClaimLines(); len(lines) != 0 {
		t.Errorf("no token says %v", lines)
	}
}

// A page of another site whose name is made to point here (DNS rebinding) reads nothing, and is told of nothing.
func TestRecorder_hidesFromOtherNames(t *testing.T) {
	t.Parallel()
	h, _ := newShop(t)
	id := ask(h, "/products").Header().Get("X-Request-Id")
	for host, want := range map[string]int{
		home: 200, "LOCALHOST:3000": 200,
		"evil.example": 404, "evil.example:3000": 404, "localhost:3000.evil.example": 404, "127.0.0.1:3000": 404, "[::1]:3000": 404, "localhost": 404, "localhost:3001": 404, "": 404,
	} {
		for _, target := range []string{"/explain", "/explain/" + id, "/address"} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				w, req := httptest.NewRecorder(), httptest.NewRequest(method, target, nil)
				req.Host = host
				req.Header.Set("X-Forwarded-Host", home)
				h.ServeHTTP(w, req)
				if target != "/address" && w.Code != want {
					t.Errorf("%s %s at %q = %d, want %d", method, target, host, w.Code, want)
				}
				for _, told := range []string{"/explain/", "gateway+jwt"} {
					if want == http.StatusNotFound && strings.Contains(w.Body.String(), told) {
						t.Errorf("%s %s at %q tells %s", method, target, host, w.Body)
					}
				}
			}
		}
	}
}

// A page is told where its own story stands: before that is told, and for that page alone.
func TestAddress(t *testing.T) {
	t.Parallel()
	h, _ := newShop(t)
	for target, told := range map[string]bool{"/address": true, "/static/address": false} {
		w := ask(h, target)
		want := ""
		if told {
			want = "/explain/" + w.Header().Get("X-Request-Id")
		}
		if got := w.Body.String(); got != want {
			t.Errorf("%s: its story is at %q, want %q", target, got, want)
		}
		if told && len(stories(t, h, want)) != 1 {
			t.Errorf("%s: there is no story at %s", target, want)
		}
	}
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	if got := (*explain.Recorder)(nil).Address(c); got != "" {
		t.Errorf("where nobody watches, the story is at %q", got)
	}
}

// People see the tokens part by part; the list is folded, one request is not.
func TestRecorder_page(t *testing.T) {
	t.Parallel()
	h, _ := newShop(t)
	id := ask(h, "/products?q=x").Header().Get("X-Request-Id")
	for target, want := range map[string][]string{
		"/explain":       {"<details", `href="/explain/` + id + `"`, "1 token<"},
		"/explain/" + id: {"<title>Show me the tokens</title>", "gateway → catalog: <code>GET /products?q=x</code>", "gateway&#43;jwt", "the one request that it is for", "is cut off", "catalog, with the gateway&#39;s key", "<li>binding"},
	} {
		body := ask(h, target, "Accept", "text/html").Body.String()
		for _, text := range want {
			if !strings.Contains(body, text) {
				t.Errorf("%s lacks %s:\n%s", target, text, body)
			}
		}
		if strings.Contains(body, "<details") != (target == "/explain") {
			t.Errorf("%s: what is folded is wrong", target)
		}
	}
}
