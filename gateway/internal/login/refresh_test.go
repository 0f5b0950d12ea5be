package login_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"storefront/gateway/internal/login"
)

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

// Somebody signs out while tokens are fetched: the token that nobody knows but this exchange is not left good.
func TestRefresh_ofASessionThatEndsMeanwhile(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	s.id.tell(lie{refresh: func(http.ResponseWriter, map[string]any) bool {
		all, err := s.store.OfUser(t.Context(), subject)
		if err != nil || len(all) != 1 || s.store.Delete(t.Context(), all[0].Key) != nil {
			t.Errorf("end %d sessions: %v", len(all), err)
		}
		return false
	}})
	s.clock.Advance(9*time.Minute + 30*time.Second)
	if res := b.get("/token"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("= %d %s, want 401", res.StatusCode, res.text)
	}
	if got := s.id.revoked; len(got) != 1 || !strings.HasPrefix(got[0], "refresh-") {
		t.Errorf("revoked = %v, want the token of the exchange", got)
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

// A Bearer client has no other token: it is asked to bring one, not told that the identity server is away.
func TestRefresh_ofABearerClient(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	bearer := s.id.tokens.UserToken(t, map[string]any{"iss": s.id.URL})
	if res := s.browser(t).get("/token?renew=1", "Authorization", "Bearer "+bearer); res.StatusCode != http.StatusOK || res.text != bearer {
		t.Errorf("renewed = %d, want the same token", res.StatusCode)
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

// Two replicas over one store, asked by 200 requests when the token ends: one exchange.
func TestRefresh_onceForAllReplicas(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	twin := newShop(t, func(c *login.Config) {
		c.FusionAuthURL, c.FusionAuthPublicURL, c.Issuer = mustParse(t, s.id.URL), mustParse(t, s.id.URL), s.id.URL
		c.Store, c.Verifier, c.Now = s.store, s.id.verifier(t), s.clock.Now
	})
	b, c := s.browser(t), twin.browser(t)
	b.mustSignIn()
	c.plant("fa.gw.sid", b.sessionID())
	s.clock.Advance(9*time.Minute + 30*time.Second)
	var all sync.WaitGroup
	tokens := make([]string, 200)
	for n := range tokens {
		asked := []*browser{b, c}[n%2]
		all.Go(func() {
			if res := asked.get("/token"); res.StatusCode == http.StatusOK {
				tokens[n] = res.text
			}
		})
	}
	all.Wait()
	for n, token := range tokens {
		if token == "" || token != tokens[0] {
			t.Fatalf("request %d relays %.20q, want the one new token", n, token)
		}
	}
	if got := s.id.refreshes.Load(); got != 1 {
		t.Errorf("%d refreshes, want 1", got)
	}
}
