package idp_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoginForm(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownPages)
	s := start(t)
	page := s.get(t, newBrowser(), authorizePath(params{"login_hint": customer}))
	for _, want := range []string{
		`<label for="loginId">`, `<label for="password">`, `name="loginId" type="text" inputmode="email" value="` + customer + `"`, `name="password" type="password"`,
		`method="post" action="/oauth2/authorize"`, "Local stand-in for development, not FusionAuth.",
	} {
		if !strings.Contains(page.text, want) {
			t.Errorf("the form does not hold %s", want)
		}
	}
	policy := page.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' http://shop.test"} {
		if !strings.Contains(policy, want) {
			t.Errorf("Content-Security-Policy = %q, want %s in it", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") || strings.Contains(page.text, "<script") {
		t.Errorf("the page runs scripts or lets others run: %q", policy)
	}
	if got := page.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control = %q, want no-store", got)
	}
}

// TestLoginForm_demoUsers: a click on one fills in the e-mail, and the login goes on as it was begun. A password is nowhere.
func TestLoginForm_demoUsers(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownPages)
	s, browser := start(t), newBrowser()
	form := s.get(t, browser, authorizePath(params{"state": "a & b"}))
	refused := s.submit(t, browser, form.text, "nobody@example.com", "wrong")
	for name, page := range map[string]string{"at first": form.text, "after a refusal": refused.text} {
		links := regexp.MustCompile(`<a href="(/oauth2/authorize[?][^"]+)"[^>]*>([^ <]+) <span>([^<]+)<`).FindAllStringSubmatch(page, -1)
		roles := map[string]string{}
		for _, link := range links {
			roles[link[2]] = link[3]
			filled := s.get(t, browser, html.UnescapeString(link[1]))
			if !strings.Contains(filled.text, `value="`+link[2]+`"`) || !strings.Contains(filled.text, `autocomplete="current-password" required autofocus`) {
				t.Errorf("%s: the link of %s does not fill in the e-mail and go to the password:\n%s", name, link[2], filled.text)
			}
			if got := redirected(t, s.submit(t, newBrowser(), filled.text, link[2], password(link[2]))); got.Get("code") == "" || got.Get("state") != "a & b" {
				t.Errorf("%s: the login of %s ends with %v", name, link[2], got)
			}
		}
		want := map[string]string{admin: "admin", "manager@example.com": "branch-manager", customer: "customer"}
		if diff := cmp.Diff(want, roles); diff != "" {
			t.Errorf("%s: the users that are listed (-want +got):\n%s", name, diff)
		}
		if strings.Contains(page, password(admin)) {
			t.Errorf("%s: a password is on the page", name)
		}
	}
}

// TestLoginForm_escapes: what a link brings into the form is text there.
func TestLoginForm_escapes(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownPages)
	s := start(t)
	attack := `"><script>alert(1)</script>`
	page := s.get(t, newBrowser(), authorizePath(params{"state": attack, "login_hint": attack, "nonce": attack}))
	if page.status != http.StatusOK || strings.Contains(page.text, "<script") {
		t.Errorf("form = %d, want the attack as text:\n%s", page.status, page.text)
	}
	browser := newBrowser()
	got := redirected(t, s.submit(t, browser, s.get(t, browser, authorizePath(params{"state": attack})).text, admin, password(admin)))
	if got.Get("state") != attack {
		t.Errorf("state = %q, want it back as it came", got.Get("state"))
	}
}

// TestLoginForm_refusals: an unknown user and a wrong password look the same, and nobody is signed in.
func TestLoginForm_refusals(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownPages)
	s := start(t)
	for _, tt := range []struct{ name, email, password string }{
		{"wrong password", admin, "wrong"},
		{"unknown user", "nobody@example.com", "wrong"},
		{"password of another", admin, password(customer)},
		{"password in another case", admin, strings.ToUpper(password(admin))},
		{"empty password", admin, ""},
		{"empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			browser := newBrowser()
			got := s.submit(t, browser, s.get(t, browser, authorizePath(nil)).text, tt.email, tt.password)
			if got.status != http.StatusOK || got.location != "" || !strings.Contains(got.text, `role="alert" id="problem">Invalid login credentials.<`) {
				t.Errorf("login = %d to %q, want the form with the one message\n%s", got.status, got.location, got.text)
			}
			if !strings.Contains(got.text, `value="`+tt.email+`"`) || tt.password != "" && strings.Contains(got.text, tt.password) {
				t.Errorf("the form must keep the e-mail and never the password\n%s", got.text)
			}
			if len(got.header.Values("Set-Cookie")) > 0 {
				t.Errorf("a cookie is set: %q", got.header.Values("Set-Cookie"))
			}
			if again := s.submit(t, browser, got.text, admin, password(admin)); redirected(t, again).Get("code") == "" {
				t.Error("the form shown again does not sign in")
			}
		})
	}
}

