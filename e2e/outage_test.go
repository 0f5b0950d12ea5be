package main_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

// closedPort is an address on which nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	return s.URL
}

// silentPort is an address that takes connections and never says a word.
func silentPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}

// hostile answers by the query: as services do when they are broken, or not ours.
func hostile(w http.ResponseWriter, r *http.Request) {
	switch r.URL.RawQuery {
	case "redirect":
		w.Header().Set("Set-Cookie", "fa.gw.sid=planted")
		http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
	case "refuse":
		w.WriteHeader(http.StatusUnauthorized)
	case "fault":
		http.Error(w, "panic: at /srv/catalog.go:12", http.StatusInternalServerError)
	case "cut":
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
	case "noise":
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = conn.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n"))
			_ = conn.Close()
		}
	case "cookie":
		w.Header().Set("Set-Cookie", "fa.gw.sid=planted")
		w.Header().Set("Server", "secret/1.0")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = w.Write([]byte("{}"))
	}
}

func TestGateway_answersForABrokenService(t *testing.T) {
	t.Parallel()
	upstream := newRecorder(t, hostile)
	s, _ := behind(t, upstream, nil)
	for query, want := range map[string]int{
		"redirect": http.StatusBadGateway, "noise": http.StatusBadGateway, "cut": http.StatusBadGateway,
		"refuse": http.StatusUnauthorized, "fault": http.StatusInternalServerError, "cookie": http.StatusOK,
	} {
		page := get(t, browser.New(), s.URL(stack.Gateway)+"/products?"+query)
		if page.Status != want {
			t.Errorf("%s: status = %d, want %d", query, page.Status, want)
		}
		for _, name := range []string{"Set-Cookie", "Location", "Server", "Access-Control-Allow-Origin"} {
			if page.Header.Get(name) != "" {
				t.Errorf("%s: the browser gets the service's %s", query, name)
			}
		}
		if strings.Contains(string(page.Body), "/srv/") {
			t.Errorf("%s: the browser gets the service's fault", query)
		}
	}
}

func TestGateway_whileAServiceIsDown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, url string
		want      int
	}{
		{"refuses connections", closedPort(t), http.StatusServiceUnavailable},
		{"does not answer", silentPort(t), http.StatusGatewayTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			settings := map[string]string{"CATALOG_URL": tt.url, "INVENTORY_URL": tt.url, "UPSTREAM_TIMEOUT": "500ms"}
			s, _ := ownStack(t, use(t).bin(), map[string]map[string]string{stack.Gateway: settings})
			manager := browser.New()
			if err := manager.SignIn(t.Context(), s.URL(stack.Gateway), use(t).person("manager")); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"/products", "/products/1", "/branches/1/products"} {
				start := time.Now()
				page := get(t, manager, s.URL(stack.Gateway)+path)
				if page.Status != tt.want {
					t.Errorf("%s: status = %d, want %d", path, page.Status, tt.want)
				}
				if took := time.Since(start); took > 10*time.Second { // a hang, not a slow machine
					t.Errorf("%s: it took %s with a timeout of 500ms", path, took)
				}
				if tt.want == http.StatusServiceUnavailable && page.Header.Get("Retry-After") == "" {
					t.Errorf("%s: 503 without Retry-After", path)
				}
			}
			if page := get(t, manager, s.URL(stack.Gateway)+"/"); page.Status != http.StatusOK || !strings.Contains(string(page.Body), "Manager Example") {
				t.Errorf("the home page = %d, want it without products", page.Status)
			}
			for _, path := range []string{"/me", "/healthz", "/readyz"} {
				if page := get(t, manager, s.URL(stack.Gateway)+path); page.Status != http.StatusOK {
					t.Errorf("%s = %d, want 200: it needs no service", path, page.Status)
				}
			}
		})
	}
}

func TestGateway_whileTheIdentityServerIsDown(t *testing.T) {
	t.Parallel()
	c := use(t)
	identity := c.stack.URL(stack.Identity)
	s, _ := ownStack(t, c.bin(), map[string]map[string]string{
		stack.Gateway: {"FUSIONAUTH_URL": closedPort(t), "FUSIONAUTH_PUBLIC_URL": identity, "FUSIONAUTH_ISSUER": identity},
	})
	b := browser.New()
	gateway := s.URL(stack.Gateway)
	if page := get(t, b, gateway+"/login"); page.Status != http.StatusServiceUnavailable || page.Header.Get("Retry-After") == "" {
		t.Errorf("/login = %d, Retry-After %q, want 503 with one", page.Status, page.Header.Get("Retry-After"))
	}
	for path, want := range map[string]int{"/": 200, "/products": 200, "/products/1": 200, "/healthz": 200, "/readyz": 200} {
		if page := get(t, b, gateway+path); page.Status != want {
			t.Errorf("%s = %d, want %d", path, page.Status, want)
		}
	}
	token, err := browser.New().AccessToken(t.Context(), browser.App{
		Identity: identity, ClientID: stack.ClientID, Secret: c.secrets["FUSIONAUTH_CLIENT_SECRET"], RedirectURL: c.stack.URL(stack.Gateway) + "/oauth-redirect",
	}, c.person("admin"))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, gateway+"/me", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("/me of a client with a token = %d, want 200: no request asks the identity server", res.StatusCode)
	}
}
