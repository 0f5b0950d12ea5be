package main_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

// accessLife is how long access tokens live in these tests, in place of the ten minutes of the kickstart.
const accessLife = 6 * time.Second

// shortLived is a copy of the kickstart whose access tokens end soon.
func shortLived(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(use(t).root, "fusionauth", "kickstart", "kickstart.json"))
	if err != nil {
		t.Fatal(err)
	}
	const tenMinutes = `"timeToLiveInSeconds": 600`
	if n := strings.Count(string(data), tenMinutes); n != 1 {
		t.Fatalf("the kickstart has %d times %s, want once", n, tenMinutes)
	}
	path := filepath.Join(t.TempDir(), "kickstart.json")
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), tenMinutes, `"timeToLiveInSeconds": 6`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// relay passes everything on to a server that is chosen later, and shows each request to a test first.
type relay struct {
	*httptest.Server
	to atomic.Pointer[url.URL]
}

func newRelay(t testing.TB, watch func(*http.Request)) *relay {
	t.Helper()
	r := &relay{}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(r.to.Load()) }}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		watch(req)
		proxy.ServeHTTP(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

// refreshing is a stack with short-lived tokens, watched on the gateway's way to the identity server and to inventory.
type refreshing struct {
	*stack.Stack
	refreshes atomic.Int32
	mu        sync.Mutex
	tokens    []string // that inventory has seen
}

func newRefreshing(t testing.TB) *refreshing {
	t.Helper()
	r := &refreshing{}
	identity := newRelay(t, func(req *http.Request) {
		if req.URL.Path == "/oauth2/token" && grantOf(req) == "refresh_token" {
			r.refreshes.Add(1)
		}
	})
	inventory := newRelay(t, func(req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.tokens = append(r.tokens, strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "))
	})
	base, err := stack.FreeBase()
	if err != nil {
		t.Fatal(err)
	}
	r.Stack = startAt(t, use(t).bin(), base, map[string]map[string]string{
		stack.Identity: {"KICKSTART_FILE": shortLived(t)},
		stack.Gateway: {
			"FUSIONAUTH_URL": identity.URL, "FUSIONAUTH_PUBLIC_URL": stack.App(base, nil).Identity, "INVENTORY_URL": inventory.URL,
			"FUSIONAUTH_ISSUER": stack.App(base, nil).Identity,
		},
	})
	identity.to.Store(mustParse(t, r.URL(stack.Identity)))
	inventory.to.Store(mustParse(t, r.URL(stack.Inventory)))
	return r
}

// grantOf reads the grant type of a token request and puts its body back.
func grantOf(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body))
	return form.Get("grant_type")
}

func mustParse(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// The access token ends after minutes, the session does not: it is renewed behind the user's back.
func TestSession_outlivesItsAccessToken(t *testing.T) {
	t.Parallel()
	r := newRefreshing(t)
	manager := signedIn(t, r.Stack, "manager")
	end := time.Now().Add(accessLife + time.Second)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(end) || r.refreshes.Load() < 2 {
		for _, path := range []string{"/me", "/branches/1/products"} {
			if page := get(t, manager, r.URL(stack.Gateway)+path); page.Status != http.StatusOK {
				t.Fatalf("%s = %d after %d refreshes, want 200", path, page.Status, r.refreshes.Load())
			}
		}
		<-tick.C
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	first, last := expiryOf(t, r.tokens[0]), expiryOf(t, r.tokens[len(r.tokens)-1])
	if !first.Before(time.Now()) || !last.After(first) {
		t.Errorf("inventory saw tokens that end at %s and %s, want the first one over and another after it", first, last)
	}
}

func expiryOf(t testing.TB, token string) time.Time {
	t.Helper()
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.ExpiresAt.Time
}

// A page that loads many things at once must not renew the token once for each: a refresh token that works once would be taken for
// stolen (RFC 9700 §4.14).
func TestSession_isRefreshedOnceForManyRequests(t *testing.T) {
	t.Parallel()
	r := newRefreshing(t)
	admin := signedIn(t, r.Stack, "admin")
	due := time.After(accessLife * 5 / 6) // a token is renewed from two thirds of its life on
	<-due
	if n := r.refreshes.Load(); n != 0 {
		t.Fatalf("%d refreshes without a request", n)
	}
	cookies := admin.Cookies(r.URL(stack.Gateway))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50}}
	defer client.CloseIdleConnections()
	var together, done sync.WaitGroup
	together.Add(1)
	for range 50 {
		done.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL(stack.Gateway)+"/branches/1/products", http.NoBody)
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Cookie", cookies)
			together.Wait()
			res, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("status = %d, want 200", res.StatusCode)
			}
		})
	}
	together.Done()
	done.Wait()
	if n := r.refreshes.Load(); n != 1 {
		t.Errorf("%d refreshes for 50 requests at once, want 1", n)
	}
}

// Two browsers of one user are two sessions: the end of one leaves the other alone.
func TestLogout_endsOneSessionForGood(t *testing.T) {
	t.Parallel()
	s := together(t)
	one, other := signedIn(t, s, "customer"), signedIn(t, s, "customer")
	if page := get(t, one, s.URL(stack.Gateway)+"/logout"); page.Status != http.StatusSeeOther {
		t.Fatalf("/logout = %d, want 303", page.Status)
	}
	for b, want := range map[*browser.Browser]bool{one: false, other: true} {
		if status, _ := whoAmI(t, b, s); (status == http.StatusOK) != want {
			t.Errorf("/me = %d, signed in should be %v", status, want)
		}
	}
}
