package login_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/login"
	"storefront/shared/auth/authtest"
)

// Nobody is signed in by an identity server that lies, or by somebody who speaks in its name (security.md S3).
func TestCallback_refusesLies(t *testing.T) {
	t.Parallel()
	foreign, foreignHMAC := authtest.NewKey(t, "ES256", "id-key"), authtest.NewKey(t, "HS256", "users-HS256")
	secretKey := authtest.HMACKey(t, "id-key", clientSecret+strings.Repeat("x", 32))
	reply := func(status int, text string) func(http.ResponseWriter, map[string]any) bool {
		return func(w http.ResponseWriter, _ map[string]any) bool {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
			return true
		}
	}
	without := func(name string) func(http.ResponseWriter, map[string]any) bool {
		return func(_ http.ResponseWriter, body map[string]any) bool { delete(body, name); return false }
	}
	part := func(v any) string { b, _ := json.Marshal(v); return base64.RawURLEncoding.EncodeToString(b) }
	tests := []struct {
		name string
		lie  lie
		want int
	}{
		{"ID token of another issuer", lie{idClaims: authtest.Claims{"iss": "https://evil.example"}}, 502},
		{"ID token for another client", lie{idClaims: authtest.Claims{"aud": "another"}}, 502},
		{"ID token without aud", lie{idClaims: authtest.Claims{"aud": authtest.Absent}}, 502},
		{"ID token that has expired", lie{idClaims: authtest.Claims{"exp": time.Now().Add(-time.Hour).Unix()}}, 502},
		{"ID token without exp", lie{idClaims: authtest.Claims{"exp": authtest.Absent}}, 502},
		{"ID token of another attempt", lie{idClaims: authtest.Claims{"nonce": "another"}}, 502},
		{"ID token without nonce", lie{idClaims: authtest.Claims{"nonce": authtest.Absent}}, 502},
		{"ID token with the hash of another access token", lie{idClaims: authtest.Claims{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}, 502},
		{"ID token of another user", lie{idClaims: authtest.Claims{"sub": "somebody-else"}}, 502},
		{"ID token without sub", lie{idClaims: authtest.Claims{"sub": authtest.Absent}}, 502},
		{"ID token signed with another key", lie{idKey: &foreign}, 502},
		{"ID token of an unknown kid", lie{idHeader: authtest.Claims{"kid": "unknown"}}, 502},
		{"ID token keyed by the client secret, which is not listed", lie{idKey: &secretKey}, 502},
		{"ID token with alg none", lie{idToken: func(token string) string {
			return part(map[string]any{"alg": "none"}) + "." + strings.Split(token, ".")[1] + "."
		}}, 502},
		{"ID token without signature", lie{idToken: func(token string) string { return token[:strings.LastIndex(token, ".")+1] }}, 502},
		{"ID token that is garbage", lie{idToken: func(string) string { return "garbage" }}, 502},
		{"no ID token", lie{answer: without("id_token")}, 502},
		{"no access token", lie{answer: without("access_token")}, 502},
		{"access token of another issuer", lie{access: authtest.Claims{"iss": "https://evil.example"}}, 502},
		{"access token for another application", lie{access: authtest.Claims{"aud": "another", "applicationId": "another"}}, 502},
		{"access token signed with another key", lie{accessKey: &foreignHMAC}, 502},
		{"access token with roles as one text", lie{access: authtest.Claims{"roles": "admin"}}, 502},
		{"access token of another user", lie{access: authtest.Claims{"sub": "somebody-else"}}, 502},
		{"iss of another identity server (RFC 9207)", lie{callback: func(q url.Values) { q.Set("iss", "https://evil.example") }}, 400},
		{"iss left out although it is announced", lie{callback: func(q url.Values) { q.Del("iss") }}, 400},
		{"error in place of a code", lie{callback: func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }}, 400},
		{"error beside a code", lie{callback: func(q url.Values) { q.Set("error", "access_denied") }}, 400},
		{"no code", lie{callback: func(q url.Values) { q.Del("code") }}, 400},
		{"a code that nobody issued", lie{callback: func(q url.Values) { q.Set("code", "injected") }}, 400},
		{"token endpoint says no", lie{answer: reply(400, `{"error":"invalid_grant"}`)}, 400},
		{"token endpoint refuses the client", lie{answer: reply(401, `{"error":"invalid_client"}`)}, 502},
		{"token endpoint fails", lie{answer: reply(500, `{}`)}, 503},
		{"token endpoint is garbage", lie{answer: reply(200, `<html>`)}, 502},
		{"token endpoint is empty", lie{answer: reply(200, ``)}, 502},
		{"token endpoint redirects", lie{answer: func(w http.ResponseWriter, _ map[string]any) bool {
			w.Header().Set("Location", "/oauth2/token2")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		}}, 502},
		{"token endpoint answers without end", lie{answer: func(w http.ResponseWriter, _ map[string]any) bool {
			w.Header().Set("Content-Type", "application/json")
			for range 64 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					break
				}
			}
			return true
		}}, 502},
		{"keys cannot be had", lie{jwks: "unavailable"}, 503},
		{"keys are garbage", lie{jwks: "garbage"}, 502},
		{"keys are empty", lie{jwks: `{"keys":[]}`}, 502},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.id.tell(tt.lie)
			b := s.browser(t)
			res := b.signIn("/products")
			if res.StatusCode != tt.want {
				t.Errorf("callback = %d %s, want %d", res.StatusCode, res.text, tt.want)
			}
			if b.sessionID() != "" || b.get("/me").StatusCode != http.StatusUnauthorized {
				t.Error("somebody is signed in")
			}
			if strings.Contains(res.text, "eyJ") || strings.Contains(res.text, clientSecret) {
				t.Errorf("the answer shows a token or secret: %s", res.text)
			}
			s.id.tell(lie{})
			if b.signIn("/").StatusCode != http.StatusSeeOther {
				b.mustSignIn() // the truth works at once, or after the one fetch of keys that was still under way
			}
		})
	}
}

