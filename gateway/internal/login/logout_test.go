package login_test

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"storefront/shared/auth"
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
	link := b.get("/logout/frontchannel", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document")
	if me := b.get("/me"); link.StatusCode != http.StatusOK || link.text != "sure?" || me.StatusCode != http.StatusOK {
		t.Errorf("a link from another site = %d %s, /me then %d; want the question, and the session", link.StatusCode, link.text, me.StatusCode)
	}
	for range 2 {
		if res := b.get("/logout/frontchannel", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe"); res.StatusCode != http.StatusOK || res.location() != "" {
			t.Errorf("= %d to %q, want 200 and no redirect", res.StatusCode, res.location())
		}
	}
	if res := b.get("/me"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("/me = %d, want 401", res.StatusCode)
	}
}

func TestLogout_everywhere(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b, phone := s.browser(t), s.browser(t)
	b.mustSignIn()
	phone.mustSignIn()
	if res := b.do(http.MethodPost, "/logout/everywhere"); res.StatusCode != http.StatusSeeOther || res.location() == "/" {
		t.Errorf("POST /logout/everywhere = %d to %s, want 303 to the identity server", res.StatusCode, res.location())
	}
	for name, each := range map[string]*browser{"this browser": b, "the phone": phone} {
		if res := each.get("/me"); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: /me = %d, want 401", name, res.StatusCode)
		}
	}
	if got := s.id.revoked; len(got) != 2 {
		t.Errorf("revoked = %v, want the refresh token of each session", got)
	}
	if res := s.browser(t).do(http.MethodPost, "/logout/everywhere"); res.StatusCode != http.StatusSeeOther || res.location() != "/" {
		t.Errorf("nobody's = %d to %s, want 303 to /", res.StatusCode, res.location())
	}
}

// An identity server that hangs is waited for once, not once for each session, and all of them have ended before.
func TestLogout_everywhereAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const sessions = 4
	browsers := make([]*browser, sessions)
	for i := range browsers {
		browsers[i] = s.browser(t)
		browsers[i].mustSignIn()
	}
	b := browsers[0]
	var arrived sync.WaitGroup
	arrived.Add(sessions)
	s.id.revoking = func() {
		arrived.Done()
		arrived.Wait()
		if left, err := s.store.OfUser(t.Context(), subject); len(left) > 0 || err != nil {
			t.Errorf("%d sessions are alive while the identity server is asked, %v", len(left), err)
		}
	}
	if res := b.do(http.MethodPost, "/logout/everywhere"); res.StatusCode != http.StatusSeeOther {
		t.Errorf("POST /logout/everywhere = %d, want 303", res.StatusCode)
	}
	if got := s.id.revoked; len(got) != sessions {
		t.Errorf("%d refresh tokens were revoked, want %d", len(got), sessions)
	}
}

// A login over an old session ends that one whole: its refresh token too.
func TestLogin_revokesWhatItReplaces(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	s.clock.Advance(9*time.Minute + 30*time.Second)
	b.get("/token") // which refreshes
	s.id.mu.Lock()
	before := len(s.id.revoked)
	s.id.mu.Unlock()
	b.mustSignIn()
	if got := s.id.revoked[before:]; len(got) != 1 || got[0] != "refresh-b" {
		t.Errorf("revoked = %v, want the refresh token of the session before", got)
	}
}

// What the identity server has taken back is refused at once: a session by its login, a token by its iat.
func TestRequire_revoked(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	b.mustSignIn()
	token := b.get("/token").text
	bearer := func() int { return s.browser(t).get("/me", "Authorization", "Bearer "+token).StatusCode }
	if got := bearer(); got != http.StatusOK {
		t.Fatalf("before: %d", got)
	}
	s.clock.Advance(2 * time.Second)
	at := s.clock.Now()
	s.revoked.Store(new(func(p auth.Principal, since time.Time) bool { return p.Subject == subject && since.Before(at) }))
	if got := bearer(); got != http.StatusUnauthorized {
		t.Errorf("a Bearer token from before = %d, want 401", got)
	}
	if got := b.get("/me").StatusCode; got != http.StatusUnauthorized {
		t.Errorf("a session from before = %d, want 401", got)
	}
	callback := b.approach("/") // it begins now
	if res := b.get(callback); res.StatusCode != http.StatusSeeOther || b.get("/me").StatusCode != http.StatusOK {
		t.Errorf("a login after the revocation = %d", res.StatusCode)
	}
	s.revoked.Store(new(func(auth.Principal, time.Time) bool { return true })) // while a login is under way
	other := s.browser(t)
	if res := other.signIn("/"); res.StatusCode != http.StatusBadRequest || other.sessionID() != "" {
		t.Errorf("a login that is overtaken = %d, want 400 and nobody signed in", res.StatusCode)
	}
}
