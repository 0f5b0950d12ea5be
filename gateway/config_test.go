package main

import (
	"strings"
	"testing"

	"storefront/shared/config"
	"storefront/shared/config/configtest"
)

func TestSettings_areInTheREADME(t *testing.T) {
	t.Parallel()
	s := config.Read(nil)
	declare(s)
	configtest.MatchREADME(t, "../README.md", "gateway", s.Declared())
}

// One environment may be exported to all: no service takes a setting of the gateway's for a misspelt one of its own.
func TestSettings_areNoFaultElsewhere(t *testing.T) {
	t.Parallel()
	s := config.Read(nil)
	declare(s)
	for _, setting := range s.Declared() {
		if err := config.Read([]string{setting.Name + "=x"}).Err(); err != nil {
			t.Errorf("to a service that does not read it: %v", err)
		}
	}
}

const longEnough = "0123456789abcdef0123456789abcdef"

// environment is a complete one, with changes over it.
func environment(changes ...string) []string {
	return append([]string{"JWT_SIGNING_KEY=" + longEnough, "SESSION_SECRET=" + longEnough, "FUSIONAUTH_CLIENT_SECRET=secret"}, changes...)
}

// keyEnvironment is a complete one where no key is shared, with changes over it.
func keyEnvironment(changes ...string) []string {
	return append([]string{"AUTH_MODE=jwks", "GATEWAY_SIGNING_KEYS=/keys", "SESSION_SECRET=" + longEnough, "FUSIONAUTH_CLIENT_SECRET=secret"}, changes...)
}

func TestLoadConfig_accepts(t *testing.T) {
	t.Parallel()
	for _, env := range [][]string{environment(), environment("ID_TOKEN_ALGS=HS256"), keyEnvironment(), keyEnvironment("GATEWAY_URL=https://shop.example.com"),
		keyEnvironment("GATEWAY_TOKEN_SOURCE=fusionauth", "FUSIONAUTH_API_KEY="+longEnough, "ANONYMOUS_PASSWORD="+longEnough)} {
		if _, err := loadConfig(env); err != nil {
			t.Errorf("loadConfig(%v) = %v", env, err)
		}
	}
}

func TestLoadConfig_refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  []string
		want []string
	}{
		"nothing, all at once":        {[]string{}, []string{"JWT_SIGNING_KEY: is required", "FUSIONAUTH_CLIENT_SECRET: is required", "SESSION_SECRET: is required"}},
		"a short session secret":      {environment("SESSION_SECRET=short"), []string{"SESSION_SECRET: is shorter than 32"}},
		"an unknown store":            {environment("SESSION_STORE=disk"), []string{"SESSION_STORE"}},
		"ID tokens without signature": {environment("ID_TOKEN_ALGS=RS256,none"), []string{`ID_TOKEN_ALGS: "none"`}},
		"login without openid":        {environment("OIDC_SCOPES=profile"), []string{"OIDC_SCOPES: must hold openid"}},
		"no time at all":              {environment("UPSTREAM_TIMEOUT=0s"), []string{"UPSTREAM_TIMEOUT"}},
		"a time without unit":         {environment("UPSTREAM_TIMEOUT=10"), []string{"UPSTREAM_TIMEOUT"}},
		"demo secrets in public": {environment("GATEWAY_URL=https://shop.example.com", "SESSION_SECRET=demo-"+longEnough, "FUSIONAUTH_CLIENT_SECRET=demo-x"),
			[]string{"SESSION_SECRET: is a demo value", "FUSIONAUTH_CLIENT_SECRET: is a demo value"}},
		"public keys without a key":             {[]string{"AUTH_MODE=jwks"}, []string{"GATEWAY_SIGNING_KEYS: is required"}},
		"public keys and a shared one":          {keyEnvironment("JWT_SIGNING_KEY=" + longEnough), []string{"JWT_SIGNING_KEY: is set, but AUTH_MODE=jwks"}},
		"public keys and HS256 for ID tokens":   {keyEnvironment("ID_TOKEN_ALGS=RS256,HS256"), []string{"ID_TOKEN_ALGS: lists HS256"}},
		"FusionAuth's tokens with a shared key": {environment("GATEWAY_TOKEN_SOURCE=fusionauth"), []string{"GATEWAY_TOKEN_SOURCE: is fusionauth, which needs AUTH_MODE=jwks", "FUSIONAUTH_API_KEY: is required", "ANONYMOUS_PASSWORD: is required"}},
		"demo secrets of the service user in public": {
			keyEnvironment("GATEWAY_URL=https://shop.example.com", "GATEWAY_TOKEN_SOURCE=fusionauth", "FUSIONAUTH_API_KEY=demo-"+longEnough, "ANONYMOUS_PASSWORD=demo-"+longEnough),
			[]string{"FUSIONAUTH_API_KEY: is a demo value", "ANONYMOUS_PASSWORD: is a demo value"}},
		"a misspelt name of its own": {environment("UPSTREAM_TIMEOT=5s"), []string{"did you mean UPSTREAM_TIMEOUT?"}},
	} {
		_, err := loadConfig(tt.env)
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", name, err, want)
			}
		}
	}
}
