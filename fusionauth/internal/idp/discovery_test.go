package idp_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiscovery(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{
		"/.well-known/openid-configuration",
		"/.well-known/openid-configuration?tenantId=" + tenantID,
		"/" + tenantID + "/.well-known/openid-configuration",
	} {
		got := s.get(t, newBrowser(), path).json(t)
		delete(got, "claims_supported")
		want := map[string]any{
			"issuer":                                         s.url,
			"authorization_endpoint":                         s.url + "/oauth2/authorize",
			"token_endpoint":                                 s.url + "/oauth2/token",
			"userinfo_endpoint":                              s.url + "/oauth2/userinfo",
			"introspection_endpoint":                         s.url + "/oauth2/introspect",
			"end_session_endpoint":                           s.url + "/oauth2/logout",
			"jwks_uri":                                       s.url + "/.well-known/jwks.json",
			"response_types_supported":                       []any{"code"},
			"response_modes_supported":                       []any{"query"},
			"grant_types_supported":                          []any{"authorization_code", "refresh_token"},
			"subject_types_supported":                        []any{"public"},
			"scopes_supported":                               []any{"openid", "profile", "email", "offline_access"},
			"prompt_values_supported":                        []any{"none", "login", "consent"},
			"id_token_signing_alg_values_supported":          []any{"RS256"},
			"token_endpoint_auth_methods_supported":          []any{"client_secret_basic", "client_secret_post"},
			"code_challenge_methods_supported":               []any{"S256"},
			"frontchannel_logout_supported":                  true,
			"backchannel_logout_supported":                   false,
			"authorization_response_iss_parameter_supported": true,
		}
		if aim != "" {
			got = common(want, got)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("GET %s (-want +got):\n%s", path, diff)
		}
	}
}

// common takes out of got what want does not ask for: another server may do more.
func common(want, got map[string]any) map[string]any {
	found := map[string]any{}
	for name, value := range want {
		found[name] = got[name]
		list, _ := value.([]any)
		more, _ := got[name].([]any)
		if list != nil && !slices.ContainsFunc(list, func(v any) bool { return !slices.Contains(more, v) }) {
			found[name] = value
		}
	}
	return found
}

func TestDiscovery_ofAnotherTenant(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownRoutes)
	s := start(t)
	other := "11111111-1111-4111-8111-111111111111"
	for _, path := range []string{"/.well-known/openid-configuration?tenantId=" + other, "/" + other + "/.well-known/openid-configuration"} {
		oauthFault(t, s.get(t, newBrowser(), path), http.StatusBadRequest, "invalid_request", "invalid_tenant_id")
	}
}

// TestDiscovery_listsOnlyWhatIsServed: none of the endpoints is a 404.
func TestDiscovery_listsOnlyWhatIsServed(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, value := range s.get(t, newBrowser(), "/.well-known/openid-configuration").json(t) {
		endpoint, ok := value.(string)
		if !ok || name == "issuer" {
			continue
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if got := send(t, newBrowser(), newRequest(t, method, endpoint, "")); got.status == http.StatusNotFound {
				t.Errorf("%s: %s %s = 404", name, method, endpoint)
			}
		}
	}
}

// TestDiscovery_hostHeader: where the issuer is a URL, a client's Host decides nothing; where it is none, there is nothing else.
func TestDiscovery_hostHeader(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"https://id.shop.test/": "https://id.shop.test/oauth2/token",
		"acme.com":              "http://spoofed.test/oauth2/token",
	} {
		s := start(t, variant{env: map[string]string{"FUSIONAUTH_ISSUER": issuer}})
		r := newRequest(t, http.MethodGet, s.url+"/.well-known/openid-configuration", "")
		r.Host = "spoofed.test"
		got := send(t, newBrowser(), r).json(t)
		if got["token_endpoint"] != want || got["issuer"] != issuer {
			t.Errorf("issuer %q: discovery has issuer %v and token_endpoint %v, want %s", issuer, got["issuer"], got["token_endpoint"], want)
		}
	}
}

