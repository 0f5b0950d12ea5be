package login_test

import (
	"net/http"
	"strings"
	"testing"

	"storefront/shared/auth"
)

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
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || !strings.Contains(res.text, "session-unavailable") {
			t.Errorf("%s = %d %s, want 503 session-unavailable with Retry-After, never 401", target, res.StatusCode, res.text)
		}
	}
	s.store.down.Store(false)
	if res := b.get("/me"); res.StatusCode != http.StatusOK {
		t.Errorf("once the store is back: %d, want the session", res.StatusCode)
	}
}
