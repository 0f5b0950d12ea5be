package idp_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// TestToken_shape pins what FusionAuth's tokens look like: every claim and header member, no other.
func TestToken_shape(t *testing.T) {
	t.Parallel()
	s := start(t)
	before := time.Now().Unix()
	got := s.login(t, admin, nil)

	if got.TokenType != "Bearer" || got.ExpiresIn != 600 || got.UserID != adminID || got.Scope != "openid profile email offline_access" {
		t.Errorf("response = %+v", got)
	}
	access, id := part(t, got.AccessToken, 1), part(t, got.IDToken, 1)
	for _, claims := range []map[string]any{access, id} {
		checkTimes(t, claims, before, 600)
		if _, err := uuid.Parse(claims["jti"].(string)); err != nil {
			t.Errorf("jti = %v, want a UUID", claims["jti"])
		}
		delete(claims, "jti")
	}
	if len(id["at_hash"].(string)) != 22 {
		t.Errorf("at_hash = %v, want 16 bytes in base64url", id["at_hash"])
	}
	delete(id, "at_hash")

	common := map[string]any{
		"aud": clientID, "iss": s.url, "sub": adminID, "tid": tenantID, "authenticationType": "PASSWORD", "sid": got.RefreshTokenID,
		"scope": "openid profile email offline_access",
	}
	wantAccess := maps.Clone(common)
	maps.Copy(wantAccess, map[string]any{"applicationId": clientID, "roles": []any{"admin"}})
	if diff := cmp.Diff(wantAccess, access); diff != "" {
		t.Errorf("access token (-want +got):\n%s", diff)
	}
	wantID := maps.Clone(common)
	maps.Copy(wantID, map[string]any{
		"nonce": "the-nonce", "email": admin, "email_verified": true, "given_name": "Admin", "family_name": "Example", "name": "Admin Example",
	})
	if diff := cmp.Diff(wantID, id); diff != "" {
		t.Errorf("ID token (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"alg": "HS256", "typ": "JWT", "kid": hmacKID, "gty": []any{"authorization_code"}}, part(t, got.AccessToken, 0)); diff != "" {
		t.Errorf("access token header (-want +got):\n%s", diff)
	}
	header := part(t, got.IDToken, 0)
	if header["alg"] != "RS256" || header["typ"] != "JWT" || header["kid"] == "" {
		t.Errorf("ID token header = %v, want an RS256 JWT with a kid", header)
	}
}

// checkTimes takes iat, exp and auth_time out of claims after checking them; all are in seconds.
func checkTimes(t *testing.T, claims map[string]any, before int64, ttl float64) {
	t.Helper()
	iat, _ := claims["iat"].(float64)
	exp, _ := claims["exp"].(float64)
	auth, _ := claims["auth_time"].(float64)
	if int64(iat) < before || int64(iat) > time.Now().Unix() || exp-iat != ttl || int64(auth) < before || auth > iat {
		t.Errorf("iat %v, exp %v, auth_time %v with now %d, want seconds and a lifetime of %v", iat, exp, auth, before, ttl)
	}
	for _, name := range []string{"iat", "exp", "auth_time"} {
		delete(claims, name)
	}
}

func TestToken_scopeDecidesWhatIsGiven(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tt := range []struct {
		scope       string
		id, refresh bool
		claims      []string // of the ID token, about the user
	}{
		{"-", false, false, nil},
		{"profile email", false, false, nil},
		{"openid", true, false, nil},
		{"openid email", true, false, []string{"email", "email_verified"}},
		{"openid profile", true, false, []string{"family_name", "given_name", "name"}},
		{"offline_access", false, true, nil},
	} {
		got := s.login(t, customer, params{"scope": tt.scope})
		if (got.IDToken != "") != tt.id || (got.RefreshToken != "") != tt.refresh || (got.RefreshTokenID != "") != tt.refresh {
			t.Errorf("scope %q: %+v, want ID token %v and refresh token %v", tt.scope, got, tt.id, tt.refresh)
		}
		if !tt.id {
			continue
		}
		var about []string
		for name := range part(t, got.IDToken, 1) {
			if slices.Contains([]string{"email", "email_verified", "family_name", "given_name", "name", "preferred_username"}, name) {
				about = append(about, name)
			}
		}
		slices.Sort(about)
		if diff := cmp.Diff(tt.claims, about); diff != "" {
			t.Errorf("scope %q: claims about the user (-want +got):\n%s", tt.scope, diff)
		}
	}
}

func TestToken_compatibilityPutsTheEmailIntoAccessTokens(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.oauth()["scopeHandlingPolicy"] = "Compatibility" }})
	got := s.login(t, admin, params{"scope": "openid"})
	for _, token := range []string{got.AccessToken, got.IDToken} {
		if claims := part(t, token, 1); claims["email"] != admin || claims["email_verified"] != true {
			t.Errorf("claims = %v, want the e-mail", claims)
		}
	}
}