func TestDiscovery_withSecretlessAndHMACClients(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.addOther(document{"clientAuthenticationPolicy": "NotRequired"}) }})
	got := s.get(t, newBrowser(), "/.well-known/openid-configuration").json(t)
	if diff := cmp.Diff([]any{"client_secret_basic", "client_secret_post", "none"}, got["token_endpoint_auth_methods_supported"]); diff != "" {
		t.Errorf("client authentication (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{"HS256", "RS256"}, got["id_token_signing_alg_values_supported"]); diff != "" {
		t.Errorf("ID token algorithms, one application signing with its client secret (-want +got):\n%s", diff)
	}
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.get(t, newBrowser(), "/.well-known/jwks.json")
	keys, _ := got.json(t)["keys"].([]any)
	byKID, kinds := map[any]map[string]any{}, map[string]bool{}
	for _, k := range keys {
		key := k.(map[string]any)
		for _, private := range []string{"k", "d", "p", "q", "dp", "dq", "qi"} {
			if _, leaked := key[private]; leaked {
				t.Errorf("JWKS holds the private member %s", private)
			}
		}
		byKID[key["kid"]] = key
		kinds[fmt.Sprint(key["kty"], " ", key["alg"], " ", key["crv"])] = true
	}
	signing := byKID[part(t, s.login(t, admin, nil).IDToken, 0)["kid"]]
	if signing["alg"] != "RS256" || signing["kty"] != "RSA" || signing["use"] != "sig" {
		t.Errorf("JWK of the ID token's kid = %v, want an RS256 key", signing)
	}
	for _, want := range []string{"RSA RS256 <nil>", "EC ES256 P-256", "OKP EdDSA Ed25519"} {
		if !kinds[want] {
			t.Errorf("JWKS holds %v, want %s among them", kinds, want)
		}
	}
	if _, published := byKID[hmacKID]; published {
		t.Error("JWKS holds the HMAC key")
	}
}

func TestJWKS_withHMACKeysOnly(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) {
		for _, id := range []string{"#{rsaKeyId}", "#{ecKeyId}", "#{edKeyId}", "#{webhookKeyId}"} {
			d.body("/api/key/generate/" + id).in("key")["algorithm"] = "HS256"
		}
	}})
	if got := s.get(t, newBrowser(), "/.well-known/jwks.json"); strings.TrimSpace(got.text) != `{"keys":[]}` {
		t.Errorf("JWKS = %s, want {\"keys\":[]}", got.text)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	if got := start(t).get(t, newBrowser(), "/api/status"); got.status != http.StatusOK {
		t.Errorf("GET /api/status = %d, want 200", got.status)
	}
}

func TestHome_saysWhatThisIs(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownPages)
	got := start(t).get(t, newBrowser(), "/")
	if got.status != http.StatusOK || !strings.Contains(got.text, "Local stand-in for development, not FusionAuth.") {
		t.Errorf("GET / = %d\n%s", got.status, got.text)
	}
}

func TestRoutes_refuseOtherMethodsAndPaths(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownRoutes)
	s := start(t)
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/oauth2/token", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/oauth2/authorize", http.StatusMethodNotAllowed},
		{http.MethodGet, "/api/login", http.StatusMethodNotAllowed},
		{http.MethodPost, "/.well-known/jwks.json", http.StatusMethodNotAllowed},
		{http.MethodGet, "/admin/", http.StatusNotFound},
		{http.MethodGet, "/api/key", http.StatusNotFound},
		{http.MethodGet, "/oauth2/device_authorize", http.StatusNotFound},
	} {
		if got := send(t, newBrowser(), newRequest(t, tt.method, s.url+tt.path, "")); got.status != tt.want {
			t.Errorf("%s %s = %d, want %d", tt.method, tt.path, got.status, tt.want)
		}
	}
}
