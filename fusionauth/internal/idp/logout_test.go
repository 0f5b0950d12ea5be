package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// goes is a row: where a logout request sends the browser.
type goes struct{ name, query, want string }

func (g goes) check(t *testing.T, s *site) {
	t.Helper()
	got := s.get(t, newBrowser(), "/oauth2/logout?"+g.query)
	if got.status != http.StatusFound || got.location != g.want {
		t.Errorf("%s: GET = %d to %q, want %q\n%s", g.name, got.status, got.location, g.want, got.text)
	}
	post := newRequest(t, http.MethodPost, s.url+"/oauth2/logout", g.query, "Content-Type", "application/x-www-form-urlencoded")
	if got := send(t, newBrowser(), post); got.status != http.StatusFound || got.location != g.want {
		t.Errorf("%s: POST = %d to %q, want %q", g.name, got.status, got.location, g.want)
	}
}

func TestLogout_goesWhere(t *testing.T) {
	t.Parallel()
	s := start(t)
	hint := s.login(t, admin, nil).IDToken
	for _, row := range []goes{
		{"client's wish", "client_id=" + clientID + "&post_logout_redirect_uri=" + url.QueryEscape(home), home},
		{"client's wish by hint", "id_token_hint=" + hint + "&post_logout_redirect_uri=" + url.QueryEscape(home), home},
		{"state goes along", "client_id=" + clientID + "&state=a%26b&post_logout_redirect_uri=" + url.QueryEscape(home), home + "?state=a%26b"},
		{"application's URL", "client_id=" + clientID, frontLogout},
		{"application's URL by hint", "id_token_hint=" + hint, frontLogout},
		{"state without a wish", "client_id=" + clientID + "&state=x", frontLogout},
	} {
		row.check(t, s)
	}
}

func TestLogout_goesWhere_ofOtherApplications(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) {
		d.body("/api/tenant/").in("tenant")["logoutURL"] = "http://tenant.test/bye"
		d.addOther(document{"logoutURL": "http://other.test/bye", "logoutBehavior": "RedirectOnly"})
		d.add("POST", "/api/application/88888888-8888-4888-8888-888888888888", document{"application": document{
			"name": "Plain", "oauthConfiguration": document{"logoutBehavior": "RedirectOnly"},
		}})
	}})
	hint := s.login(t, admin, nil).IDToken
	for _, row := range []goes{
		{"client id before hint", "client_id=" + otherID + "&id_token_hint=" + hint, "http://other.test/bye"},
		{"tenant's URL for an application without one", "client_id=88888888-8888-4888-8888-888888888888", "http://tenant.test/bye"},
		{"tenant's URL for nobody", "", "http://tenant.test/bye"},
		{"with the tenant", "tenantId=" + tenantID, "http://tenant.test/bye"},
	} {
		row.check(t, s)
	}
}

func TestLogout_withNowhereToGo(t *testing.T) {
	t.Parallel()
	if got := start(t).get(t, newBrowser(), "/oauth2/logout"); got.status != http.StatusFound || got.location != "/" {
		t.Errorf("logout = %d to %q, want /", got.status, got.location)
	}
}

