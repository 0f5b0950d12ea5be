package idp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// The steps of a login, for tests that are about one of them.

const verifier = "a-code-verifier-of-more-than-forty-three-characters"

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// params changes parameters of a good request; "-" leaves one out.
type params map[string]string

func (p params) over(good params) url.Values {
	values := url.Values{}
	for name, value := range good {
		values.Set(name, value)
	}
	for name, value := range p {
		if value == "-" {
			values.Del(name)
			continue
		}
		values.Set(name, value)
	}
	return values
}

// authorizePath is a good authorization request, changed by p.
func authorizePath(p params) string {
	return "/oauth2/authorize?" + p.over(params{
		"client_id": clientID, "redirect_uri": callback, "response_type": "code", "scope": "openid profile email offline_access",
		"state": "the-state", "nonce": "the-nonce", "code_challenge": challenge(verifier), "code_challenge_method": "S256",
	}).Encode()
}

// The parts of a form, wherever a server puts its attributes.
var (
	inputTag  = regexp.MustCompile(`<input\b[^>]*>`)
	attribute = regexp.MustCompile(`\b(type|name|value)\s*=\s*"([^"]*)"`)
)

// hiddenFields are the ones that a browser sends without showing them.
func hiddenFields(page string) url.Values {
	fields := url.Values{}
	for _, tag := range inputTag.FindAllString(page, -1) {
		found := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
			found[m[1]] = html.UnescapeString(m[2])
		}
		if found["type"] == "hidden" && found["name"] != "" {
			fields.Set(found["name"], found["value"])
		}
	}
	return fields
}

// submit fills in the login form of page as a browser would and sends it.
func (s *site) submit(t testing.TB, browser *http.Client, page, email, password string, header ...string) answer {
	t.Helper()
	form := hiddenFields(page)
	form.Set("loginId", email)
	form.Set("password", password)
	header = append(header, "Content-Type", "application/x-www-form-urlencoded")
	return send(t, browser, newRequest(t, http.MethodPost, s.url+"/oauth2/authorize", form.Encode(), header...))
}

// signIn goes through the login form and gives the parameters that reach the client.
func (s *site) signIn(t testing.TB, browser *http.Client, email string, p params) url.Values {
	t.Helper()
	page := s.get(t, browser, authorizePath(p))
	if page.status != http.StatusOK {
		t.Fatalf("login form = %d %s\n%s", page.status, page.location, page.text)
	}
	return redirected(t, s.submit(t, browser, page.text, email, password(email)))
}

// redirected gives the query of a redirect to a client.
func redirected(t testing.TB, a answer) url.Values {
	t.Helper()
	to, err := url.Parse(a.location)
	if err != nil || a.status != http.StatusFound || !isClients(to) {
		t.Fatalf("answer = %d to %q, want a redirect to the client\n%s", a.status, a.location, a.text)
	}
	return to.Query()
}

// post sends a form with the client's Basic credentials; params may hold "basic" to change or ("-") drop them.
func (s *site) post(t testing.TB, path string, form params) answer {
	t.Helper()
	basic := clientID + ":" + clientSecret
	values := url.Values{}
	for name, value := range form {
		switch {
		case name == "basic":
			basic = value
		case value != "-":
			values.Set(name, value)
		}
	}
	r := newRequest(t, http.MethodPost, s.url+path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if id, secret, ok := strings.Cut(basic, ":"); ok {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	return send(t, newBrowser(), r)
}

// exchange sends a code to the token endpoint.
func (s *site) exchange(t testing.TB, code string, p params) answer {
	t.Helper()
	form := params{"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": verifier}
	for name, value := range p {
		form[name] = value
	}
	return s.post(t, "/oauth2/token", form)
}

// refresh sends a refresh token to the token endpoint.
func (s *site) refresh(t testing.TB, token string, p params) answer {
	t.Helper()
	form := params{"grant_type": "refresh_token", "refresh_token": token}
	for name, value := range p {
		form[name] = value
	}
	return s.post(t, "/oauth2/token", form)
}

// code signs in and gives the authorization code.
func (s *site) code(t testing.TB, email string, p params) string {
	t.Helper()
	code := s.signIn(t, newBrowser(), email, p).Get("code")
	if code == "" {
		t.Fatal("the redirect has no code")
	}
	return code
}

// tokens is a token response.
type tokens struct {
	AccessToken    string `json:"access_token"`
	ExpiresIn      int    `json:"expires_in"`
	IDToken        string `json:"id_token"`
	RefreshToken   string `json:"refresh_token"`
	RefreshTokenID string `json:"refresh_token_id"`
	Scope          string `json:"scope"`
	TokenType      string `json:"token_type"`
	UserID         string `json:"userId"`
}

func (a answer) tokens(t testing.TB) tokens {
	t.Helper()
	var got tokens
	if err := json.Unmarshal([]byte(a.text), &got); err != nil || a.status != http.StatusOK || got.AccessToken == "" {
		t.Fatalf("token endpoint = %d %s", a.status, a.text)
	}
	return got
}

// login goes all the way to the tokens.
func (s *site) login(t testing.TB, email string, p params) tokens {
	t.Helper()
	return s.exchange(t, s.code(t, email, p), nil).tokens(t)
}

// part decodes header (0) or claims (1) of a JWT without verifying it.
func part(t testing.TB, token string, i int) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(decoded(t, token, i)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// decoded is part as text.
func decoded(t testing.TB, token string, i int) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// oauthFault checks an error answer of RFC 6749 §5.2 with FusionAuth's reason.
func oauthFault(t testing.TB, a answer, status int, code, reason string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status = %d, want %d\n%s", a.status, status, a.text)
		return
	}
	body := a.json(t)
	if body["error"] != code || body["error_reason"] != reason || body["error_description"] == "" {
		t.Errorf("error = %v, want %s because of %s", body, code, reason)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control = %q, want no-store", a.header.Get("Cache-Control"))
	}
}
