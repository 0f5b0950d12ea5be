package login_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/login"
)

// shown reports whether the answer is the page that leads out of a circle, for that cause.
func (a answer) shown(cause login.Cause) bool {
	return a.StatusCode == http.StatusTooManyRequests && strings.HasPrefix(a.text, string(cause)+" ")
}

// The third login within a minute shows the page, and says what the gateway sees.
func TestLoop_isDiagnosed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		cause login.Cause
		lose  func(s *shop, b *browser) // what goes wrong after each login
	}{
		{"the session cookie does not come back", login.CookiesMissing, func(_ *shop, b *browser) { b.drop("fa.gw.sid") }},
		{"the session is unknown to the replica that is asked", login.SessionUnknown, func(_ *shop, b *browser) { b.plant("fa.gw.sid", "of-another-gateway") }},
		{"the token is refused", login.TokenRefused, func(*shop, *browser) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.browser(t)
			for range 2 {
				b.mustSignIn()
				tt.lose(s, b)
				s.clock.Advance(time.Second)
			}
			res := b.get("/login?return_to=/products")
			if !res.shown(tt.cause) {
				t.Fatalf("third login = %d %s, want the page for %s", res.StatusCode, res.text, tt.cause)
			}
			_, links, _ := strings.Cut(res.text, " ")
			for link := range strings.FieldsSeq(links) {
				if res := b.get(link); res.StatusCode != http.StatusFound {
					t.Errorf("%s = %d, want a login: the person insists", link, res.StatusCode)
				}
			}
			s.clock.Advance(time.Minute)
			if res := b.get("/login?return_to=/products"); res.StatusCode != http.StatusFound {
				t.Errorf("a minute later = %d, want a login", res.StatusCode)
			}
		})
	}
}

// A browser that keeps no cookies at all comes back from each login as a stranger. It has nowhere to count, so the attempts carry the count.
func TestLoop_withoutAnyCookie(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	next := "/login?return_to=/products"
	for n := range 3 {
		res := s.browser(t).get(next) // without cookies every time
		if n == 2 {
			if !res.shown(login.CookiesMissing) {
				t.Errorf("third login = %d %s, want the page", res.StatusCode, res.text)
			}
			return
		}
		callback := s.browser(t).get(res.location()).location()
		next = s.browser(t).get(callback).location()
	}
}

func TestLoop_isNoneForPeople(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	t.Run("who sign out in between", func(t *testing.T) {
		b := s.browser(t)
		for range 5 {
			b.mustSignIn()
			b.do(http.MethodPost, "/logout")
		}
	})
	t.Run("whose neighbours share their address", func(t *testing.T) {
		for range 5 {
			s.browser(t).mustSignIn()
		}
	})
	t.Run("who come back from old callbacks now and then", func(t *testing.T) {
		b := s.browser(t)
		for range 5 {
			b.get("/oauth-redirect?state=old")
			if res := b.get("/login"); res.StatusCode != http.StatusFound {
				t.Errorf("/login = %d", res.StatusCode)
			}
		}
	})
	t.Run("whose cookie is nonsense", func(t *testing.T) {
		b := s.browser(t)
		for _, nonsense := range []string{"....", "99999999999.99999999999.9999999999", strings.Repeat("1.", 500), "-1.-1", "x"} {
			b.plant("fa.gw.logins", nonsense)
			if res := b.get("/login?strayed=99999999999999999999"); res.StatusCode != http.StatusFound {
				t.Errorf("%q: /login = %d", nonsense, res.StatusCode)
			}
		}
	})
}

func TestLogin_asSomebodyElse(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	if got := mustParse(t, b.get("/login?prompt=login").location()).Query().Get("prompt"); got != "login" {
		t.Errorf("prompt = %q, want login", got)
	}
	if got := mustParse(t, b.get("/login?prompt=none").location()).Query().Get("prompt"); got != "" {
		t.Errorf("prompt=none is passed on as %q", got)
	}
}
