package idp_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestTransferEncoding: net/http keeps a connection whose framing was ambiguous, which is how requests are smuggled (RFC 9112 §6.1).
func TestTransferEncoding(t *testing.T) {
	t.Parallel()
	standInOnly(t, "it is about the stand-in's use of net/http")
	s := start(t)
	r := newRequest(t, http.MethodPost, s.url+"/oauth2/token", "grant_type=x", "Content-Type", "application/x-www-form-urlencoded")
	r.ContentLength = -1
	response, err := newBrowser().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if !response.Close {
		t.Error("the connection stays open after a request with a Transfer-Encoding")
	}
}

// TestLog: one line per request, and none of what a log must not hold.
func TestLog(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	browser := newBrowser()
	code := s.signIn(t, browser, admin, nil).Get("code")
	k := s.exchange(t, code, nil).tokens(t)
	s.userinfo(t, http.MethodGet, "Bearer "+k.AccessToken)
	s.call(t, http.MethodPost, "/api/login", loginAPIKey, loginBody(customer, password(customer), clientID))
	s.call(t, http.MethodGet, "/api/jwt/refresh/"+k.RefreshToken, loginAPIKey, "") // pasted where the id belongs
	s.call(t, http.MethodDelete, "/api/jwt/refresh?token="+k.RefreshToken, loginAPIKey, "")
	s.get(t, browser, "/oauth2/logout?id_token_hint="+k.IDToken)
	s.get(t, browser, "/"+k.AccessToken)

	log := s.log.String()
	var lines []string
	for line := range strings.Lines(log) {
		var entry struct {
			Msg, Method, Route string
			Status             int
			DurationMS         *float64 `json:"duration_ms"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Msg != "request" || entry.Status == 0 || entry.DurationMS == nil {
			t.Errorf("line = %s, want one of a request with status and duration_ms", line)
		}
		lines = append(lines, entry.Method+" "+entry.Route)
	}
	want := []string{
		"GET /oauth2/authorize", "POST /oauth2/authorize", "POST /oauth2/token", "GET /oauth2/userinfo", "POST /api/login",
		"GET /api/jwt/refresh/{id}", "DELETE /api/jwt/refresh", "GET /oauth2/logout", "GET ",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("lines = %q, want %q", lines, want)
	}
	for name, secret := range map[string]string{
		"code": code, "access token": k.AccessToken, "ID token": k.IDToken, "refresh token": k.RefreshToken, "e-mail": admin,
		"another e-mail": customer, "password": password(admin), "API key": loginAPIKey, "client secret": clientSecret,
		"signing key": hmacSecret, "verifier": verifier, "state": "the-state", "query": "?",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
}
