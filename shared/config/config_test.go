package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"storefront/shared/config"
)

const key = "0123456789abcdef0123456789abcdef"

// load reads the common settings, with a good signing key unless env names one.
func load(env ...string) (config.Common, error) {
	if !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "JWT_SIGNING_KEY") }) {
		env = append(env, "JWT_SIGNING_KEY="+key)
	}
	s := config.Read(env)
	return s.Common("127.0.0.1:3001"), s.Err()
}

func TestCommon_refuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  []string
		want []string // each in the one message
	}{
		{"no signing key", []string{"JWT_SIGNING_KEY="}, []string{"JWT_SIGNING_KEY: is required"}},
		{"short signing key", []string{"JWT_SIGNING_KEY=0123456789"}, []string{"JWT_SIGNING_KEY: is shorter than 32 bytes"}},
		{"unknown mode", []string{"AUTH_MODE=none"}, []string{"AUTH_MODE", `"none" is not one of`}},
		{"every fault at once", []string{"JWT_SIGNING_KEY=short", "LOG_LEVEL=loud", "GATEWAY_URL=localhost:3000", "ADDR=3000"},
			[]string{"JWT_SIGNING_KEY:", "LOG_LEVEL:", "GATEWAY_URL:", "ADDR:"}},
		{"misspelt in our namespace", []string{"FUSIONAUTH_ISUER=x"}, []string{"FUSIONAUTH_ISUER: no such setting; did you mean FUSIONAUTH_ISSUER?"}},
		{"misspelt first word", []string{"JTW_SIGNING_KEY=x"}, []string{"did you mean JWT_SIGNING_KEY?"}},
		{"lower case", []string{"jwt_signing_key=x"}, []string{"jwt_signing_key: no such setting; did you mean JWT_SIGNING_KEY?"}},
		{"misspelt file", []string{"JWT_SIGNING_KEY_FIEL=x"}, []string{"JWT_SIGNING_KEY_FIEL: no such setting"}},
		{"nothing near in our namespace", []string{"GATEWAY_COLOUR_OF_THE_DOOR=x"}, []string{"GATEWAY_COLOUR_OF_THE_DOOR: no such setting"}},
		{"both value and file", []string{"JWT_SIGNING_KEY=" + key, "JWT_SIGNING_KEY_FILE=/nonexistent"}, []string{"is set together with JWT_SIGNING_KEY_FILE"}},
		{"file that is not there", []string{"JWT_SIGNING_KEY_FILE=/nonexistent"}, []string{"JWT_SIGNING_KEY_FILE:", "/nonexistent"}},
		{"demo key in public", []string{"JWT_SIGNING_KEY=demo-" + key, "GATEWAY_URL=https://shop.example.com"}, []string{"JWT_SIGNING_KEY: is a demo value"}},
		{"plain http to a public identity server", []string{"FUSIONAUTH_URL=http://id.example.com"}, []string{"FUSIONAUTH_URL: is plain http to id.example.com"}},
		{"plain http to an address", []string{"FUSIONAUTH_URL=http://10.1.2.3:9011"}, []string{"FUSIONAUTH_URL: is plain http"}},
		{"public keys and a shared one", []string{"AUTH_MODE=jwks"}, []string{"JWT_SIGNING_KEY: is set, but AUTH_MODE=jwks"}},
		{"public keys and a shared one in a file", []string{"AUTH_MODE=jwks", "JWT_SIGNING_KEY=", "JWT_SIGNING_KEY_FILE=/nonexistent"}, []string{"JWT_SIGNING_KEY: is set, but AUTH_MODE=jwks"}},
		{"public keys over plain http", []string{"AUTH_MODE=jwks", "JWT_SIGNING_KEY=", "GATEWAY_JWKS_URL=http://shop.example.com/keys"}, []string{"GATEWAY_JWKS_URL: is plain http"}},
		{"public keys over plain http by default", []string{"AUTH_MODE=jwks", "JWT_SIGNING_KEY=", "GATEWAY_URL=http://shop.example.com"}, []string{"GATEWAY_JWKS_URL: is plain http"}},
		{"plain http for browsers", []string{"FUSIONAUTH_PUBLIC_URL=http://id.example.com"}, []string{"FUSIONAUTH_PUBLIC_URL: is plain http"}},
		{"a gateway below a path", []string{"GATEWAY_URL=http://localhost:3000/shop"}, []string{"GATEWAY_URL: has a path"}},
		{"a claim without name", []string{"ROLES_CLAIM=realm..roles"}, []string{"ROLES_CLAIM: has an empty name"}},
		{"a key of blanks", []string{"JWT_SIGNING_KEY=" + strings.Repeat(" ", 42)}, []string{"JWT_SIGNING_KEY: "}},
		{"user in a URL", []string{"FUSIONAUTH_URL=https://me:pw@id.example.com"}, []string{"FUSIONAUTH_URL: must be a URL without user"}},
		{"proxies that are no CIDR", []string{"TRUSTED_PROXIES=10.0.0.1,everybody"}, []string{"TRUSTED_PROXIES: \"10.0.0.1\"", "TRUSTED_PROXIES: \"everybody\""}},
		{"roots that are not there", []string{"CA_FILE=/nonexistent.pem"}, []string{"CA_FILE:"}},
		{"login redirect that is no URL", []string{"LOGIN_REDIRECT_URL=/login"}, []string{"LOGIN_REDIRECT_URL: is not an absolute"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := load(tt.env...)
			if err == nil {
				t.Fatalf("Common(%v) = nil error, want %v", tt.env, tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Common(%v) = %v, want %q in it", tt.env, err, want)
				}
			}
			if strings.Contains(err.Error(), "me:pw") || strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "0123456789") {
				t.Errorf("Common(%v) shows a secret: %v", tt.env, err)
			}
		})
	}
}