func TestToken_withoutNonce(t *testing.T) {
	t.Parallel()
	if nonce, ok := part(t, start(t).login(t, admin, params{"nonce": "-"}).IDToken, 1)["nonce"]; ok {
		t.Errorf("nonce = %v, want none", nonce)
	}
}

func TestToken_offlineAccessWithoutRefreshTokens(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.oauth()["generateRefreshTokens"] = false }})
	if got := s.login(t, admin, nil); got.RefreshToken != "" {
		t.Error("a refresh token is given although the application makes none")
	}
}

// TestToken_refusals: one row for each reason, and the status that RFC 6749 §5.2 gives it.
func TestToken_refusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tt := range []struct {
		name         string
		form         params
		status       int
		code, reason string
	}{
		{"no grant type", params{"grant_type": "-"}, 400, "invalid_request", "missing_grant_type"},
		{"unknown grant type", params{"grant_type": "implicit"}, 400, "unsupported_grant_type", "invalid_grant_type"},
		{"password grant", params{"grant_type": "password"}, 400, "unsupported_grant_type", "invalid_grant_type"},
		{"client credentials, a paid feature", params{"grant_type": "client_credentials"}, 400, "not_licensed", "not_licensed"},
		{"no client", params{"basic": "-"}, 400, "invalid_request", "missing_client_id"},
		{"unknown client", params{"basic": otherID + ":x"}, 401, "invalid_client", "invalid_client_id"},
		{"wrong secret", params{"basic": clientID + ":wrong"}, 401, "invalid_client", "invalid_client_authentication"},
		{"prefix of the secret", params{"basic": clientID + ":s3cret"}, 401, "invalid_client", "invalid_client_authentication"},
		{"no secret", params{"basic": "-", "client_id": clientID}, 401, "invalid_client", "client_authentication_missing"},
		{"empty secret in Basic", params{"basic": clientID + ":"}, 401, "invalid_client", "client_authentication_missing"},
		{"wrong secret in the body", params{"basic": "-", "client_id": clientID, "client_secret": "x"}, 401, "invalid_client", "invalid_client_authentication"},
		{"two secrets", params{"client_secret": clientSecret}, 400, "invalid_request", "unknown"},
		{"two clients", params{"client_id": otherID}, 401, "invalid_client", "client_id_mismatch"},
		{"no code", params{"code": "-"}, 400, "invalid_request", "missing_code"},
		{"unknown code", params{"code": "x"}, 400, "invalid_grant", "auth_code_not_found"},
		{"no redirect URI", params{"redirect_uri": "-"}, 400, "invalid_request", "missing_redirect_uri"},
		{"another registered redirect URI", params{"redirect_uri": home}, 400, "invalid_grant", "invalid_redirect_uri"},
		{"no verifier", params{"code_verifier": "-"}, 400, "invalid_request", "missing_code_verifier"},
		{"wrong verifier", params{"code_verifier": verifier + "x"}, 400, "invalid_grant", "invalid_pkce_code_verifier"},
		{"challenge as verifier", params{"code_verifier": challenge(verifier)}, 400, "invalid_grant", "invalid_pkce_code_verifier"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code := s.code(t, admin, nil)
			got := s.exchange(t, code, tt.form)
			oauthFault(t, got, tt.status, tt.code, tt.reason)
			if challenged := got.header.Get("WWW-Authenticate") != ""; challenged != (tt.status == 401) {
				t.Errorf("WWW-Authenticate = %q with status %d", got.header.Get("WWW-Authenticate"), tt.status)
			}
			if strings.Contains(got.text, clientSecret) || strings.Contains(got.text, verifier) || strings.Contains(got.text, code) {
				t.Errorf("the error repeats what was sent: %s", got.text)
			}
		})
	}
}

// TestToken_burntCodes: a known client has one attempt, so nobody can try verifiers on a code that was stolen.
func TestToken_burntCodes(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.addOther(nil) }})
	for name, form := range map[string]params{
		"wrong verifier":        {"code_verifier": "wrong"},
		"no verifier":           {"code_verifier": "-"},
		"wrong redirect URI":    {"redirect_uri": home},
		"another client's code": {"basic": otherID + ":" + otherSecret},
	} {
		code := s.code(t, admin, nil)
		if got := s.exchange(t, code, form); got.status == http.StatusOK {
			t.Errorf("%s gives tokens", name)
		}
		t.Run(name, func(t *testing.T) {
			oauthFault(t, s.exchange(t, code, nil), 400, "invalid_grant", "auth_code_not_found")
		})
	}
	// Who cannot say which client it is has no attempt to waste: else anybody could burn a code.
	for name, form := range map[string]params{"wrong secret": {"basic": clientID + ":wrong"}, "no client": {"basic": "-"}} {
		code := s.code(t, admin, nil)
		s.exchange(t, code, form)
		if got := s.exchange(t, code, nil); got.status != http.StatusOK {
			t.Errorf("after an attempt with %s = %d %s, want the tokens", name, got.status, got.text)
		}
	}
}

