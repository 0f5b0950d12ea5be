package login_test

import (
	"net/http"
	"net/url"
	"testing"
)

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
		if b.do(http.MethodHead, "/logout", "Sec-Fetch-Site", site); !ends && b.get("/me").StatusCode != http.StatusOK {
			t.Errorf("Sec-Fetch-Site %q: HEAD signs out", site)
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
