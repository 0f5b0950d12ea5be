package login_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/login"
	"storefront/gateway/internal/session"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/config"
)

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	const long = config.Secret("0123456789abcdef0123456789abcdef")
	good := login.Config{
		Store: session.NewMemory(1, session.DefaultLifetimes.Idle, nil), Lifetime: time.Hour,
		Verifier: authtest.New(t, "HS256").Verifier(t, "gateway"), Revoked: func(auth.Principal, time.Time) bool { return false },
		Pages:      login.Pages{ConfirmLogout: func(*gin.Context) {}, Loop: func(*gin.Context, login.Loop) {}},
		GatewayURL: mustParse(t, "http://localhost:3000"), ClientSecret: config.Fixed(clientSecret), Secret: config.Fixed(long, long),
	}
	if _, err := login.New(good); err != nil {
		t.Fatalf("New = %v", err)
	}
	for name, change := range map[string]func(*login.Config){
		"Store":         func(c *login.Config) { c.Store = nil },
		"Verifier":      func(c *login.Config) { c.Verifier = nil },
		"Lifetime":      func(c *login.Config) { c.Lifetime = 0 },
		"Revoked":       func(c *login.Config) { c.Revoked = nil },
		"Pages":         func(c *login.Config) { c.Pages.ConfirmLogout = nil },
		"Pages: loop":   func(c *login.Config) { c.Pages.Loop = nil },
		"GatewayURL":    func(c *login.Config) { c.GatewayURL = nil },
		"ClientSecret":  func(c *login.Config) { c.ClientSecret = config.Rotating{} },
		"Secret":        func(c *login.Config) { c.Secret = config.Rotating{} },
		"Secret: short": func(c *login.Config) { c.Secret = config.Fixed(long, "hunter2") },
	} {
		cfg := good
		change(&cfg)
		field, _, _ := strings.Cut(name, ":")
		if _, err := login.New(cfg); err == nil || !strings.Contains(err.Error(), field) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("New without a good %s = %v, want a fault of that field", name, err)
		}
	}
}
