package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAuthorize_neverRedirectsToStrangers: until client and redirect URI are known to belong together, the error stays here
// (RFC 6749 §4.1.2.1, RFC 9700 §4.11).
func TestAuthorize_neverRedirectsToStrangers(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tt := range []struct {
		name   string
		params params
		reason string
	}{
		{"no client", params{"client_id": "-"}, "missing_client_id"},
		{"unknown client", params{"client_id": "99999999-9999-4999-8999-999999999999"}, "invalid_client_id"},
		{"no redirect URI", params{"redirect_uri": "-"}, "missing_redirect_uri"},
		{"foreign redirect URI", params{"redirect_uri": "http://evil.test/oauth-redirect"}, "invalid_redirect_uri"},
		{"redirect URI with a slash more", params{"redirect_uri": callback + "/"}, "invalid_redirect_uri"},
		{"redirect URI with a query more", params{"redirect_uri": callback + "?next=http://evil.test"}, "invalid_redirect_uri"},
		{"redirect URI in another case", params{"redirect_uri": strings.ToUpper(callback)}, "invalid_redirect_uri"},
		{"registered prefix", params{"redirect_uri": "http://shop.test/oauth-redirect/../x"}, "invalid_redirect_uri"},
		{"user in the redirect URI", params{"redirect_uri": "http://shop.test@evil.test/oauth-redirect"}, "invalid_redirect_uri"},
		{"another tenant", params{"tenantId": "11111111-1111-4111-8111-111111111111"}, "invalid_tenant_id"},
		{"client without login", params{"client_id": "3c219e58-ed0e-4b18-ad48-f4f92793ae32"}, "invalid_redirect_uri"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := s.get(t, newBrowser(), authorizePath(tt.params))
			if aim != "" { // which may show a page to programs too
				if got.status < http.StatusBadRequest || got.location != "" {
					t.Errorf("answer = %d to %q, want an error that stays here", got.status, got.location)
				}
				return
			}
			oauthFault(t, got, http.StatusBadRequest, "invalid_request", tt.reason)
			page := s.get(t, newBrowser(), authorizePath(tt.params), "Accept", "text/html,*/*")
			if page.status != http.StatusBadRequest || !strings.Contains(page.text, tt.reason) || page.location != "" {
				t.Errorf("in a browser: %d to %q, want a page that names %s", page.status, page.location, tt.reason)
			}
		})
	}
}

func TestAuthorize_repeatedParameter(t *testing.T) {
	t.Parallel()
	standInOnly(t, "FusionAuth does not say what it does with a parameter that comes twice")
	s := start(t)
	path := authorizePath(nil) + "&redirect_uri=" + url.QueryEscape("http://evil.test/")
	oauthFault(t, s.get(t, newBrowser(), path), http.StatusBadRequest, "invalid_request", "unknown")
}