// A callback that no attempt of this browser fits signs nobody in, and never ends in a dead page (security.md S2).
func TestCallback_strays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		wrap func(s *shop, b *browser, callback string) string // what is opened in place of the callback
		to   string                                            // where it goes, signed out
	}{
		{"no parameters", func(*shop, *browser, string) string { return "/oauth-redirect" }, "/login?return_to=%2F&strayed=1"},
		{"unknown state", func(_ *shop, _ *browser, c string) string { return replace(c, "state", "AAAAAAAAAAAAAAAAAAAAAAAAAA") }, "/login?return_to=%2F&strayed=1"},
		{"empty state", func(_ *shop, _ *browser, c string) string { return replace(c, "state", "") }, "/login?return_to=%2F&strayed=1"},
		{"state that is no cookie name", func(_ *shop, _ *browser, c string) string { return replace(c, "state", "a;b=c\r\n\x00") }, "/login?return_to=%2F&strayed=1"},
		{"state of a kilobyte", func(_ *shop, _ *browser, c string) string { return replace(c, "state", strings.Repeat("x", 1000)) }, "/login?return_to=%2F&strayed=1"},
		{"ten minutes old", func(s *shop, _ *browser, c string) string { s.clock.Advance(10*time.Minute + time.Second); return c }, "/login?return_to=%2F&strayed=1"},
		{"of another browser (login CSRF)", func(s *shop, b *browser, _ string) string { return s.browser(b.t).approach("/products") }, "/login?return_to=%2F&strayed=1"},
		{"cookie of one attempt under the name of another", func(s *shop, b *browser, c string) string {
			other := b.approach("/other")
			var value string
			for _, k := range b.Jar.Cookies(mustParse(b.t, s.URL)) {
				if strings.HasSuffix(k.Name, mustParse(b.t, other).Query().Get("state")) {
					value = k.Value
				}
			}
			b.plant("fa.gw.login."+mustParse(b.t, c).Query().Get("state"), value)
			return c
		}, "/login?return_to=%2F&strayed=1"},
		{"tampered cookie", func(_ *shop, b *browser, c string) string {
			b.plant("fa.gw.login."+mustParse(b.t, c).Query().Get("state"), strings.Repeat("A", 200))
			return c
		}, "/login?return_to=%2F&strayed=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.browser(t)
			res := b.get(tt.wrap(s, b, b.approach("/products")))
			if res.StatusCode != http.StatusFound || res.location() != tt.to || b.sessionID() != "" {
				t.Errorf("signed out: %d to %s, want 302 to %s and nobody signed in", res.StatusCode, res.location(), tt.to)
			}
			b.mustSignIn()
			id := b.sessionID()
			res = b.get(tt.wrap(s, b, b.approach("/products")))
			if res.StatusCode != http.StatusSeeOther || res.location() != "/" || b.sessionID() != id {
				t.Errorf("signed in: %d to %s, want 303 to the shop with the session as it was", res.StatusCode, res.location())
			}
		})
	}
}