// TestLogout_refusals: nothing is redirected that is not registered, and nobody is signed out by a request that is refused.
func TestLogout_refusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	tokens := s.login(t, admin, nil)
	browser := newBrowser()
	s.signIn(t, browser, admin, nil)
	wish := "&post_logout_redirect_uri="
	for _, tt := range []struct{ name, query, reason string }{
		{"foreign target", "client_id=" + clientID + wish + "http://evil.test/", "invalid_post_logout_redirect_uri"},
		{"target with more path", "client_id=" + clientID + wish + url.QueryEscape(home+"x"), "invalid_post_logout_redirect_uri"},
		{"script", "client_id=" + clientID + wish + "javascript:alert(1)", "invalid_post_logout_redirect_uri"},
		{"target without a client", wish + url.QueryEscape(home), "invalid_post_logout_redirect_uri"},
		{"unknown client", "client_id=" + tenantID, "invalid_client_id"},
		{"unknown tenant", "client_id=" + clientID + "&tenantId=" + clientID, "invalid_tenant_id"},
		{"hint that is no token", "id_token_hint=x", "invalid_id_token_hint"},
		{"access token as hint", "id_token_hint=" + tokens.AccessToken, "invalid_id_token_hint"},
		{"hint with another signature", "id_token_hint=" + tokens.IDToken[:len(tokens.IDToken)-8] + "AAAAAAAA", "invalid_id_token_hint"},
		{"parameter twice", "client_id=" + clientID + "&client_id=" + otherID, "unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			oauthFault(t, s.get(t, browser, "/oauth2/logout?"+tt.query), http.StatusBadRequest, "invalid_request", tt.reason)
		})
	}
	if got := s.get(t, browser, authorizePath(params{"prompt": "none"})); redirected(t, got).Get("code") == "" {
		t.Error("a refused logout has signed the browser out")
	}
}

func TestLogout_targetOfAnotherClient(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.addOther(nil) }})
	got := s.get(t, newBrowser(), "/oauth2/logout?client_id="+clientID+"&post_logout_redirect_uri="+url.QueryEscape(otherCallback))
	oauthFault(t, got, http.StatusBadRequest, "invalid_request", "invalid_post_logout_redirect_uri")
}

func TestLogout_endsTheSSOSessionAndNothingElse(t *testing.T) {
	t.Parallel()
	s := start(t)
	browser := newBrowser()
	tokens := s.exchange(t, s.signIn(t, browser, admin, nil).Get("code"), nil).tokens(t)
	here, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	stolen := newBrowser()
	stolen.Jar.SetCookies(here, browser.Jar.Cookies(here))

	s.get(t, browser, "/oauth2/logout?client_id="+clientID)
	if cookies := browser.Jar.Cookies(here); len(cookies) != 0 {
		t.Errorf("cookies after the logout = %v, want none", cookies)
	}
	for name, b := range map[string]*http.Client{"the browser": browser, "a copy of its cookie": stolen} {
		if got := redirected(t, s.get(t, b, authorizePath(params{"prompt": "none"}))); got.Get("error") != "login_required" {
			t.Errorf("%s after the logout = %v, want login_required", name, got)
		}
	}
	if got := s.refresh(t, tokens.RefreshToken, nil); got.status != http.StatusOK {
		t.Errorf("the refresh token after the logout = %d, want it in force, as in FusionAuth", got.status)
	}
}

// TestLogout_expiredHint: a hint says who was signed in, so its time does not matter (FusionAuth 1.37).
func TestLogout_expiredHint(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	hint := s.login(t, admin, nil).IDToken
	s.clock.advance(48 * time.Hour)
	if got := s.get(t, newBrowser(), "/oauth2/logout?id_token_hint="+hint); got.location != frontLogout {
		t.Errorf("logout = %d to %q, want %s", got.status, got.location, frontLogout)
	}
}

func TestLogout_allApplications(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) {
		d.oauth()["logoutBehavior"] = "AllApplications"
		d.addOther(nil)
	}})
	got := s.get(t, newBrowser(), "/oauth2/logout?client_id="+clientID+"&post_logout_redirect_uri="+url.QueryEscape(home))
	if got.status != http.StatusOK {
		t.Fatalf("logout = %d %s, want the page that tells every application", got.status, got.text)
	}
	for _, want := range []string{
		`<iframe src="` + frontLogout + `"`, `<iframe src="http://other.test/bye"`, `http-equiv="refresh" content="2; url=` + home + `"`,
	} {
		if !strings.Contains(got.text, want) {
			t.Errorf("the page does not hold %s\n%s", want, got.text)
		}
	}
	if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-src http://other.test http://shop.test") {
		t.Errorf("Content-Security-Policy = %q, want the two applications as frames", policy)
	}
}