// TestAuthorize_redirectsErrors: what is wrong with a known client's request is told to the client.
func TestAuthorize_redirectsErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tt := range []struct {
		name         string
		params       params
		code, reason string
	}{
		{"no response type", params{"response_type": "-"}, "invalid_request", "missing_response_type"},
		{"implicit", params{"response_type": "token"}, "unsupported_response_type", "invalid_response_type"},
		{"hybrid", params{"response_type": "code id_token"}, "unsupported_response_type", "invalid_response_type"},
		{"form post", params{"response_mode": "form_post"}, "invalid_request", "invalid_response_mode"},
		{"no PKCE", params{"code_challenge": "-", "code_challenge_method": "-"}, "invalid_request", "missing_code_challenge"},
		{"PKCE method without challenge", params{"code_challenge": "-"}, "invalid_request", "missing_code_challenge"},
		{"plain PKCE", params{"code_challenge_method": "plain"}, "invalid_request", "invalid_pkce_code_challenge_method"},
		{"PKCE without method, which means plain", params{"code_challenge_method": "-"}, "invalid_request", "invalid_pkce_code_challenge_method"},
		{"challenge that is no hash", params{"code_challenge": "short"}, "invalid_request", "invalid_pkce_code_challenge"},
		{"challenge of another hash", params{"code_challenge": "c2hvcnQ"}, "invalid_request", "invalid_pkce_code_challenge"},
		{"padded challenge", params{"code_challenge": challenge(verifier) + "="}, "invalid_request", "invalid_pkce_code_challenge"},
		{"unknown scope", params{"scope": "openid everything"}, "invalid_scope", "unknown_scope"},
		{"unknown prompt", params{"prompt": "ask"}, "invalid_request", "invalid_prompt"},
		{"none with another prompt", params{"prompt": "none login"}, "invalid_request", "invalid_prompt"},
		{"max_age that is no number", params{"max_age": "soon"}, "invalid_request", "unknown"},
		{"negative max_age", params{"max_age": "-1"}, "invalid_request", "unknown"},
		{"silent without a session", params{"prompt": "none"}, "login_required", "authentication_required"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := redirected(t, s.get(t, newBrowser(), authorizePath(tt.params)))
			want := url.Values{
				"error": {tt.code}, "error_reason": {tt.reason}, "error_description": got["error_description"],
				"iss": {s.url}, "state": {"the-state"},
			}
			if diff := cmp.Diff(want, got); diff != "" || got.Get("error_description") == "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuthorize_grantThatIsDisabled(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.oauth()["enabledGrants"] = []any{"refresh_token"} }})
	got := redirected(t, s.get(t, newBrowser(), authorizePath(nil)))
	if got.Get("error") != "unauthorized_client" || got.Get("error_reason") != "grant_type_disabled" {
		t.Errorf("redirect with %v, want unauthorized_client because of grant_type_disabled", got)
	}
}

func TestAuthorize_signsIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, tt := range map[string]struct {
		params params
		want   url.Values
	}{
		"as asked":                         {nil, url.Values{"state": {"the-state"}, "locale": {"en"}}},
		"without state":                    {params{"state": "-"}, url.Values{"locale": {"en"}}},
		"in another language":              {params{"locale": "pt-BR"}, url.Values{"state": {"the-state"}, "locale": {"pt-BR"}}},
		"in no language":                   {params{"locale": "x&code=1"}, url.Values{"state": {"the-state"}, "locale": {"en"}}},
		"with a state that wants escaping": {params{"state": `a&code=b#c "d`}, url.Values{"state": {`a&code=b#c "d`}, "locale": {"en"}}},
		"with the only response mode":      {params{"response_mode": "query", "tenantId": tenantID}, url.Values{"state": {"the-state"}, "locale": {"en"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.signIn(t, newBrowser(), admin, tt.params)
			tt.want["iss"], tt.want["userState"] = []string{s.url}, []string{"Authenticated"}
			if len(got.Get("code")) < 32 {
				t.Errorf("code %q is shorter than 32 characters", got.Get("code"))
			}
			got.Del("code")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAuthorize_requestByPOST: a client may send its request as a form too (OpenID Connect Core §3.1.2.1), also from its own site.
func TestAuthorize_requestByPOST(t *testing.T) {
	t.Parallel()
	s := start(t)
	query := strings.TrimPrefix(authorizePath(nil), "/oauth2/authorize?")
	page := send(t, newBrowser(), newRequest(t, http.MethodPost, s.url+"/oauth2/authorize", query,
		"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site"))
	if page.status != http.StatusOK || !strings.Contains(page.text, `name="password"`) {
		t.Errorf("POST of an authorization request = %d, want the login form\n%s", page.status, page.text)
	}
}

func TestAuthorize_redirectURIThatHasAQuery(t *testing.T) {
	t.Parallel()
	withQuery := "http://shop.test/cb?shop=1"
	s := start(t, variant{edit: func(d document) { d.oauth()["authorizedRedirectURLs"] = []any{withQuery} }})
	got := s.signIn(t, newBrowser(), admin, params{"redirect_uri": withQuery})
	if got.Get("shop") != "1" || got.Get("code") == "" {
		t.Errorf("parameters = %v, want the query of the redirect URI kept (RFC 6749 §3.1.2)", got)
	}
}

func TestAuthorize_singleSignOn(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	browser := newBrowser()
	first := s.signIn(t, browser, admin, nil)
	silent := func(p params) answer { return s.get(t, browser, authorizePath(p)) }

	for _, p := range []params{nil, {"prompt": "none"}, {"prompt": "consent"}, {"max_age": "60"}} {
		again := redirected(t, silent(p))
		if again.Get("code") == "" || again.Get("code") == first.Get("code") {
			t.Errorf("second authorization with %v = %v, want another code without a form", p, again)
		}
	}
	for _, p := range []params{{"prompt": "login"}, {"max_age": "0"}} {
		if got := silent(p); got.status != http.StatusOK || !strings.Contains(got.text, `name="password"`) {
			t.Errorf("authorization with %v = %d, want the form", p, got.status)
		}
	}
	if got := s.get(t, newBrowser(), authorizePath(nil)); got.status != http.StatusOK {
		t.Errorf("another browser = %d, want the form", got.status)
	}

	s.clock.advance(time.Minute)
	if got := silent(params{"max_age": "60"}); got.status != http.StatusOK {
		t.Errorf("max_age 60 after 60 s = %d, want the form", got.status)
	}
	if got := redirected(t, silent(params{"max_age": "60", "prompt": "none"})); got.Get("error") != "login_required" {
		t.Errorf("max_age 60 after 60 s without a form = %v, want login_required", got)
	}
	s.clock.advance(24 * time.Hour)
	if got := silent(nil); got.status != http.StatusOK {
		t.Errorf("a day later = %d, want the form", got.status)
	}
}

// TestAuthorize_promptLogin: whoever asks for a login gets one, and who signs in may be somebody else, whose session it is then.
func TestAuthorize_promptLogin(t *testing.T) {
	t.Parallel()
	s := start(t)
	browser := newBrowser()
	s.signIn(t, browser, admin, nil)
	again := s.exchange(t, s.signIn(t, browser, admin, params{"prompt": "login"}).Get("code"), nil).tokens(t)
	if sub := part(t, again.AccessToken, 1)["sub"]; sub != adminID {
		t.Errorf("login of the same user is of %v", sub)
	}
	other := s.exchange(t, s.signIn(t, browser, customer, params{"prompt": "login"}).Get("code"), nil).tokens(t)
	silent := s.exchange(t, redirected(t, s.get(t, browser, authorizePath(params{"prompt": "none"}))).Get("code"), nil).tokens(t)
	for name, token := range map[string]string{"login of another user": other.AccessToken, "silent sign-in after it": silent.AccessToken} {
		if sub := part(t, token, 1)["sub"]; sub != customerID {
			t.Errorf("%s is of %v, want the customer", name, sub)
		}
	}
	if got := s.refresh(t, again.RefreshToken, nil); got.status != http.StatusOK {
		t.Errorf("the first user's refresh token = %d, want it in force", got.status)
	}
}

// TestAuthorize_authTime: silent sign-in is no new authentication, and the token says so.
func TestAuthorize_authTime(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	browser := newBrowser()
	first := s.exchange(t, s.signIn(t, browser, admin, nil).Get("code"), nil).tokens(t)
	s.clock.advance(5 * time.Minute)
	second := s.exchange(t, redirected(t, s.get(t, browser, authorizePath(nil))).Get("code"), nil).tokens(t)
	a, b := part(t, first.IDToken, 1), part(t, second.IDToken, 1)
	if a["auth_time"] != b["auth_time"] || b["iat"].(float64)-a["iat"].(float64) < 300 {
		t.Errorf("auth_time %v then %v, iat %v then %v; want the first kept, the second five minutes on", a["auth_time"], b["auth_time"], a["iat"], b["iat"])
	}
}

func TestAuthorize_unregisteredUser(t *testing.T) {
	t.Parallel()
	t.Run("where registration is required", func(t *testing.T) {
		t.Parallel()
		s := start(t, variant{edit: document.unregister})
		browser := newBrowser()
		page := s.get(t, browser, authorizePath(nil))
		got := s.submit(t, browser, page.text, customer, password(customer))
		if got.status != http.StatusOK || got.location != "" || !strings.Contains(got.text, "The user is not registered for this application.") {
			t.Errorf("login = %d to %q, want the form with the reason\n%s", got.status, got.location, got.text)
		}
		silent := redirected(t, s.get(t, browser, authorizePath(params{"prompt": "none"})))
		if silent.Get("error") != "interaction_required" || silent.Get("error_reason") != "registration_required" || silent.Has("code") {
			t.Errorf("silent = %v, want interaction_required because of registration_required", silent)
		}
	})
	t.Run("where it is not", func(t *testing.T) {
		t.Parallel()
		s := start(t, variant{edit: func(d document) {
			d.unregister()
			d.oauth()["requireRegistration"] = false
		}})
		got := s.signIn(t, newBrowser(), customer, nil)
		if got.Get("userState") != "AuthenticatedNotRegistered" {
			t.Errorf("userState = %q, want AuthenticatedNotRegistered", got.Get("userState"))
		}
		claims := part(t, s.exchange(t, got.Get("code"), nil).tokens(t).AccessToken, 1)
		for _, name := range []string{"roles", "applicationId"} {
			if value, ok := claims[name]; ok {
				t.Errorf("access token of a user who is not registered has %s %v", name, value)
			}
		}
	})
}

func TestAuthorize_unknownScopes(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]string{"Remove": "openid email", "Allow": "openid stock:read email"} {
		s := start(t, variant{edit: func(d document) { d.oauth()["unknownScopePolicy"] = policy }})
		got := s.login(t, admin, params{"scope": "openid stock:read email openid"})
		if got.Scope != want || part(t, got.AccessToken, 1)["scope"] != want {
			t.Errorf("%s: scope = %q, in the token %v; want %q", policy, got.Scope, part(t, got.AccessToken, 1)["scope"], want)
		}
	}
}
