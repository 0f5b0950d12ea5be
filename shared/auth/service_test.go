package auth_test

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/config"
)

var discard = slog.New(slog.DiscardHandler)

// settings are what every service reads when one secret is shared.
func settings(iss *authtest.Issuer) config.Common {
	return config.Common{
		AuthMode:      "hmac",
		JWTSigningKey: config.Fixed(config.Secret(iss.Users.Secret())),
		Issuer:        authtest.UserIssuer,
		ClientID:      authtest.ClientID,
		UserAudience:  authtest.ClientID,
		RolesClaim:    "roles",
		GatewayIssuer: authtest.GatewayIssuer,
	}
}

func TestServiceVerifier(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	catalog, err := auth.ServiceVerifier(settings(iss), "catalog", discard)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := auth.SharedKeySigner(settings(iss), discard)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := catalog.Verify(t.Context(), sign(t, signer, "catalog", product), product); err != nil || p.Kind != auth.GatewayToken {
		t.Errorf("gateway token for the catalog: %+v, %v", p, err)
	}
	if _, err := catalog.Verify(t.Context(), sign(t, signer, "inventory", product), product); !errors.Is(err, auth.ErrAudience) {
		t.Errorf("gateway token for inventory: %v, want %v", err, auth.ErrAudience)
	}
	admin := iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}})
	if p, err := catalog.Verify(t.Context(), admin, product); err != nil || !p.Has(auth.Admin) {
		t.Errorf("user token: %+v, %v", p, err)
	}
}

func TestUserVerifier(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	v, err := auth.UserVerifier(settings(iss), discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), iss.UserToken(t), product); err != nil {
		t.Errorf("user token: %v", err)
	}
	if _, err := v.Verify(t.Context(), iss.GatewayToken(t, "gateway", product), product); !errors.Is(err, auth.ErrGatewayToken) {
		t.Errorf("gateway token: %v, want %v", err, auth.ErrGatewayToken)
	}
	for claim, change := range map[string]func(*config.Common){
		"iss":           func(c *config.Common) { c.Issuer = "https://other.example" },
		"aud":           func(c *config.Common) { c.UserAudience = "other" },
		"applicationId": func(c *config.Common) { c.ClientID = "other" },
		"signature":     func(c *config.Common) { c.JWTSigningKey = config.Fixed(config.Secret(strings.Repeat("other", 8))) },
	} {
		c := settings(iss)
		change(&c)
		other, err := auth.UserVerifier(c, discard)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Verify(t.Context(), iss.UserToken(t), product); !refused(err) {
			t.Errorf("settings with another %s: %v, want a refusal", claim, err)
		}
	}
}

func TestSettings_shortSecret(t *testing.T) {
	t.Parallel()
	c := settings(authtest.New(t, "HS256"))
	c.JWTSigningKey = config.Fixed("tooshort")
	_, err1 := auth.ServiceVerifier(c, "catalog", discard)
	_, err2 := auth.UserVerifier(c, discard)
	_, err3 := auth.SharedKeySigner(c, discard)
	for _, err := range []error{err1, err2, err3} {
		if err == nil || strings.Contains(err.Error(), "tooshort") {
			t.Errorf("short secret: %v, want an error that does not show it", err)
		}
	}
}

func TestPassAndForbid(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	auth.Pass(c, auth.Principal{Subject: "me", Roles: []auth.Role{auth.BranchManager}})
	if p, ok := auth.From(c); !ok || !p.Has(auth.BranchManager) || c.GetString(gin.AuthUserKey) != "me" {
		t.Errorf("From = %+v, %t", p, ok)
	}
	auth.Forbid(c, "http://localhost:3000", "not the manager")
	if w.Code != 403 || w.Header().Get("Location") != "http://localhost:3000" || !c.IsAborted() {
		t.Errorf("Forbid: status %d, header %v", w.Code, w.Header())
	}
	if strings.Contains(w.Body.String(), "manager") || !strings.Contains(c.Errors.String(), "not the manager") {
		t.Errorf("the reason is for the log alone: body %s, log %s", w.Body, c.Errors)
	}
}