// TestToken_replayedCode: the second use tells that the code was stolen, by the first user or by the second (RFC 6749 §4.1.2).
func TestToken_replayedCode(t *testing.T) {
	t.Parallel()
	s := start(t)
	code := s.code(t, admin, nil)
	first := s.exchange(t, code, nil).tokens(t)
	if got := s.refresh(t, first.RefreshToken, nil); got.status != http.StatusOK {
		t.Fatalf("refresh before the replay = %d %s", got.status, got.text)
	}
	oauthFault(t, s.exchange(t, code, nil), 400, "invalid_grant", "auth_code_not_found")
	oauthFault(t, s.refresh(t, first.RefreshToken, nil), 400, "invalid_grant", "refresh_token_not_found")
}

func TestToken_codeLives30Seconds(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	for age, want := range map[time.Duration]int{29 * time.Second: http.StatusOK, 30 * time.Second: http.StatusBadRequest} {
		code := s.code(t, admin, nil)
		s.clock.advance(age)
		if got := s.exchange(t, code, nil); got.status != want {
			t.Errorf("code after %s = %d, want %d", age, got.status, want)
		}
	}
}

func TestToken_concurrentExchange(t *testing.T) {
	t.Parallel()
	s := start(t)
	code := s.code(t, admin, nil)
	var wg sync.WaitGroup
	succeeded := make(chan tokens, 16)
	for range cap(succeeded) {
		wg.Go(func() {
			if got := s.exchange(t, code, nil); got.status == http.StatusOK {
				succeeded <- got.tokens(t)
			}
		})
	}
	wg.Wait()
	close(succeeded)
	if len(succeeded) > 1 {
		t.Errorf("%d of 16 exchanges of one code succeeded, want one at most", len(succeeded))
	}
	for k := range succeeded { // the other fifteen were replays, before or after
		oauthFault(t, s.refresh(t, k.RefreshToken, nil), 400, "invalid_grant", "refresh_token_not_found")
	}
}

func TestToken_credentialsInTheBody(t *testing.T) {
	t.Parallel()
	s := start(t)
	form := params{"basic": "-", "client_id": clientID, "client_secret": clientSecret}
	if got := s.exchange(t, s.code(t, admin, nil), form); got.status != http.StatusOK {
		t.Errorf("exchange = %d %s", got.status, got.text)
	}
}

func TestToken_malformedRequests(t *testing.T) {
	t.Parallel()
	s := start(t)
	good := "grant_type=refresh_token&refresh_token=x&client_id=" + clientID + "&client_secret=" + url.QueryEscape(clientSecret)
	form := "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name, body, kind, query string
		header                  []string
		status                  int
		code, reason            string
	}{
		{name: "JSON", body: `{"grant_type":"refresh_token"}`, kind: "application/json", status: 400, code: "invalid_request", reason: "unknown"},
		{name: "repeated parameter", body: good + "&refresh_token=y", kind: form, status: 400, code: "invalid_request", reason: "unknown"},
		{name: "bad escape", body: good + "&x=%zz", kind: form, status: 400, code: "invalid_request", reason: "unknown"},
		{name: "parameters in the URL", query: "?" + good, kind: form, status: 400, code: "invalid_request", reason: "missing_grant_type"},
		{name: "too large", body: good + "&x=" + strings.Repeat("x", 64<<10), kind: form, status: 413, code: "invalid_request", reason: "unknown"},
		{name: "Bearer", body: good, kind: form, header: []string{"Authorization", "Bearer x"}, status: 401, code: "invalid_client", reason: "invalid_client_authentication_scheme"},
		{name: "Basic that is no base64", body: good, kind: form, header: []string{"Authorization", "Basic ???"}, status: 401, code: "invalid_client", reason: "invalid_client_authentication_scheme"},
		{name: "Basic with a bad escape", body: "grant_type=refresh_token", kind: form, header: []string{"Authorization", "Basic JXp6OiV6eg=="}, status: 401, code: "invalid_client", reason: "invalid_client_authentication"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header := append([]string{"Content-Type", tt.kind}, tt.header...)
			got := send(t, newBrowser(), newRequest(t, http.MethodPost, s.url+"/oauth2/token"+tt.query, tt.body, header...))
			oauthFault(t, got, tt.status, tt.code, tt.reason)
		})
	}
}