func TestLoginForm_emailInAnotherCase(t *testing.T) {
	t.Parallel()
	s, browser := start(t), newBrowser()
	got := s.submit(t, browser, s.get(t, browser, authorizePath(nil)).text, "Admin@Example.COM", password(admin))
	if redirected(t, got).Get("code") == "" {
		t.Error("no code")
	}
}

// TestLoginForm_crossSite: a page elsewhere must not sign this browser in as somebody else (login CSRF).
func TestLoginForm_crossSite(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownPages)
	s := start(t)
	for _, tt := range []struct {
		name   string
		header []string
		status int
	}{
		{"cross-site fetch metadata", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"same-site fetch metadata", []string{"Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		{"foreign origin of an old browser", []string{"Origin", "http://evil.test"}, http.StatusForbidden},
		{"opaque origin", []string{"Origin", "null"}, http.StatusForbidden},
		{"own page", []string{"Sec-Fetch-Site", "same-origin", "Origin", s.url}, http.StatusFound},
		{"own page in an old browser", []string{"Origin", s.url}, http.StatusFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			browser := newBrowser()
			got := s.submit(t, browser, s.get(t, browser, authorizePath(nil)).text, admin, password(admin), tt.header...)
			if tt.status == http.StatusForbidden {
				oauthFault(t, got, tt.status, "access_denied", "invalid_origin")
				return
			}
			if got.status != tt.status {
				t.Errorf("login = %d, want %d\n%s", got.status, tt.status, got.text)
			}
		})
	}
}

// TestLoginForm_credentialsInTheURL: a password in a URL is in every log on the way, so it does not count.
func TestLoginForm_credentialsInTheURL(t *testing.T) {
	t.Parallel()
	s := start(t)
	path := authorizePath(params{"loginId": admin, "password": password(admin)})
	if got := s.get(t, newBrowser(), path); got.status != http.StatusOK || strings.Contains(got.text, password(admin)) {
		t.Errorf("GET with credentials = %d, want the form without them", got.status)
	}
	got := send(t, newBrowser(), newRequest(t, http.MethodPost, s.url+path, "password=", "Content-Type", "application/x-www-form-urlencoded"))
	if got.status == http.StatusFound {
		t.Error("POST with the credentials in the URL signs in")
	}
}

// TestLoginForm_sessionFixation: an id that was there before the login is worth nothing after it.
func TestLoginForm_sessionFixation(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownPages)
	s := start(t)
	here, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	browser := newBrowser()
	s.signIn(t, browser, customer, nil)
	before := browser.Jar.Cookies(here)
	s.submit(t, browser, s.get(t, browser, authorizePath(params{"prompt": "login"})).text, admin, password(admin))
	after := browser.Jar.Cookies(here)
	if len(before) != 1 || len(after) != 1 || before[0].Value == after[0].Value {
		t.Fatalf("cookies before %v and after %v, want one each, of another value", before, after)
	}
	old := newBrowser()
	old.Jar.SetCookies(here, before)
	if got := s.get(t, old, authorizePath(nil)); got.status != http.StatusOK {
		t.Errorf("the id from before the login = %d, want the form", got.status)
	}
}

func TestLoginForm_cookie(t *testing.T) {
	t.Parallel()
	for issuer, secure := range map[string]bool{"http://id.shop.test": false, "https://id.shop.test": true} {
		s := start(t, variant{env: map[string]string{"FUSIONAUTH_ISSUER": issuer}})
		browser := newBrowser()
		got := s.submit(t, browser, s.get(t, browser, authorizePath(nil)).text, admin, password(admin))
		cookie, err := http.ParseSetCookie(got.header.Get("Set-Cookie"))
		if err != nil {
			t.Fatal(err)
		}
		if cookie.Name != "fusionauth.sso" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" {
			t.Errorf("cookie = %v, want HttpOnly, SameSite=Lax, Path=/ and no Domain", cookie)
		}
		if cookie.Secure != secure || len(cookie.Value) < 32 {
			t.Errorf("issuer %s: Secure = %v, want %v; value of %d characters", issuer, cookie.Secure, secure, len(cookie.Value))
		}
	}
}
