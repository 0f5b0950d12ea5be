package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"storefront/fusionauth/internal/kickstart"
)

// status serves GET /api/status: this process is up.
func (h *Handler) status(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "Ok"})
}

// jwks serves GET /.well-known/jwks.json: every public key, no other.
func (h *Handler) jwks(w http.ResponseWriter, _ *http.Request) {
	set, err := h.keys.JWKS()
	if err != nil {
		http.Error(w, "key set cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "public, max-age=5")
	_, _ = w.Write(set) // the client may be gone
}

// metadata is the discovery document (OpenID Connect Discovery §3, RFC 8414, RFC 9207 §3). It lists what is served, no more.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	Scopes                []string `json:"scopes_supported"`
	Claims                []string `json:"claims_supported"`
	Prompts               []string `json:"prompt_values_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	ClientAuthentication  []string `json:"token_endpoint_auth_methods_supported"`
	CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
	IssuerInRedirect      bool     `json:"authorization_response_iss_parameter_supported"`
	FrontChannelLogout    bool     `json:"frontchannel_logout_supported"`
	BackChannelLogout     bool     `json:"backchannel_logout_supported"`
}

// discovery serves the three URLs of the OpenID configuration: plain, ?tenantId= and /{tenantId}/ in front.
func (h *Handler) discovery(w http.ResponseWriter, r *http.Request) {
	for _, tenant := range []string{r.PathValue("tenantId"), r.URL.Query().Get("tenantId")} {
		if tenant != "" && tenant != h.tenant.ID {
			errTenant.write(w)
			return
		}
	}
	base := h.base(r)
	writeJSON(w, http.StatusOK, metadata{
		Issuer:                h.tenant.Issuer,
		AuthorizationEndpoint: base + "/oauth2/authorize",
		TokenEndpoint:         base + "/oauth2/token",
		UserinfoEndpoint:      base + "/oauth2/userinfo",
		IntrospectionEndpoint: base + "/oauth2/introspect",
		EndSessionEndpoint:    base + "/oauth2/logout",
		JWKSURI:               base + "/.well-known/jwks.json",
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query"},
		GrantTypes:            []string{"authorization_code", "refresh_token"},
		SubjectTypes:          []string{"public"},
		Scopes:                []string{"openid", "profile", "email", "offline_access"},
		Claims: []string{
			"applicationId", "at_hash", "aud", "auth_time", "authenticationType", "email", "email_verified", "exp", "family_name",
			"given_name", "iat", "iss", "jti", "name", "nonce", "preferred_username", "roles", "scope", "sid", "sub", "tid",
		},
		Prompts:              []string{"none", "login", "consent"},
		IDTokenAlgorithms:    h.idTokenAlgorithms(),
		ClientAuthentication: h.clientAuthentication(),
		CodeChallengeMethods: []string{"S256"},
		IssuerInRedirect:     true,
		FrontChannelLogout:   true,
	})
}

// base is where clients reach this server: the issuer when it is a URL. Behind another host name or a proxy the request would
// say something else, and a client's Host header should decide nothing; it is used only when the issuer cannot.
func (h *Handler) base(r *http.Request) string {
	u, err := url.Parse(h.tenant.Issuer)
	if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return strings.TrimSuffix(h.tenant.Issuer, "/")
	}
	return "http://" + r.Host
}

// idTokenAlgorithms are those that some application's ID tokens are signed with; RS256 is required by the specification.
func (h *Handler) idTokenAlgorithms() []string {
	algorithms := []string{"RS256"}
	for _, app := range h.applications {
		if slices.Contains(app.OAuth.Grants, kickstart.GrantCode) {
			algorithms = append(algorithms, h.idTokenKey(app).Algorithm())
		}
	}
	slices.Sort(algorithms)
	return slices.Compact(algorithms)
}

func (h *Handler) clientAuthentication() []string {
	methods := []string{"client_secret_basic", "client_secret_post"}
	for _, app := range h.applications {
		if app.OAuth.ClientPolicy != kickstart.Required {
			return append(methods, "none")
		}
	}
	return methods
}
