package doctor_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/doctor"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/config"
	"storefront/shared/server"
)

const (
	clientSecret = "client secret+with/odd=signs"
	email        = "manager@example.com"
	password     = "correct horse"
)

// shop is a deployment that is well: real keys, real verifiers, real HTTP. A test breaks one thing and sees what the doctor says.
type shop struct {
	t      testing.TB
	mode   string
	tokens *authtest.Issuer
	issuer string // as the identity server calls itself
	keys   []auth.Key

	// What the identity server and the gateway do; a test changes it before it asks.
	secret      string
	registered  []string
	claims      authtest.Claims // of access tokens
	late        map[string]time.Duration
	authorize   http.HandlerFunc // in place of the form, unless nil
	token       http.HandlerFunc
	loginAnswer http.HandlerFunc
	challenge   string

	identity, gateway, catalog, inventory *httptest.Server
	cfg                                   doctor.Config
}

func newShop(t testing.TB, mode string) *shop {
	t.Helper()
	s := &shop{t: t, mode: mode, secret: clientSecret, late: map[string]time.Duration{}, claims: authtest.Claims{"roles": []string{"branch-manager"}}}
	s.tokens = authtest.New(t, map[string]string{config.HMAC: "HS256", config.JWKS: "ES256"}[mode])
	s.keys = []auth.Key{authtest.NewKey(t, "ES256", "id-key").Key, s.tokens.Users.Key}
	s.identity = s.serve("identity server", http.HandlerFunc(s.beIdentity))
	s.issuer = s.identity.URL
	s.gateway = s.serve("gateway", http.HandlerFunc(s.beGateway))
	s.registered = []string{s.gateway.URL + "/oauth-redirect", s.gateway.URL + "/"}
	s.catalog = s.serve("catalog", s.service("catalog", "/products", auth.AnyToken))
	s.inventory = s.serve("inventory", s.service("inventory", "/branches/:id/products", auth.UserToken))
	common := s.common()
	signer, err := auth.NewSigner(auth.SignerConfig{Key: s.tokens.Gateway.Always, Issuer: common.GatewayIssuer})
	if err != nil {
		t.Fatal(err)
	}
	s.cfg = doctor.Config{
		Common: common, ClientSecret: clientSecret, Scopes: []string{"openid", "offline_access"}, IDTokenAlgs: []string{"ES256"}, Signer: signer,
		CatalogURL: mustParse(t, s.catalog.URL), InventoryURL: mustParse(t, s.inventory.URL), User: email, Password: password,
	}
	return s
}

// serve starts a server whose clock may be late.
func (s *shop) serve(name string, h http.Handler) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if late := s.late[name]; late != 0 {
			w.Header().Set("Date", time.Now().Add(-late).UTC().Format(http.TimeFormat))
		}
		h.ServeHTTP(w, r)
	}))
	s.t.Cleanup(server.Close)
	return server
}

// common is the settings that all share, with changes over them.
func (s *shop) common(changes ...string) config.Common {
	s.t.Helper()
	env := []string{"AUTH_MODE=" + s.mode, "FUSIONAUTH_URL=" + s.identity.URL, "GATEWAY_URL=" + s.gateway.URL}
	if s.mode == config.HMAC {
		env = append(env, "JWT_SIGNING_KEY="+s.tokens.Users.Secret())
	}
	settings := config.Read(append(env, changes...))
	common := settings.Common("127.0.0.1:0")
	if err := settings.Err(); err != nil {
		s.t.Fatal(err)
	}
	return common
}

// service is one that takes tokens as the real one does.
func (s *shop) service(name, path string, kind auth.Kind, changes ...string) http.Handler {
	s.t.Helper()
	verifier, err := auth.ServiceVerifier(s.common(changes...), name, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := server.New(server.Config{Log: server.NewLogger(io.Discard, "error", "json")})
	if err != nil {
		s.t.Fatal(err)
	}
	server.Get(r, path, auth.Authenticate(verifier, kind, ""), func(c *gin.Context) { c.String(http.StatusOK, "[]") })
	return r
}

func (s *shop) beGateway(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/.well-known/jwks.json":
		_, _ = io.WriteString(w, authtest.JWKS(s.t, s.tokens.Gateway.Key))
	case r.URL.Path == "/login" && s.loginAnswer != nil:
		s.loginAnswer(w, r)
	case r.URL.Path == "/login":
		s.sendToIdentity(w, r)
	}
}

func (s *shop) sendToIdentity(w http.ResponseWriter, r *http.Request) {
	query := url.Values{"client_id": {authtest.ClientID}, "redirect_uri": {s.gateway.URL + "/oauth-redirect"}}
	http.Redirect(w, r, s.identity.URL+"/oauth2/authorize?"+query.Encode(), http.StatusFound)
}

func (s *shop) beIdentity(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		// The host is one that only browsers know.
		writeJSON(w, http.StatusOK, map[string]string{
			"issuer": s.issuer, "authorization_endpoint": "https://id.invalid/oauth2/authorize", "token_endpoint": "https://id.invalid/oauth2/token",
			"jwks_uri": "https://id.invalid/jwks", "end_session_endpoint": "https://id.invalid/oauth2/logout",
		})
	case "/jwks":
		_, _ = io.WriteString(w, authtest.JWKS(s.t, s.keys...))
	case "/oauth2/authorize":
		s.form(w, r)
	case "/oauth2/token":
		s.exchange(w, r)
	case "/oauth2/logout":
		s.to(w, r, r.FormValue("post_logout_redirect_uri"))
	default:
		http.NotFound(w, r)
	}
}

// form shows the login form, or takes it.
func (s *shop) form(w http.ResponseWriter, r *http.Request) {
	target := r.FormValue("redirect_uri")
	switch {
	case s.authorize != nil:
		s.authorize(w, r)
	case !slices.Contains(s.registered, target):
		s.to(w, r, target)
	case r.FormValue("client_id") != authtest.ClientID:
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_reason": "invalid_client_id"})
	case r.Method == http.MethodPost && r.FormValue("loginId") == email && r.FormValue("password") == password && r.Header.Get("Origin") == s.identity.URL:
		s.challenge = r.FormValue("code_challenge")
		http.Redirect(w, r, target+"?"+url.Values{"code": {"the code"}, "state": {r.FormValue("state")}}.Encode(), http.StatusFound)
	default:
		_, _ = io.WriteString(w, "<form>")
	}
}

// to redirects to a registered address; FusionAuth answers with its reason for another one.
func (s *shop) to(w http.ResponseWriter, r *http.Request, target string) {
	if !slices.Contains(s.registered, target) {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_reason": "invalid_redirect_uri"})
		return
	}
	http.Redirect(w, r, target, http.StatusFound)
}

func (s *shop) exchange(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	secret, _ = url.QueryUnescape(secret)
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	switch {
	case s.token != nil:
		s.token(w, r)
	case id != authtest.ClientID || secret != s.secret:
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
	case r.FormValue("code") != "the code" || base64.RawURLEncoding.EncodeToString(sum[:]) != s.challenge:
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
	default:
		writeJSON(w, http.StatusOK, map[string]string{"access_token": s.userToken(s.claims), "token_type": "Bearer"})
	}
}

func (s *shop) userToken(claims ...authtest.Claims) string {
	return s.tokens.UserToken(s.t, append([]authtest.Claims{{"iss": s.identity.URL}}, claims...)...)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func mustParse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
