package main

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/config"
	"storefront/shared/server"
)

// newKeyFront is a gateway that shares no secret: it signs with a key of its own and takes users' tokens by the identity
// server's published ones.
func newKeyFront(t testing.TB, algorithm string, changes ...string) (*front, *authtest.Publisher) {
	t.Helper()
	users := authtest.New(t, algorithm)
	identity := authtest.Publish(t, users.Users.Key)
	return openFront(t, users, append([]string{
		"AUTH_MODE=jwks", "GATEWAY_SIGNING_KEYS=" + keyFile(t, users.Gateway),
		"FUSIONAUTH_URL=" + identity.Host, "FUSIONAUTH_ISSUER=" + authtest.UserIssuer,
	}, changes...)...), identity
}

// keyFile returns a directory with the one key.
func keyFile(t testing.TB, key authtest.Key) (dir string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key.Private())
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(filepath.Join(dir, key.Key.ID+".pem"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// service is the verifier of a service that knows nothing but where the two sets are published.
func (f *front) service(t testing.TB, identity *authtest.Publisher, name string) *auth.Verifier {
	t.Helper()
	s := config.Read([]string{
		"AUTH_MODE=jwks", "FUSIONAUTH_URL=" + identity.Host, "FUSIONAUTH_ISSUER=" + authtest.UserIssuer,
		"GATEWAY_JWKS_URL=" + f.URL + "/.well-known/jwks.json",
	})
	common := s.Common("127.0.0.1:0")
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	v, err := auth.ServiceVerifier(common, name, server.NewLogger(t.Output(), "warn", "text"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The whole way, with each type of key: what the gateway signs, the service takes, by the keys that the gateway publishes.
func TestPublishedKeys(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		f, identity := newKeyFront(t, algorithm)
		catalog := f.service(t, identity, "catalog")
		if res, body := f.send(t, http.MethodGet, "/products"); res.StatusCode != http.StatusOK {
			t.Fatalf("%s: /products = %d %s", algorithm, res.StatusCode, body)
		}
		token, err := auth.BearerToken(f.requests()[0])
		if err != nil {
			t.Fatal(err)
		}
		here := auth.Target{Method: http.MethodGet, URI: "/products"}
		if p, err := catalog.Verify(t.Context(), token, here); err != nil || p.Kind != auth.GatewayToken {
			t.Errorf("%s: catalog sees %+v, %v", algorithm, p, err)
		}
		if _, err := f.service(t, identity, "inventory").Verify(t.Context(), token, here); err == nil {
			t.Errorf("%s: the catalog's token serves inventory", algorithm)
		}
		for _, caller := range []struct {
			role string
			want int
		}{{"admin", 200}, {"customer", 403}} {
			if res, body := f.send(t, http.MethodGet, "/branches/1/products", "Authorization", f.bearer(t, caller.role)); res.StatusCode != caller.want {
				t.Errorf("%s: %s = %d %s, want %d", algorithm, caller.role, res.StatusCode, body, caller.want)
			}
		}
	}
}

// No secret opens anything: not one that is known, not the text of a public key.
func TestPublishedKeys_noSharedSecret(t *testing.T) {
	t.Parallel()
	f, _ := newKeyFront(t, "ES256")
	_, set := f.send(t, http.MethodGet, "/.well-known/jwks.json")
	for name, secret := range map[string]string{"the session secret": longEnough, "the published set": set, "the identity server's set": authtest.JWKS(t, f.users.Users.Key)} {
		for _, kid := range []string{auth.GatewayKeyID, f.users.Users.Key.ID, f.users.Gateway.Key.ID} {
			token := authtest.HMACKey(t, kid, secret).Token(t, f.users.UserHeader(authtest.Claims{"alg": "HS256", "kid": kid}), f.users.UserClaims(authtest.Claims{"roles": []string{"admin"}}))
			if res, _ := f.send(t, http.MethodGet, "/branches/1/products", "Authorization", "Bearer "+token); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("HS256 with %s as %s = %d, want 401", name, kid, res.StatusCode)
			}
		}
	}
}

// While the identity server is away, what it is needed for is a 503; the rest goes on.
func TestPublishedKeys_identityServerIsAway(t *testing.T) {
	t.Parallel()
	f, identity := newKeyFront(t, "ES256")
	identity.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	if res, _ := f.send(t, http.MethodGet, "/branches/1/products", "Authorization", f.bearer(t, "admin")); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("admin = %d, want 503 with Retry-After", res.StatusCode)
	}
	if res, _ := f.send(t, http.MethodGet, "/products"); res.StatusCode != http.StatusOK {
		t.Errorf("/products = %d, want 200", res.StatusCode)
	}
}

func TestKeySetRoute(t *testing.T) {
	t.Parallel()
	f, _ := newKeyFront(t, "ES256")
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		res, body := f.send(t, method, "/.well-known/jwks.json")
		if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Cache-Control"), "public, max-age=") || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s = %d %v %s", method, res.StatusCode, res.Header, body)
		}
	}
	if res, body := newFront(t).send(t, http.MethodGet, "/.well-known/jwks.json"); res.StatusCode != http.StatusOK || body != `{"keys":[]}` {
		t.Errorf("where one key is shared: %d %s, want a set of no keys", res.StatusCode, body)
	}
}

func TestNewDependencies_withoutAUsableKey(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(keyEnvironment("GATEWAY_SIGNING_KEYS=" + t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newDependencies(cfg, server.NewLogger(t.Output(), "error", "text")); err == nil || !strings.Contains(err.Error(), "GATEWAY_SIGNING_KEYS") {
		t.Errorf("newDependencies = %v, want a fault of GATEWAY_SIGNING_KEYS", err)
	}
}
