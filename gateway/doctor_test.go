package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"storefront/shared/auth/authtest"
	"storefront/shared/server"
)

// The doctor reads the settings that the gateway reads, and goes on with faulty ones.
func TestDoctor_readsTheGatewaysSettings(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	id := authtest.Publish(t)
	environ := environment("CATALOG_URL="+f.URL, "INVENTORY_URL="+f.URL, "GATEWAY_URL="+f.URL, "FUSIONAUTH_URL="+id.Host, "SESSION_STORE=redis",
		"REDIS_URL=redis://127.0.0.1:1", "UPSTREAM_TIMEOT=1s", "LOG_LEVEL=loud")
	var out strings.Builder
	err := run(t.Context(), []string{"doctor", "--json"}, environ, &out)
	if coder, ok := errors.AsType[server.ExitCoder](err); !ok || coder.ExitCode() != 1 {
		t.Errorf("doctor = %v, want exit code 1", err)
	}
	var report struct {
		Checks []struct{ Check, Of, Status, Found string }
	}
	if err := json.Unmarshal([]byte(out.String()), &report); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	got := map[string]string{}
	for _, c := range report.Checks {
		got[strings.TrimSpace(c.Check+" "+c.Of)] = c.Status
		if c.Check == "settings" && (!strings.Contains(c.Found, "did you mean UPSTREAM_TIMEOUT?") || !strings.Contains(c.Found, "LOG_LEVEL")) {
			t.Errorf("settings: %s", c.Found)
		}
	}
	for check, want := range map[string]string{
		"settings": "fail", "identity-server": "fail", "gateway-url": "ok", "service catalog": "ok", "service inventory": "ok", "redis": "fail",
		"gateway-token catalog": "fail", // what stands in for catalog is a gateway, which asks for no token
	} {
		if got[check] != want {
			t.Errorf("%s = %s, want %s\n%s", check, got[check], want, &out)
		}
	}
}

func TestDoctor_saysWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	environ := keyEnvironment("GATEWAY_SIGNING_KEYS="+t.TempDir(), "FUSIONAUTH_URL=http://127.0.0.1:1", "GATEWAY_URL=http://127.0.0.1:1", "CATALOG_URL=http://127.0.0.1:1", "INVENTORY_URL=http://127.0.0.1:1")
	var out strings.Builder
	err := run(t.Context(), []string{"doctor"}, environ, &out)
	if err == nil || !strings.Contains(out.String(), "GATEWAY_SIGNING_KEYS: ") || !strings.Contains(out.String(), "holds no usable key") {
		t.Errorf("doctor = %v\n%s", err, &out)
	}
	out.Reset()
	if err := run(t.Context(), []string{"doctor"}, []string{"FUSIONAUTH_URL=here", "GATEWAY_URL=there", "CATALOG_URL=x", "INVENTORY_URL=y"}, &out); err == nil ||
		strings.Count(out.String(), "\nfail") > 0 || !strings.HasPrefix(out.String(), "fail  settings") {
		t.Errorf("doctor without any settings = %v\n%s", err, &out)
	}
}

func TestConfigCommand(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), []string{"config"}, environment("REDIS_URL=redis://me:hunter2hunter2hunter2hunter2hunter2@redis"), &out); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		name, _, _ := strings.Cut(line, " ")
		if seen[name] {
			t.Errorf("%s stands there twice", name)
		}
		seen[name] = true
		switch {
		case strings.Contains(line, longEnough), strings.Contains(line, "hunter2"):
			t.Errorf("shows a secret: %s", line)
		case name == "REDIS_URL" && strings.Contains(line, "fingerprint"):
			t.Errorf("a password could be guessed: %s", line)
		case name == "SESSION_SECRET" && !strings.Contains(line, "fingerprint"):
			t.Errorf("keys cannot be compared: %s", line)
		}
	}
	if !seen["GATEWAY_URL"] || !seen["SESSION_SECRET"] || !seen["REDIS_URL"] {
		t.Errorf("settings are missing:\n%s", &out)
	}
	if err := run(t.Context(), []string{"config"}, nil, io.Discard); err == nil || !strings.Contains(err.Error(), "SESSION_SECRET: is required") {
		t.Errorf("config of nothing = %v, want the faults", err)
	}
}
