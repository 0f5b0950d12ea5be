package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzAuthorize: whatever the query holds, a browser is sent to a registered URL or nowhere, and without a login no code is given.
func FuzzAuthorize(f *testing.F) {
	standInOnly(f, "it is no load for a server of others")
	for _, p := range []params{
		nil, {"prompt": "none"}, {"scope": "x"}, {"redirect_uri": "//evil.test"}, {"redirect_uri": callback + "@evil.test"},
		{"redirect_uri": "http://shop.test\r\nLocation: http://evil.test"}, {"state": "\r\nSet-Cookie: a=b"}, {"client_id": "%00"},
	} {
		f.Add(strings.TrimPrefix(authorizePath(p), "/oauth2/authorize?"))
	}
	f.Add("client_id=" + clientID + "&redirect_uri=" + callback + ";response_type=code")
	f.Fuzz(func(t *testing.T, query string) {
		s := start(t)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/oauth2/authorize", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if len(query) > 8<<10 || strings.ContainsFunc(query, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
			t.Skip("net/http refuses such a request target before the server sees it")
		}
		r.URL.RawQuery = query
		got := send(t, newBrowser(), r)
		checkRedirect(t, got)
		switch got.status {
		case http.StatusOK, http.StatusFound, http.StatusBadRequest:
		default:
			t.Errorf("GET ?%q = %d", query, got.status)
		}
	})
}

func checkRedirect(t *testing.T, got answer) {
	t.Helper()
	if got.location == "" {
		return
	}
	to, err := url.Parse(got.location)
	if err != nil || to.Host != "shop.test" || to.Scheme != "http" || to.Path != "/oauth-redirect" && to.Path != "/" {
		t.Errorf("redirect to %q, want a registered URL", got.location)
	}
	if to.Query().Has("code") {
		t.Errorf("redirect to %q with a code, and nobody has logged in", got.location)
	}
}

// FuzzToken: no form gives tokens that were not earned, and none makes the server fail.
func FuzzToken(f *testing.F) {
	standInOnly(f, "it is no load for a server of others")
	for _, form := range []string{
		"grant_type=authorization_code&code=x&redirect_uri=" + callback, "grant_type=refresh_token&refresh_token=x", "grant_type=", "%", "a=1&a=2",
		"grant_type=refresh_token&client_id=" + clientID + "&client_secret=" + url.QueryEscape(clientSecret) + "&refresh_token=x",
	} {
		f.Add(form, "Basic "+"ZTlmZGI5ODU6eA==")
		f.Add(form, "")
	}
	f.Fuzz(func(t *testing.T, form, authorization string) {
		if strings.ContainsFunc(authorization, func(c rune) bool { return c < ' ' || c >= 0x7f }) {
			t.Skip("no header value")
		}
		s := start(t)
		r := newRequest(t, http.MethodPost, s.url+"/oauth2/token", form, "Content-Type", "application/x-www-form-urlencoded", "Authorization", authorization)
		got := send(t, newBrowser(), r)
		switch got.status {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge:
		default:
			t.Errorf("POST %q as %q = %d %s", form, authorization, got.status, got.text)
		}
	})
}