func TestCommon_accepts(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{
		"a sibling's settings":              {"CATALOG_URL=http://localhost:1", "FUSIONAUTH_CLIENT_SECRET=x", "SESSION_SECRET_FILE=/nonexistent"},
		"what Kubernetes sets":              {"GATEWAY_PORT=tcp://10.0.0.1:3000", "GATEWAY_PORT_3000_TCP_ADDR=10.0.0.1", "CATALOG_SERVICE_HOST=10.0.0.1", "CATALOG_SERVICE_PORT_HTTP=80"},
		"what desktops and servers set":     {"SESSION_MANAGER=local/x:@/tmp/.ICE-unix/1", "GATEWAY_INTERFACE=CGI/1.1"},
		"FusionAuth's own":                  {"FUSIONAUTH_APP_MEMORY=512M"},
		"strangers":                         {"PATH=/bin", "HOME=/root", "LANG=C", "EDITOR=vi", "HTTPS_PROXY=x", "NO_PROXY=y", "OTEL_SERVICE_NAME=z"},
		"empty values, as compose passes":   {"GATEWAY_ISSUER=", "ADMIN_ADDR=", "AUTH_MODE="},
		"plain http inside a cluster":       {"FUSIONAUTH_URL=http://fusionauth.shop.svc.cluster.local:9011"},
		"plain http to a container":         {"FUSIONAUTH_URL=http://fusionauth:9011"},
		"public keys":                       {"AUTH_MODE=jwks", "JWT_SIGNING_KEY=", "GATEWAY_URL=https://shop.example.com", "FUSIONAUTH_URL=https://id.example.com"},
		"public keys inside a cluster":      {"AUTH_MODE=jwks", "JWT_SIGNING_KEY=", "GATEWAY_JWKS_URL=http://gateway:3000/.well-known/jwks.json"},
		"a shared key, a public http URL":   {"GATEWAY_URL=http://shop.example.com"},
		"demo key on loopback":              {"JWT_SIGNING_KEY=demo-" + key, "GATEWAY_URL=http://127.0.0.1:3000"},
		"demo key on loopback by its name":  {"JWT_SIGNING_KEY=demo-" + key, "GATEWAY_URL=http://shop.localhost"},
		"two addresses":                     {"ADDR=127.0.0.1:1, [::1]:1"},
		"real key in public":                {"GATEWAY_URL=https://shop.example.com", "FUSIONAUTH_URL=https://id.example.com"},
		"a name that only resembles a word": {"ADDRESS=here", "LOGNAME=root"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := load(env...); err != nil {
				t.Errorf("Common(%v) = %v, want no error", env, err)
			}
		})
	}
}

func TestCommon_defaultsFollowOneAnother(t *testing.T) {
	t.Parallel()
	c, err := load("FUSIONAUTH_URL=http://fusionauth:9011/", "FUSIONAUTH_PUBLIC_URL=http://localhost:9011", "FUSIONAUTH_CLIENT_ID=app", "GATEWAY_URL=https://shop.example.com:8443/")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(c.FusionAuthURL, c.Issuer, c.UserAudience, c.GatewayIssuer, c.RolesClaim, c.GatewayURLSet, c.GatewayJWKSURL)
	want := fmt.Sprintln("http://fusionauth:9011", "http://localhost:9011", "app", "shop.example.com:8443", "roles", true, "https://shop.example.com:8443/.well-known/jwks.json")
	if got != want {
		t.Errorf("Common = %s, want %s", got, want)
	}
}

func TestRead_takesSecretsFromFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load("JWT_SIGNING_KEY_FILE=" + path)
	if got := c.JWTSigningKey.Values(); err != nil || !slices.Equal(got, []config.Secret{key}) {
		t.Errorf("Common = %q, %v; want the file's text without its line end", got, err)
	}
}

func TestRead_refusesHugeFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, make([]byte, 100<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load("JWT_SIGNING_KEY_FILE=" + path); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("Common = %v, want a file that is too large", err)
	}
}

func TestSecret_isNeverPrinted(t *testing.T) {
	t.Parallel()
	secret := config.Secret("hunter2hunter2")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret, "in", struct{ S config.Secret }{secret})
	body, err := json.Marshal(map[string]any{"s": secret})
	if err != nil {
		t.Fatal(err)
	}
	for how, text := range map[string]string{
		"%v": fmt.Sprintf("%v", secret), "%+v": fmt.Sprintf("%+v", struct{ S config.Secret }{secret}), "%#v": fmt.Sprintf("%#v", secret),
		"%x": fmt.Sprintf("%x", secret), "%q": fmt.Sprintf("%q", secret), "json": string(body), "slog": log.String(),
	} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s shows the secret: %s", how, text)
		}
	}
}

// A fault of one setting is not reported again for those that follow from it.
func TestCommon_reportsAFaultOnce(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"foo", "http://id.example.com"} {
		_, err := load("FUSIONAUTH_URL=" + url)
		if err == nil || strings.Contains(err.Error(), "FUSIONAUTH_PUBLIC_URL") {
			t.Errorf("FUSIONAUTH_URL=%s: %v, want one fault", url, err)
		}
	}
}
