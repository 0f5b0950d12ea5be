package main_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"storefront/e2e/internal/stack"
)

// begin runs a service with an environment that it must refuse, and gives what it says.
func begin(t testing.TB, name string, env map[string]string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(use(t).bin(), name))
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"ADDR=127.0.0.1:0"}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		t.Errorf("%s ended with %v, want exit status 1:\n%s", name, err, out)
	}
	return string(out)
}

const long = "0123456789abcdef0123456789abcdef"

func TestSettings_stopTheStartWithEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	use(t)
	tests := []struct {
		name, service string
		env           map[string]string
		says          []string
		hides         []string
	}{
		{
			"nothing is set", stack.Gateway, nil,
			[]string{"JWT_SIGNING_KEY: is required", "SESSION_SECRET: is required", "FUSIONAUTH_CLIENT_SECRET: is required"}, nil,
		},
		{
			"short keys", stack.Gateway,
			map[string]string{"JWT_SIGNING_KEY": "tooshortkey", "SESSION_SECRET": "tooshortsecret", "FUSIONAUTH_CLIENT_SECRET": "x"},
			[]string{"JWT_SIGNING_KEY: is shorter than 32 bytes", "SESSION_SECRET: is shorter than 32 bytes"},
			[]string{"tooshortkey", "tooshortsecret"},
		},
		{
			"misspelt names", stack.Gateway,
			map[string]string{
				"JWT_SIGNING_KEY": long, "SESSION_SECRET": long, "FUSIONAUTH_CLIENT_SECRET": "x",
				"GATEWAY_ULR": "x", "AUTHMODE": "hmac", "SESION_SECRET": "x", "UPSTREAM_TIME": "1s", "FUSIONAUTH_ISUER": "x", "INVENTORY_COLOUR": "red",
			},
			[]string{
				"GATEWAY_ULR: no such setting; did you mean GATEWAY_URL?", "did you mean AUTH_MODE?", "did you mean SESSION_SECRET?",
				"did you mean UPSTREAM_TIMEOUT?", "did you mean FUSIONAUTH_ISSUER?", "INVENTORY_COLOUR: no such setting",
			}, nil,
		},
		{
			"values that are none", stack.Gateway,
			map[string]string{
				"JWT_SIGNING_KEY": long, "SESSION_SECRET": long, "FUSIONAUTH_CLIENT_SECRET": "x",
				"AUTH_MODE": "none", "UPSTREAM_TIMEOUT": "soon", "CATALOG_URL": "localhost:3001", "ID_TOKEN_ALGS": "none", "LOG_LEVEL": "loud", "ADDR": "3000",
			},
			[]string{"AUTH_MODE:", "UPSTREAM_TIMEOUT:", "CATALOG_URL:", "ID_TOKEN_ALGS:", "LOG_LEVEL:", "ADDR:"}, nil,
		},
		{
			"demo secrets on a public gateway", stack.Gateway,
			map[string]string{
				"JWT_SIGNING_KEY": "demo-" + long, "SESSION_SECRET": "demo-" + long, "FUSIONAUTH_CLIENT_SECRET": "demo-x",
				"GATEWAY_URL": "https://shop.example", "FUSIONAUTH_URL": "http://login.example",
			},
			[]string{"JWT_SIGNING_KEY: is a demo value", "SESSION_SECRET: is a demo value", "FUSIONAUTH_CLIENT_SECRET: is a demo value", "FUSIONAUTH_URL: is plain http"},
			[]string{long},
		},
		{
			"catalog", stack.Catalog, map[string]string{"JWT_SIGNING_KEY": "short", "JWT_SIGNIN_KEY": long, "LOGIN_REDIRECT_URL": "/login"},
			[]string{"JWT_SIGNING_KEY: is shorter", "JWT_SIGNIN_KEY: no such setting; did you mean JWT_SIGNING_KEY?", "LOGIN_REDIRECT_URL:"}, []string{long},
		},
		{
			"inventory", stack.Inventory, map[string]string{"GATEWAY_URL": "ftp://shop", "ROLES_CLAIMS": "x"},
			[]string{"JWT_SIGNING_KEY: is required", "GATEWAY_URL:", "did you mean ROLES_CLAIM?"}, nil,
		},
		{
			"identity server", stack.Identity, map[string]string{"JWT_SIGNING_KEY": long, "FUSIONAUTH_ISUER": "http://localhost:9011"},
			[]string{"FUSIONAUTH_ISSUER", "ADMIN_PASSWORD", "kickstart.json", "did you mean FUSIONAUTH_ISSUER?"}, []string{long},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := begin(t, tt.service, tt.env)
			for _, want := range tt.says {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q", want)
				}
			}
			for _, secret := range tt.hides {
				if strings.Contains(out, secret) {
					t.Error("it shows the value of a secret")
				}
			}
			if strings.Contains(out, "listening") {
				t.Error("it has served")
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}
