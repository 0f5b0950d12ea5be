package auth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/config"
)

// publishedKeys are the settings of services that share no secret, and the hosts that publish the keys.
type publishedKeys struct {
	config.Common
	identity, gateway *authtest.Publisher
}

func publish(t testing.TB, iss *authtest.Issuer) publishedKeys {
	t.Helper()
	p := publishedKeys{
		Common:   settings(iss),
		identity: authtest.Publish(t, iss.Users.Key),
		gateway:  authtest.Publish(t, iss.Gateway.Key),
	}
	p.AuthMode, p.JWTSigningKey = config.JWKS, config.Rotating{}
	p.FusionAuthURL, p.GatewayJWKSURL = parseURL(t, p.identity.Host), parseURL(t, p.gateway.URL)
	return p
}

func (p publishedKeys) verifier(t testing.TB, service string) *auth.Verifier {
	t.Helper()
	v, err := auth.ServiceVerifier(p.Common, service, discard)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestServiceVerifier_publishedKeys(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		iss := authtest.New(t, algorithm)
		p := publish(t, iss)
		catalog := p.verifier(t, "catalog")
		if got, err := catalog.Verify(t.Context(), sign(t, iss.Signer(t), "catalog", product), product); err != nil || got.Kind != auth.GatewayToken {
			t.Errorf("%s: gateway token: %+v, %v", algorithm, got, err)
		}
		if p.identity.Hits() != 0 {
			t.Errorf("%s: the identity server is asked about a gateway token", algorithm)
		}
		admin := iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}})
		if got, err := catalog.Verify(t.Context(), admin, product); err != nil || !got.Has(auth.Admin) {
			t.Errorf("%s: user token: %+v, %v", algorithm, got, err)
		}
		users, err := auth.UserVerifier(p.Common, discard)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := users.Verify(t.Context(), admin, auth.Target{}); err != nil {
			t.Errorf("%s: user token on the gateway: %v", algorithm, err)
		}
	}
}

// What is down is a 503, and only for the tokens that it is asked about.
func TestServiceVerifier_publisherIsDown(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "ES256")
	p := publish(t, iss)
	p.identity.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	catalog := p.verifier(t, "catalog")
	if _, err := catalog.Verify(t.Context(), iss.UserToken(t), product); !errors.Is(err, auth.ErrUnavailable) || refused(err) {
		t.Errorf("user token: %v, want %v and no refusal", err, auth.ErrUnavailable)
	}
	if _, err := catalog.Verify(t.Context(), iss.GatewayToken(t, "catalog", product), product); err != nil {
		t.Errorf("gateway token: %v", err)
	}
	s := (&shop{Issuer: iss}).serve(t, catalog, "", "")
	if a := s.ask(t, "GET", "/products", iss.UserToken(t), nil); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("user token over HTTP: %d, Retry-After %q, want 503", a.status, a.header.Get("Retry-After"))
	}
}

// An issuer that is not the one of the settings is not asked for keys.
func TestServiceVerifier_anotherIssuer(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "ES256")
	p := publish(t, iss)
	p.Issuer = "https://id.shop.example"
	token := iss.UserToken(t, authtest.Claims{"iss": p.Issuer})
	if _, err := p.verifier(t, "catalog").Verify(t.Context(), token, product); !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(err.Error(), "FUSIONAUTH_ISSUER") {
		t.Errorf("Verify = %v, want %v with what to set", err, auth.ErrUnavailable)
	}
}