func replace(target, name, value string) string {
	u, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// A replay with the attempt's own cookie, which a thief could have, and an identity server that takes codes twice.
func TestCallback_replay(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.browser(t)
	callback := b.approach("/products")
	thief := s.browser(t)
	thief.Jar.SetCookies(mustParse(t, s.URL), b.Jar.Cookies(mustParse(t, s.URL)))
	if res := b.get(callback); res.location() != "/products" {
		t.Fatalf("callback = %d to %s", res.StatusCode, res.location())
	}
	s.id.mu.Lock()
	s.id.codes[mustParse(t, callback).Query().Get("code")] = grant{subject: subject}
	s.id.mu.Unlock()
	if res := thief.get(callback); res.StatusCode != http.StatusFound || res.location() != "/login?return_to=%2Fproducts&strayed=1" || thief.sessionID() != "" {
		t.Errorf("replay = %d to %s, want a fresh login", res.StatusCode, res.location())
	}
	if res := b.get(callback); res.StatusCode != http.StatusFound && res.location() != "/" {
		t.Errorf("reload of a signed-in browser = %d to %s", res.StatusCode, res.location())
	}
}

func TestCallback_idTokenKeyedByTheClientSecretWhereListed(t *testing.T) {
	t.Parallel()
	s := newShop(t, func(c *login.Config) {
		c.IDTokenAlgs = []string{"ES256", "HS256"}
	})
	s.browser(t).mustSignIn() // ES256 goes on working
	secret := authtest.HMACKey(t, "id-key", clientSecret)
	s.id.tell(lie{idKey: &secret})
	s.browser(t).mustSignIn()
	public, err := json.Marshal(authtest.JWKS(t, s.id.ids.Key))
	if err != nil {
		t.Fatal(err)
	}
	confused := authtest.HMACKey(t, "id-key", string(public))
	s.id.tell(lie{idKey: &confused})
	if res := s.browser(t).signIn("/"); res.StatusCode != http.StatusBadGateway {
		t.Errorf("HS256 keyed by the public key: %d, want 502", res.StatusCode)
	}
}

// An identity server that is not FusionAuth: no at_hash, no jti, no typ, no refresh token, no iss, no logout.
func TestCallback_takesAPlainerIdentityServer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.id.tell(lie{
		discovery: func(doc map[string]any) {
			delete(doc, "authorization_response_iss_parameter_supported")
			delete(doc, "end_session_endpoint")
		},
		callback: func(q url.Values) { q.Del("iss"); q.Del("userState"); q.Del("locale") },
		idClaims: authtest.Claims{"at_hash": authtest.Absent, "email": authtest.Absent, "given_name": authtest.Absent, "family_name": authtest.Absent, "preferred_username": "customer"},
		access:   authtest.Claims{"applicationId": authtest.Absent, "jti": authtest.Absent, "aud": []string{"other", clientID}},
		answer: func(_ http.ResponseWriter, body map[string]any) bool {
			delete(body, "refresh_token")
			delete(body, "expires_in")
			return false
		},
	})
	b := s.browser(t)
	b.mustSignIn()
	if res := b.get("/me"); !strings.Contains(res.text, `"name":"customer"`) {
		t.Errorf("/me = %s", res.text)
	}
	if res := b.do(http.MethodPost, "/logout"); res.location() != "/" {
		t.Errorf("logout leads to %s, want /", res.location())
	}
}
